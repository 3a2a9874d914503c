import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { ROOT } from "lib/config.ts";

/**
 * Which rooms stand on which floor; imports only go down. Packages stand on the core: what belongs to
 * one study, or to none, is in a folder of theirs.
 */
const FLOORS = [
  ["codebook", "columns", "csv", "format", "forms", "instruments", "stats", "random", "version"],
  ["prompts", "replies", "conditions", "cleaning", "frames", "config", "cells", "provenance"],
  ["db", "llm", "measures", "population"],
  ["study", "press", "plots"],
  ["notebook"],
  ["paper/biography", "opinions/columns", "opinions/forms", "opinions/tables", "validity/columns"],
  [
    "paper/columns",
    "paper/design",
    "paper/instruments",
    "paper/conditions",
    "opinions/original",
    "opinions/sample",
  ],
  ["paper/published", "opinions/answers", "opinions/census", "validity/items", "validity/units"],
  [
    "paper/tables",
    "paper/figures",
    "validation/simulate",
    "opinions/alignment",
    "opinions/elections",
    "opinions/figures",
    "opinions/ladder",
    "opinions/order",
    "opinions/rates",
    "opinions/reference",
    "opinions/replies",
    "opinions/rounds",
    "opinions/simulated",
    "opinions/texts",
    "opinions/traits",
    "validity/collapse",
    "validity/copying",
    "validity/doses",
    "validity/models",
    "validity/norms",
    "validity/order",
    "validity/settings",
    "validity/simulated",
    "validity/style",
    "validity/swaps",
  ],
  [
    "paper/reparse",
    "paper/restore",
    "paper/print",
    "paper/readings",
    "opinions/judges",
    "opinions/politics",
    "validity/battery",
  ],
];

/** Folders of rooms on top of the core. */
const PACKAGES = ["opinions", "paper", "validation", "validity"];

const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.includes(room));

function filesOf(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesOf(path) : path.endsWith(".ts") ? [path] : [];
  });
}

/** `lib/db/read.ts` belongs to the room `db`, `lib/paper/tables/scores.ts` to `paper/tables`. */
function roomOf(path: string): string {
  const parts = relative(join(ROOT, "lib"), path).split(/[/.]/);
  return parts.slice(0, PACKAGES.includes(parts[0]!) ? 2 : 1).join("/");
}

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");

function importsOf(path: string): string[] {
  const text = withoutComments(readFileSync(path, "utf8"));
  return [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1]!);
}

/** The file in `lib` that an import names, or null for a package. */
function target(from: string, specifier: string): string | null {
  if (specifier.startsWith("lib/")) return join(ROOT, specifier);
  return specifier.startsWith(".") ? resolve(dirname(from), specifier) : null;
}

const LIB = filesOf(join(ROOT, "lib"));
const place = (path: string): string => relative(ROOT, path);

Deno.test("every room has a floor", () => {
  const rooms = new Set(LIB.map(roomOf));
  assert.deepEqual([...rooms].filter((room) => floorOf(room) < 0), []);
  assert.ok(rooms.size >= 12);
});

Deno.test("imports go down, never sideways or up", () => {
  const wrong = LIB.flatMap((path) =>
    importsOf(path).flatMap((specifier) => {
      const to = target(path, specifier);
      if (!to || roomOf(to) === roomOf(path)) return [];
      return floorOf(roomOf(to)) < floorOf(roomOf(path)) ? [] : [`${place(path)} → ${place(to)}`];
    })
  );
  assert.deepEqual(wrong, []);
});

Deno.test("the inner files of a room are imported by the room only", () => {
  // Tests may look inside any room.
  const all = [...LIB, ...filesOf(join(ROOT, "scripts"))];
  const inner = (to: string) =>
    existsSync(to) && place(to) !== `lib/${roomOf(to)}.ts` && LIB.includes(to);
  const wrong = all.flatMap((path) =>
    importsOf(path).flatMap((specifier) => {
      const to = target(path, specifier);
      const own = to && path.startsWith(join(ROOT, "lib")) && roomOf(to) === roomOf(path);
      return !to || !inner(to) || own ? [] : [`${place(path)} → ${place(to)}`];
    })
  );
  assert.deepEqual(wrong, []);
});

/** Words that only some rooms may use, and why that is where they are. */
const KEPT: [RegExp, string[]][] = [
  [/\bDeno\.env\b/, ["config"]],
  [/\bDeno\.jupyter\b/, ["cells"]],
  [/from "linkedom"|from "plot"/, ["plots"]],
  [/(from |import\()"(openai[^"]*|bedrock)"/, ["llm"]],
  [/from "(fontkit|pdfkit|svg-to-pdfkit|subset-font|resvg)"/, ["press"]],
  [/from "pure-rand[^"]*"/, ["random"]],
  [
    /from "(postgres|pg|pg-copy-streams|kysely[^"]*)"/,
    ["db", "study", "paper/published", "paper/restore", "validation/simulate"],
  ],
  [/\bMath\.random\b|\bnew Date\(\)/, []],
  // A lease must know how long a machine was asleep; no other clock counts that.
  [/\bDate\.now\b/, ["study"]],
];

Deno.test("the environment, the kernel, the DOM, SQL, models and chance each have their rooms", () => {
  const wrong = KEPT.flatMap(([word, rooms]) =>
    LIB.filter((path) => !rooms.includes(roomOf(path)))
      .filter((path) => word.test(withoutComments(readFileSync(path, "utf8"))))
      .map((path) => `${place(path)}: ${word}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("measures know no study: neither its factors nor its instruments, nor where it is stored", () => {
  const own = LIB.filter((path) => roomOf(path) === "measures");
  const others = own.flatMap((path) => importsOf(path).map((specifier) => target(path, specifier)))
    .filter((to) => to !== null && roomOf(to) !== "measures").map((to) => roomOf(to!));
  const allowed = ["format", "frames", "instruments", "provenance", "random", "stats"];
  assert.deepEqual([...new Set(others)].filter((room) => !allowed.includes(room)), []);
  const paper = /\b(epqra|bigfive|Base|Max[NP]|spain826|gpt4o|personality_trap|model|condition)\b/;
  const words = own.flatMap((path) =>
    withoutComments(readFileSync(path, "utf8")).split("\n").filter((line) => paper.test(line))
      // An example in a message is none.
      .filter((line) => !line.includes("such as")).map((line) => `${place(path)}: ${line}`)
  );
  assert.ok(own.length > 4);
  assert.deepEqual(words, []);
});

Deno.test("what drives a browser or an editor is for tests only, and so is the accessibility checker", () => {
  const all = [...LIB, ...filesOf(join(ROOT, "scripts"))];
  const ours = (specifier: string) => /^(playwright-core|axe-core|vscode-jsonrpc)/.test(specifier);
  assert.deepEqual(all.filter((path) => importsOf(path).some(ours)), []);
});

Deno.test("no second build of Polars is fetched", () => {
  // Deno chooses packages by system and processor, not by libc, so that it would fetch 110 MB that
  // nobody loads: there is no Deno for musl.
  const lock = readFileSync(join(ROOT, "deno.lock"), "utf8");
  assert.match(lock, /nodejs-polars-linux-x64-gnu/);
  const again =
    "deno install wrote Polars for musl back: take its entries out of deno.lock by hand";
  assert.ok(!/nodejs-polars-\S*musl/.test(lock), again);
});

Deno.test("floor 0 knows no package but for numbers and texts, and no file but its JSON", () => {
  const pure =
    /^@stdlib\/|^pure-rand\/|^csv-parse\/sync$|^fastest-levenshtein$|^node:(crypto|module)$|^\.\.?\/.*\.(ts|json)$/;
  const wrong = LIB.filter((path) => floorOf(roomOf(path)) === 0).flatMap((path) =>
    importsOf(path).filter((specifier) => !pure.test(specifier))
      .map((specifier) => `${place(path)} → ${specifier}`)
  );
  assert.deepEqual(wrong, []);
});

/** What belongs to the paper alone. */
const PAPERS = /(?<!\w)(epqra|bigfive|Base|MaxN|spain826|gpt4o|personality_trap)(?!\w)/;

Deno.test("the core knows no study: the paper's names are in its package", () => {
  const core = LIB.filter((path) => !PACKAGES.includes(roomOf(path).split("/")[0]!));
  const found = core.filter((path) => PAPERS.test(readFileSync(path, "utf8"))).map(place);
  assert.deepEqual(found, []);
});

Deno.test("the floors test sees a sideways import", () => {
  const made = join(ROOT, "lib", "paper", "tables.ts");
  const to = target(made, "./figures.ts")!;
  assert.equal(roomOf(to), "paper/figures");
  assert.ok(floorOf(roomOf(to)) >= floorOf(roomOf(made)));
  assert.deepEqual(
    importsOf(join(ROOT, "lib", "db.ts")).filter((specifier) => specifier === "./provenance.ts"),
    ["./provenance.ts"],
  );
});
