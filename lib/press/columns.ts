/** The columns of a table in LaTeX: what is aligned at the decimal mark, at ±, left or right. */
import { DASH } from "../format.ts";
import { withMinus } from "./cells.ts";
import type { Grid } from "./grid.ts";
import { tex } from "./tex.ts";

/** A column as LaTeX sets it; `mean ± SD` takes two. */
export interface TexColumn {
  spec: string;
  span: 1 | 2;
  /** Words stand left, as does their heading; the others' is in the middle. */
  left: boolean;
  /** Letters of its longest line. */
  width: number;
  cells: string[];
}

/** Wider text is broken into lines. */
const WIDEST = 36;

/** The columns of a table, keys first. */
export function columnsIn({ side, head, body }: Grid): TexColumn[] {
  const names = head[0]!.map((_, column) => head.at(-1)![column]!);
  return [
    ...side.map((name, i) => text([name, ...body.map(({ keys }) => keys[i]!)])),
    ...names.map((name, i) => values(name, body.map(({ cells }) => cells[i]!))),
  ];
}

function values(name: string, written: readonly string[]): TexColumn {
  const cells = written.map((cell) => cell.replace(" $\\pm$ ", " ± "));
  const kind = [numbers, pairs, figures].find((kind) => kind(name, cells));
  return kind?.(name, cells) ?? text([name, ...cells]);
}

/** A number in pieces. */
interface Parsed {
  below: string;
  minus: string;
  whole: string;
  fraction: string;
  marks: string;
}

const NUMBER = /^(<?)([-−]?)(\d+)(?:\.(\d+))?([*†‡¶§]*)$/;
const UNDEFINED: readonly string[] = [DASH, "-", "", "NaN", "nan", "n<5", "∞", "-∞", "−∞"];

function parsed(cell: string): Parsed | null {
  const found = NUMBER.exec(cell);
  if (!found) return null;
  const [, below, minus, whole, fraction = "", marks] = found as unknown as string[];
  return { below: below!, minus: minus!, whole: whole!, fraction, marks: marks! };
}

/** All numbers, or words for undefined ones: an `S` column. */
function numbers(name: string, cells: readonly string[]): TexColumn | null {
  const found = cells.map(parsed);
  const fits = found.every((number, i) => number || UNDEFINED.includes(cells[i]!));
  if (!fits || !found.some((number) => number)) return null;
  return {
    spec: sColumn(found),
    span: 1,
    left: false,
    width: longest([name, ...cells]),
    cells: cells.map((cell, i) => found[i] ? inS(found[i]) : `{${undefinedAs(cell)}}`),
  };
}

/** `mean ± SD` with its markers: two `S` columns with ± between them. */
function pairs(name: string, cells: readonly string[]): TexColumn | null {
  const halves = cells.map((cell) => cell.split(" ± ").map(parsed));
  const fits = cells.every((cell, i) => halves[i]![0] && cell.includes(" ± ") || cell === DASH);
  if (!fits || !cells.some((cell) => cell !== DASH)) return null;
  const half = (at: 0 | 1) => halves.map((pair) => pair[at] ?? null);
  return {
    spec: `${sColumn(half(0))}@{$\\,\\pm\\,$}${sColumn(half(1))}`,
    span: 2,
    left: false,
    width: longest([name, ...cells]),
    cells: halves.map(([mean, sd]) =>
      mean ? `${inS(mean)} & ${sd ? inS(sd) : "{---}"}` : "\\multicolumn{2}{c}{---}"
    ),
  };
}

const EMPHASIS = [
  [/^\*\*([^*]*\d)\*\*$/, "textbf"],
  [/^\*([^*]*\d)\*$/, "textit"],
  [/^<u>([^<]*\d)<\/u>$/, "underline"],
] as const;

/** Numbers of other forms, such as 1.2E-05, [0.1, 0.3] or emphasised correlations: to the right. */
function figures(name: string, cells: readonly string[]): TexColumn | null {
  const fits = cells.every((cell) =>
    UNDEFINED.includes(cell) || /^\D*\d[^a-zA-Z]*/.test(bare(cell))
  );
  if (!fits || cells.some((cell) => /\p{L}{2}/u.test(bare(cell)))) return null;
  return {
    spec: "r",
    span: 1,
    left: false,
    width: longest([name, ...cells]),
    cells: cells.map((cell) => emphasised(withMinus(cell))),
  };
}

const bare = (cell: string): string => UNDEFINED.includes(cell) ? "" : cell.replace(/<\/?u>/g, "");

function emphasised(cell: string): string {
  for (const [pattern, command] of EMPHASIS) {
    const inner = pattern.exec(cell)?.[1];
    if (inner !== undefined) return `\\${command}{${tex(inner)}}`;
  }
  return undefinedAs(cell);
}

function text([name, ...cells]: readonly string[]): TexColumn {
  const width = longest(cells);
  const broken = width > WIDEST;
  return {
    // Half an em is a letter's width.
    spec: broken ? `>{\\raggedright\\arraybackslash}p{${WIDEST / 2}em}` : "l",
    span: 1,
    left: true,
    width: Math.max([...name!].length, Math.min(width, WIDEST)),
    cells: cells.map(broken ? breakable : tex),
  };
}

/** Words that no line holds, such as hashes, may be broken anywhere. */
const breakable = (text: string): string =>
  text.replace(/\s+/g, " ").split(" ").map((word) =>
    word.length <= WIDEST * 2 / 3 ? tex(word) : [...word].map(tex).join("\\allowbreak{}")
  ).join(" ");

const undefinedAs = (cell: string): string => cell === "-" || cell === "" ? "---" : tex(cell);

const longest = (cells: readonly string[]): number =>
  Math.max(0, ...cells.map((cell) => [...cell].length));

/** Widths of marks in em tenths of Computer Modern: siunitx keeps room for the widest. */
const MARK_WIDTHS: Readonly<Record<string, number>> = {
  "*": 5,
  "†": 4.4,
  "‡": 4.4,
  "¶": 6.1,
  "§": 4.4,
};
const widthOf = (marks: string): number =>
  [...marks].reduce((sum, mark) => sum + MARK_WIDTHS[mark]!, 0);

function sColumn(numbers: readonly (Parsed | null)[]): string {
  const known = numbers.filter((number) => number !== null);
  const most = (of: (number: Parsed) => string) => longest(known.map(of));
  const marks = known.map(({ marks }) => marks).toSorted((a, b) => widthOf(a) - widthOf(b)).at(-1);
  const options = [
    `table-format=${known.some(({ minus }) => minus) ? "-" : ""}${most(({ whole }) => whole)}.${
      most(({ fraction }) => fraction)
    }`,
    ...known.some(({ below }) => below) ? ["table-space-text-pre={$<$}"] : [],
    ...marks ? [`table-space-text-post={${tex(marks)}}`] : [],
  ];
  return `S[${options.join(",")}]`;
}

/** Words and signs in braces, or siunitx would read them as part of the number. */
const inS = ({ below, minus, whole, fraction, marks }: Parsed): string =>
  (below && "{$<$}") + (minus && "-") + whole + (fraction && `.${fraction}`) +
  (marks && `{${tex(marks)}}`);
