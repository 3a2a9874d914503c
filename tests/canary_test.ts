/** Secrets in every setting that takes one, looked for in everything that is written anywhere. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { address } from "lib/db.ts";
import { epqra } from "lib/paper/instruments.ts";
import { execute } from "../scripts/jupyter/execute.ts";
import { stringify } from "../scripts/jupyter/notebook.ts";
import { type Ended, evaluated, script } from "./command.ts";
import { as } from "./data.ts";
import { type Answer, provider, standIn } from "./llm_server.ts";
import { Folder } from "./made.ts";
import { profiles, served } from "./study_worker.ts";

const MARK = "c4n4ry";

/** With what JSON, URLs and HTTP write in other ways. */
const KEYS = {
  OPENAI_API_KEY: `sk-${MARK}/one+A=`,
  SOME_OTHER_KEY: `gsk_${MARK}"two"\\'%20`,
  AWS_ACCESS_KEY_ID: `AKIA${MARK.toUpperCase()}THREE`,
  AWS_SECRET_ACCESS_KEY: `aws/${MARK}+four/secret==`,
  AWS_SESSION_TOKEN: `${MARK}/five+//session==`,
};
const TOKEN = `bedrock-${MARK}-six/token`;
const PASSWORD = `pg ${MARK}:/@seven%`;

/** What a server gave away that was sent to it, when it is kept. */
const SENT = /You sent .*‹hidden›/;

/** The forms in which a secret can stand somewhere. */
function leaks(text: string): string[] {
  const plain = text.match(new RegExp(`.{0,30}${MARK}.{0,30}`, "gi")) ?? [];
  const encoded = [...Object.values(KEYS), TOKEN, PASSWORD].map(btoa)
    .filter((secret) => text.includes(secret));
  return [...plain, ...encoded];
}

const clean = (what: string, text: string) => assert.deepEqual(leaks(text), [], what);

/** Everything in every table of a schema, one line per row. */
const dumped = (schema: string): Promise<string> =>
  as("owner", async (sql) => {
    const tables = await sql<{ name: string }[]>`
      select table_name as name from information_schema.tables
      where table_schema = ${schema} and table_type = 'BASE TABLE'`;
    assert.ok(tables.length > 10, "no tables were found");
    const rows = await Promise.all(tables.map(({ name }) =>
      sql<{ row: string }[]>`select to_jsonb(t)::text as row from ${sql(`${schema}.${name}`)} t`
    ));
    return rows.flat().map(({ row }) =>
      row
    ).join("\n");
  });

/** What a server does that gives away all it was sent. */
let doing: "speaks" | "filters" | "fails" | "refuses" | "refuses the key" = "speaks";

const answer: Answer = (asked) => {
  const heard = JSON.stringify([asked.headers.get("authorization"), ...asked.headers]);
  if (doing === "filters" || doing === "refuses") {
    const code = doing === "filters" ? "content_filter" : "invalid_request";
    return { status: 400, code, message: `you sent ${heard}`, echo: true };
  }
  if (doing === "fails") {
    return { status: 500, message: heard, echo: true, headers: { "retry-after-ms": "1" } };
  }
  if (doing === "refuses the key") {
    return { status: 401, code: "invalid_api_key", message: heard, echo: true };
  }
  const text = standIn(asked);
  if (!text.startsWith("{")) return `You sent ${heard}`;
  const said = JSON.parse(text);
  const field = "explanation" in said ? "explanation" : "description";
  const whole = JSON.stringify({ ...said, [field]: `You sent ${heard}` });
  // As JSON may also be written: every sign by its number, and slashes as PHP writes them.
  if (asked.hash < "5") {
    const numbered = (word: string) =>
      [...word].map((sign) => `\\u00${sign.charCodeAt(0).toString(16)}`).join("");
    return { text: whole.replace(new RegExp(MARK, "gi"), numbered) };
  }
  return { text: asked.hash < "a" ? whole : whole.replaceAll("/", "\\/") };
};

/** A role with a secret password, and the settings of a user who has set everything. */
async function settingsOf(folder: string, url: string, schema: string) {
  const { host, port, database } = await address("owner");
  await as("owner", async (sql) => {
    if ((await sql`select from pg_roles where rolname = 'canary'`).length) return;
    await sql.unsafe(`
      create role canary login password '${PASSWORD}';
      grant create on database ${database} to canary`);
  });
  const path = join(folder, "models.json");
  const own = { ...served(url, 4), price: null };
  await Deno.writeTextFile(
    path,
    JSON.stringify([
      { ...own, id: "main", label: "Main", key: "OPENAI_API_KEY" },
      { ...own, id: "other", label: "Other", key: "SOME_OTHER_KEY" },
    ]),
  );
  return {
    ...KEYS,
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
    MODELS_FILE: path,
    STUDY_SCHEMA: schema,
    DATABASE_URL: `postgres://canary:${encodeURIComponent(PASSWORD)}@${host}:${port}/${database}`,
    PGPASSWORD: `${MARK} of no use`,
  };
}

function population(folder: string): string {
  const path = join(folder, "people.csv");
  const rows = profiles(3).map(({ id, answers }) => [id, ...answers].join());
  const head = ["personality_id", ...epqra.items.map(({ number }) => number)].join();
  Deno.writeTextFileSync(path, [head, ...rows, ""].join("\n"));
  return path;
}

Deno.test("no secret of any setting is found in output, errors, rows, files or notebooks", async () => {
  using folder = new Folder();
  const server = provider({ answer });
  try {
    const env = await settingsOf(folder.path, server.url, "canary");
    const said: string[] = [];
    const command = async (
      code: number,
      name: string,
      args: string[],
      more = {},
    ): Promise<Ended> => {
      const ended = await script(name, args, { ...env, ...more });
      const text = `${name} ${args.join(" ")}\n${ended.out}${ended.err}`;
      assert.equal(ended.code, code, text);
      clean(text, text);
      said.push(text);
      return ended;
    };
    const models = ["--model", "main,other,claude35sonnet"];
    await command(0, "config", []);
    for (const one of ["main", "other", "claude35sonnet"]) {
      await command(0, "config", ["--call", one]);
    }
    const plan = ["plan", "personas", ...models, "--condition", "Base", "--name", "people"];
    await command(0, "study", [...plan, "--population", population(folder.path)]);
    await command(0, "study", ["preview", "people"]);
    await command(0, "study", ["estimate", "people"]);
    const run = ["run", "people", "--yes", "--budget-calls", "1000"];
    for (const [what, code] of [["refuses", 1], ["refuses the key", 1], ["fails", 1]] as const) {
      doing = what;
      await command(code, "study", run);
      if (what === "fails") await command(0, "study", ["retry-failed", "people"]);
    }
    doing = "filters";
    await command(1, "study", [...run, "--limit", "1"]);
    await command(0, "study", ["status"]);
    assert.match(await dumped("canary"), /"detail": "(?:[^"\\]|\\.)*‹hidden›/);
    doing = "speaks";
    await command(0, "study", run, { AWS_BEARER_TOKEN_BEDROCK: TOKEN });
    await command(0, "study", ["retry-failed", "people"]);
    await command(0, "study", run);
    await command(0, "study", [
      "plan",
      "administrations",
      "--instrument",
      "epqra",
      "--name",
      "sheets",
    ]);
    await command(0, "study", ["run", "sheets", "--yes", "--budget-calls", "1000"]);
    await command(0, "study", ["status", "people"]);
    await command(0, "reparse", ["people"]);
    const out = join(folder.path, "out");
    await command(0, "study", ["export", "--out", out]);

    // Both real clients have sent their keys, and what came back is there without them.
    const sent = server.asked.map(({ headers }) => JSON.stringify([...headers])).join("\n");
    for (const secret of [KEYS.OPENAI_API_KEY, KEYS.AWS_ACCESS_KEY_ID, KEYS.AWS_SESSION_TOKEN]) {
      assert.ok(sent.includes(secret));
    }
    assert.ok(sent.includes(TOKEN));
    const rows = await dumped("canary");
    clean("rows", rows);
    assert.match(rows, /"description": "You sent (?:[^"\\]|\\.)*Bearer ‹hidden›/);
    assert.match(rows, /"explanation": "You sent (?:[^"\\]|\\.)*‹hidden›/);
    for (const { name } of Deno.readDirSync(out)) {
      clean(name, new TextDecoder("latin1").decode(Deno.readFileSync(join(out, name))));
    }
    assert.match(Deno.readTextFileSync(join(out, "requests.jsonl")), /‹hidden›/);
    for (const { body } of server.asked) clean("a request's body", body);

    const wrong = env.DATABASE_URL.replace("seven", "eight");
    for (const [name, args] of [["status", []], ["config", []], ["study", ["status"]]] as const) {
      const { out, err } = await script(name, [...args], { ...env, DATABASE_URL: wrong });
      clean(name, out + err);
      assert.match(out + err, /does not let canary in/);
    }
  } finally {
    await server.close();
  }
});

Deno.test("no secret is found in what an error holds, nor in a notebook that was executed", async () => {
  using folder = new Folder();
  using inside = new Folder(ROOT);
  const server = provider({ answer });
  try {
    const env = await settingsOf(folder.path, server.url, "canary_notebook");
    const begin = `
      import "lib/paper/published.ts";
      import { openStudy, personas } from "lib/study.ts";
      import { model } from "lib/llm.ts";
      const lab = await openStudy({ schema: "canary_notebook" });
      await lab.population(${JSON.stringify(population(folder.path))});
      const plan = personas({ models: [model("main"), model("claude35sonnet")], conditions: ["Base"] });
      const name = await lab.register(plan);`;
    // Errors as a program would show them, with all their properties and causes.
    doing = "refuses";
    const program = await evaluated(
      `${begin}
      const show = (value) => console.log(Deno.inspect(value, { depth: 20, showHidden: true }));
      await lab.run(name, { budget: { calls: 9 } }).catch(show);
      show(lab);
      show((await lab.status()).toRecords());
      await lab.close();`,
      env,
    );
    assert.equal(program.code, 0, program.err);
    assert.match(program.out, /RunError: .*it refused the request/);
    clean("a program", program.out + program.err);

    // The page of a prompt: itself, what it brings, and what goes wrong on it.
    const page = `${begin}
      import { served } from "lib/notebook/studio.ts";
      const page = await served(lab, plan);
      const { system, user } = plan.prompt;
      const post = async (route, more) => {
        const headers = { origin: new URL(page.url).origin, "content-type": "application/json" };
        const about = { models: ["main"], conditions: ["Base"], versions: [], profiles: "1, 2", by: "" };
        const body = JSON.stringify({ system: system + " " + Deno.args[0], user, ...about, ...more });
        return (await fetch(page.url + route, { method: "POST", headers, body })).text();
      };
      console.log(await (await fetch(page.url)).text());
      console.log(await post("look", {}));
      console.log(await post("ask", { budget: { calls: 9 } }));
      await page.close();
      await lab.close();`;
    for (const [what, sign] of [["refuses the key", /"error":".*refused/], ["speaks", SENT]]) {
      doing = what as typeof doing;
      const { code, out, err } = await evaluated(
        page.replace("Deno.args[0]", JSON.stringify(what)),
        env,
      );
      assert.equal(code, 0, err);
      assert.match(out, sign as RegExp);
      clean("a page", out + err);
    }

    doing = "speaks";
    const notebook = inside.write("canary.ipynb", [
      begin,
      `import { begin, ended, show } from "lib/notebook.ts";
      await show(await lab.estimate(plan), "Cost");`,
      `await begin(lab, name, { budget: { calls: 9 } });`,
      `await ended(lab, name);`,
      `(await lab.exchanges(name, { most: 9 }))`,
      `(await lab.quality()).flow`,
      `throw new Error("the end")`,
    ]);
    const made = await execute(notebook, { env, paid: true });
    assert.deepEqual(made.failures.map(({ evalue }) => evalue), ["the end"]);
    const text = stringify(made.notebook);
    assert.match(text, /You sent .*‹hidden›/);
    clean("a notebook", text);
    clean("rows", await dumped("canary_notebook"));
  } finally {
    await server.close();
  }
});
