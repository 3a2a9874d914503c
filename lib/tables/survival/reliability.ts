/** What survives of Tables 6 and A5: reliability, with intervals that draw whole profiles. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { layout } from "../../design.ts";
import { cronbachAlpha, feldt, mean } from "../../stats.ts";
import { Answers, inCells } from "../answers.ts";
import {
  bootstrapped,
  clusterOf,
  type Draws,
  type OfSums,
  places,
  ROUNDING,
  squaresOf,
} from "../clusters.ts";
import { judged, keysOf } from "../family.ts";
import { reliability, traitReliability } from "../reliability.ts";
import { bfiSheets } from "../scores.ts";

/**
 * Tables 6 and A5: are the scales reliable in personas?
 *
 * Alpha over sheets that answer the whole scale (of the items that anybody was asked). The interval is
 * the percentile one of draws of profiles; Feldt's, which takes the sheets for independent and normal,
 * is `feldt_lower` and `feldt_upper`. `items` are those of the scale, `constant_items` those that no two
 * sheets answer differently. The paper tests nothing here, so nothing is marked or judged.
 */
export function reliabilitySurvival(
  given: Administrations,
  table: "table6" | "tableA5",
  draws: Draws,
): DataFrame {
  const keys = layout(table).keys;
  const build = table === "table6" ? reliability : traitReliability;
  const built = build(given, { mode: "corrected" });
  const answers = Answers.of(given, "corrected");
  const epqra = table === "table6" ? inCells(answers.sheets) : null;
  const bfi = table === "tableA5" ? bfiSheets(answers, "corrected") : null;
  const cells = keysOf(built, keys).map((cell) => {
    const sheets = epqra?.get(`${cell.model}|${cell.condition}`) ?? bfi?.get(cell.model!) ?? [];
    const scores = sheets.map((sheet) => ({
      cluster: clusterOf(sheet),
      row: answers.scores(sheet.row, (cell.scale ?? cell.trait)!),
    }));
    const items = (scores[0]?.row ?? []).map((_, item) => item)
      .filter((item) => scores.some(({ row }) => row[item] !== null));
    const complete = scores.map(({ cluster, row }) => ({
      cluster,
      row: items.map((item) => row[item]!),
    })).filter(({ row }) =>
      row.length > 0 && row.every((score) => (score as number | null) !== null)
    );
    return { cell, items, complete };
  });
  const place = places(cells.flatMap(({ complete }) => complete.map(({ cluster }) => cluster)));
  const boot = bootstrapped(
    place.size,
    cells.map(({ complete, items }) => consistent(complete, items.length, place)),
    draws,
  );
  const tidy = cells.map(({ cell, items, complete }, at) => {
    const found = cronbachAlpha(complete.map(({ row }) => row));
    const normal = feldt(found);
    const constant = items.filter((_, item) =>
      complete.every(({ row }) => row[item] === complete[0]!.row[item])
    );
    const defined = found.alpha !== null;
    return {
      ...cell,
      n: complete.length,
      clusters: new Set(complete.map(({ cluster }) => cluster)).size,
      estimate: found.alpha,
      ci_lower: defined ? boot[at]!.percentile.ciLower : null,
      ci_upper: defined ? boot[at]!.percentile.ciUpper : null,
      feldt_lower: normal.ciLower,
      feldt_upper: normal.ciUpper,
      items: items.length,
      constant_items: complete.length ? constant.length : null,
    };
  });
  return judged(tidy, keys, {
    feldt_lower: "number",
    feldt_upper: "number",
    items: "integer",
    constant_items: "integer",
  }, null);
}

/** Alpha from sums: of 1, of each item, of all squares and of the squared totals. */
function consistent(
  complete: readonly { cluster: number; row: readonly number[] }[],
  k: number,
  place: ReadonlyMap<number, number>,
): OfSums {
  const items = Array.from({ length: k }, (_, item) => item);
  const centres = items.map((item) => mean(complete.map(({ row }) => row[item]!)) ?? 0);
  const columns = Array.from({ length: k + 3 }, () => new Float64Array(place.size));
  const add = (column: number, where: number, value: number) => columns[column]![where]! += value;
  for (const { cluster, row } of complete) {
    const where = place.get(cluster)!;
    const away = items.map((item) => row[item]! - centres[item]!);
    add(k, where, 1);
    add(k + 1, where, away.reduce((sum, value) => sum + value ** 2, 0));
    add(k + 2, where, away.reduce((sum, value) => sum + value, 0) ** 2);
    for (const item of items) add(item, where, away[item]!);
  }
  return {
    columns,
    of: (totals) => {
      const [n, square, whole] = [totals[k]!, totals[k + 1]!, totals[k + 2]!];
      let sum = 0, within = square;
      for (const item of items) {
        sum += totals[item]!;
        within -= totals[item]! ** 2 / n;
      }
      const total = squaresOf(whole, sum, n);
      if (k < 2 || n < 2 || within <= ROUNDING * square) return null;
      return total <= ROUNDING * within ? null : k / (k - 1) * (1 - within / total);
    },
  };
}
