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
  latex,
  type Look,
  markdown,
  type Png,
  PREAMBLE,
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
  of: { frame: DataFrame; look: Look } | { drawing: Drawing; theme?: Theme };
}

/** By kind and name, in the order in which they were first shown. */
const all = new Map<string, Shown>();

/** Keeps what a cell shows; a cell that runs again puts its own in place of it. */
export function remember(shown: Shown): void {
  const kind = "drawing" in shown.of ? "figure" : "table";
  const key = `${kind} ${nameOf(shown)}`;
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
  // Its name is taken before any caption can ask for it.
  const files = new Map<string, string | Uint8Array>([["main.tex", ""]]);
  const code = await codeVersion();
  const missing = new Set<string>();
  for (const [key, shown] of all) {
    const taken = files.has(`${nameOf(shown)}.tex`);
    const name = taken ? `${nameOf(shown)}-${key.split(" ")[0]}` : nameOf(shown);
    const source = sourceOf(frameBehind(shown.data) ?? frameOf(shown), shown.said.line, code);
    // Several notebooks may have a figure of one name, and one paper may include them all.
    const place = `${folder}/${name}`;
    const { lacking, ...made } = "drawing" in shown.of
      ? await figureOf(shown, shown.of.drawing(theme ?? shown.of.theme), place, source, png)
      : { lacking: "", ...tableOf(shown, shown.of, place, source) };
    for (const [ending, data] of Object.entries(made)) files.set(`${name}.${ending}`, data);
    for (const letter of lacking) missing.add(letter);
  }
  files.set("main.tex", document(folder, files.keys()));
  const { outDir } = settings();
  await keepAll(join(outDir, "papers", folder), files);
  const count = (kind: string) => [...all.keys()].filter((key) => key.startsWith(kind)).length;
  // The same wherever the folder lies: the line is stored in the notebook.
  return `For a paper: ${plural(count("table"), "table")} and ` +
    `${plural(count("figure"), "figure")} in ${basename(outDir)}/papers/${folder}` +
    (missing.size ? `; the figures' font does not hold ${[...missing].join(" ")}` : "");
}

const frameOf = ({ of }: Shown): DataFrame | null => "frame" in of ? of.frame : null;
const notesOf = ({ notes = [] }: Shown): readonly string[] => [notes].flat();

function tableOf(
  shown: Shown,
  { frame, look }: { frame: DataFrame; look: Look },
  place: string,
  source: string,
) {
  const grid = { ...gridOf(frame, shown.caption, look), source, notes: notesOf(shown) };
  return {
    ...dataOf(frameBehind(shown.data) ?? frame, shown.said.line),
    md: markdown(grid),
    tex: latex(grid, place),
  };
}

/** The numbers behind it, and what their columns are. */
const dataOf = (frame: DataFrame, banner: string | null) => ({
  csv: csv(frame, banner),
  "codebook.csv": codebook(frame, banner !== null),
});

async function figureOf(shown: Shown, svg: string, place: string, source: string, png?: Png) {
  const about = { title: shown.caption, source };
  const { missing, mm, ...files } = await figureFiles(svg, about, png);
  const behind = frameBehind(shown.data);
  return {
    ...files,
    ...(behind ? dataOf(behind, shown.said.line) : {}),
    tex: figureLatex({ ...about, notes: notesOf(shown) }, `${place}.pdf`, place, mm),
    lacking: missing,
  };
}

/** A document that holds all of them and nothing else. */
function document(folder: string, names: Iterable<string>): string {
  const parts = [...names].filter((name) => name.endsWith(".tex") && name !== "main.tex");
  return [
    `% Written by save("${
      basename(folder)
    }"). To include a part in a paper that lies in out/papers: the`,
    `% packages below and \\input{${folder}/NAME}.`,
    "\\documentclass[a4paper]{article}",
    PREAMBLE,
    "\\usepackage[margin=2.5cm]{geometry}",
    `\\graphicspath{{${"../".repeat(folder.split("/").length)}}}`,
    "\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}",
    "\\begin{document}",
    // LaTeX holds back 18 floats at most.
    ...parts.flatMap((name, i) => [`\\input{${name}}`, ...i % 6 === 5 ? ["\\clearpage"] : []]),
    "\\end{document}",
    "",
  ].join("\n");
}

/** @throws {RangeError} when a name of files is none that LaTeX and every system take */
function named(name: string): string {
  if (/^[\w-]+$/.test(name)) return name;
  throw new RangeError(
    `Files for a paper are named with letters, digits, _ and -: current value is ${
      JSON.stringify(name)
    }`,
  );
}

/** `Table 6. Cronbach's alpha` is `table-6-cronbachs-alpha`; at most 60 letters, whole words. */
function nameOf({ name, caption }: Shown): string {
  if (name !== undefined) return named(name);
  const plain = caption.normalize("NFD").replace(/[\p{M}'’]/gu, "").toLowerCase();
  const [first = "untitled", ...rest] = plain.split(/[^a-z0-9]+/).filter((word) => word);
  let slug = first.slice(0, 60);
  for (const word of rest) {
    if (slug.length + 1 + word.length > 60) break;
    slug += `-${word}`;
  }
  return slug;
}
