/** Columns as headings: words, and one heading over columns that belong together. */
import { type Column, columnOf, fullLabel, shortLabel, SYMBOL, wordsOf } from "../columns.ts";

/** One column's heading, and what stands over it and its neighbours; nothing, "". */
export interface Head {
  over: string;
  label: string;
}

/**
 * Headings of columns. Neighbours that are declared to stand under one word share it: `p_naive` and
 * `p_holm` are "p" over "naive" and "Holm"; so do neighbours that nobody declared and whose names begin
 * with the same words.
 */
export function headsOf(columns: readonly Column[]): Head[] {
  const heads: Head[] = [];
  while (heads.length < columns.length) {
    const from = heads.length, first = columns[from]!;
    const alike = (column: Column) =>
      first.meaning
        ? first.over !== undefined && column.over === first.over
        : !column.meaning && column.kind !== "interval" && startOf(column) === startOf(first);
    const end = columns.findIndex((column, i) => i > from && !alike(column));
    const run = columns.slice(from, end < 0 ? undefined : end);
    heads.push(...run.length > 1 ? first.meaning ? under(run) : family(run) : [alone(first)]);
  }
  return heads.map(({ over, label }) => ({
    over: capital(over),
    label: over ? label : capital(label),
  }));
}

const alone = (column: Column): Head => ({ over: "", label: fullLabel(column) });

const under = (run: readonly Column[]): Head[] =>
  run.map((column) => ({ over: column.over!, label: shortLabel(column) }));

/** A name of one word begins like no other. */
function startOf({ name }: Column): string | null {
  const [first, second] = partsOf(name);
  return second ? first! : null;
}

/** Columns whose names begin alike, under the words that they share. */
function family(run: readonly Column[]): Head[] {
  const own = run.map(({ name }) => partsOf(name));
  if (startOf(run[0]!) === null) return run.map(alone);
  const shortest = Math.min(...own.map((one) => one.length)) - 1;
  const differs = own[0]!.findIndex((word, i) => own.some((one) => one[i] !== word));
  const shared = Math.min(shortest, differs < 0 ? shortest : differs);
  const over = wordsOf(own[0]!.slice(0, shared).join(" "));
  return own.map((one) => ({ over, label: wordsOf(one.slice(shared).join(" ")) }));
}

/** The words of a name; a letter with its index is one. */
const partsOf = (name: string): string[] =>
  SYMBOL.test(name) ? [name] : name.split(/[_ ]+/).filter((word) => word);

/** What stands over a column of a name. */
export const headingOf = (name: string): string => {
  const column = columnOf(name);
  return capital(column ? fullLabel(column) : wordsOf(name));
};

/** As a heading begins: with a capital, unless it begins with a statistic of one letter or a Greek one. */
const capital = (text: string): string =>
  SYMBOL.test(text.split(" ")[0]!) || /^\p{sc=Greek}/u.test(text)
    ? text
    : text.charAt(0).toUpperCase() + text.slice(1);

/** A heading whose statistics of one letter are written otherwise than its words. */
export const lettered = (
  heading: string,
  word: (text: string) => string,
  statistic: (letter: string, index: string) => string,
): string =>
  heading.split(" ").map((text) => {
    const found = SYMBOL.exec(text);
    return found ? statistic(found[1]!, found[2] ?? "") : word(text);
  }).join(" ");
