/**
 * Checks the notebooks without running them: format, types, lint and the house rules that a program
 * can see: `deno run -A scripts/check_notebooks.ts [NAME…]`. In its messages
 * `notebooks/NAME.ipynb cell 3:1:7` is line 1, column 7 of the third cell.
 */
import { basename } from "node:path";
import { ROOT } from "lib/config.ts";
import { main } from "./cli.ts";
import {
  canonical,
  type Cell,
  type Notebook,
  type Output,
  place,
  read,
  showing,
  SHOWS,
  source,
  stringify,
  text,
} from "./jupyter/notebook.ts";
import { typed, unformatted } from "./jupyter/typed.ts";
import { find } from "./notebooks.ts";

const NAME = /^\d\d[a-z]?_[a-zA-Z0-9_]+\.ipynb$/;
const TABLE = /^(1[1-6]|2[4-7])_/;
const SECTIONS = [
  "Question",
  "Claim",
  "Data",
  "Method",
  "Table",
  "Paper and ours",
  "What survives",
  "Figure",
];
const IMPORTS = /^(lib\/((opinions|paper|validation|validity)\/)?[a-z]+\.ts|polars)$/;
const IMAGE_BYTES = 100_000;
const TABLE_ROWS = 120;

/** Everything wrong with the notebooks, a line each: rules, format, types and lint. */
export async function problems(paths: readonly string[]): Promise<string[]> {
  const [untidy, wrong] = await Promise.all([unformatted(paths), typed(paths)]);
  return [...paths.flatMap(rules), ...untidy, ...wrong];
}

/** What a notebook and its stored outputs break of the house rules. */
export function rules(path: string): string[] {
  const notebook = read(path);
  const at = place(path);
  const cells = notebook.cells.flatMap((cell, index) =>
    (cell.cell_type === "code" ? [...codeRules(cell), ...outputRules(cell)] : [])
      .map(({ line, column, says }) => `${at} cell ${index + 1}:${line}:${column} ${says}`)
  );
  return [
    ...(NAME.test(basename(path)) ? [] : [`${at} is not named like 14_table4_personality.ipynb`]),
    ...cells,
    ...counts(notebook).map((says) => `${at} ${says}`),
    ...(TABLE.test(basename(path)) ? sections(notebook) : []).map((says) => `${at} ${says}`),
    ...(Deno.readTextFileSync(path) === stringify(canonical(notebook))
      ? []
      : [`${at} was last saved by something else: run \`deno task notebooks\``]),
  ];
}

interface Finding {
  line: number;
  column: number;
  says: string;
}

/** Strings and comments; a regular expression with quotes in it is misread to the line's end. */
const LITERALS =
  /\/\/.*|\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`/g;

function codeRules(cell: Cell): Finding[] {
  const code = source(cell);
  const bare = code.replace(LITERALS, (literal) => literal.replace(/./g, " "));
  if (bare.trim() === "") return [position(code, 0, "A code cell without code")];
  return [
    ...imports(code, bare),
    ...matches(bare, /(?<!\.)\b(function|class)\b(?!\s*:)/g, "is declared here: move it to lib/"),
    ...matches(bare, /\bconsole\b/g, "is used: show it, or leave it out"),
    ...matches(bare, new RegExp(`(?<!await |[.\\w$])${SHOWS}\\(`, "g"), "is not awaited"),
    ...(showing(cell) && !endsShowing(bare)
      ? [position(code, code.trimEnd().lastIndexOf("\n") + 1, "A showing cell ends in its show")]
      : []),
  ];
}

function position(code: string, offset: number, says: string): Finding {
  const before = code.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1, says };
}

function matches(bare: string, pattern: RegExp, says: string): Finding[] {
  return [...bare.matchAll(pattern)].map((match) =>
    position(bare, match.index, `\`${match[0]}\` ${says}`)
  );
}

function imports(code: string, bare: string): Finding[] {
  return [...bare.matchAll(/\bimport\b/g)].flatMap(({ index }) => {
    const name = code.slice(index).match(/^import\b[^"'`]*["'`](.*?)["'`]/)?.[1] ?? "";
    const says = `Imports \`${name}\`: notebooks import rooms of lib/ and polars`;
    return IMPORTS.test(name) ? [] : [position(code, index, says)];
  });
}

/** Whether the last statement is an awaited show or its like. */
function endsShowing(bare: string): boolean {
  const end = bare.trimEnd().replace(/;$/, "").trimEnd();
  let open = end.length;
  for (let depth = 0; open > 0;) {
    const sign = end[--open];
    if (sign === ")") depth++;
    if (sign === "(") depth--;
    if (depth === 0) break;
  }
  return new RegExp(`(^|[;}\\n])\\s*await ${SHOWS}$`).test(end.slice(0, open));
}

function outputRules(cell: Cell): Finding[] {
  const outputs = cell.outputs ?? [];
  const shown = outputs.some((output) => output.output_type === "display_data");
  const says = outputs.flatMap(outputRule);
  if (showing(cell) && !shown) says.push("Shows nothing: run `deno task notebooks`");
  return says.map((says) => ({ line: 1, column: 1, says }));
}

function outputRule(output: Output): string[] {
  if (output.output_type === "stream") return ["Holds console output"];
  if (output.output_type === "error") return [`Holds an error: ${output.evalue}`];
  const says: string[] = [];
  const whole = stringify(output);
  const rows = whole.replace(/<thead[^]*?<\/thead>/g, "").match(/<tr\b/g)?.length ?? 0;
  const bytes = images(output).map((base64) => base64.length * 3 / 4);
  const largest = Math.round(Math.max(0, ...bytes) / 1000);
  if (output.output_type === "execute_result") says.push("Ends in a bare expression: show it");
  if (rows > TABLE_ROWS) says.push(`Holds ${rows} table rows: at most ${TABLE_ROWS}`);
  if (largest > IMAGE_BYTES / 1000) says.push(`Holds an image of ${largest} kB: at most 100`);
  if (whole.includes(ROOT)) says.push(`Holds a path of this machine: ${ROOT}`);
  return says;
}

/** Raster images in base64: outputs of their own, and those inside HTML and SVG. */
function images(output: Extract<Output, { data: unknown }>): string[] {
  return Object.entries(output.data).flatMap(([type, value]) => {
    if (typeof value !== "string" && !Array.isArray(value)) return [];
    const stored = text(value);
    if (/^image\/(?!svg)/.test(type)) return [stored];
    return [...stored.matchAll(/data:image\/(?!svg)[\w.+-]+;base64,([\w+/=]+)/g)].map((m) => m[1]!);
  });
}

function counts({ cells }: Notebook): string[] {
  const code = cells.filter((cell) => cell.cell_type === "code");
  const index = code.findIndex((cell, i) => cell.execution_count !== i + 1);
  if (index < 0) return [];
  const cell = code[index]!;
  return [
    `cell ${cells.indexOf(cell) + 1}:1:1 Has execution count ${cell.execution_count ?? "none"}, ` +
    `not ${index + 1}: run \`deno task notebooks\``,
  ];
}

/** The first of the table notebooks' headings that does not stand after the one before it. */
function sections({ cells }: Notebook): string[] {
  const headings = cells
    .filter((cell) => cell.cell_type === "markdown")
    .flatMap((cell) => [...source(cell).matchAll(/^## (.*?)\s*$/gm)].map((match) => match[1]!));
  let from = 0;
  for (const [i, section] of [...SECTIONS, "Reading"].entries()) {
    const index = headings.indexOf(section, from);
    if (index < 0) {
      const where = i === 0 ? "" : ` after ${SECTIONS[i - 1]}`;
      return [
        `has no section ${section}${where}: headings are ${headings.join(", ") || "missing"}`,
      ];
    }
    from = index + 1;
  }
  return [];
}

if (import.meta.main) {
  await main({
    usage: "deno run -A scripts/check_notebooks.ts [NAME…]",
    help: "Checks format, types, lint and the house rules of all notebooks, or of those named.",
    words: true,
  }, async (_flags, words) => {
    const paths = find(words);
    const said = await problems(paths);
    for (const problem of said) console.error(problem);
    if (said.length > 0) return 1;
    console.log(`${paths.length} notebooks keep the rules`);
    return 0;
  });
}
