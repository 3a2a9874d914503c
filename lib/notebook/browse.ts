/**
 * A page on which people are looked at one by one: served by the kernel, which reads what it asks for, or as
 * a file that holds all of it. Both are the same page.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { DataFrame } from "polars";
import { z } from "zod";
import type { Browsed, Call, Dataset, PersonaBehind, ProfileKey, SheetBehind } from "../db.ts";
import { plural, whole } from "../format.ts";
import { openReply } from "../llm.ts";
import { escape } from "../press.ts";
import { sentMessages } from "../study.ts";
import { compressed, packed } from "./browse/packed.ts";
import { checked, pageIn, serve, type Served } from "./served.ts";

/** What stands on the page besides people. */
interface About {
  /** The data line. */
  line: string;
  /** Whether requests and replies are stored. */
  asked: boolean;
  /** Instruments by name and language, and forms, as they are defined. */
  instruments: readonly object[];
  forms: readonly object[];
}

async function aboutOf(reads: Browsed): Promise<About> {
  return {
    line: await reads.line(),
    asked: await reads.asked(),
    instruments: (await reads.instruments()).map(
      ({ name, title, language, preamble, lowest, highest, answers, scoredAs, scales, items }) => (
        { name, title, language, preamble, lowest, highest, answers, scoredAs, scales, items }
      ),
    ),
    forms: (await reads.forms()).map(({ name, title, fields }) => ({
      name,
      title,
      fields: fields.map(({ name, label }) => ({ name, label })),
    })),
  };
}

/** A call as it is looked at: what was said to the model, what it said, and the reply as it came. */
function told({ provider, sent, reply, milliseconds, usd }: Call) {
  const read = openedBy(provider ?? speaks(reply), reply);
  return { messages: sentMessages(sent), ...read, raw: reply, milliseconds, usd };
}

/** What a reply says; of a provider whose package is not imported here only why that is not known. */
function openedBy(
  provider: string,
  reply: string,
): { text: string | null; problem: string | null } {
  try {
    const { text, problem } = openReply(provider, reply);
    return { text, problem };
  } catch (error) {
    if (error instanceof RangeError) return { text: null, problem: error.message };
    throw error;
  }
}

/** Restored requests do not say whose they were; the forms of the two differ. */
const speaks = (reply: string): string => /^\s*\{[^]*"choices"/.test(reply) ? "openai" : "bedrock";

/** Without what is not there: of many people that is most. */
const brief = (one: object): object =>
  Object.fromEntries(
    Object.entries(one).filter(([, value]) =>
      value !== null && !(typeof value === "object" && !Object.keys(value).length)
    ),
  );

const opened = (one: PersonaBehind | SheetBehind): object => ({
  ...brief({ ...one, calls: one.calls.map(told) }),
  ..."fields" in one && { fields: brief(one.fields), cleaned: brief(one.cleaned) },
});

const Ids = z.array(z.int()).max(1000);
const Behind = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("profiles"), keys: z.array(z.tuple([z.string(), z.int()])) }),
  z.strictObject({ kind: z.literal("personas"), keys: Ids }),
  z.strictObject({ kind: z.literal("sheets"), keys: Ids }),
]);
const Find = z.strictObject({ words: z.array(z.string().min(1)).min(1).max(20) });
const Nothing = z.strictObject({});

async function behind(reads: Browsed, { kind, keys }: z.infer<typeof Behind>): Promise<object[]> {
  switch (kind) {
    case "profiles":
      return (await reads.behindProfiles(keys)).map(brief);
    case "personas":
      return (await reads.behindPersonas(keys)).map(opened);
    case "sheets":
      return (await reads.behindSheets(keys)).map(opened);
  }
}

/** It travels no farther than to this computer. */
const FAST = 1;

/**
 * Serves the page of a schema, until it is closed.
 *
 * @param study over connections of its own, which are closed with the page
 */
export function servedPage(study: Dataset): Served {
  const reads = study.browsed();
  const read = async (of: "personas" | "sheets") =>
    packed(await reads[of](), await reads.forms(), FAST);
  // A study may grow while it is looked at; restored data do not, and are there before they are asked for.
  const still = study.provenance.source !== "study";
  const ahead = still ? { personas: read("personas"), sheets: read("sheets") } : null;
  for (const reading of Object.values(ahead ?? {})) reading.catch(() => {});
  const rows = async (of: "personas" | "sheets") => await (ahead?.[of] ?? read(of));
  const { url, close } = serve({
    page: (nonce) => pageOf(study.schema, { nonce }),
    routes: new Map<string, (body: unknown) => Promise<object>>([
      ["open", async (body) => {
        checked(Nothing, body);
        return { about: await aboutOf(reads), rows: await rows("personas") };
      }],
      ["sheets", async (body) => {
        checked(Nothing, body);
        return { rows: await rows("sheets") };
      }],
      ["find", async (body) => ({ ids: await reads.find(checked(Find, body).words) })],
      ["behind", async (body) => ({ behind: await behind(reads, checked(Behind, body)) })],
    ]),
  });
  return {
    url,
    async close() {
      await close();
      await Promise.allSettled(Object.values(ahead ?? {}));
      await study.close();
    },
  };
}

// The page itself

const place = (name: string): string => join(import.meta.dirname!, "browse", name);
/** It is there for Node's `require` as well, which a page does not have. */
const LIBRARY = createRequire(import.meta.url).resolve("@tanstack/virtual-core");

/** A file of the library as a function with its body. */
function required(name: string): string {
  const code = readFileSync(join(dirname(LIBRARY), `${name}.cjs`), "utf8");
  return `${JSON.stringify(`./${name}.cjs`)}(exports, require) {\n${
    code.replace(/^\/\/# sourceMappingURL=.*$/m, "")
  }\n}`;
}

/** The script of the page: the library, then our own files: modules, here in one scope. */
function script(): string {
  const own = ["rows.js", "words.js", "source.js", "person.js", "page.js"].map((name) =>
    readFileSync(place(name), "utf8").replace(/^import [^;]*;\n/gm, "").replace(/^export /gm, "")
  );
  const licence = readFileSync(join(dirname(LIBRARY), "..", "..", "LICENSE"), "utf8");
  return [
    `/* @tanstack/virtual-core\n${licence}*/`,
    "const process = { env: { NODE_ENV: 'production' } };",
    `const files = { ${["utils", "index"].map(required).join(", ")} };`,
    "const require = (name) => { const made = {}; files[name](made, require); return made; };",
    `const { Virtualizer, elementScroll, observeElementOffset, observeElementRect } = require("./index.cjs");`,
    ...own,
  ].join("\n");
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");

/**
 * @param given `nonce` where a server says what may run; else the page says so itself
 * @param data elements that hold the data, as HTML
 */
function pageOf(schema: string, { nonce, data = "" }: { nonce?: string; data?: string }): string {
  const code = script(), html = pageIn(place("page.html"));
  const style = /<style>([^]*?)<\/style>/.exec(html)![1]!;
  const policy = "default-src 'none'; " +
    `script-src 'sha256-${sha256(code)}'; style-src 'sha256-${sha256(style)}'; ` +
    "base-uri 'none'; form-action 'none'";
  const mark = nonce === undefined ? "" : ` nonce="${nonce}"`;
  const parts: Record<string, string> = {
    policy: nonce === undefined
      ? `<meta http-equiv="Content-Security-Policy" content="${policy}">`
      : "",
    schema: escape(schema),
    data,
    script: `<script type="module"${mark}>${code}</script>`,
  };
  return html.replace("<style>", `<style${mark}>`)
    .replace(/<!-- (policy|schema|data|script) -->/g, (_, name: string) => parts[name]!);
}

// The page as a file

/** People that are read at a time, and letters after which a block of them is closed. */
const AT_ONCE = 500, BLOCK = 2 ** 20;
/** Somebody waits for it once, and it is sent to others. */
const SMALL = 9;

const held = (id: string, text: string): string =>
  `<script type="text/plain" id="${id}">${text}</script>\n`;

/** What stands behind the rows of one kind, in blocks; `starts` takes the first row of each. */
async function* blocks(
  reads: Browsed,
  kind: z.infer<typeof Behind>["kind"],
  keys: readonly (number | ProfileKey)[],
  starts: number[],
): AsyncGenerator<string> {
  let open: object[] = [], letters = 0;
  const close = () => {
    const text = held(`${kind}-${starts.length - 1}`, compressed(JSON.stringify(open), SMALL));
    open = [];
    letters = 0;
    return text;
  };
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    const some = keys.slice(from, from + AT_ONCE);
    const found = await behind(reads, { kind, keys: some } as z.infer<typeof Behind>);
    const of = new Map(found.map((one) => [keyOf(kind, one), one]));
    for (const [at, key] of some.entries()) {
      if (!open.length) starts.push(from + at);
      // A row that has nothing behind it keeps the place of the others.
      const one = of.get(String(key)) ?? {};
      open.push(one);
      letters += JSON.stringify(one).length;
      if (letters >= BLOCK) yield close();
    }
  }
  if (open.length) yield close();
}

const keyOf = (kind: string, one: object): string => {
  const { id, population, profile } = one as { id: number; population: string; profile: number };
  return kind === "profiles" ? `${population},${profile}` : String(id);
};

/**
 * Writes the page of a schema as one file that needs no server and no network.
 *
 * @returns its size in bytes, and how many personas and sheets it holds
 */
export async function fileOf(
  study: Dataset,
  path: string,
): Promise<{ bytes: number; personas: number; sheets: number }> {
  const reads = study.browsed();
  const forms = await reads.forms();
  const personas = await reads.personas(), sheets = await reads.sheets();
  const about = await aboutOf(reads);
  const ids = ({ rows }: typeof personas) => {
    const id = rows.numbers("id");
    return Array.from({ length: rows.height }, (_, row) => id(row)!);
  };
  const profiles = [...profilesOf(personas), ...profilesOf(sheets)];
  const keys = [...new Map(profiles.map((key) => [key.join(), key])).values()];
  const [before, after] = pageOf(study.schema, { data: SPLIT }).split(SPLIT) as [string, string];
  await writeWhole(path, async (write) => {
    await write(before);
    await write(held("rows-personas", packed(personas, forms, SMALL)));
    await write(held("rows-sheets", packed(sheets, forms, SMALL)));
    const starts: Record<string, number[]> = { profiles: [], personas: [], sheets: [] };
    const all = { profiles: keys, personas: ids(personas), sheets: ids(sheets) };
    for (const kind of ["profiles", "personas", "sheets"] as const) {
      for await (const block of blocks(reads, kind, all[kind], starts[kind]!)) await write(block);
    }
    const rest = { about, starts, profiles: keys };
    await write(held("about", compressed(JSON.stringify(rest), SMALL)));
    await write(after);
  });
  const { size } = await Deno.stat(path);
  return { bytes: size, personas: personas.rows.height, sheets: sheets.rows.height };
}

/**
 * Writes a file piece by piece, beside its place until it is whole.
 *
 * @throws {Error} where it cannot be written; nothing of it is left then
 */
async function writeWhole(
  path: string,
  by: (write: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const part = `${path}.new`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(part, "w");
    try {
      await by((text) => file.writeFile(text));
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    const { code, syscall } = error as { code?: string; syscall?: string };
    if (syscall === undefined) throw error;
    throw new Error(`${path} cannot be written (${code}): name another file, or make room for it`);
  }
}

/** Where the data stand in the page. */
const SPLIT = "<!-- the data -->";

function profilesOf({ rows }: Awaited<ReturnType<Browsed["personas"]>>): ProfileKey[] {
  const population = rows.words("profile_population"), profile = rows.numbers("profile");
  return population.flatMap((name, row): ProfileKey[] =>
    name === null || profile(row) === null ? [] : [[name, profile(row)!]]
  );
}

// What stands beside it

const WHERE =
  "It is served by this kernel and can be reached only from a browser on the same computer: on JupyterHub, " +
  'Colab or VS Code remote, `await browse(study, { to: "FILE.html" })` writes it as a file that opens ' +
  "anywhere. It ends with the kernel, or with `await browse.close()`.";

const coded = (text: string): string => escape(text).replace(/`(.*?)`/g, "<code>$1</code>");

/** The page framed, with a plain link to it; and as plain text. */
export function linked(url: string, schema: string): [html: string, text: string] {
  const title = `People of ${schema}`, at = escape(url);
  return [
    `<p><strong>${escape(title)}</strong> · ` +
    `<a href="${at}" target="_blank" rel="noopener">open it in a tab of its own</a></p>\n` +
    `<p>${coded(WHERE)}</p>\n` +
    `<iframe src="${at}" title="${escape(title)}" allow="clipboard-write" ` +
    `style="width:100%;height:54em;border:1px solid"></iframe>`,
    `${title}\n  ${url}\n  ${WHERE}`,
  ];
}

const FIRST = 12;

/** The first personas as a table, for where no page can be reached. */
export async function firstPeople(
  study: Dataset,
): Promise<{ table: DataFrame; caption: string }> {
  const { rows, parts } = await study.browsed().personas();
  const all = rows.frame();
  const told = rows.names.filter((name) =>
    parts.get(name) !== "hidden" && all.getColumn(name).nUnique() > 1
  );
  return {
    table: all.head(FIRST).select(...told),
    caption: `The first ${Math.min(FIRST, rows.height)} of ${plural(rows.height, "persona")}`,
  };
}

/** What was written, in words. */
export const writtenOf = (
  shown: string,
  { bytes, personas, sheets }: { bytes: number; personas: number; sheets: number },
): string =>
  `${shown}: ${whole(personas)} personas and ${whole(sheets)} sheets in one page of ` +
  `${(bytes / 1e6).toFixed(1)} MB, which opens from the disk without a network`;
