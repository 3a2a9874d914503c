/** What survives of Tables 1–3: shares of personas against Base, with profiles as clusters. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { ATTRIBUTES, layout, markerOf, marks } from "../../design.ts";
import { rows } from "../../../frames.ts";
import {
  clusteredDifference,
  cohenH,
  type Count,
  type Dependence,
  dependence,
  FEW_CLUSTERS,
  fisherExact,
  newcombe,
  riskRatio,
  signFlip,
} from "../../../stats.ts";
import { column } from "../answers.ts";
import { bootstrapped, clusterOf, type Draws, places, undefinedDraws } from "../clusters.ts";
import { demographics, inCategory, inPaper } from "../demographics.ts";
import { judged, pOf } from "../family.ts";
import { inCells } from "../people.ts";

type Name = "table1" | "table2" | "table3";

const Found = z.object({
  model: z.string(),
  condition: z.string(),
  category: z.string(),
  subcategory: z.string(),
  p: z.number().nullable(),
});

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
 * @param personas as `Study.personas` reads them
 */
export function sharesSurvival(
  counts: DataFrame,
  personas: DataFrame,
  table: Name,
  draws: Draws,
): DataFrame {
  const keys = layout(table).keys, levels = marks(table);
  const paper = pOf(demographics(counts, table), keys);
  const cells = rows(demographics(counts, table, { mode: "corrected" }), Found);
  const people = peopleOf(personas);
  const groups = Map.groupBy(people, ({ model, condition }) => `${model}|${condition}`);
  const shown = new Set(cells.map(({ model }) => model));
  const place = places(
    people.filter(({ model }) => shown.has(model!)).map(({ cluster }) => cluster),
  );
  const held = new Map<string, Held>();
  const of = (cell: z.infer<typeof Found>, condition: string): Held => {
    const { model, category, subcategory } = cell;
    const key = `${model}|${condition}|${category}|${subcategory}`;
    if (!held.has(key)) {
      const own = groups.get(`${model}|${condition}`) ?? [];
      held.set(key, holding(own, category, subcategory, place));
    }
    return held.get(key)!;
  };
  const tested = cells.filter(({ condition }) => condition !== "Base");
  const boot = bootstrapped(
    place.size,
    tested.map((cell) => {
      const own = of(cell, cell.condition), base = of(cell, "Base");
      return {
        columns: [own.hits, own.sizes, base.hits, base.sizes],
        of: ([a, n, b, m]) => cohenH({ count: a!, n: n! }, { count: b!, n: m! }).estimate,
      };
    }),
    draws,
  );
  const drawn = new Map(tested.map((cell, at) => [cell, boot[at]!]));
  const tidy = cells.map((cell) => {
    const own = of(cell, cell.condition), base = of(cell, "Base");
    const alone = {
      ...cell,
      n: own.all.n,
      clusters: own.values.filter((values) => values.length > 0).length,
      count: own.all.count,
      marker: "",
      in_paper: inPaper(cell) ? "yes" : "no",
      design_effect: own.alike.designEffect,
      n_effective: own.alike.effectiveN,
    };
    if (cell.condition === "Base") return alone;
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

interface Person {
  cluster: number;
  model: string | null;
  condition: string | null;
  values: Record<string, string | null>;
}

function peopleOf(personas: DataFrame): Person[] {
  const attributes = ATTRIBUTES.map((of) =>
    [of.category, column<string | null>(personas, of.column)] as const
  );
  return inCells(personas).map(({ row, profile, model, condition }) => ({
    cluster: clusterOf({ profile, row }),
    model,
    condition,
    values: Object.fromEntries(attributes.map(([category, values]) => [category, values[row]!])),
  }));
}

/** Personas of one model and condition, and those of them in a category. */
interface Held {
  all: Count;
  /** 1 in the category, 0 not, by place of the cluster. */
  values: number[][];
  hits: Float64Array;
  sizes: Float64Array;
  alike: Dependence;
}

function holding(
  people: readonly Person[],
  category: string,
  subcategory: string,
  place: ReadonlyMap<number, number>,
): Held {
  const known = new Map<string | null, number>();
  const values: number[][] = Array.from({ length: place.size }, () => []);
  for (const person of people) {
    const value = person.values[category]!;
    if (!known.has(value)) {
      known.set(value, Number(inCategory(value, category, subcategory, "corrected")));
    }
    values[place.get(person.cluster)!]!.push(known.get(value)!);
  }
  const hits = Float64Array.from(values, (own) => own.reduce((sum, value) => sum + value, 0));
  const sizes = Float64Array.from(values, (own) => own.length);
  const total = (column: Float64Array) => column.reduce((sum, value) => sum + value, 0);
  const all = { count: total(hits), n: total(sizes) };
  return { all, values, hits, sizes, alike: dependence(values) };
}
