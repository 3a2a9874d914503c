/** What survives of Tables 6 and A5: reliability, with intervals that draw whole profiles. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../../db.ts";
import { alphaOfSums, cronbachAlpha, feldt, mean, omegaTotal } from "../../../stats.ts";
import { Answers, type Options } from "../answers.ts";
import {
  bootstrapped,
  clusterOf,
  type Draws,
  type OfSums,
  places,
  undefinedDraws,
} from "../clusters.ts";
import { JUDGED, judged, offMode } from "../family.ts";
import { analysed, type Completed, completed } from "../items.ts";
import { reliabilityCells, scaleOf } from "../reliability.ts";

/**
 * Tables 6 and A5: are the scales reliable in personas?
 *
 * Alpha over sheets that answer the whole scale (of the items that anybody was asked). The interval is
 * the percentile one of draws of profiles; Feldt's, which takes the sheets for independent and normal,
 * is `feldt_lower` and `feldt_upper`. `items` are those of the scale, `constant_items` those that no two
 * sheets answer differently, and `off_mode` is how many sheets leave the commonest score: below 20 a few
 * respondents make the alpha. `omega` is omega total of one factor, on Pearson correlations;
 * `omega_undefined` says why it is missing: constant item, improper solution (a loading of 1 or more),
 * fewer than 3 items. `lowest_item_rest` is the lowest correlation of an item with the sum of the
 * others, `lowest_item` its number; `itemReliability` has all of them. The paper tests nothing here, so
 * nothing is marked or judged.
 */
export function reliabilityRobustness(
  given: Administrations,
  table: "table6" | "tableA5",
  draws: Draws,
  options: Pick<Options, "by"> = {},
): DataFrame {
  const answers = Answers.of(given, "corrected");
  const { kinds, cells: asked } = reliabilityCells(answers, table, options, {
    ...JUDGED,
    ...MORE,
  });
  // The sheets of one cell after the other: those of all are many. They are gone through twice, since
  // sums stand in the places of all profiles that any cell has.
  const complete = (cell: (typeof asked)[number]) => {
    const whole = completed(answers, cell.rows, scaleOf(cell));
    const rows = whole.sheets.map(({ sheet, scores }) => ({
      cluster: clusterOf(sheet),
      row: scores,
    }));
    return { whole, rows };
  };
  const seen = new Set<number>();
  for (const one of asked) for (const { cluster } of complete(one).rows) seen.add(cluster);
  const place = places(seen);
  const cells = asked.map((one) => {
    const { whole, rows } = complete(one);
    const found = cronbachAlpha(rows.map(({ row }) => row));
    const normal = feldt(found);
    return {
      sums: consistent(rows, whole.items.length, place),
      known: {
        ...one.keys,
        n: rows.length,
        clusters: new Set(rows.map(({ cluster }) => cluster)).size,
        estimate: found.alpha,
        feldt_lower: normal.ciLower,
        feldt_upper: normal.ciUpper,
        items: whole.items.length,
        off_mode: offMode(rows.map(({ row }) => row.reduce((sum, score) => sum + score, 0))),
        ...ofItems(whole),
      },
    };
  });
  const boot = bootstrapped(place.size, cells.map(({ sums }) => sums), draws);
  const tidy = cells.map(({ known }, at) => {
    const defined = known.estimate !== null;
    return {
      ...known,
      ci_lower: defined ? boot[at]!.percentile.ciLower : null,
      ci_upper: defined ? boot[at]!.percentile.ciUpper : null,
      undefined_draws: defined ? undefinedDraws(boot[at]!) : null,
    };
  });
  return judged(tidy, kinds, MORE, null);
}

const MORE = {
  feldt_lower: "number",
  feldt_upper: "number",
  items: "integer",
  constant_items: "integer",
  off_mode: "integer",
  omega: "number",
  omega_undefined: "text",
  lowest_item_rest: "number",
  lowest_item: "integer",
} as const;

function ofItems(whole: Completed) {
  if (whole.sheets.length === 0) return {};
  const known = [...analysed(whole)];
  const constant_items = known.filter(([, { sd }]) => !sd).length;
  const { omega } = omegaTotal(whole.sheets.map(({ scores }) => scores));
  const why = constant_items > 0
    ? "constant item"
    : whole.items.length < 3
    ? "fewer than 3 items"
    : "improper solution";
  const [lowest] = known.filter(([, { itemRest }]) => itemRest !== null)
    .toSorted(([, a], [, b]) => a.itemRest! - b.itemRest!);
  return {
    constant_items,
    omega,
    omega_undefined: omega === null ? why : null,
    lowest_item_rest: lowest?.[1].itemRest,
    lowest_item: lowest?.[0],
  };
}

/**
 * Alpha from sums: of 1, of each item, of all squares and of the squared totals. Scores are whole, and are
 * counted from a whole number near their mean, so that sums are exact and take four bytes.
 */
export function consistent(
  complete: readonly { cluster: number; row: readonly number[] }[],
  k: number,
  place: ReadonlyMap<number, number>,
): OfSums {
  const items = Array.from({ length: k }, (_, item) => item);
  const centres = items.map((item) => Math.round(mean(complete.map(({ row }) => row[item]!)) ?? 0));
  const columns = Array.from({ length: k + 3 }, () => new Int32Array(place.size));
  const add = (column: number, where: number, value: number) => columns[column]![where]! += value;
  for (const { cluster, row } of complete) {
    const where = place.get(cluster)!;
    const away = items.map((item) => row[item]! - centres[item]!);
    add(k, where, 1);
    add(k + 1, where, away.reduce((sum, value) => sum + value ** 2, 0));
    add(k + 2, where, away.reduce((sum, value) => sum + value, 0) ** 2);
    for (const item of items) add(item, where, away[item]!);
  }
  return { columns, of: alphaOfTotals(k) };
}

/** Apart from the rows: a function that is made among them keeps them all, for every cell of a table. */
const alphaOfTotals = (k: number): OfSums["of"] => (totals) =>
  alphaOfSums({
    n: totals[k]!,
    items: totals.slice(0, k),
    squares: totals[k + 1]!,
    squaredTotals: totals[k + 2]!,
  });
