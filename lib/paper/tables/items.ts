/** Items among those of their scale: does each measure what the others do? */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { frame } from "../../frames.ts";
import { cronbachAlpha, type ItemAnalysis, itemAnalysis, robustCorrelation } from "../../stats.ts";
import { Answers, type Options, type Sheet } from "./answers.ts";
import { reliabilityCells, scaleOf } from "./reliability.ts";

/** The sheets that answer a whole scale, of the items that anybody was asked. */
export interface Completed {
  /** Numbers of the items. */
  items: number[];
  sheets: { sheet: Sheet; scores: number[] }[];
}

export function completed(answers: Answers, sheets: readonly Sheet[], scale: string): Completed {
  const given = sheets.map((sheet) => ({ sheet, scores: answers.scores(sheet.row, scale) }));
  const numbers = answers.scales.get(scale) ?? [];
  const asked = numbers.map((_, at) => at)
    .filter((at) => given.some(({ scores }) => scores[at] !== null));
  const whole = given.flatMap(({ sheet, scores }) => {
    const own = asked.map((at) => scores[at]!).filter((score: number | null) => score !== null);
    return own.length > 0 && own.length === asked.length ? [{ sheet, scores: own }] : [];
  });
  return { items: asked.map((at) => numbers[at]!), sheets: whole };
}

/** An item among those of its scale: `lower` and `upper` are the limits of `itemRest`. */
export interface Analysed extends Omit<ItemAnalysis, "item"> {
  lower: number | null;
  upper: number | null;
  flagged: "yes" | "no" | null;
}

/** Fewer sheets say nothing about an item. */
const FEWEST = 5;

/** What is known of each item of a scale; of one that nobody was asked nothing. */
export function analysed({ items, sheets }: Completed): Map<number, Analysed> {
  const scores = sheets.map(({ scores }) => scores);
  const totals = scores.map((row) => row.reduce((sum, score) => sum + score, 0));
  return new Map(
    itemAnalysis(scores).map(({ item, itemRest, ...known }) => {
      const own = scores.map((row) => row[item - 1]!);
      const rest = totals.map((total, at) => total - own[at]!);
      const { ciLower: lower, ciUpper: upper } = robustCorrelation(own, rest);
      // An item that mirrors the rest has an r of −1 and no interval.
      const against = (upper ?? itemRest ?? 0) < 0;
      const flagged = itemRest === null || scores.length < FEWEST ? null : against ? "yes" : "no";
      return [items[item - 1]!, { ...known, itemRest, lower, upper, flagged }] as const;
    }),
  );
}

/**
 * Does every item measure what its scale does? The correlation of each item's score with the sum of
 * the others of its scale, with the 95 % interval of `robustCorrelation`; where all of that is below
 * zero, the item may be keyed the wrong way round.
 *
 * @param given sheets of any instrument, all of them seen together; of each scale the complete ones
 *   count
 * @returns one row per item: item (number), scale, r (undefined where the item or the rest does not
 *   vary, or the scale has no other item), r_lower, r_upper (95 %), n (sheets), flagged (yes where
 *   r_upper is below zero, no; undefined as r is, and below 5 sheets)
 *
 * Checked against R's psych::alpha (r.drop).
 */
export function keyingAudit(given: Administrations): DataFrame {
  const answers = Answers.of(given, "corrected");
  const audited = [...answers.scales].flatMap(([scale, items]) => {
    const whole = completed(answers, answers.sheets, scale), known = analysed(whole);
    return items.map((item) => {
      const { itemRest, lower, upper, flagged } = known.get(item) ?? {};
      const n = known.has(item) ? whole.sheets.length : 0;
      return { item, scale, r: itemRest, r_lower: lower, r_upper: upper, n, flagged };
    });
  });
  return frame(audited.toSorted((a, b) => a.item - b.item), {
    item: "integer",
    scale: "text",
    r: "number",
    r_lower: "number",
    r_upper: "number",
    n: "integer",
    flagged: "text",
  });
}

/**
 * The items behind each alpha of Table 6 or A5.
 *
 * @param given sheets of the table's instrument; those count that answer the whole scale
 * @returns one row per cell and item: the table's keys (or the factors and the scale), item (number), n (sheets), mean and sd of its
 *   scores (sd 0: all are equal), item_rest (correlation with the sum of the others; undefined where
 *   either does not vary) with item_rest_lower and item_rest_upper (95 %), alpha of the scale,
 *   alpha_dropped (alpha without the item), flagged (yes where item_rest_upper is below zero: the item
 *   runs against its scale; no; undefined as item_rest is, and below 5 sheets)
 *
 * Checked against R's psych::alpha.
 */
export function itemReliability(
  given: Administrations,
  table: "table6" | "tableA5",
  options: Pick<Options, "by"> = {},
): DataFrame {
  const answers = Answers.of(given, "corrected");
  const { kinds, cells } = reliabilityCells(answers, table, options, OF_ITEMS);
  const tidy = cells.flatMap((cell) => {
    const scale = scaleOf(cell);
    const whole = completed(answers, cell.rows, scale), known = analysed(whole);
    const { alpha } = cronbachAlpha(whole.sheets.map(({ scores }) => scores));
    return (answers.scales.get(scale) ?? []).map((item) => {
      const { itemRest, lower, upper, alphaIfDropped, ...of } = known.get(item) ?? {};
      return {
        ...cell.keys,
        item,
        n: known.has(item) ? whole.sheets.length : 0,
        ...of,
        item_rest: itemRest,
        item_rest_lower: lower,
        item_rest_upper: upper,
        alpha,
        alpha_dropped: alphaIfDropped,
      };
    });
  });
  return frame(tidy, { ...kinds, ...OF_ITEMS });
}

const OF_ITEMS = {
  item: "integer",
  n: "integer",
  mean: "number",
  sd: "number",
  item_rest: "number",
  item_rest_lower: "number",
  item_rest_upper: "number",
  alpha: "number",
  alpha_dropped: "number",
  flagged: "text",
} as const;
