/** A study by its commands, each a process as a user starts it, against a local provider. */
import assert from "node:assert/strict";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pl from "polars";
import { ROOT } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { connect, type Sql } from "lib/db.ts";
import { epqra } from "lib/paper/instruments.ts";
import { MEMORY } from "../scripts/memory.ts";
import { model } from "lib/llm.ts";
import { administrations, formFrom, instrumentFrom, openStudy, personas } from "lib/study.ts";
import { statusOf } from "../scripts/study/place.ts";
import { nextOf } from "../scripts/study/run.ts";
import { BatchServer } from "./batch_server.ts";
import { atNight, type Ended, ended, nightly, script, spawned, until } from "./command.ts";
import { dropped, restored } from "./data.ts";
import { type Answer, type Behaviour, provider, type Server, standIn } from "./llm_server.ts";
import { Folder } from "./made.ts";
import { profiles } from "./study_worker.ts";

const SPANISH = join(ROOT, "tests", "fixtures", "instruments", "epqra-es.json");
const PRICE = { input: 1, output: 2, as_of: "2026-11-21", source: "a test" };

/** No setting of the user's reaches a command. */
const NOTHING = {
  OPENAI_API_KEY: "",
  OPENAI_ORG_ID: "",
  OPENAI_PROJECT_ID: "",
  AWS_REGION: "",
  AWS_DEFAULT_REGION: "",
  AWS_ACCESS_KEY_ID: "",
  AWS_SECRET_ACCESS_KEY: "",
  AWS_SESSION_TOKEN: "",
  AWS_PROFILE: "",
  AWS_BEARER_TOKEN_BEDROCK: "",
  AWS_ENDPOINT_URL_BEDROCK_RUNTIME: "",
};

/** A schema, a server that stands for the models `own` and `bare` (without a price), and ten profiles. */
class Desk implements AsyncDisposable {
  readonly #folder = new Folder();
  readonly server: Server;

  constructor(readonly schema: string, answer?: Answer) {
    this.server = provider({ ...answer && { answer }, keep: false });
    const model = {
      label: "Own",
      provider: "openai",
      model: "stand-in",
      base_url: `${this.server.url}/v1`,
      key: null,
      max_tokens: 600,
      format: "json_object",
      concurrency: { start: 4, most: 8 },
    };
    this.write(
      "models.json",
      JSON.stringify([
        { ...model, id: "own", price: PRICE },
        { ...model, id: "bare", label: "Bare", model: "other", price: null },
      ]),
    );
    const header = ["personality_id", ...epqra.items.map(({ number }) => number)];
    const rows = profiles(10).map(({ id, answers }) => [id, ...answers]);
    this.write("people.csv", [header, ...rows].map((row) => row.join(",")).join("\n"));
  }

  path(name: string): string {
    return join(this.#folder.path, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  get env(): Record<string, string> {
    return { ...NOTHING, STUDY_SCHEMA: this.schema, MODELS_FILE: this.path("models.json") };
  }

  /** `deno task study …` without a terminal. */
  async study(...args: string[]): Promise<Ended> {
    const end = await script("study", args, this.env);
    assert.doesNotMatch(end.err, /\n\s+at |Uncaught/, args.join(" "));
    return end;
  }

  /** What a command prints that ends with 0. */
  async done(...args: string[]): Promise<string> {
    const { code, out, err } = await this.study(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${out}${err}`);
    assert.equal(err, "");
    return out;
  }

  /** What a command says that does not end with 0. */
  async refused(status: number, ...args: string[]): Promise<string> {
    const { code, out, err } = await this.study(...args);
    assert.equal(code, status, `${args.join(" ")}: ${out}${err}`);
    return err;
  }

  /** Plans personas of the ten profiles under Base. */
  async planned(name: string, model: string, ...more: string[]): Promise<string> {
    const people = ["--population", this.path("people.csv"), "--condition", "Base"];
    return await this.done(
      "plan",
      "personas",
      "--model",
      model,
      "--name",
      name,
      ...people,
      ...more,
    );
  }

  running(...args: string[]): Deno.ChildProcess {
    return spawned(["run", "-A", "scripts/study.ts", "run", ...args], this.env);
  }

  async rows(ask: (sql: Sql) => Promise<Record<string, unknown>[]>) {
    const sql = await connect("owner", { schema: this.schema, connections: 1 });
    try {
      return [...await ask(sql)].map((row) => ({ ...row }));
    } finally {
      await sql.end();
    }
  }

  /** Work of the study by state. */
  async states(): Promise<Record<string, number>> {
    const rows = await this.rows((sql) =>
      sql`select state::text, count(*)::int as n from work group by 1 order by 1`
    );
    return Object.fromEntries(rows.map(({ state, n }) => [state, n])) as Record<string, number>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await dropped(this.schema);
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("the whole walk: plan, preview, estimate, run, administer, status, export", async () => {
  await using desk = new Desk("cli_walk");
  const people = ["--population", desk.path("people.csv"), "--repetitions", "2", "--seed", "7"];
  const plan = ["plan", "personas", "--model", "own", "--condition", "Base,N=3", ...people];
  const planned = await desk.done(...plan);
  const [, name] = /^Run (personas-[0-9a-f]{8}) in schema cli_walk: 40 personas to do$/m.exec(
    planned,
  )!;
  assert.match(planned, /^ +profiles +10 of people \(10\)$/m);
  assert.match(planned, /^ +conditions +Base, N=3$/m);
  assert.match(planned, /^own +40 /m);
  assert.equal(await desk.done(...plan), planned); // the same plan is the same run
  const command = /^Ask them all: +deno task study (run .*)$/m.exec(planned)![1]!.split(" ");
  assert.deepEqual(command.slice(0, 3), ["run", name, "--budget-usd"]);

  const preview = await desk.done("preview", name!, "--condition", "n=3", "--profile", "4");
  assert.match(preview, /^Run personas-\w+: profile 4 under N=3, as it would be asked$/m);
  assert.match(preview, /^ +question,answer$/m);
  const estimated = await desk.done("estimate", name!);
  assert.match(estimated, /the length of replies is assumed for own: `deno task study estimate/);
  assert.equal(desk.server.tally().requests, 0);

  const run = await desk.done(...command);
  assert.match(run, /: 40 to do: 40 calls, about USD 0\.\d+, at most USD 0\.\d+$/m);
  assert.match(run, /: 40 of 40 done, 0 failed, 0 left; spent 40 calls, .* Finished, after /);
  assert.match(run, /^Let them answer: deno task study plan administrations --instrument epqra$/m);
  assert.match(
    run,
    /^Data: own study, not the published dataset$/m,
  );
  assert.equal(desk.server.tally().answered, 40);

  const ask = ["plan", "administrations", "--instrument", SPANISH, "--personas", "1,2"];
  const sheets = await desk.done(...ask, "--items", "shuffled", "--name", "spanish");
  assert.match(sheets, /^Run spanish in schema cli_walk: 40 sheets to do$/m);
  assert.match(sheets, /^ +instrument +EPQR-A .* \(es\), 24 items in order shuffled, /m);
  const asked = await desk.done("run", "spanish", "--budget-calls", "100", "--concurrency", "2");
  assert.match(asked, /^spanish: 40 of 40 done, 0 failed, 0 left; spent 40 calls of 100, /m);
  assert.match(
    asked,
    /^Build the tables: deno task tables --schema cli_walk$/m,
  );
  assert.equal(desk.server.tally().answered, 80);

  const again = await desk.done("run", "spanish");
  assert.match(again, /^spanish: 40 of 40 done.*: nothing to do$/m);
  const status = await desk.done("status");
  assert.match(status, /^spanish +administrations +0 +0 +0 +40 +0 +0 +40 /m);
  const one = await desk.done("status", "spanish");
  assert.match(one, /^epqra +Own +N=3 +20 +20 +20 +0 /m);
  assert.match(await desk.done("retry-failed", "spanish"), /^Nothing of spanish has failed$/m);
  assert.equal(desk.server.tally().answered, 80);

  const out = desk.path("out");
  assert.match(await desk.done("export", "--out", out), /^ +80 rows +.*requests\.jsonl$/m);
  const lines = readFileSync(join(out, "requests.jsonl"), "utf8").trimEnd().split("\n");
  assert.equal(lines.length, 80);
  assert.ok(lines.every((line) => JSON.parse(JSON.parse(line).reply).choices.length === 1));
  assert.equal(pl.readParquet(join(out, "personas.parquet")).height, 40);
  assert.equal(pl.readParquet(join(out, "sheets.parquet")).height, 40);
  // What another needs besides: who was asked, and what the condition set.
  assert.equal(pl.readParquet(join(out, "profiles.parquet")).height, 20);
  const cells = pl.readParquet(join(out, "cells.parquet"));
  const sets = cells.select("kind", "condition", "set").toRecords()
    .map(({ set, ...of }) => ({ ...of, set: JSON.parse(String(set)).set }));
  assert.deepEqual(
    sets,
    ["personas", "administrations"].flatMap((kind) => [
      { kind, condition: "Base", set: {} },
      { kind, condition: "N=3", set: { N: 3 } },
    ]),
  );
  assert.deepEqual(cells.getColumn("item_order").toArray(), [null, null, "shuffled", "shuffled"]);

  // In another schema the record answers, and nobody is asked.
  const env = { ...desk.env, STUDY_SCHEMA: "cli_walk_again" };
  assert.equal((await script("study", plan, env)).code, 0);
  const from = ["run", name!, "--recorded-from", join(out, "requests.jsonl")];
  const replayed = await script("study", from, env);
  assert.equal(replayed.code, 0, replayed.err);
  assert.match(replayed.out, /40 of 40 done, 0 failed, 0 left; spent 0 calls/);
  assert.equal(desk.server.tally().requests, 80);
});

Deno.test("forms of one's own and personas made from others are planned as in a notebook", async () => {
  await using desk = new Desk("cli_forms");
  const people = ["--population", desk.write("adults.csv", "id,age\n1,41\n2,67\n")];
  const [portrait, voice] = ["portrait", "voice"].map((name) =>
    join(ROOT, "dataset", "forms", `${name}.csv`)
  );
  const town = join(ROOT, "dataset", "instruments", "town.csv");
  const models = [model("simulated")];
  const plans = [
    personas({ models, form: formFrom(portrait!), conditions: ["Base", "-age"] }),
    personas({ models, form: formFrom(voice!), parent: "portrait" }),
    administrations({ instrument: instrumentFrom(town), form: "voice" }),
    administrations({
      instrument: instrumentFrom(town),
      models,
      of: "profiles",
      population: "adults",
      asked: 3,
      reason: "before",
      changes: ["unchanged", "-age"],
    }),
  ] as const;
  const written = ["plan", "personas", "--model", "simulated", "--form"];
  const commands = [
    [...written, portrait!, "--condition=Base,-age", ...people],
    [...written, voice!, "--parent", "portrait"],
    ["plan", "administrations", "--instrument", town, "--form", "voice"],
    [
      ...["plan", "administrations", "--instrument", town, "--model", "simulated"],
      ...["--of", "profiles", "--population", "adults", "--asked", "3", "--reason", "before"],
      "--change=unchanged,-age",
    ],
  ];
  const facts = [
    /^ +form +Portrait \(portrait\)$/m,
    /^ +made from +each .* form portrait$/m,
    /^ +personas +repetition 1 of the form voice$/m,
    /^ +profiles +of adults, without personas$/m,
  ];
  const lab = await openStudy({ schema: desk.schema });
  try {
    for (const [at, plan] of plans.entries()) {
      const out = await desk.done(...commands[at]!);
      // The name is made from all that is planned.
      assert.match(
        out,
        new RegExp(`^Run ${plan.name} in schema cli_forms: ${at < 3 ? 4 : 8} `, "m"),
      );
      assert.match(out, facts[at]!);
      await lab.run(plan.name);
    }
    const [now] = await statusOf(lab, [plans[1].name]);
    assert.deepEqual(await nextOf(lab, now!), [
      "Let them answer: deno task study plan administrations --instrument FILE --form voice " +
      "--schema cli_forms",
    ]);
    await assert.rejects(
      () => lab.register(personas({ models, form: formFrom(voice!), parent: "portrat" })),
      /of the form "portrat": did you mean "portrait"\? it has "portrait", "voice"; name one in the plan$/,
    );
  } finally {
    await lab.close();
  }
});

Deno.test("nothing that may cost money is asked without a budget that holds", async () => {
  await using desk = new Desk("cli_budget");
  await desk.planned("mine", "own");
  assert.match(
    await desk.refused(1, "run", "mine"),
    /^mine asks own, which may cost money, and has no budget: add --budget-usd 0\.\d\d \(or --budget-usd, /,
  );
  assert.match(await desk.refused(1, "run", "mine", "--yes"), / and has no budget/);
  await desk.planned("other", "bare");
  // A budget that is refused does not stay with the run.
  assert.match(
    await desk.refused(1, "run", "other", "--budget-usd", "1"),
    /the price of bare is unknown: add to its entry in .*models\.json "price": \{"input": …/,
  );
  assert.equal(desk.server.tally().requests, 0);
  const ended = await desk.study("run", "other", "--budget-calls", "4");
  assert.equal(ended.code, 3, ended.err);
  assert.match(ended.out, /^other: 10 to do: 10 calls, cost unknown \(no price of bare\)$/m);
  assert.match(ended.out, /4 of 10 done, 0 failed, 6 left; spent 4 calls of 4, .* Stopped: no /);
  const [, calls] = /^Go on: +deno task study run other --budget-calls (\d+)$/m.exec(ended.out)!;
  assert.equal(desk.server.tally().answered, 4);

  assert.match(
    await desk.refused(1, "run", "other"),
    /^Without a terminal nobody can be asked whether to go on: add --yes/,
  );
  const same = await desk.study("run", "other", "--yes"); // with the budget that it has, which is spent
  assert.equal(same.code, 3);
  assert.equal(desk.server.tally().answered, 4);
  assert.match(await desk.done("run", "other", "--budget-calls", calls!), /10 of 10 done/);
  assert.deepEqual([desk.server.tally().answered, desk.server.tally().repeated], [10, 0]);
});

Deno.test("a simulated run costs nothing and asks nothing", async () => {
  await using desk = new Desk("cli_simulated");
  const planned = await desk.planned("free", "simulated");
  assert.match(planned, /^Ask them all: +deno task study run free$/m);
  const run = await desk.done("run", "free");
  assert.match(run, /^free: 10 to do: 10 calls, free of charge$/m);
  assert.match(run, /^Data: own study, .*simulated, no model was asked: Simulated/m);
});

Deno.test("a pilot measures how long replies are", async () => {
  await using desk = new Desk("cli_pilot");
  await desk.planned("mine", "own", "--repetitions", "3");
  const { code, out } = await desk.study("estimate", "mine", "--pilot", "--budget-usd", "1");
  assert.equal(code, 0);
  assert.match(out, /^mine: 30 to do, now 20 of each model: 20 calls, /m);
  assert.match(out, /20 of 30 done, 0 failed, 10 left; .* Stopped at the limit/);
  const [, calls, measured] = /^own +(\d+) +\d+ +\d+ +(\d+) /m.exec(out)!;
  assert.deepEqual([calls, measured], ["10", "20"]);
  assert.match(out, /^Next: deno task study run mine$/m); // the budget it has will do
  assert.equal(desk.server.tally().answered, 20);
});

Deno.test("what failed is told by its reason, and asked anew when it is told to", async () => {
  let broken = true;
  await using desk = new Desk("cli_failed", () => broken ? "I would rather not." : {});
  await desk.planned("mine", "own");
  const { code, out } = await desk.study("run", "mine", "--budget-usd", "1");
  assert.equal(code, 1);
  assert.match(out, /^mine: 0 of 10 done, 10 failed, 0 left; spent 30 calls/m);
  assert.match(out, /^ +10 failed: not readable \(such as: no JSON .*: “I would rather not\.”\)$/m);
  assert.match(out, /\nmine: most of the work failed: 10 of 10\n$/);
  assert.equal((await desk.study("run", "mine", "--yes")).code, 1); // nothing to do, and it failed
  assert.match(out, /^Ask those that failed again: deno task study retry-failed mine$/m);

  const part = await desk.done("retry-failed", "mine", "--reason", "rather not");
  assert.match(part, /^10 pieces of work of mine planned once more$/m); // also by its particulars
  assert.equal((await desk.study("run", "mine", "--yes")).code, 1);
  const other = await desk.done("retry-failed", "mine", "--reason", "truncated");
  assert.match(other, /^Nothing failed for a reason that contains "truncated":\n +10 failed: /);
  broken = false;
  const planned = await desk.done("retry-failed", "mine");
  assert.match(
    planned,
    /^10 pieces of work of mine planned once more\nNext: deno task study run mine$/m,
  );
  assert.match(await desk.done("run", "mine", "--yes"), /10 of 10 done, 0 failed, 0 left/);
});

Deno.test("an instrument longer than max_tokens: said at plan, refused at run, and asked with a flag", async () => {
  let cut = true;
  await using desk = new Desk("cli_long", () => cut ? { finish: "length" } : {});
  await desk.planned("people", "simulated");
  await desk.done("run", "people");
  const long = join(ROOT, "tests", "fixtures", "instruments", "long-300.csv");
  const plan = ["plan", "administrations", "--instrument", long, "--model", "own"];
  const planned = await desk.done(...plan, "--name", "long");
  assert.match(
    planned,
    /a whole reply of own takes at least 1,\d{3} tokens, and its max_tokens is 600: replies would/,
  );
  assert.match(
    await desk.refused(1, "run", "long", "--budget-usd", "1"),
    /^own: a whole reply takes at least 1,\d+ tokens, and its max_tokens is 600: .*--allow-truncated/,
  );
  assert.equal(desk.server.tally().requests, 0);

  const flag = ["--budget-usd", "1", "--allow-truncated"];
  const allowed = await desk.study("run", "long", ...flag);
  assert.equal(allowed.code, 1);
  assert.match(allowed.out, /^ +10 failed: truncated /m);
  assert.equal(desk.server.tally().requests, 10);
  await desk.done("retry-failed", "long");
  assert.match(await desk.refused(1, "run", "long", "--yes"), /the last 5 replies were cut off/);
  assert.equal(desk.server.tally().requests, 10);
  cut = false;
  assert.match(await desk.done("run", "long", ...flag), /10 of 10 done/);
  assert.doesNotMatch(await desk.done("plan", "personas", "--model", "own"), /whole reply/);
});

atNight("a long wait is said, and what went wrong with calls is in the status", async () => {
  let calls = 0;
  await using desk = new Desk(
    "cli_waits",
    (): Behaviour =>
      ++calls === 1
        ? { status: 503, message: "oops", headers: { "retry-after-ms": "1" } }
        : calls === 2
        ? { status: 429, message: "slowly", headers: { "retry-after": "7200" } }
        : {},
  );
  await desk.planned("mine", "own");
  const running = desk.running("mine", "--budget-usd", "1");
  let said = "";
  const heard = (async () => {
    for await (const text of running.stderr.pipeThrough(new TextDecoderStream())) said += text;
  })();
  await until("the wait", () => said.includes("asks to wait"));
  assert.match(said, /^mine: the provider asks to wait until (\d+ \w+, )?\d\d:\d\d\n$/);
  running.kill("SIGINT");
  const [{ code }] = await Promise.all([running.status, heard, running.stdout.cancel()]);
  assert.equal(code, 3);
  const rest = await desk.study("run", "mine", "--yes");
  assert.equal(rest.code, 0, rest.err);
});

Deno.test("a second process asks a run to stop, and it goes on later", async () => {
  const gate = Promise.withResolvers<void>();
  await using desk = new Desk("cli_stop", (_asked, n) => n > 10 ? { after: gate.promise } : {});
  await desk.planned("mine", "own", "--repetitions", "20");
  const first = desk.running("mine", "--budget-usd", "5");
  await until("calls", () => desk.server.tally().answered > 8);
  const said = await desk.done("stop", "mine");
  gate.resolve();
  assert.match(said, /^mine was asked to stop: its processes finish what is in flight, and end$/m);
  const { code, out } = await ended(first);
  assert.equal(code, 3, out);
  assert.match(out, /Stopped when what was in flight had come in/);
  assert.match(out, /^Go on: deno task study run mine$/m);
  const { answered } = desk.server.tally();
  assert.ok(answered < 200, `${answered}`);
  assert.deepEqual(await desk.states(), { planned: 200 - answered, done: answered });
  assert.match(
    await desk.done("stop", "mine"),
    /^mine: nobody works on it now, and \d+ are left$/m,
  );

  const limited = await desk.study("run", "mine", "--yes", "--limit", "5");
  assert.equal(limited.code, 3, limited.err);
  assert.deepEqual(await desk.states(), { planned: 195 - answered, done: answered + 5 });
  assert.equal(desk.server.tally().answered, answered + 5);
});

Deno.test("Ctrl-C finishes what is in flight; nothing is bought twice", async () => {
  const gate = Promise.withResolvers<void>();
  await using desk = new Desk(
    "cli_interrupt",
    (_asked, n) => n > 10 ? { after: gate.promise } : {},
  );
  await desk.planned("mine", "own", "--repetitions", "6");
  await desk.planned("more", "own", "--variant", "b");
  const first = desk.running("mine", "more", "--budget-usd", "5");
  await until("calls", () => desk.server.tally().answered > 8 && desk.server.tally().inFlight > 0);
  first.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 20));
  first.kill("SIGINT"); // deno task passes on what the terminal has sent already
  // It only waits for replies now, and so hears the signal.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  gate.resolve();
  const { code, out, err } = await ended(first);
  assert.equal(code, 3, out + err);
  assert.match(err, /^Finishing what is in flight; Ctrl-C again ends at once, and loses it$/m);
  assert.match(out, /Stopped when what was in flight had come in/);
  const { answered } = desk.server.tally();
  assert.ok(answered < 60, `${answered}`);
  assert.deepEqual(await desk.states(), { planned: 70 - answered, done: answered });
  const rest = await desk.done("run", "mine", "more", "--budget-usd", "5");
  assert.match(rest, /^more: 10 of 10 done/m);
  assert.deepEqual(await desk.states(), { done: 70 });
  assert.equal(desk.server.tally().answered, 70);
});

Deno.test("a run in batches: what it will cost, where it stands, and what to type when", async () => {
  await using desk = new Desk("cli_batches");
  await using server = new BatchServer();
  const [own] = JSON.parse(readFileSync(desk.path("models.json"), "utf8"));
  const batch = { api: "openai", share: 0.5 };
  desk.write("models.json", JSON.stringify([{ ...own, base_url: `${server.url}/v1`, batch }]));
  assert.match(await desk.planned("mine", "own"), /^all .* 0\.0144 +0\.0203 /m);
  await desk.refused(2, "run", "mine", "--wait");
  assert.match(await desk.refused(2, "run", "mine", "--batch", "--recorded"), /exclude each other/);
  assert.match(
    await desk.refused(1, "run", "mine", "--batch"),
    /^mine asks own, which may cost money, and has no budget: add --budget-usd 0\.\d\d /,
  );
  assert.equal(server.jobs.length, 0);
  const estimate = await desk.done("estimate", "mine", "--batch");
  assert.match(estimate, /What mine has left to do, in batches/);
  assert.match(estimate, /^Next: deno task study run mine --batch --budget-usd/m);

  const sent = await desk.study("run", "mine", "--batch", "--budget-usd", "1");
  assert.equal(sent.code, 3, sent.out + sent.err);
  assert.match(
    sent.out,
    /^mine: 10 to do: 10 calls, about USD 0\.0072, at most USD 0\.0102, in batches$/m,
  );
  assert.match(
    sent.out,
    /^mine: 0 of 10 done, .* 10 left; .*, and at most USD 0\.0102 in batches\. What is left is in batches/m,
  );
  assert.match(sent.out, /^Take in what has come: deno task study run mine --batch$/m);
  assert.match(sent.out, /submitted +│? *validating/);
  assert.equal(server.jobs.length, 1);

  // Asked one by one nothing is asked that is in a batch.
  const alone = await desk.study("run", "mine", "--budget-usd", "1");
  assert.deepEqual([alone.code, desk.server.tally().requests], [3, 0]);
  assert.match(alone.out, /what is left is in batches/);
  assert.match(await desk.done("status", "mine"), /Batches of mine[^]*submitted/);

  server.finish(server.jobs[0]!);
  // What comes may have to be asked again: that is said, and agreed to, each time.
  assert.match(
    await desk.refused(1, "run", "mine", "--batch"),
    /add --yes, which takes the budget/,
  );
  const end = await desk.done("run", "mine", "--batch", "--yes");
  assert.match(
    end,
    /^mine: 10 in batches; what is not answered, .*, is asked again, for at most USD 0\.0102 more$/m,
  );
  assert.match(end, /^mine: 10 of 10 done, .* Finished/m);
  assert.deepEqual([server.jobs.length, server.charged.calls], [1, 10]);
  assert.match(
    await desk.done("end-batches", "mine"),
    /^mine: 0 questions that had not been sent/m,
  );
});

Deno.test("a battery shows its cost, asks within its budget, goes on, and says whose findings are", async () => {
  await using desk = new Desk("cli_battery");
  const asked = () => desk.server.tally().requests;
  await desk.done(
    ...["plan", "personas", "--model", "own", "--population", desk.path("people.csv")],
    ...["--condition", "Base,MaxN", "--name", "written"],
  );
  await desk.done("run", "written", "--budget-usd", "1");
  await desk.done("plan", "administrations", "--instrument", "epqra", "--name", "sheets");
  await desk.done("run", "sheets", "--budget-usd", "1");
  const before = asked();
  assert.match(
    await desk.refused(1, "validity", "sheets"),
    /No part is within the budget: add --budget-usd/,
  );
  const usd = ["--budget-usd", "1"];
  assert.match(await desk.refused(2, "validity", "written", ...usd), /written writes personas/);
  assert.match(
    await desk.refused(2, "validity", "sheets", "--against", "Base", ...usd),
    /they need a --bound/,
  );
  assert.equal(asked(), before);

  // Ten profiles, of whom five are drawn with both personas: 10 repeats, 10 reversed, 10 shuffled.
  const line = ["validity", "sheets", "--sample", "10", "--bound", "0.5", "--budget-calls"];
  const some = await desk.done(...line, "35");
  assert.match(some, /What each part asks, of 5 profiles/);
  assert.match(some, /order +options reversed +10 +10 .* yes/);
  assert.match(some, /wording .* no: over the budget/);
  assert.match(some, /Whose the findings are; the bound is 0.5/);
  assert.equal(asked() - before, 30);
  // What was asked is not asked again, and the budget is of what was spent before as well.
  await desk.done(...line, "35");
  assert.equal(asked() - before, 30);
  const more = await desk.done(...line, "75", "--against", "MaxN");
  assert.match(more, /difference +Base +MaxN/);
  assert.equal(asked() - before, 60);
});

Deno.test("a refused request ends the run with one line, and 1", async () => {
  await using desk = new Desk("cli_refused", () => ({ status: 401, code: "invalid_api_key" }));
  await desk.planned("mine", "own");
  const { code, out, err } = await desk.study("run", "mine", "--budget-usd", "1");
  assert.equal(code, 1);
  assert.match(err, /^own \(stand-in, http.*\): it refused the key \(401 invalid_api_key\).*\n$/);
  assert.match(
    out,
    /^mine: 0 of 10 done, 0 failed, 10 left; .*\nGo on: deno task study run mine$/m,
  );
});

Deno.test("wrong words end with 2 and the nearest right ones", async () => {
  await using desk = new Desk("cli_wrong");
  await desk.planned("mine", "own");
  const personas = ["plan", "personas", "--model", "own"];
  const sheets = ["plan", "administrations", "--instrument"];
  const cases: [string[], RegExp][] = [
    [
      [],
      /^Say new, plan, population, preview, estimate, run, hand-out, take-in, validity, end-batches, stop, status, retry-failed, export, browse\n/,
    ],
    [["plam"], /^No subcommand plam: did you mean plan\?/],
    [["--schema", "x", "status"], /^Say status first, then its flags/],
    [["plan"], /^Say personas, administrations\n/],
    [["plan", "persona"], /^No plan persona: did you mean personas\?/],
    [["status", "--shema", "x"], /^Unknown flag --shema: did you mean --schema\?/],
    [
      [...personas, "--repetition", "2"],
      /^Unknown flag --repetition: did you mean --repetitions\?/,
    ],
    [["plan", "personas"], /^Say who writes: --model ID/],
    [["plan", "personas", "--model", "onw"], /^No model onw: did you mean own\?/],
    [[...personas, "--condition", "MaxQ"], /^No condition has the name "MaxQ": there are Base, /],
    [
      [...personas, "--repetitions", "0"],
      /^--repetitions is a whole number of 1 or more: current /,
    ],
    [[...personas, "--seed", "x"], /^--seed is a whole number: current value is x/],
    [[...personas, "--prompt", "99"], /^No persona prompt has version "99": there are 1/],
    [[...personas, "--population", "referense"], /did you mean reference\?/],
    [[...personas, "--instrument-of-profiles", "epqra"], /together with --population FILE\.csv/],
    [[...personas, "--name", "a b"], /^--name is 1 to 80 letters/],
    [
      [...personas, "--parent", "portrait", "--condition", "Base"],
      /^Personas that are made from .* leave out conditions, repetitions and from/,
    ],
    [
      [...personas, "--form", "biografy"],
      /^--form is biography or a file: .* no file biografy: did you mean biography\?/,
    ],
    [[...personas, "--schema", PUBLISHED], /^--schema personality_trap holds the published data/],
    [[...sheets, "epqr"], /^--instrument is epqra, bigfive or a file: .* did you mean epqra\?/],
    [
      [...sheets, "epqra", "--coding", "words"],
      /^--coding is true\/false, yes\/no, number, label: /,
    ],
    [[...sheets, "epqra", "--personas", "first"], /^--personas is all, or repetitions such as 1,2/],
    [[...sheets, SPANISH, "--language", "de"], /^--language is for epqra and bigfive: .* in es/],
    [["run"], /^Name a run: `deno task study status` lists them/],
    [["run", "mime"], /^Schema cli_wrong has no run mime: did you mean mine\?/],
    [["run", "mine", "mine"], /^Run mine is named twice/],
    [["run", "mine", "--budget-usd", "much"], /^--budget-usd is 0 or more: current value is much/],
    [["run", "mine", "--recorded", "--recorded-from", "x"], /exclude each other/],
    [["preview", "mine", "--condition", "MaxN"], /^The plan has no condition MaxN: it has Base/],
    [["preview", "mine", "more"], /^One run at a time: unexpected more/],
    [["export", "here"], /^Unexpected here/],
  ];
  // Each is a process of its own.
  for (const [args, said] of cases.filter((_, index) => nightly || index % 3 === 0)) {
    const err = await desk.refused(2, ...args);
    assert.match(err, said, args.join(" "));
    assert.match(err, /\ndeno task study /, args.join(" "));
  }
  assert.match(
    await desk.refused(1, "status", "--schema", "cli_wrongg"),
    /^Schema cli_wrongg holds no study \(there are .*cli_wrong.*\): plan one with/,
  );
  assert.match(
    await desk.refused(1, ...sheets, "epqra"),
    /^Schema cli_wrong holds no personas that could answer/,
  );
  assert.match(
    await desk.refused(1, ...personas, "--population", "no.csv"),
    /no\.csv cannot be used/,
  );
  for (const name of ["config", "reparse", "cleaning"]) {
    assert.equal((await script(name, ["--no-such-flag"], desk.env)).code, 2, name);
  }
  assert.equal(desk.server.tally().requests, 0);
});

Deno.test("reparse says what today's code makes of stored replies, and stores it", async () => {
  await using desk = new Desk("cli_reparse");
  await desk.planned("mine", "own");
  const reparse = (...args: string[]) => script("reparse", args, desk.env);
  const none = await reparse("--check");
  assert.match(none.out, /^No reply is stored yet: nothing was read again$/m);
  assert.doesNotMatch(none.out, /every stored reply/);
  await desk.done("run", "mine", "--budget-usd", "1");
  await desk.done("plan", "administrations", "--instrument", "epqra", "--name", "sheets");
  await desk.done("run", "sheets", "--budget-usd", "1");
  const same = await reparse("--check");
  assert.equal(same.code, 0, same.err);
  assert.match(same.out, /^mine +10 +10 +0 +0 +0$/m);
  assert.match(same.out, /^This code reads every stored reply as it was read before$/m);

  // One sheet as an older code might have read it, and one that it could not read.
  await desk.rows((sql) =>
    sql`update administrations set answers = array_fill(0, array[24])
        where work = (select min(work) from administrations)`
  );
  await desk.rows((sql) =>
    sql`with lost as (
          delete from administrations where work = (select max(work) from administrations)
          returning work
        )
        update work set state = 'failed', reason = 'not JSON' from lost where lost.work = work.work`
  );
  const check = await reparse("sheets", "--check");
  assert.match(check.out, /^sheets +10 +8 +1 +1 +0$/m);
  assert.match(check.out, /^To store it: the same without --check$/m);
  assert.match((await reparse("sheets")).out, /^sheets +10 +8 +1 +1 +0$/m);
  assert.match((await reparse()).out, /^sheets +10 +10 +0 +0 +0$/m);
  assert.deepEqual(await desk.states(), { done: 20 });
  assert.equal(desk.server.tally().answered, 20);

  const wrong = await reparse("sheet");
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /^Schema cli_reparse has no run sheet: did you mean sheets\?/);
  const own = await reparse("--published", "--schema", "cli_reparse");
  assert.equal(own.code, 1);
  assert.match(own.err, /^Schema cli_reparse is a study of your own/);
  const nothing = await script("reparse", [], { ...desk.env, STUDY_SCHEMA: "cli_nothing" });
  assert.equal(nothing.code, 1);
  assert.match(nothing.err, /^Schema cli_nothing has no runs yet/);
});

Deno.test("reparse --published says plainly that the reconstruction has no replies", async () => {
  await restored(PUBLISHED);
  const { code, err } = await script("reparse", ["--published"]);
  assert.equal(code, 1);
  assert.match(
    err,
    /^Schema personality_trap is the shipped reconstruction, which was made without replies: restore /,
  );
});

Deno.test("config shows what is set by name, and no secret", async () => {
  await using desk = new Desk("cli_config");
  const entries = JSON.parse(readFileSync(desk.path("models.json"), "utf8"));
  const price = { ...PRICE, as_of: "2024-06" };
  const dated = { ...entries[0], id: "dated", label: "Dated", model: "dated", price };
  desk.write("models.json", JSON.stringify([...entries, dated]));
  const bare = await script("config", [], desk.env);
  assert.equal(bare.code, 0, bare.err);
  assert.match(bare.out, /^OpenAI +OPENAI_API_KEY is not set/m);
  assert.match(bare.out, /^Bedrock +credentials: none is set/m);
  assert.match(bare.out, /^ +claude35sonnet: cannot be asked without a region$/m);
  assert.match(
    bare.out,
    new RegExp(`^compatible +.*\n(.*\n)*? +own, bare, dated: ${desk.server.url}/v1; needs no`, "m"),
  );
  assert.match(bare.out, /^ +the price of dated is of 2024-06, more than a year old/m);
  assert.match(bare.out, /^ +no price is known for qwenplus, bare:/m);

  const secrets = {
    OPENAI_API_KEY: "sk-canary-openai-1234",
    AWS_ACCESS_KEY_ID: "AKIACANARY123456",
    AWS_SECRET_ACCESS_KEY: "canary/secret/1234567",
    AWS_SESSION_TOKEN: "canary-session-12345",
  };
  const set = await script("config", [], { ...desk.env, ...secrets, AWS_REGION: "eu-west-1" });
  assert.equal(set.code, 0, set.err);
  assert.match(set.out, /^OpenAI +OPENAI_API_KEY is set$/m);
  assert.match(
    set.out,
    /^Bedrock +credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, with /m,
  );
  assert.match(set.out, /^ +claude35sonnet: eu-west-1$/m);
  for (const value of Object.values(secrets)) assert.ok(!(set.out + set.err).includes(value));
  assert.equal(desk.server.tally().requests, 0);
});

Deno.test("config ends with 1 where something that is set is wrong, and names it", async () => {
  await using desk = new Desk("cli_config_wrong");
  const typo = desk.write("typo.json", `[{"id": "gpt4o", "prize": null}]`);
  const secret = "canary/secret/1234567";
  const cases: [Record<string, string>, RegExp][] = [
    [
      { MODELS_FILE: desk.path("none.json") },
      /WRONG: MODELS_FILE names .*none\.json, and there is no/,
    ],
    [{ MODELS_FILE: desk.write("bad.json", "[{") }, /WRONG: .*bad\.json is not JSON/],
    [
      { MODELS_FILE: typo },
      /WRONG: .*typo\.json, model gpt4o: unknown field prize: did you mean price\?/,
    ],
    [
      { AWS_SECRET_ACCESS_KEY: secret },
      /WRONG: AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is/,
    ],
    [{ STUDY_SCHEMA: "Study" }, /WRONG: Environment variable STUDY_SCHEMA: /],
    [{ DATABASE_URL: `postgres://me:${secret}@127.0.0.1:1/x` }, /WRONG: /],
  ];
  for (const [env, said] of cases) {
    const { code, out, err } = await script("config", [], { ...desk.env, ...env });
    assert.equal(code, 1, out);
    assert.match(out, said);
    assert.match(err, /^\n1 setting is wrong$/m);
    assert.ok(!(out + err).includes(secret));
    assert.doesNotMatch(out + err, /\n\s+at /);
  }
});

Deno.test("config --call makes one small call, after saying what it costs", async () => {
  await using desk = new Desk("cli_call");
  const { code, out, err } = await script("config", ["--call", "own"], desk.env);
  assert.equal(code, 0, err);
  assert.match(out, /^One call to own \(stand-in\): at most \d+ tokens, at most USD 0\.0000\d+$/m);
  assert.match(out, /^It answered in \d+ ms: \d+ tokens asked, 1 replied, USD 0\.0000\d+$/m);
  assert.match(out, /^Its reply: "ok"$/m);
  assert.equal(desk.server.tally().requests, 1);
  const wrong = await script("config", ["--call", "onw"], desk.env);
  assert.deepEqual([wrong.code, wrong.err.split("\n")[0]], [2, "No model onw: did you mean own?"]);
  const keyless = await script("config", ["--call", "gpt4o"], desk.env);
  assert.equal(keyless.code, 1);
  assert.match(keyless.err, /no key is set: set OPENAI_API_KEY in the environment or \.env\n$/);
});

Deno.test("config --prices takes LiteLLM's prices into the user's file", async () => {
  await using desk = new Desk("cli_prices");
  const price = {
    input_cost_per_token: 2e-6,
    output_cost_per_token: 8e-6,
    litellm_provider: "openai",
  };
  const list = desk.write("litellm.json", JSON.stringify({ "gpt-4o-2024-11-20": price }));
  utimesSync(list, new Date("2026-10-01"), new Date("2026-10-01"));
  const { code, out, err } = await script("config", ["--prices", list], desk.env);
  assert.equal(code, 0, err);
  assert.match(out, /^ +gpt4o +2\.5 \/ 10 \(2026-09-23\) → 2 \/ 8 \(2026-10-01\)$/m);
  const stored = JSON.parse(readFileSync(desk.path("models.json"), "utf8"));
  assert.deepEqual(stored.map(({ id }: { id: string }) => id), ["own", "bare", "gpt4o"]);
  assert.equal(stored[2].price.output, 8);
  const empty = desk.write("empty.json", "{}");
  const none = await script("config", ["--prices", empty], desk.env);
  assert.deepEqual([none.code, none.out], [1, ""]);
  assert.match(none.err, /has no price of any model that is known here\n$/);
});

atNight(
  "replies of 2 MB, 40 of them at 64 at a time, and their files, within the memory of a study",
  async () => {
    // Two bytes a letter, in memory as in UTF-8.
    const thoughts = "думаю ".repeat(180_000);
    await using desk = new Desk("cli_memory", (asked) => ({
      raw: {
        choices: [{
          index: 0,
          message: { role: "assistant", content: standIn(asked), reasoning_content: thoughts },
          finish_reason: "stop",
        }],
        usage: { prompt_tokens: 700, completion_tokens: 550_000, total_tokens: 550_700 },
      },
    }));
    const within = async (...args: string[]) => {
      const command = ["run", "-A", ...MEMORY.study!, "scripts/study.ts"];
      return await ended(spawned([...command, ...args], desk.env));
    };
    const models = readFileSync(desk.path("models.json"), "utf8");
    desk.write("models.json", models.replaceAll('"max_tokens":600', '"max_tokens":20000'));
    await desk.planned("mine", "own", "--repetitions", "4");
    const run = await within("run", "mine", "--budget-usd", "500", "--concurrency", "64");
    assert.match(run.out + run.err, /^mine: 40 of 40 done, 0 failed/m);
    assert.match(run.out, /^ +40 replies were longer than max_tokens/m);
    assert.equal(run.code, 0);
    const out = desk.path("out");
    const files = await within("export", "--out", out);
    assert.equal(files.code, 0, files.err);
    assert.match(files.out, /^ +40 rows +.*requests\.jsonl$/m);
    assert.match(
      await desk.done("status", "mine"),
      /^ +40 replies are longer than max_tokens, the/m,
    );
  },
);

Deno.test("a run handed out and taken in: what it costs, what is missing, what does not belong there", async () => {
  await using desk = new Desk("cli_handed");
  const folder = desk.path("out"), at = (name: string) => join(folder, name);
  await desk.planned("mine", "own");
  await desk.refused(2, "hand-out", "mine");
  for (const wrong of [["--time", "4h"], ["--gpus", "two"], ["--shards", "0"]]) {
    await desk.refused(2, "hand-out", "mine", "--to", folder, ...wrong);
  }
  assert.match(
    await desk.refused(1, "hand-out", "mine", "--to", folder),
    /^mine asks own, which may cost money, and has no budget: add --budget-usd 0\.\d\d /m,
  );
  const budget = ["--budget-usd", "1"];
  const handed = await desk.done("hand-out", "mine", "--to", folder, "--shards", "3", ...budget);
  assert.match(handed, /^mine: 10 to do: 10 calls, about USD 0\.0144, at most USD 0\.0203$/m);
  assert.match(handed, /out: 10 questions to own in 3 shards\n.*sbatch shards\.sbatch\n.*take-in/);
  assert.deepEqual(await desk.states(), { submitted: 10 });
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  assert.deepEqual(names, [
    "manifest.json",
    "shard.ts",
    "shard_0000.jsonl",
    "shard_0001.jsonl",
    "shard_0002.jsonl",
    "shards.sbatch",
  ]);
  assert.match(readFileSync(at("shards.sbatch"), "utf8"), /^server=\(vllm serve stand-in\)$/m);
  assert.match(
    await desk.refused(1, "hand-out", "mine", "--to", folder, ...budget),
    /out cannot be used:\n- it has a hand-out already: name another folder/,
  );
  const other = await desk.study("hand-out", "mine", "--to", desk.path("other"));
  assert.match(other.out, /no question is left that is not in a batch/);
  const alone = await desk.study("run", "mine", ...budget);
  assert.deepEqual([alone.code, desk.server.tally().requests], [3, 0]);
  assert.match(alone.out, /^Take in what has come: deno task study take-in .*out$/m);

  // One is answered, one half; a line is torn, one is another's, one comes twice.
  const answered = async (shard: number) => {
    const args = ["run", "-A", "--no-config", "shard.ts", "--shard", `${shard}`];
    const url = ["--url", `${desk.server.url}/v1`];
    const command = new Deno.Command(Deno.execPath(), { args: [...args, ...url], cwd: folder });
    assert.equal((await command.output()).code, 0);
  };
  await answered(0);
  await answered(1);
  const lines = readFileSync(at("out_0001.jsonl"), "utf8").split("\n");
  await Deno.remove(at("out_0001.jsonl"));
  const ok = readFileSync(at("out_0001.ok"), "utf8");
  await Deno.remove(at("out_0001.ok"));
  const foreign = lines[0]!.replace(/"custom_id":"\w+/, '"custom_id":"other');
  writeFileSync(
    at("out_0001.1.jsonl"),
    [lines[0], lines[0], foreign, lines[1]!.slice(0, 90)].join("\n"),
  );
  const some = await desk.study("take-in", folder);
  assert.equal(some.code, 3, some.err);
  assert.match(
    some.out,
    /out: 5 of 10 answered, 5 of them new; 0 refused, 0 to be asked anew, 5 missing\n/,
  );
  assert.match(
    some.out,
    /1 line of other questions.*\n {2}1 line torn.*\n {2}1 line with an answer/,
  );
  assert.match(some.out, /^mine: 5 of 10 done, 0 failed, 5 left; spent 5 calls/m);
  assert.match(some.out, /^Answer what is missing, .*: sbatch --array=1-2 shards\.sbatch$/m);
  const again = await desk.study("take-in", folder);
  assert.match(again.out, /5 of 10 answered, 0 of them new/);
  assert.match(again.out, /^mine: 5 of 10 done, .*spent 5 calls/m);

  // What does not belong there is refused, and changes nothing.
  const swapped = readFileSync(at("shard_0002.jsonl"), "utf8");
  writeFileSync(at("shard_0002.jsonl"), swapped.replace("stand-in", "another"));
  assert.match(await desk.refused(1, "take-in", folder), /it is not as it was handed out/);
  writeFileSync(at("shard_0002.jsonl"), swapped);
  writeFileSync(at("out_0002.ok"), ok);
  assert.match(await desk.refused(1, "take-in", folder), /files of two hand-outs are mixed here/);
  await Deno.remove(at("out_0002.ok"));
  const manifest = readFileSync(at("manifest.json"), "utf8");
  for (
    const [text, why] of [
      ["{", /it is damaged/],
      [
        manifest.replace(/"token": "(\w)/, (_, one) => `"token": "${one === "0" ? 1 : 0}`),
        /has handed out no shard/,
      ],
      [manifest.replace('"cli_handed"', '"nowhere"'), /Schema nowhere holds no study/],
    ] as const
  ) {
    writeFileSync(at("manifest.json"), text);
    assert.match(await desk.refused(1, "take-in", folder), why);
  }
  writeFileSync(at("manifest.json"), manifest);
  assert.match(await desk.refused(1, "take-in", desk.path("nothing")), /it has no manifest\.json/);

  // Waited for no more: the rest is asked directly, and an answer that comes late is not lost.
  const end = await desk.study("take-in", folder, "--end");
  assert.match(
    end.out,
    /5 of 10 answered, 0 of them new; 0 refused, 5 to be asked anew, 0 missing/,
  );
  assert.deepEqual(await desk.states(), { done: 5, planned: 5 });
  await answered(2);
  const late = await desk.study("take-in", folder);
  assert.match(late.out, /7 of 10 answered, 2 of them new/);
  const before = desk.server.tally().requests;
  assert.match(await desk.done("run", "mine", ...budget), /^mine: 10 of 10 done/m);
  assert.equal(desk.server.tally().requests, before + 3);
});
