/** The variables of respondents: what they are called, which levels they have, what a text says of one. */

/** What a respondent has of a variable; null where it is not known. */
export type Value = string | number | null;
export type Values = Readonly<Record<string, Value>>;

export interface Level {
  value: string | number;
  /** In words. */
  label: string;
}

export interface Variable {
  /** Letters, digits and _, as it is typed in prompts, conditions and `by`. */
  name: string;
  /** In words, as a model is shown it. */
  label: string;
  /** `ordered`: categories whose levels stand in their order. */
  kind: "category" | "ordered" | "number" | "text";
  /** Of categories. */
  levels?: readonly Level[];
  /** Of numbers. */
  unit?: string;
}

export type Codebook = readonly Variable[];

export const KINDS = ["category", "ordered", "number", "text"] as const;

/** The variable that holds identities which are no whole numbers; no model is shown it. */
export const ID = "id";

/** Texts with at most so many different values, of which some come twice, are categories. */
const MOST_LEVELS = 50;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+|,\d{1,2})?$/;

/** Whether a cell says that nothing is known: empty, or NA as R writes it. */
export const isMissing = (text: string): boolean => text === "" || text === "NA";

const numberIn = (text: string): number | undefined =>
  NUMBER.test(text) ? Number(text.replace(",", ".")) : undefined;

/** A level's value as a file says it: a number where it is one. */
export const levelValue = (text: string): string | number => numberIn(text) ?? text;

/** A heading as the name of a variable: what is no letter or digit becomes _. */
export const nameIn = (heading: string): string =>
  heading.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");

/** What has been seen of a column's texts: enough to say what it is, however many there were. */
export class Column {
  /** Texts in which something is known. */
  known = 0;
  /** Whether all of them are numbers. */
  numbers = true;
  /** The different ones, until there are more than levels can be. */
  readonly different = new Set<string>();

  /** @param text trimmed */
  add(text: string): void {
    if (isMissing(text)) return;
    this.known += 1;
    if (this.different.size <= MOST_LEVELS) this.different.add(text);
    this.numbers &&= numberIn(text) !== undefined;
  }
}

/**
 * What a column is, by its values: numbers where all are; categories where values come again and there
 * are at most 50, not more than half as many as respondents or 10; else text. A number with a 0 before it
 * (a postcode) is none.
 */
export function inferred(heading: string, { known, numbers, different }: Column): Variable {
  const named = { name: nameIn(heading), label: heading.replaceAll("_", " ").trim() };
  if (known && numbers) return { ...named, kind: "number" };
  const most = Math.min(MOST_LEVELS, Math.max(10, known / 2)), n = different.size;
  return n && n < known && n <= most
    ? { ...named, kind: "category", levels: levelsIn(different) }
    : { ...named, kind: "text" };
}

/** The levels that texts are, in order of the words, numbers in them by size. */
export function levelsIn(texts: Iterable<string>): Level[] {
  const words = new Intl.Collator("en", { numeric: true });
  const different = new Set<string>();
  for (const text of texts) if (!isMissing(text)) different.add(text);
  return [...different]
    .toSorted((a, b) => words.compare(a, b) || (a < b ? -1 : 1))
    .map((text) => ({ value: text, label: text }));
}

const folded = (text: string): string => text.trim().toLowerCase();

/** The value of a variable that a text says, by value or label of a level; undefined where it is none. */
export function valueIn({ kind, levels }: Variable, text: string): Value | undefined {
  if (kind === "number") return isMissing(text) ? null : numberIn(text);
  if (kind === "text") return isMissing(text) ? null : text;
  // pandas writes 1.0 for 1 where another value is missing.
  const number = numberIn(text);
  const exact = levels?.find(({ value, label }) =>
    String(value) === text || label === text || (number !== undefined && value === number)
  );
  const found = exact ?? levels?.find(({ label }) => folded(label) === folded(text));
  return found ? found.value : isMissing(text) ? null : undefined;
}

/** A value in words, without its unit. */
export const wordsOf = ({ levels }: Variable, value: string | number): string =>
  levels?.find((level) => level.value === value)?.label ?? String(value);

/** What a variable takes, for a message. */
export const takes = ({ kind, levels }: Variable): string =>
  kind === "number"
    ? "numbers"
    : kind === "text"
    ? "any text"
    : levels!.length
    ? levels!.map(({ value, label }) => String(value) === label ? label : `${value} (${label})`)
      .join(", ")
    : "no level";

/** Names that mean something else where a variable's name may stand. */
const RESERVED = [
  ...["profile", "table", "legend", "schema", "instrument"],
  ...["weight", "stratum", "respondent", "profile_population"],
];

/** What is wrong with a codebook, each with its place; nothing where it is right. */
export function mistakes(codebook: Codebook): string[] {
  return codebook.flatMap((variable, at) => {
    const { name, label, kind, levels, unit } = variable;
    const place = `variable ${name || at + 1}`;
    if (typeof name !== "string" || !/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) {
      return [
        `${place}: a name is letters, digits and _, and begins with a letter: current value is ` +
        JSON.stringify(name),
      ];
    }
    if (RESERVED.includes(name)) {
      return [`${place}: ${name} means something else in prompts and frames: choose another name`];
    }
    if (codebook.findIndex((other) => other.name === name) < at) {
      return [`${place} stands there twice`];
    }
    if (typeof label !== "string" || !label.trim()) return [`${place} has no label`];
    if (!KINDS.includes(kind)) {
      return [`${place}: kind is ${KINDS.join(", ")}: current value is ${JSON.stringify(kind)}`];
    }
    if (unit !== undefined && kind !== "number") return [`${place}: only numbers have a unit`];
    const leveled = kind === "category" || kind === "ordered";
    if (!leveled) return levels === undefined ? [] : [`${place}: only categories have levels`];
    if (!Array.isArray(levels)) return [`${place}: a ${kind} variable has levels`];
    const odd = levels.find((level) =>
      !["string", "number"].includes(typeof level?.value) || typeof level.label !== "string" ||
      !level.label.trim()
    );
    if (odd) return [`${place}: a level is { value, label }: got ${JSON.stringify(odd)}`];
    const twice = levels.find((level, at) =>
      levels.findIndex((other) =>
        String(other.value) === String(level.value) || folded(other.label) === folded(level.label)
      ) < at
    );
    return twice ? [`${place}: level ${twice.value} (${twice.label}) stands there twice`] : [];
  });
}
