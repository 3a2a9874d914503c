/** What survives of Tables 1–3: shares of personas against Base, with profiles as clusters. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { ATTRIBUTES, layout, markerOf, marks } from "../../design.ts";
import { type Columns, rows } from "../../../frames.ts";
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
import { demographics, inCategory, inPaper } from "../demographics.ts";
import { judged, pOf } from "../family.ts";
import { inCells } from "../people.ts";
import { cellKey } from "../shown.ts";

type Name = "table1" | "table2" | "table3";

const Found = z.object({
  model: z.string(),
  condition: z.string(),
  category: z.string(),
  subcategory: z.string(),
  p: z.number().nullable(),
});
type Found = z.infer<typeof Found>;

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
 * and its family and have no marker; `in_paper` is no there, else yes. Base is not tested.
 *
 * @param counts as `Study.demographics` reads them
 * @param personas as `Study.people` reads them
 */
export function sharesSurvival(
  counts: DataFrame,
  personas: Columns,
  table: Name,
  draws: Draws,
): DataFrame {
  const keys = layout(table).keys, levels = marks(table);
  const paper = pOf(demographics(counts, table), keys);
  const cells = rows(demographics(counts, table, { mode: "corrected" }), Found);
  const people = new People(personas, new Set(cells.map(({ model }) => model)));
  // What is of one category at a time: the values of all are many.
  const kept = new Map<string, Sums>();
  const sumsOf = ({ model, condition, category, subcategory }: Found): Sums => {
    const key = `${model}|${condition}|${category}|${subcategory}`;
    if (!kept.has(key)) {
      const values = people.values(model, condition, category, subcategory);
      kept.set(key, { hits: hitsOf(values), sizes: people.sizes(model, condition) });
    }
    return kept.get(key)!;
  };
  const tested = cells.filter(({ condition }) => condition !== "Base");
  const boot = bootstrapped(
    people.place.size,
    tested.map((cell) => {
      const own = sumsOf(cell), base = sumsOf({ ...cell, condition: "Base" });
      return {
        columns: [own.hits, own.sizes, base.hits, base.sizes],
        of: ([a, n, b, m]) => cohenH({ count: a!, n: n! }, { count: b!, n: m! }).estimate,
      };
    }),
    draws,
  );
  const drawn = new Map(tested.map((cell, at) => [cell, boot[at]!]));
  const tidy = cells.map((cell) => {
    const { model, condition, category, subcategory } = cell;
    const held = (condition: string) => {
      const values = people.values(model, condition, category, subcategory);
      const { hits, sizes } = sumsOf({ ...cell, condition });
      return { values, all: { count: total(hits), n: total(sizes) } };
    };
    const own = held(condition), alike = dependence(own.values);
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
    if (condition === "Base") return alone;
    const base = held("Base");
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
      p_naive: printed ?? cell.p,
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
  return judged(tidy, keys, {
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
  }, levels);
}

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

/** How many personas of one model and condition each profile has, and how many of them are in a category. */
interface Sums {
  hits: Float64Array;
  sizes: Float64Array;
}

const total = (column: Float64Array) => column.reduce((sum, value) => sum + value, 0);
const hitsOf = (values: readonly (readonly number[])[]) =>
  Float64Array.from(values, (own) => own.reduce((sum, value) => sum + value, 0));

/** The personas of some models, by profile. */
class People {
  /** The places of the profiles. */
  readonly place: ReadonlyMap<number, number>;
  #groups: ReadonlyMap<string, { row: Int32Array; place: Int32Array }>;
  #sizes = new Map<string, Float64Array>();
  #attributes = new Map<string, (string | null)[]>();

  constructor(private readonly personas: Columns, models: ReadonlySet<string>) {
    const people = inCells(personas).filter(({ model }) => models.has(model!));
    const place = places(people.values().map(clusterOf));
    const groups = Map.groupBy(people, cellKey);
    this.place = place;
    this.#groups = new Map(
      [...groups].map(([key, own]) => [key, {
        row: Int32Array.from(own, ({ row }) => row),
        place: Int32Array.from(own, (person) => place.get(clusterOf(person))!),
      }]),
    );
  }

  /** 1 in the category, 0 not, by place of the profile. */
  values(model: string, condition: string, category: string, subcategory: string): number[][] {
    const attribute = this.#attribute(category);
    const known = new Map<string | null, number>();
    const values: number[][] = Array.from({ length: this.place.size }, () => []);
    const { row, place } = this.#of(model, condition);
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
  sizes(model: string, condition: string): Float64Array {
    const key = cellKey({ model, condition });
    const known = this.#sizes.get(key) ?? new Float64Array(this.place.size);
    if (!this.#sizes.has(key)) {
      for (const at of this.#of(model, condition).place) known[at]! += 1;
      this.#sizes.set(key, known);
    }
    return known;
  }

  #of(model: string, condition: string) {
    return this.#groups.get(cellKey({ model, condition })) ??
      { row: new Int32Array(), place: new Int32Array() };
  }

  #attribute(category: string): (string | null)[] {
    if (!this.#attributes.has(category)) {
      const { column } = ATTRIBUTES.find((of) => of.category === category)!;
      this.#attributes.set(category, this.personas.words(column));
    }
    return this.#attributes.get(category)!;
  }
}
