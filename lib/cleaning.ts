/**
 * From what a model wrote to the categories of Tables 1–3.
 *
 * The mapping that the paper used was never published. It is learned from the published pairs of
 * `*_original` and cleaned columns; texts that are not among them go through keyword rules, and what no
 * rule knows is stored as `unmapped` and counted as such.
 */
import { join } from "node:path";
import type { Field as FormField } from "./forms.ts";
import { read, write } from "./cleaning/files.ts";
import {
  CATEGORIES,
  type Cleaned,
  type Counted,
  type Field,
  FIELDS,
  folded,
  Mapping,
  type Pair,
  type Rule,
} from "./cleaning/mapping.ts";

export { CATEGORIES, FIELDS, Mapping, UNMAPPED } from "./cleaning/mapping.ts";
export type { Cleaned, Conflict, Counted, Field, Pair, Rule } from "./cleaning/mapping.ts";

/** Where the project's mapping stands. */
export const FOLDER = join(import.meta.dirname!, "..", "dataset", "cleaning");

/**
 * The mapping in a folder: `{field}.csv` (original, cleaned, count) and `rules.csv` (field, order,
 * pattern, cleaned, note).
 *
 * @throws {Error} naming file, row and value of what does not fit
 */
export const mapping = (folder: string = FOLDER): Mapping => read(folder);

/**
 * The category of a text: the pairs as written, then trimmed, then case-folded; then the rules in
 * order; else `unmapped`.
 *
 * @param original as the model wrote it, untrimmed
 */
export const cleaned = (field: Field, original: string, mapping: Mapping): Cleaned =>
  mapping.cleaned(field, original);

/**
 * A mapping with more rules, which are tried before those of the same order that it has; a rule
 * without an order is tried first of all.
 *
 * @throws {RangeError} naming a pattern that is none, or a category that the field does not have
 */
export function withRules(
  mapping: Mapping,
  rules: readonly (Pick<Rule, "field" | "pattern" | "cleaned"> & Partial<Rule>)[],
): Mapping {
  const whole = rules.map((rule): Rule => ({ order: 0, note: "", ...rule }));
  return new Mapping(mapping.pairs, [...whole, ...mapping.rules]);
}

/** Whether what is written in a field of a form falls into known categories: of a mapping, or of its list. */
export const isCategorised = ({ kind, mapping }: Pick<FormField, "kind" | "mapping">): boolean =>
  kind === "choice" || (mapping !== undefined && CATEGORIES[mapping] !== undefined);

/** How a model's texts in one field were cleaned. */
export interface Coverage {
  model: string;
  field: Field;
  /** Texts by what gave their category. */
  exact: number;
  folded: number;
  rule: number;
  unmapped: number;
  n: number;
  /** Share of the unmapped, 0–1. */
  unmapped_share: number;
  /** The most frequent unmapped texts with their counts; empty where there are none. */
  most_frequent: string;
}

const SHOWN = 5;

/**
 * What a mapping knows, by model and field, in order of appearance of the models.
 *
 * @param values texts as the models wrote them, with how often (left out: once)
 */
export function coverage(
  values: readonly { model: string; field: Field; original: string; n?: number }[],
  mapping: Mapping,
): Coverage[] {
  const cells = Map.groupBy(values, ({ model, field }) => JSON.stringify([model, field]));
  const models = [...new Set(values.map(({ model }) => model))];
  return models.flatMap((model) =>
    FIELDS.flatMap((field): Coverage[] => {
      const cell = cells.get(JSON.stringify([model, field]));
      if (!cell) return [];
      const counts = { exact: 0, folded: 0, rule: 0, unmapped: 0 };
      const unknown = new Map<string, number>();
      for (const { original, n = 1 } of cell) {
        const { by } = mapping.cleaned(field, original);
        counts[by] += n;
        if (by === "unmapped") unknown.set(original, (unknown.get(original) ?? 0) + n);
      }
      const n = counts.exact + counts.folded + counts.rule + counts.unmapped;
      const frequent = [...unknown].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
        .slice(0, SHOWN).map(([text, times]) => `${text} (${times})`);
      return [{
        model,
        field,
        ...counts,
        n,
        unmapped_share: n ? counts.unmapped / n : 0,
        most_frequent: frequent.join("; "),
      }];
    })
  );
}

/**
 * The mapping that published pairs are. It keeps the rules, and of the pairs written by hand those
 * whose text was not published; fields without pairs stay as they are.
 *
 * Where one text has several categories all are kept with their counts, and the most frequent is used:
 * see `conflicts`.
 */
export function learn(pairs: readonly Counted[], before: Mapping): Mapping {
  const fields = new Set(pairs.map(({ field }) => field));
  const key = ({ field, original }: Pair) => JSON.stringify([field, folded(original)]);
  const published = new Set(pairs.map(key));
  const kept = before.pairs.filter((pair) =>
    !fields.has(pair.field) || (pair.count === null && !published.has(key(pair)))
  );
  return new Mapping([...pairs, ...kept].toSorted(inOrder), before.rules);
}

function inOrder(a: Pair, b: Pair): number {
  const place = ({ field }: Pair) => FIELDS.indexOf(field);
  const text = (x: string, y: string) => x < y ? -1 : x > y ? 1 : 0;
  return place(a) - place(b) || text(a.original, b.original) || (b.count ?? 0) - (a.count ?? 0) ||
    text(a.cleaned ?? "", b.cleaned ?? "");
}

/** Writes the pairs of some fields beside the rules, which stay untouched. */
export const save = (
  mapping: Mapping,
  fields: readonly Field[],
  folder: string = FOLDER,
): void => write(folder, mapping.pairs, fields);

/** How many published rows of a field a mapping reproduces. */
export interface Check {
  field: Field;
  rows: number;
  reproduced: number;
  /** The others: what was published, what the mapping gives; the most frequent first. */
  differing: (Counted & { ours: string | null; by: Cleaned["by"] })[];
}

/** The published pairs beside what a mapping makes of their texts, by field. */
export function check(pairs: readonly Counted[], mapping: Mapping): Check[] {
  return FIELDS.map((field) => {
    const own = pairs.filter((pair) => pair.field === field)
      .map((pair) => ({ ...pair, ...mapping.cleaned(field, pair.original) }));
    const sum = (some: readonly Counted[]) => some.reduce((total, { count }) => total + count, 0);
    const same = own.filter(({ cleaned, value }) => cleaned === value);
    return {
      field,
      rows: sum(own),
      reproduced: sum(same),
      differing: own.filter(({ cleaned, value }) => cleaned !== value)
        .map(({ original, cleaned, count, value, by }) => ({
          field,
          original,
          cleaned,
          count,
          ours: value,
          by,
        }))
        .toSorted((a, b) => b.count - a.count || (a.original < b.original ? -1 : 1)),
    };
  });
}
