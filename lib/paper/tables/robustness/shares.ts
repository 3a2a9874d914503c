/** What survives of Tables 1–3: shares of personas against Base, with profiles as clusters. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { layout, markerOf, marks } from "../../design.ts";
import { type Columns, columnsOf, type Kind, rows } from "../../../frames.ts";
import {
  clusteredDifference,
  cohenH,
  type Count,
  dependence,
  FEW_CLUSTERS,
  fisherExact,
  newcombe,
  riskRatio,
  signFlip,
} from "../../../stats.ts";
import { bootstrapped, clusterOf, type Draws, places, undefinedDraws } from "../clusters.ts";
import { attributeOf, type Counting, demographics, inCategory, inPaper } from "../demographics.ts";
import { comparedWith, keyOf, type Levels, personasBy } from "../factors.ts";
import { JUDGED, judged, pOf } from "../family.ts";
import { inCells, type Person } from "../people.ts";

type Name = "table1" | "table2" | "table3";

const Found = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
/** A category of a cell: the levels of its factors, category, subcategory. */
type Found = Record<string, Levels[string]> & { category: string; subcategory: string };

/**
 * Tables 1–3: is a demographic category as common as in the same model's Base?
 *
 * The estimate is the difference of shares, condition − Base, over all personas of repetitions 1–5.
 * Its interval and `p_cluster` are those of a regression on the condition with errors by profile (CR1;
 * CR2 below 40 profiles): a profile that has personas in both counts with the difference of its parts, so
 * that what it has in common cancels. Both are undefined where no profile changes, or all by the same. `newcombe_lower` and `newcombe_upper` take the personas for independent, and so do
 * the limits of `risk_ratio` (condition / Base, Katz's). The effect is Cohen's h, with percentile
 * limits of draws of whole profiles, all cells together. `design_effect` and `n_effective` are those
 * of the cell's own personas by profile: how many independent ones its share is worth; they are not
 * those of the difference, in which profiles cancel. `p_naive` is the paper's pooled z; `p_fisher`
 * stands beside it where an expected count is below 5. `informative` is how many profiles with personas
 * in both conditions have another share in one than in the other; all that is known of the difference
 * comes from them. Where they are fewer than 40, or an expected count is below 5, `p_cluster` has little
 * to go by, and `p_sign_flip` stands beside it: the sign-flip test of the profiles' differences, exact
 * up to 16 of them, else from 9,999 drawn patterns. Rows that the paper does not print (Race Other, Relig. Others, Sex. Or. Others) are in the table
 * and its family and have no marker; `in_paper` is no there, else yes. Base is not tested. By factors all
 * this is of the levels of `against` in place of Base.
 *
 * @param counts as `Study.demographics` reads them
 * @param personas as `Study.people` reads them
 */
export function sharesRobustness(
  counts: DataFrame,
  personas: Columns,
  table: Name,
  draws: Draws,
  { by, against }: Pick<Counting, "by" | "against"> = {},
): DataFrame {
  const levels = marks(table), factors = by ?? layout(table).factors;
  const built = demographics(counts, table, { mode: "corrected", by, against });
  const kinds = kindsOf(built, [...factors, "category", "subcategory"]);
  const paper = pOf(demographics(counts, table, { by, against }), kinds);
  const naive = pOf(built, kinds);
  const cells = rows(built.select(...Object.keys(kinds)), Found) as Found[];
  const other = comparedWith(cells, factors, against) as (cell: Found) => Found | null;
  const people = new People(personas, by, by ? null : new Set(cells.map(({ model }) => model!)));
  // What is of one category at a time: the values of all are many.
  const kept = new Map<string, Sums>();
  const sumsOf = (cell: Found): Sums => {
    const key = JSON.stringify(Object.keys(kinds).map((name) => cell[name]));
    if (!kept.has(key)) {
      kept.set(key, { hits: hitsOf(people.values(cell)), sizes: people.sizes(cell) });
    }
    return kept.get(key)!;
  };
  const tested = cells.filter((cell) => other(cell));
  const boot = bootstrapped(
    people.place.size,
    tested.map((cell) => {
      const own = sumsOf(cell), base = sumsOf(other(cell)!);
      return {
        columns: [own.hits, own.sizes, base.hits, base.sizes],
        of: ([a, n, b, m]) => cohenH({ count: a!, n: n! }, { count: b!, n: m! }).estimate,
      };
    }),
    draws,
  );
  const drawn = new Map(tested.map((cell, at) => [cell, boot[at]!]));
  const tidy = cells.map((cell) => {
    const held = (cell: Found) => {
      const { hits, sizes } = sumsOf(cell);
      return { values: people.values(cell), all: { count: total(hits), n: total(sizes) } };
    };
    const compared = other(cell), own = held(cell), alike = dependence(own.values);
    const alone = {
      ...cell,
      n: own.all.n,
      clusters: own.values.filter((values) => values.length > 0).length,
      count: own.all.count,
      marker: "",
      in_paper: inPaper(cell) ? "yes" : "no",
      design_effect: alike.designEffect,
      n_effective: alike.effectiveN,
    };
    if (!compared) return alone;
    const base = held(compared);
    const difference = clusteredDifference(own.values, base.values);
    const independent = newcombe(own.all, base.all);
    const ratio = riskRatio(own.all, base.all);
    const changed = changes(own.values, base.values);
    const sparse = changed.length < FEW_CLUSTERS || scarce(own.all, base.all);
    const printed = paper(cell);
    return {
      ...alone,
      clusters: difference.clusters,
      base_n: base.all.n,
      base_count: base.all.count,
      estimate: difference.estimate,
      ci_lower: difference.ciLower,
      ci_upper: difference.ciUpper,
      effect_name: difference.estimate === null ? null : "h",
      effect: cohenH(own.all, base.all).estimate,
      effect_lower: drawn.get(cell)!.percentile.ciLower,
      effect_upper: drawn.get(cell)!.percentile.ciUpper,
      undefined_draws: undefinedDraws(drawn.get(cell)!),
      p_naive: printed ?? naive(cell),
      p_cluster: difference.p,
      marker: inPaper(cell) ? markerOf(printed, levels) : "",
      newcombe_lower: independent.ciLower,
      newcombe_upper: independent.ciUpper,
      risk_ratio: ratio.estimate,
      risk_ratio_lower: ratio.ciLower,
      risk_ratio_upper: ratio.ciUpper,
      p_fisher: scarce(own.all, base.all) ? fisherExact(own.all, base.all).p : null,
      informative: changed.length,
      p_sign_flip: sparse ? signFlip(changed, { uniform: draws.uniform }).p : null,
    };
  });
  return judged(tidy, kinds, MORE, levels);
}

const MORE = {
  count: "integer",
  base_n: "integer",
  base_count: "integer",
  newcombe_lower: "number",
  newcombe_upper: "number",
  p_fisher: "number",
  informative: "integer",
  p_sign_flip: "number",
  risk_ratio: "number",
  risk_ratio_lower: "number",
  risk_ratio_upper: "number",
  design_effect: "number",
  n_effective: "number",
  in_paper: "text",
} as const;

/** The kinds of some columns of a frame. */
const kindsOf = (table: DataFrame, names: readonly string[]): Record<string, Kind> => {
  const columns = columnsOf(table.select(...names));
  return Object.fromEntries(names.map((name) => [name, columns.kind(name)]));
};

/** Of each profile whose personas in both groups differ, the share in a less that in b. */
function changes(a: readonly number[][], b: readonly number[][]): number[] {
  const share = (values: readonly number[]) =>
    values.reduce((total, value) => total + value, 0) / values.length;
  const pairs = a.flatMap((own, at) =>
    own.length && b[at]!.length ? [share(own) - share(b[at]!)] : []
  );
  return pairs.filter((change) => change !== 0);
}

/** Whether a count expected of two equal shares is below 5. */
function scarce(a: Count, b: Count): boolean {
  const yes = a.count + b.count, n = a.n + b.n;
  return n > 0 && Math.min(yes, n - yes) * Math.min(a.n, b.n) / n < 5;
}

/** How many personas of one cell each profile has, and how many of them are in a category. */
interface Sums {
  hits: Float64Array;
  sizes: Float64Array;
}

const total = (column: Float64Array) => column.reduce((sum, value) => sum + value, 0);
const hitsOf = (values: readonly (readonly number[])[]) =>
  Float64Array.from(values, (own) => own.reduce((sum, value) => sum + value, 0));

/** The personas of a table's cells, by profile. */
class People {
  /** The places of the profiles. */
  readonly place: ReadonlyMap<number, number>;
  #factors: readonly string[];
  #groups: ReadonlyMap<string, { row: Int32Array; place: Int32Array }>;
  #sizes = new Map<string, Float64Array>();
  #attributes = new Map<string, (string | null)[]>();

  /** @param models those that count, where the table is of these and conditions; null for all */
  constructor(
    private readonly personas: Columns,
    by: readonly string[] | undefined,
    models: ReadonlySet<unknown> | null,
  ) {
    const people = inCells(personas).filter(({ model }) => !models || models.has(model));
    const place = places(people.values().map(clusterOf));
    const of = by
      ? personasBy(personas, by, people, Object.keys({ ...JUDGED, ...MORE })).of
      : ({ model, condition }: Person) => [model, condition];
    this.#factors = by ?? ["model", "condition"];
    const groups = Map.groupBy(people, (person) => keyOf(of(person)));
    this.place = place;
    this.#groups = new Map(
      [...groups].map(([key, own]) => [key, {
        row: Int32Array.from(own, ({ row }) => row),
        place: Int32Array.from(own, (person) => place.get(clusterOf(person))!),
      }]),
    );
  }

  /** 1 in the category, 0 not, by place of the profile. */
  values(cell: Found): number[][] {
    const { category, subcategory } = cell;
    const attribute = this.#attribute(category);
    const known = new Map<string | null, number>();
    const values: number[][] = Array.from({ length: this.place.size }, () => []);
    const { row, place } = this.#of(cell);
    for (let at = 0; at < row.length; at++) {
      const value = attribute[row[at]!]!;
      if (!known.has(value)) {
        known.set(value, Number(inCategory(value, category, subcategory, "corrected")));
      }
      values[place[at]!]!.push(known.get(value)!);
    }
    return values;
  }

  /** How many personas each profile has: of all categories the same column, which is drawn once. */
  sizes(cell: Levels): Float64Array {
    const key = this.#keyOf(cell);
    const known = this.#sizes.get(key) ?? new Float64Array(this.place.size);
    if (!this.#sizes.has(key)) {
      for (const at of this.#of(cell).place) known[at]! += 1;
      this.#sizes.set(key, known);
    }
    return known;
  }

  #keyOf(levels: Levels): string {
    return keyOf(this.#factors.map((name) => levels[name]!));
  }

  #of(cell: Levels) {
    return this.#groups.get(this.#keyOf(cell)) ??
      { row: new Int32Array(), place: new Int32Array() };
  }

  #attribute(category: string): (string | null)[] {
    if (!this.#attributes.has(category)) {
      const column = attributeOf(category);
      const known = this.personas.has(column);
      this.#attributes.set(
        category,
        known ? this.personas.words(column) : Array(this.personas.height).fill(null),
      );
    }
    return this.#attributes.get(category)!;
  }
}
