/** What a notebook has shown, and its files for a paper. */
import { basename, join } from "node:path";
import type { DataFrame } from "polars";
import { codeVersion, settings } from "../config.ts";
import { home } from "../db.ts";
import { plural } from "../format.ts";
import {
  codebook,
  csv,
  figureFiles,
  figureLatex,
  gridOf,
  keepAll,
  lastOf,
  latex,
  type Look,
  markdown,
  type Png,
  PREAMBLE,
  prosePlain,
  proseTex,
  sourceLatex,
  sourceOf,
} from "../press.ts";
import type { Drawing, Theme } from "../plots.ts";
import type { Said } from "../provenance.ts";
import { type Behind, frameBehind } from "./behind.ts";

/** What the files for a paper say besides what is shown. */
export interface Printed {
  /** Name of the files; left out, made from the caption. */
  name?: string;
  /** Sentences for under the table or figure: what markers mean, which family of tests. */
  notes?: string | readonly string[];
  /**
   * What is behind it: the tidy frame, which is written as CSV and whose column `n` is read; the study
   * that it is of, in words or as null (typed in) where it is of none. Several as a list.
   */
  data?: Behind | readonly Behind[];
}

interface Shown extends Printed {
  caption: string;
  /** What was said of its data. */
  said: Said;
  of:
    | { frame: DataFrame; look: Look }
    | { drawing: Drawing; theme?: Theme }
    | { paragraphs: readonly string[] };
}

const KINDS = ["table", "figure", "text"] as const;
const kindOf = ({ of }: Shown): typeof KINDS[number] =>
  "frame" in of ? "table" : "drawing" in of ? "figure" : "text";

/** By kind and name, in the order in which they were first shown. */
const all = new Map<string, Shown>();

/** Keeps what a cell shows; a cell that runs again puts its own in place of it. */
export function remember(shown: Shown): void {
  if (shown.name !== undefined) named(shown.name);
  const key = `${kindOf(shown)} ${shown.name ?? shown.caption}`;
  if ("frame" in shown.of && shown.of.frame.height === 0) all.delete(key);
  else all.set(key, shown);
}

/**
 * Where files of a name go: those of the published data, and of no data, into `NAME`; of other schemas
 * into `SCHEMA/NAME`, so that they never take the place of the former; of several into a folder that is
 * named after all of them.
 */
function folderOf(name: string): string {
  const schemas = [...new Set([...all.values()].flatMap(({ said }) => said.schemas))].toSorted();
  const own = schemas.some((schema) => schema !== home());
  return own ? `${schemas.join("-and-")}/${named(name)}` : named(name);
}

/**
 * Writes all that was shown.
 *
 * @returns what went where, in words
 */
export async function write(
  name: string,
  { png, theme }: { png?: Png; theme?: Theme },
): Promise<string> {
  const folder = folderOf(name);
  if (!all.size) throw new Error("Nothing was shown here yet: run the notebook's cells first");
  const files = new Map<string, string | Uint8Array>();
  const code = await codeVersion();
  const missing = new Set<string>();
  const parts = names([...all.values()]);
  const lines = [...new Set([...parts.values()].flatMap(({ said }) => said.line ?? []))];
  for (const [name, shown] of parts) {
    // Several notebooks may have a figure of one name, and one paper may include them all.
    const at = `${folder}/${name}`;
    // What is of other data than the rest says so itself.
    const same = lines.length < 2 && shown.said.line === (lines[0] ?? null);
    const place: Place = { at, ...same && { stated: folder } };
    const about = sourceOf(frameBehind(shown.data) ?? frameOf(shown), shown.said.line, code);
    const { lacking, ...made } = "drawing" in shown.of
      ? await figureOf(shown, shown.of.drawing(theme ?? shown.of.theme), place, about, png)
      : {
        lacking: "",
        ..."frame" in shown.of
          ? tableOf(shown, shown.of, place, about)
          : textOf(shown.of.paragraphs, about),
      };
    for (const [ending, data] of Object.entries(made)) files.set(`${name}.${ending}`, data);
    for (const letter of lacking) missing.add(letter);
  }
  const { source = "" } = sourceOf(null, lines.join(". ") || null, code);
  files.set(`${SOURCE}.tex`, sourceLatex(source, folder));
  files.set("main.tex", document(folder, [SOURCE, ...parts.keys()]));
  const { outDir } = settings();
  await keepAll(join(outDir, "papers", folder), files);
  const counts = KINDS.flatMap((kind) => {
    const n = [...parts.values()].filter((shown) => kindOf(shown) === kind).length;
    return n || kind !== "text" ? [plural(n, kind)] : [];
  });
  // The same wherever the folder lies: the line is stored in the notebook.
  return `For a paper: ${list(counts)} in ${basename(outDir)}/papers/${folder}` +
    (missing.size ? `; the figures' font does not hold ${[...missing].join(" ")}` : "");
}

/** Where a part's files lie, which is also its label, and the label of what says its source for it. */
interface Place {
  at: string;
  stated?: string;
}

/** The name of what says where the data come from. */
const SOURCE = "source";

const list = (parts: readonly string[]): string =>
  [parts.slice(0, -1).join(", "), parts.at(-1)].filter((part) => part).join(" and ");

const frameOf = ({ of }: Shown): DataFrame | null => "frame" in of ? of.frame : null;
const notesOf = ({ notes = [] }: Shown): readonly string[] => [notes].flat();

function tableOf(
  shown: Shown,
  { frame, look }: { frame: DataFrame; look: Look },
  { at, stated }: Place,
  about: ReturnType<typeof sourceOf>,
) {
  const grid = (look: Look) => ({
    ...gridOf(frame, shown.caption, look),
    ...about,
    notes: notesOf(shown),
  });
  return {
    ...dataOf(frameBehind(shown.data) ?? frame, shown.said.line),
    md: markdown(grid(look)),
    tex: latex(grid({ ...look, style: "apa" }), at, stated),
  };
}

/** Paragraphs, and a last one on where they come from, which LaTeX says elsewhere. */
function textOf(paragraphs: readonly string[], { source }: ReturnType<typeof sourceOf>) {
  const all = [...paragraphs, ...source ? [source] : []];
  return { md: `${all.join("\n\n")}\n`, txt: prosePlain(all), tex: proseTex(paragraphs) };
}

/** The numbers behind it, and what their columns are. */
const dataOf = (frame: DataFrame, banner: string | null) => ({
  csv: csv(frame, banner),
  "codebook.csv": codebook(frame, banner !== null),
});

async function figureOf(
  shown: Shown,
  svg: string,
  { at, stated }: Place,
  about: ReturnType<typeof sourceOf>,
  png?: Png,
) {
  const title = shown.caption;
  const { missing, mm, ...files } = await figureFiles(svg, { title, source: lastOf(about) }, png);
  const behind = frameBehind(shown.data);
  const figure = { title, ...about, notes: notesOf(shown) };
  return {
    ...files,
    ...(behind ? dataOf(behind, shown.said.line) : {}),
    tex: figureLatex(figure, `${at}.pdf`, at, mm, stated),
    lacking: missing,
  };
}

/** A document that holds all of them and nothing else. */
const document = (folder: string, parts: readonly string[]): string =>
  [
    `% Written by save("${
      basename(folder)
    }"). To include a part in a paper that lies in out/papers: the`,
    `% packages below, \\input{${folder}/NAME}, and once \\input{${folder}/${SOURCE}}, to which the notes refer.`,
    "\\documentclass[a4paper]{article}",
    PREAMBLE,
    "\\usepackage[margin=2.5cm]{geometry}",
    `\\graphicspath{{${"../".repeat(folder.split("/").length)}}}`,
    "\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}",
    // Ids of models have few places to break at.
    "\\emergencystretch=2em",
    "\\begin{document}",
    // LaTeX holds back 18 floats at most.
    ...parts.flatMap((name, i) => [`\\input{${name}}`, ...i % 6 === 5 ? ["\\clearpage"] : []]),
    "\\end{document}",
    "",
  ].join("\n");

/** @throws {RangeError} when a name of files is none that LaTeX and every system take */
function named(name: string): string {
  if (/^[\w-]+$/.test(name)) return name;
  throw new RangeError(
    `Files for a paper are named with letters, digits, _ and -: current value is ${
      JSON.stringify(name)
    }`,
  );
}

/** What the files of a part are named after: those that were given a name first. */
function names(shown: readonly Shown[]): Map<string, Shown> {
  const named = new Map<string, Shown>();
  const taken = new Set(["main", SOURCE]);
  const inOrder = shown.toSorted((a, b) =>
    Number(b.name !== undefined) - Number(a.name !== undefined)
  );
  for (const one of inOrder) {
    const name = candidates(one).find((name) => !taken.has(name))!;
    taken.add(name);
    named.set(name, one);
  }
  return new Map([...named].toSorted(([, a], [, b]) => shown.indexOf(a) - shown.indexOf(b)));
}

/** Letters of a name that is made from a caption, and words that it does without. */
const SHORT = 24;
const FILLING =
  /^(a|an|and|as|at|by|for|from|how|in|is|it|its|of|on|or|than|that|the|their|they|to|what|which|who|whom|with)$/;

/**
 * Names, the best first: the given one or `table6` of `Table 6. Cronbach's alpha`, else the first words of
 * the caption, and more of them where those are taken; then with the kind, and a number.
 */
function* candidates(shown: Shown): Generator<string> {
  const { name, caption } = shown;
  const plain = caption.normalize("NFD").replace(/[\p{M}'’]/gu, "");
  const words = plain.toLowerCase().split(/[^a-z0-9]+/)
    .filter((word) => word && !FILLING.test(word));
  const numbered = /^(Table|Figure) (\w+)[.:]/.exec(caption);
  const slugs = name !== undefined
    ? [name]
    : words.map((_, at) => words.slice(0, at + 1).join("-").slice(0, 60));
  const short = slugs.findLastIndex((slug) => slug.length <= SHORT);
  const own = name === undefined && numbered
    ? [`${numbered[1]!.toLowerCase()}${numbered[2]}`]
    : slugs.slice(Math.max(0, short));
  yield* own;
  const first = own[0] ?? "untitled";
  yield `${first}-${kindOf(shown)}`;
  for (let at = 2;; at++) yield `${first}-${at}`;
}
