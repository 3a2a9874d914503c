/** Connections and roles, a server of the user's own, migrations, the view of evaluations. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Server } from "lib/config.ts";
import { bannerOf, connect, migrate, openDataset, type Sql } from "lib/db.ts";
import { client, supported } from "lib/db/client.ts";
import { start, stop } from "lib/db/server.ts";
import { restore } from "lib/paper/restore.ts";
import { sourcesOf } from "lib/provenance.ts";
import { type Ended, evaluated, script } from "./command.ts";
import { as, failing, restored, SMALL } from "./data.ts";

const DUMP = join(SMALL, "sql");

const all = (sql: Sql, statement: string) => sql.unsafe(statement).then((rows) => [...rows]);

/** What nobody who reads may do to a schema, in its own right and in transactions that may write. */
async function mayNotWrite(sql: Sql, schema: string): Promise<void> {
  const table = `${schema}.eval_questionnaires`;
  const [{ version }] = await sql<[{ version: number }]>`
    select current_setting('server_version_num')::int as version`;
  const statements = [
    `insert into ${table} (id) values (-1)`,
    `update ${table} set answer = 0`,
    `delete from ${table}`,
    `truncate ${table}`,
    `drop table ${table}`,
    `alter table ${table} add column x int`,
    `create table ${schema}.x ()`,
    `create schema x`,
    // Until 14 everybody might.
    ...version < 150000 ? [] : [`create table public.x ()`],
    `refresh materialized view ${schema}.experiments_evals`,
    `update ${schema}.provenance set source = 'zenodo'`,
    `create role x`,
    `set role persona_audit`,
    `set session authorization persona_audit`,
    `reset role; delete from ${table}`,
    `copy (select 1) to program 'true'`,
    `select pg_read_file('PG_VERSION')`,
  ];
  for (const writing of ["on", "off"]) {
    await sql.unsafe(`set default_transaction_read_only = ${writing}`);
    for (const statement of statements) {
      await assert.rejects(() => sql.unsafe(statement), { code: /^(42501|25006)$/ }, statement);
    }
  }
}

Deno.test("the reader reads what restores and migrations made, and can write nothing", async () => {
  await restored("reader_small", DUMP);
  await migrate("reader_study", "study");
  for (const repeated of [false, true]) {
    if (repeated) await restore({ schema: "reader_small", from: DUMP, force: true });
    await as("reader", async (sql) => {
      const [who] = await sql`select current_user as name, session_user as login`;
      assert.deepEqual(who, { name: "persona_audit_reader", login: "persona_audit_reader" });
      const [row] = await sql`select count(*)::int as n from reader_small.experiments_evals`;
      assert.equal(row!.n, 24796); // table_counts.txt
      assert.equal((await sql`select * from reader_study.personas`).length, 0);
      const one = await sql.reserve();
      await mayNotWrite(one as unknown as Sql, "reader_small");
      one.release();
    });
  }
});

Deno.test("names that are no plain schema names never reach the database", async () => {
  const before = await as(
    "owner",
    (sql) => all(sql, "select nspname from pg_namespace order by 1"),
  );
  const hostile = ['a"; drop schema x; --', "pg_temp", "public", "x".repeat(64), "Study", ""];
  for (const name of hostile) {
    await assert.rejects(() => openDataset({ schema: name }), RangeError);
    await assert.rejects(() => migrate(name, "study"), RangeError);
    await assert.rejects(() => restore({ schema: name, from: DUMP }), RangeError);
    await assert.rejects(() => connect("owner", { schema: name }), RangeError);
  }
  const after = await as("owner", (sql) => all(sql, "select nspname from pg_namespace order by 1"));
  assert.deepEqual(after, before);
});

/** A server that somebody else set up, with users and databases of its own. */
class Theirs {
  static readonly password = "p@ss:w/rd %hush";
  private constructor(readonly home: string, readonly at: Server) {}

  static async made(): Promise<Theirs> {
    const home = Deno.makeTempDirSync({ prefix: "persona-audit-theirs-" });
    const at = { ...await start(home), database: "postgres" };
    const theirs = new Theirs(home, at);
    await theirs.ask(async (sql) => {
      await sql`drop database persona_audit`;
      await sql`drop role persona_audit_reader`;
      for (const role of ["maker login createrole", "plain login", "old login", "guest login"]) {
        await sql.unsafe(`create role ${role} password '${Theirs.password}'`);
      }
      for (const owner of ["maker", "plain", "old"]) {
        await sql.unsafe(`create database of_${owner} owner ${owner}`);
      }
    });
    return theirs;
  }

  async ask<T>(ask: (sql: Sql) => Promise<T>, database = "postgres"): Promise<T> {
    const sql = client({ ...this.at, database }, {}, 1);
    try {
      return await ask(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  url(user: string, database: string, change: Partial<{ password: string; host: string }> = {}) {
    const { password, host } = { password: Theirs.password, host: "127.0.0.1", ...change };
    const place = host.includes(":") ? host : `${host}:${this.at.port}`;
    return {
      DATABASE_URL: `postgres://${user}:${encodeURIComponent(password)}@${place}/${database}`,
    };
  }

  variables(user: string, database: string) {
    return {
      PGHOST: "127.0.0.1",
      PGPORT: String(this.at.port),
      PGUSER: user,
      PGPASSWORD: Theirs.password,
      PGDATABASE: database,
    };
  }

  async end(): Promise<void> {
    await stop(this.home);
    await Deno.remove(this.home, { recursive: true });
  }
}

let made: Promise<Theirs> | undefined;
const someoneElse = (): Promise<Theirs> => made ??= Theirs.made();
Deno.test.afterAll(async () => await (await made)?.end());

/** Asserts a command that failed with one line, which says what and shows no password. */
function refused({ code, out, err }: Ended, says: RegExp): void {
  assert.equal(code, 1, out + err);
  assert.match(err, says);
  assert.match(err, /^[A-Z].*[^.\n]\n$/, "one line");
  for (const secret of ["hush", encodeURIComponent(Theirs.password)]) {
    assert.ok(!(out + err).includes(secret), `shows ${secret}`);
  }
}

const good = ({ code, out, err }: Ended): string => {
  assert.deepEqual([code, err], [0, ""]);
  assert.doesNotMatch(out, /hush/);
  return out;
};

const WRITES = `
  import { connect } from "lib/db.ts";
  const sql = await connect("reader");
  const [row] = await sql\`select current_user as name, count(*)::int as n
    from personality_trap.experiments_evals\`;
  const said = [row.name, row.n];
  for (const reset of ["select 1", "reset role", "set role persona_audit"]) {
    const one = await sql.reserve();
    await one.unsafe(reset).catch(() => {});
    for (const statement of ["delete from personality_trap.personas", "create schema x"]) {
      said.push(await one.unsafe(statement).then(() => "done", (error) => error.code));
    }
    one.release();
  }
  console.log(said.join(" "));
  await sql.end();`;

Deno.test("on a server of one's own everything works, and the reader's role is taken", async () => {
  const theirs = await someoneElse();
  const maker = theirs.url("maker", "of_maker");
  good(await script("restore", ["--from", DUMP], maker));
  const status = good(await script("status", [], maker));
  assert.match(status, /^database {3}127\.0\.0\.1:\d+\/of_maker \(yours\)\n/);
  assert.match(status, /read as persona_audit_reader\n/);
  assert.match(status, /Rows of the view experiments_evals +24,796/);
  const denied = "25006 25006";
  assert.equal(
    good(await evaluated(WRITES, maker)),
    `persona_audit_reader 24796 ${denied} ${denied} ${denied}\n`,
  );
  assert.match(good(await script("db", ["url"], maker)), /^postgres:\/\/maker@127\.0\.0\.1:/);
  refused(await script("db", ["stop"], maker), /server of yours/);

  // Without the right to make roles, read-only transactions are what is left.
  const plain = theirs.variables("plain", "of_plain");
  await theirs.ask((sql) => sql`drop owned by persona_audit_reader`, "of_maker");
  await theirs.ask((sql) => sql`drop role persona_audit_reader`);
  good(await script("restore", ["--from", join(SMALL, "csv")], plain));
  assert.match(good(await script("status", [], plain)), /read as plain\n/);
  assert.equal(
    good(await evaluated(WRITES, plain)),
    `plain 24796 ${denied} ${denied} ${denied}\n`,
  );

  const guest = theirs.url("guest", "of_maker");
  refused(
    await script("restore", ["--from", DUMP, "--schema", "mine"], guest),
    /lacks a permission: permission denied for database of_maker: nothing was restored/,
  );
});

Deno.test("an address with ::1 is dialled as it stands", async () => {
  const theirs = await someoneElse();
  using proxy = Deno.listen({ hostname: "::1", port: 0 });
  (async () => {
    for await (const caller of proxy) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: theirs.at.port });
      caller.readable.pipeTo(server.writable).catch(() => {});
      server.readable.pipeTo(caller.writable).catch(() => {});
    }
  })();
  const url = theirs.url("plain", "of_plain", { host: `[::1]:${proxy.addr.port}` });
  refused(await script("status", ["--schema", "none"], url), /Schema none holds no study/);
});

Deno.test("a server that lets nobody in is named in one line, without the password", async () => {
  const theirs = await someoneElse();
  // Programs that are no PostgreSQL: one is silent, one hangs up.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using short = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const caller of short) caller.close();
  })();
  const cases: [Record<string, string>, RegExp][] = [
    [
      theirs.url("maker", "of_maker", { password: "hush" }),
      /let maker in \(password auth.* failed/,
    ],
    [theirs.url("nobody", "of_maker"), /let nobody in \(password authentication failed/],
    [theirs.url("maker", "nowhere"), /\/nowhere does not .*database "nowhere" does not exist/],
    [theirs.url("maker", "of_maker", { host: "127.0.0.1:1" }), /127\.0\.0\.1:1\/.*ECONNREFUSED/],
    [theirs.url("maker", "of_maker", { host: "no-such.invalid:1" }), /ENOTFOUND no-such\.invalid/],
    ...[silent, short].map(({ addr }): [Record<string, string>, RegExp] => [
      theirs.url("maker", "of_maker", { host: `127.0.0.1:${addr.port}` }),
      /let maker in \((no answer that PostgreSQL gives|.*CONNECT_TIMEOUT.*|.*ended by the other party)\)/,
    ]),
    [{ ...theirs.variables("maker", "of_maker"), PGPASSWORD: "hush" }, /password auth.* failed/],
    [{ ...theirs.variables("maker", "of_maker"), PGSSLMODE: "require" }, /let maker in \(/],
  ];
  await Promise.all(cases.map(async ([env, says]) => {
    const ended = await script("restore", ["--from", DUMP], env);
    refused(ended, says);
    assert.match(ended.err, /check DATABASE_URL or the PG\* variables, or remove them/);
  }));
});

Deno.test("a server older than 14 is refused", async () => {
  supported({ version: "140000", direct: "yes" });
  supported({ version: "180004", direct: "yes" });
  assert.throws(() => supported({ version: "130014", direct: "yes" }), {
    message: /PostgreSQL 14 or later.*: this server is 13\.14/,
  });
  // None can be had here: this one says so of itself, through a function that stands before its own.
  const theirs = await someoneElse();
  await theirs.ask(async (sql) => {
    await sql`create schema old`;
    await sql`grant usage on schema old to old`;
    await sql`create function old.current_setting(text) returns text language sql
              as $$ select '90624' $$`;
    await sql`alter role old set search_path = old, pg_catalog`;
  }, "of_old");
  const ended = await script("restore", ["--from", DUMP], theirs.url("old", "of_old"));
  refused(ended, /^PostgreSQL 14 or later is needed: this server is 9\./);
});

const applied = (schema: string) =>
  as("owner", async (sql) => {
    const rows = await sql`select name from ${sql(schema)}.kysely_migration order by name`;
    return rows.map(({ name }) => name);
  });

Deno.test("a migration that fails leaves those before it, and is named", async () => {
  {
    await using _failing = await failing("CREATE MATERIALIZED VIEW");
    await assert.rejects(() => migrate("halfway", "published"), (error: Error) => {
      assert.equal(error.message, "Migration 003_evaluations of schema halfway");
      assert.equal((error.cause as Error).message, "made to fail");
      return true;
    });
  }
  assert.deepEqual(await applied("halfway"), ["001_tables", "002_keys"]);
  await migrate("halfway", "published");
  assert.deepEqual(await applied("halfway"), ["001_tables", "002_keys", "003_evaluations"]);
  await migrate("halfway", "published");
  assert.equal((await applied("halfway")).length, 3);
});

Deno.test("four processes at once bring new schemas to their last migration", async () => {
  const code = `
    import { migrate } from "lib/db.ts";
    import "lib/paper/published.ts";
    await Promise.all([migrate("at_once_1", "study"), migrate("at_once_2", "published")]);`;
  const runs = await Promise.all([1, 2, 3, 4].map(() => evaluated(code)));
  assert.deepEqual(runs, Array(4).fill({ code: 0, out: "", err: "" }));
  assert.deepEqual(await applied("at_once_1"), [
    "001_tables",
    "002_runs",
    "003_prompts",
    "004_faults",
    "005_personas",
    "006_populations",
    "007_forms",
    "008_settings",
    "009_options",
    "010_counts",
    "011_analyses",
    "012_batches",
    "013_many",
  ]);
  assert.deepEqual(await applied("at_once_2"), ["001_tables", "002_keys", "003_evaluations"]);
  await as("reader", async (sql) => {
    for (const schema of ["at_once_1", "at_once_2"]) {
      assert.equal((await sql`select from ${sql(schema)}.experiments_evals`).length, 0);
    }
  });
});

/** A run of one cell, its items scored in all three ways, and one persona. */
const STUDY = `
  insert into prompts values ('h', 'administration', '1', 'en', 's', 'u', '');
  insert into instruments values ('x', 'es', '{"lowest": 1, "highest": 4, "items": [
    {"number": 1, "text": "a", "scale": "E", "keyed": 4, "reverse": false},
    {"number": 2, "text": "b", "scale": "E", "keyed": null, "reverse": true},
    {"number": 3, "text": "c", "scale": "N", "keyed": null, "reverse": false}]}');
  insert into runs (run, name, kind, plan) values (1, 'one', 'administrations', '{}');
  insert into cells (cell, run, model_id, model_label, model, condition, population, base, setting,
    prompt, instrument, language)
    values (1, 1, 'm', 'M', '{"provider": "openai", "model": "m-1"}', 'N=3', 'borderline_N3_m',
            'borderline_N3_m', 's', 'h', 'x', 'es');
  insert into workers (worker, run, host, lease) values (1, 1, 'here', now());
  insert into work (work, run, cell, model_id, profile, repetition, state)
    values (1, 1, 1, 'm', 7, 1, 'done');
  insert into personas_written (work, ref_personality_id, population, model, model_print,
    population_print, repetitions, repetition_count, shown, changed, form, fields)
    values (1, 7, 'borderline_N3_m', 'm', 'M', 'N=3', 1, 1, '{1,0}', '{1}', 'short', '{"name": "A"}')`;

Deno.test("a study's tables refuse what cannot be, and score what they hold at once", async () => {
  await migrate("constrained", "study");
  const sql = await connect("owner", { schema: "constrained" });
  await sql.unsafe(STUDY);
  const sheet = (work: number, answers: string) =>
    `insert into administrations (work, cell, persona, profile, repetition, sheet, answers, items,
       options, flags)
     values (${work}, 1, 1, 7, 1, ${work}, '${answers}', '{1,2,3}', '[1,2,3,4]', '{}')`;
  const reply = (ask: number) =>
    `insert into requests (run, work, key, ask, provider, sent, reply, milliseconds, attempts)
     values (1, 1, 'k', ${ask}, 'openai', '{}', '{}', 1, 1)`;
  for (const statement of [sheet(1, "{4,1,NULL}"), reply(0), reply(1)]) await sql.unsafe(statement);
  const cell = (model: string, setting: string, instrument: string) =>
    `insert into cells (run, model_id, model_label, model, condition, population, base, setting,
       prompt, instrument, language)
     values (1, '${model}', 'M', '{}', 'N=3', 'borderline_N3_m', 'b', '${setting}', 'h',
             '${instrument}')`;
  const population = (name: string, role: string, instrument: string) =>
    `insert into populations (name, role, origin, instrument, language)
     values ('${name}', '${role}', 'o', ${instrument})`;
  await sql.unsafe(population("first", "reference", "'x', 'es'"));
  const refused = [
    ["23505", sheet(1, "{1,1,1}")],
    ["23503", sheet(2, "{1,1,1}")],
    ["23505", reply(0)],
    [
      "23505",
      "insert into work (run, cell, model_id, profile, repetition) values (1, 1, 'm', 7, 1)",
    ],
    [
      "23514",
      "insert into work (run, cell, model_id, profile, repetition) values (1, 1, 'm', 7, 0)",
    ],
    ["23514", "update work set state = 'failed'"],
    ["23514", "update work set state = 'claimed'"],
    ["22P02", "update work set state = 'lost'"],
    ["23503", "delete from cells"],
    ["23514", "update personas set fields = '[]'"],
    ["23502", "update personas set fields = null"],
    ["23514", "update personas set form = ''"],
    ["23503", "update personas set parent = 2"],
    ["23505", "insert into runs (name, kind, plan) values ('one', 'personas', '{}')"],
    ["23505", cell("m", "s", "x', 'es")],
    ["23503", cell("m", "t", "x', 'en")],
    ["23503", cell("m", "t", "x', 'es").replace("'h'", "'i'")],
    ["23514", "update cells set blocks = 0"],
    ["23514", "update work set block = 0"],
    ["23503", "update work set sheet = 9"],
    ["23514", "insert into populations (name, role, origin) values ('a', 'third', 'o')"],
    ["23514", "insert into populations (name, role, origin) values ('a', 'control', 'o')"],
    ["23503", population("a", "other", "'y', 'es'")],
    ["23505", population("second", "reference", "'x', 'es'")],
    ["23514", "insert into profiles (population, profile, weight) values ('first', 1, -1)"],
    ["23503", "insert into profiles (population, profile) values ('nobody', 1)"],
  ] as const;
  for (const [code, statement] of refused) {
    await assert.rejects(() => sql.unsafe(statement), { code }, statement);
  }
  const rows = await sql`
    select model, model_clean, population_display as condition, questionnaire, question_number as item,
           answer, eval from experiments_evals order by item`;
  const keys = { model: "m-1", model_clean: "M", condition: "N=3", questionnaire: "x" };
  assert.deepEqual([...rows], [
    { ...keys, item: 1, answer: 4, eval: 1 },
    { ...keys, item: 2, answer: 1, eval: 4 },
    { ...keys, item: 3, answer: null, eval: null },
  ]);
  const [listed] = await sql`
    select experiment_id, experiments_group_id, repeated, language_questionnaire, succeeded
    from experiments_list`;
  assert.deepEqual(listed, {
    experiment_id: 1,
    experiments_group_id: 1,
    repeated: 0,
    language_questionnaire: "es",
    succeeded: true,
  });
  await sql.end();
});

Deno.test("a study's schema takes no restored data, and theirs no study", async () => {
  await migrate("kind_study", "study");
  await migrate("kind_published", "published");
  await assert.rejects(() => migrate("kind_study", "published"), /kind_study holds a study/);
  await assert.rejects(() => migrate("kind_published", "study"), /holds restored data/);
});

const EVALUATED = `
  insert into experiments_groups (experiments_group_id) values (1);
  insert into experiments_list
    (experiment_id, experiments_group_id, questionnaire, model, population, personality_id)
  values
    (10, 1, 'epqra', 'gpt-4o-2024-11-20', 'generated_gpt4o_spain826', 5),
    (11, 1, 'bigfive', 'eu.meta.llama3-2-3b-instruct-v1:0', 'borderline_maxN_llama323B', 6),
    (12, 1, 'bigfive', 'a-new-model', 'spain826', 7),
    (13, 99, 'epqra', 'gpt-4o-2024-11-20', 'spain826', 8),
    (14, 1, 'epqra', 'gpt-3.5-turbo-0125', 'borderline_maxP_gpt35', 9);
  insert into questionnaire
    (id, questionnaire, language_questionnaire, question_number, category, key, reverse)
  values
    (2, 'epqra', 'en', 1, 'wrong', 1, false), (1, 'epqra', 'english', 1, 'E', 0, false),
    (3, 'epqra', 'en', 2, 'L', 1, null), (4, 'epqra', 'es', 3, 'N', 1, false),
    (5, 'bigfive', 'en', 1, 'O', null, true), (6, 'bigfive', 'en', 2, 'C', null, false);
  insert into eval_questionnaires (id, experiment_id, question_number, answer) values
    (9, 10, 1, 1), (4, 10, 1, 0), (5, 10, 2, null), (6, 10, 3, 1), (7, 10, 77, 1),
    (20, 11, 1, 2), (21, 11, 2, 5), (30, 12, 1, null), (31, 12, 2, null),
    (40, 13, 1, 1), (50, 999, 1, 1), (60, 14, 2, 0);`;

Deno.test("the view: lowest ids win, English items only, missing answers, models and conditions", async () => {
  await migrate("viewed", "published");
  const sql = await connect("owner", { schema: "viewed" });
  await sql.unsafe(EVALUATED);
  const view = async () =>
    (await sql`
      select experiment_id, question_number, answer, eval, category, model_clean,
             population_mapped, population_display
      from experiments_evals order by 1, 2`).map((row) => Object.values(row));
  const gpt4o = ["GPT-4o", "gpt4o", "Base"];
  const llama = ["Llama3.2-3B", "maxN_llama323B", "MaxN"];
  // By the semantics of the original's documentation, by hand.
  assert.deepEqual(await view(), [
    [10, 1, 0, 1, "E", ...gpt4o],
    [10, 2, null, 0, "L", ...gpt4o],
    [11, 1, 2, 4, "O", ...llama],
    [11, 2, 5, 5, "C", ...llama],
    [12, 1, null, null, "O", "a-new-model", "spain826", "Base"],
    [12, 2, null, null, "C", "a-new-model", "spain826", "Base"],
    [14, 2, 0, 0, "L", "GPT-3.5", "maxP_gpt35", "MaxP"],
  ]);

  // A correction by hand is read at once.
  const score = async () => (await view())[0]!.slice(2, 4);
  await sql`update eval_questionnaires set answer = 1 where id = 4`;
  assert.deepEqual(await score(), [1, 0]);
  await sql`delete from eval_questionnaires where id = 4`;
  await sql`update eval_questionnaires set answer = 0 where id = 9`;
  assert.deepEqual(await score(), [0, 1]);
  await sql`update questionnaire set key = 1 where id = 1`;
  assert.deepEqual(await score(), [0, 0]);
  await sql`update experiments_list set model = 'x' where experiment_id = 10`;
  assert.equal((await view())[0]![5], "x");
  await sql`update experiments_groups set experiments_group_id = 99`;
  assert.deepEqual((await view()).map(([id]) => id), [13]);
  await sql`truncate eval_questionnaires`;
  assert.deepEqual(await view(), []);
  await sql.end();
});

Deno.test("a correction is also read after a restore, which renames the schema", async () => {
  await restored("corrected", DUMP);
  const sql = await connect("owner", { schema: "corrected" });
  const [{ id, experiment_id, question_number }] = await sql`
    select a.* from eval_questionnaires a join experiments_evals using (experiment_id, question_number)
    order by a.id limit 1` as unknown as [Record<string, number>];
  await sql`update eval_questionnaires set answer = null where id = ${id!}`;
  const rows = await sql`
    select answer from experiments_evals
    where experiment_id = ${experiment_id!} and question_number = ${question_number!}`;
  assert.deepEqual([...rows], [{ answer: null }]);
  await sql.end();
});

Deno.test("a Study gives the same sheets in the same order, whatever the data came from", async () => {
  await restored("reader_small", DUMP);
  await restored("same_csv", join(SMALL, "csv"));
  const studies = await Promise.all(
    ["reader_small", "same_csv"].map((schema) => openDataset({ schema })),
  );
  for (const instrument of ["epqra", "bigfive"]) {
    const [one, two] = await Promise.all(studies.map((study) => study.sheets(instrument)));
    assert.ok(one!.sheets.height > 200);
    assert.deepEqual(one!.sheets.toRecords(), two!.sheets.toRecords());
    assert.deepEqual(one!.items.toRecords(), two!.items.toRecords());
  }
  const [one] = studies;
  assert.equal(one!.sheets("epqra"), one!.sheets("epqra"));
  for (const study of studies) await study.close();
});

Deno.test("a read that failed is made again when it is asked for again", async () => {
  await restored("reader_small", DUMP);
  const study = await openDataset({ schema: "reader_small" });
  const renamed = (from: string, to: string) =>
    as("owner", (sql) => sql`alter table reader_small.personas rename ${sql(from)} to ${sql(to)}`);
  await renamed("gender", "sex");
  await assert.rejects(() => study.demographics(), { code: "42703" });
  await renamed("sex", "gender");
  assert.ok((await study.demographics()).height > 0);
  await study.close();
});

Deno.test("openDataset() says what to run where no study is; each study knows its own line", async () => {
  await assert.rejects(
    () => openDataset({ schema: "nothing_here" }),
    /^Error: Schema nothing_here holds no study: run `deno task restore --schema nothing_here`/,
  );
  await restored("reader_small", DUMP);
  await migrate("reader_study", "study");
  for (
    const [schema, line] of [
      ["reader_small", "Data: personas_database_backup.sql.gz: not the published dataset"],
      ["reader_study", "Data: own study, not the published dataset"],
      ["reader_small", "Data: personas_database_backup.sql.gz: not the published dataset"],
    ] as const
  ) {
    const study = await openDataset({ schema });
    assert.deepEqual(sourcesOf(study), [{ schema, line }]);
    for (const read of [await study.personas(), await study.sheets("epqra")]) {
      assert.deepEqual(sourcesOf(read), [{ schema, line }]);
    }
    assert.equal(await study.sheets("epqra"), await study.sheets("epqra"));
    await study.close();
  }
  assert.equal(
    bannerOf({
      source: "zenodo",
      restoredAt: null,
      files: [],
      simulated: [],
      reconstructed: false,
    }),
    "Data: Zenodo 17286313",
  );
});
