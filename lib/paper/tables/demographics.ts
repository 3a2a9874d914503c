/** Tables 1–3: who the personas are. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { UNMAPPED } from "../../cleaning.ts";
import { ATTRIBUTES, layout, type Mode, MODELS, REPETITIONS } from "../design.ts";
import { columnsOf, frame, rows } from "../../frames.ts";
import { type Count, mean, proportionZ, sd } from "../../stats.ts";
import { type Options, PAPERS } from "./answers.ts";
import { inOrder } from "../../measures.ts";
import { celled, comparedWith, type Levels, ownKeys, personasBy } from "./factors.ts";

const Counts = z.object({
  own: z.string().nullish(),
  model: z.string().nullable(),
  population: z.string().nullable(),
  model_print: z.string().nullable(),
  population_print: z.string().nullable(),
  repetition: z.number().nullable(),
  attribute: z.string(),
  value: z.string().nullable(),
  n: z.number(),
});
/** `row` is its place in the frame; model and condition as the mode tells them. */
type Row = z.infer<typeof Counts> & { row: number; model: string; condition: string };

/** The row of values that cleaning did not map; there where the data have some. */
const ROW_UNMAPPED = "Unmapped";
/** The row of personas without a value, in attributes that the paper does not know. */
const ROW_EMPTY = "Empty";

export interface Counting extends Options {
  /**
   * The levels of factors with which the others are compared, all other factors being the same:
   * `{ prompt: "1" }`. `{ condition: "Base" }` unless said, where conditions are a factor.
   */
  against?: Levels;
  /** Only the first so many repetitions count; the paper's 5 unless said, all where Infinity. */
  repetitions?: number;
}

/**
 * Tables 1–3: the share of personas in each demographic category.
 *
 * Share and SD are over the repetitions, one share of all profiles' personas each; the test is
 * the pooled two-proportion z of all personas of the condition against all of Base (quirk K2: the SD
 * shown does not belong to the test). A model that none of the three prints stands in Table 1. Values
 * that cleaning left `unmapped` have a row of their own where there are some, and are no Other.
 *
 * `printed` tells model and condition of restored personas as the paper's code does, from parts of the
 * names in `model` and `population`, and leaves out whom these do not tell. A study of one's own (`own`
 * is `yes`) says by its labels what a persona is, in both modes.
 *
 * Of a form of one's own the categories are its fields, and the subcategories what its lists, or mappings, have.
 *
 * By factors the three are one table, of all personas. Each cell is compared with the one that has the levels
 * of `against`; without conditions among the factors, and without `against`, nothing is tested.
 *
 * @param personas counts: own, model, population, model_print, population_print, repetition, attribute,
 *   value, n (as `Study.demographics` reads them)
 * @returns one row per cell: model, condition (or the factors), category, subcategory, mean and sd (shares 0–1), p
 *   (two-sided; in `corrected` mode undefined where nobody, or everybody, is in the category), n
 *   (personas), count, z; a cell without personas is undefined
 *
 * Checked against the original's code on two databases in tests/oracle_test.ts.
 */
export function demographics(
  personas: DataFrame,
  table: "table1" | "table2" | "table3",
  options: Counting = {},
): DataFrame {
  const { mode = "printed", by, repetitions = REPETITIONS } = options;
  const labelled = rows(personas, Counts)
    .map((row, at) => ({ ...row, row: at, ...labels(row, mode) }))
    .filter(({ repetition }) => repetition !== null && repetition <= repetitions)
    .filter((row): row is Row => row.model !== null && row.condition !== null);
  const own = new Set<string | null>(layout(table).cells.map(({ model }) => model!));
  // A model that none of the three tables prints is a row of the first.
  const shown = labelled.filter(({ model }) =>
    by || own.has(model) || (table === "table1" && !PAPERS.has(model))
  );
  const held = new Set(shown.map(({ attribute }) => attribute));
  const others = inOrder(held).filter((name) => !ATTRIBUTES.some(({ column }) => column === name));
  // The two rows that the paper's code computes and does not print are rows of the tidy table.
  const printedCells = layout(table, "corrected").own
    .filter(({ category }) => !others.length || held.has(attributeOf(category!)))
    .filter(({ category, subcategory }) =>
      mode === "corrected" ||
      !ATTRIBUTES.some((attribute) =>
        attribute.category === category && attribute.added === subcategory
      )
    );
  const unmapped = shown.filter((row) => row.value === UNMAPPED && knowsUnmapped(row, mode));
  const laid = {
    ...layout(table),
    own: [
      ...withUnmapped(printedCells, unmapped),
      ...others.flatMap((name) => rowsOf(`${name}`, shown)),
    ],
  };
  const result = [...ownKeys(laid), ...Object.keys(COLUMNS)];
  const factors = by ? personasBy(columnsOf(personas), by, labelled, result) : null;
  const { kinds, cells, at } = celled(laid, shown, factors);
  const keys = cells.map(({ keys }) => keys);
  const against = comparedWith(keys, by ?? laid.factors, options.against);
  const tidy = cells.map(({ keys, own: { category = "", subcategory = "" }, rows: all }) => {
    const attribute = attributeOf(category);
    const matches = (row: Row) =>
      inCategory(row.value, category, subcategory, mode, knowsUnmapped(row, mode));
    const of = (rows: readonly Row[]) => rows.filter((row) => row.attribute === attribute);
    const other = against(keys), own = of(all), base = other ? of(at(other)) : [];
    const shares = [...Map.groupBy(own, ({ repetition }) => repetition).values()]
      .map((members) => count(members.filter(matches)) / count(members));
    const [a, b] = [own, base].map((of) => ({ count: count(of.filter(matches)), n: count(of) }));
    const test = other ? tested(a!, b!, mode) : { z: null, p: null };
    return {
      ...keys,
      mean: mean(shares),
      sd: sd(shares),
      ...test,
      n: count(own),
      count: count(own.filter(matches)),
    };
  });
  return frame(tidy, { ...kinds, ...COLUMNS });
}

const COLUMNS = {
  mean: "number",
  sd: "number",
  p: "number",
  n: "integer",
  count: "integer",
  z: "number",
} as const;

/** Of which attribute a category is: the paper's has a title of its own. */
export const attributeOf = (category: string): string =>
  ATTRIBUTES.find((of) => of.category === category)?.column ?? category;

/** The rows of an attribute that the paper does not know: what it has, and last what is in no list. */
function rowsOf(category: string, counted: readonly Row[]): Record<string, string>[] {
  const values = inOrder(
    counted.filter(({ attribute }) => attribute === category).map(({ value }) => value),
  );
  const rows = values.map((value) => rowOf(value as string | null));
  const known = rows.filter((row) => row !== ROW_UNMAPPED);
  return [...known, ...rows.filter((row) => row === ROW_UNMAPPED)]
    .map((subcategory) => ({ category, subcategory }));
}

const rowOf = (value: string | null): string =>
  value === null ? ROW_EMPTY : value === UNMAPPED ? ROW_UNMAPPED : value;

/** In `printed` mode with the edge of the paper's code: where each share is 0 or 1, p is 1 or 0. */
function tested(a: Count, b: Count, mode: Mode) {
  const alike = ({ count, n }: Count) => n > 0 && (count === 0 || count === n);
  if (mode === "corrected" || !(alike(a) && alike(b))) return proportionZ(a, b);
  return { z: null, p: Number((a.count === 0) === (b.count === 0)) };
}

/** Whether a row of Tables 1–3 is one that the paper prints. */
export const inPaper = (row: { category?: unknown; subcategory?: unknown }): boolean =>
  !ATTRIBUTES.some(({ category, hidden, added }) =>
    category === row.category && (hidden === row.subcategory || added === row.subcategory)
  );

const count = (members: readonly Row[]): number => members.reduce((total, { n }) => total + n, 0);

/** Our cleaning writes `unmapped`; to the paper's code it is a text like others. */
const knowsUnmapped = ({ own }: Row, mode: Mode): boolean => own === "yes" || mode === "corrected";

/** The layout's cells with a row for unmapped values, in categories where the data have some. */
function withUnmapped(
  cells: readonly Readonly<Record<string, string>>[],
  unmapped: readonly Row[],
): Readonly<Record<string, string>>[] {
  const found = new Set(unmapped.map(({ attribute }) => attribute));
  const categories = ATTRIBUTES.filter(({ column }) => found.has(column))
    .map(({ category }) => category);
  return cells.flatMap((cell, index) => {
    const last = cells[index + 1]?.category !== cell.category;
    return last && categories.includes(cell.category!)
      ? [cell, { ...cell, subcategory: ROW_UNMAPPED }]
      : [cell];
  });
}

/** What a persona's model and condition are told from. */
type Named = Pick<
  z.infer<typeof Counts>,
  "own" | "model" | "population" | "model_print" | "population_print"
>;

/** Model and condition of a persona; null where the mode does not tell them. */
export function labels(
  row: Named,
  mode: Mode,
): { model: string | null; condition: string | null } {
  if (row.own === "yes") return { model: row.model_print, condition: row.population_print };
  const population = row.population ?? "";
  if (mode === "printed") {
    return { model: looseModel(row.model ?? ""), condition: looseCondition(population) };
  }
  // The original's generator writes the raw names where labels belong.
  const named = row.population_print === population ? null : row.population_print;
  const condition = named?.replaceAll(" ", "") || looseCondition(population);
  const label = row.model_print || row.model;
  return { model: MODELS.find(({ id }) => id === row.model)?.label ?? label, condition };
}

/** The paper's code does not read the print labels; it looks for parts of the raw names (bug B6). */
function looseModel(name: string): string | null {
  const text = name.toLowerCase();
  const has = (...parts: string[]) => parts.some((part) => text.includes(part));
  if (has("gpt4o", "gpt-4o")) return "GPT-4o";
  if (has("gpt35", "gpt-3.5")) return "GPT-3.5";
  if (has("llama323b", "llama3.2-3b", "llama3-2-3b")) return "Llama3.2-3B";
  if (has("llama3170b", "llama3.1-70b", "llama3-1-70b")) return "Llama3.1-70B";
  if (has("claude35sonnet", "claude-3.5", "claude-3-5")) return "Claude-3.5-s";
  return null;
}

function looseCondition(population: string): string | null {
  const text = population.toLowerCase();
  if (text.includes("maxn")) return "MaxN";
  if (text.includes("maxp") || text.includes("prob")) return "MaxP";
  if (/\bmax\b/.test(text)) return "MaxN";
  if (/base|generated|spain826/.test(text)) return "Base";
  return null;
}

type Rule = (value: string, mode: Mode) => boolean;
const oneOf = (...words: string[]): Rule => (value) => words.includes(value);
const contains = (...words: string[]): Rule => (value) =>
  words.some((word) => value.includes(word));
const GAY = ["gay", "lesbian", "bi", "bisexual", "pan", "pansexual", "queer", "lgbt", "lgbtq"];
const WHOLE_WORD = new RegExp(`(?<![a-z])(${GAY.join("|")})(?![a-z])`);

const RULES: Record<string, Record<string, Rule>> = {
  "Gender": {
    "Female": oneOf("female", "woman", "f"),
    "Male": oneOf("male", "man", "m"),
    "Non-bin.": oneOf("non-binary", "nonbinary", "nb"),
  },
  "Pol. Or.": {
    "Con.": oneOf("conservative", "right", "right-wing"),
    "Prog.": oneOf("progressive", "left", "left-wing", "liberal"),
    "Centre": oneOf("centre", "center", "centrist", "moderate"),
  },
  "Race": {
    "Asian": oneOf("asian", "asia"),
    "Black": contains("black"),
    "White": oneOf("white"),
    "Latin": contains("latino", "latinx", "hispanic"),
  },
  "Relig. Beli.": {
    "Christian": contains("christian"),
    "Agnostic": contains("agnostic"),
    "Atheist": contains("atheist"),
  },
  "Sex. Or.": {
    "Hetero.": oneOf("heterosexual", "hetero"),
    // Printed: any part of a word counts, "bi" in "ambiguous" too (bug B4).
    "LGBTQ+": (value, mode) =>
      mode === "printed" ? contains(...GAY)(value, mode) : WHOLE_WORD.test(value),
    "Unspe.": oneOf("unspecified", "unknown", "none", "na"),
  },
};

/** Whether a persona's value falls in a row; the rest falls in the row that no rule names. */
export function inCategory(
  given: string | null,
  category: string,
  subcategory: string,
  mode: Mode,
  knowsUnmapped = true,
): boolean {
  const rules = RULES[category];
  if (!rules) return rowOf(given) === subcategory;
  if (given === UNMAPPED && knowsUnmapped) return subcategory === ROW_UNMAPPED;
  if (subcategory === ROW_UNMAPPED) return false;
  const value = cleaned(given, category);
  const rule = rules[subcategory];
  if (rule) return value === null ? subcategory === "Unspe." : rule(value, mode);
  return value === null
    ? category !== "Sex. Or."
    : !Object.values(rules).some((other) => other(value, mode));
}

function cleaned(value: string | null, category: string): string | null {
  if (value === null) return null;
  const religion = category === "Relig. Beli.";
  return (religion ? value.replace(/Buddhist|Hinduist/g, "Others") : value).toLowerCase();
}
