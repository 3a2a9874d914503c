/** What Tables 1–3 say. */
import type { DataFrame } from "polars";
import pl from "polars";
import { interval, list, nothing, number, percent, records, some, type Value } from "./words.ts";
import { verdictReading } from "./verdicts.ts";

const KEYS = ["model", "condition", "category", "subcategory"] as const;
const LARGEST = 3;

/**
 * The largest changes of each model, what does not vary, the smallest marked one, the largest one that
 * the paper does not print, and the verdicts.
 *
 * @param survived as `robustness` gives it for Tables 1 to 3
 */
export function shareReading(survived: DataFrame): string[] {
  const cells = records(
    survived.withColumns(pl.col("marker").fillNull("")),
    [...KEYS, "marker", "in_paper"],
    [
      "n",
      "count",
      "base_n",
      "base_count",
      "estimate",
      "ci_lower",
      "ci_upper",
      "effect",
      "effect_lower",
      "effect_upper",
    ],
  );
  type Cell = typeof cells[number];
  const size = ({ effect }: Cell) => Math.abs(effect ?? 0);
  const share = (count: Value, n: Value, decimals = 1) =>
    count === null || !n ? "—" : percent(count / n, decimals);
  const told = (cell: Cell, decimals = 1) =>
    `${cell.condition} ${cell.category} ${cell.subcategory} ` +
    `${share(cell.base_count, cell.base_n, decimals)} → ${share(cell.count, cell.n, decimals)} ` +
    `(h ${number(cell.effect)} ${interval(cell.effect_lower, cell.effect_upper)})`;
  const tested = cells.filter(({ effect, base_n }) => effect !== null && base_n);
  const models = [
    ...new Set(cells.filter(({ n }) => (n ?? 0) > 0).map(({ model }) => model)),
  ];
  const moves = models.map((model) => {
    const own = tested.filter((cell) => cell.model === model && cell.in_paper === "yes")
      .toSorted((a, b) => size(b) - size(a)).slice(0, LARGEST);
    return `**${model}**: ${list(own.map((cell) => told(cell)), "no change can be told")}.`;
  });
  const constant = models.flatMap((model) => {
    const own = cells.filter((cell) => cell.model === model && (cell.n ?? 0) > 0);
    const all = [...Map.groupBy(own, ({ category, subcategory }) => `${category} ${subcategory}`)]
      .filter(([, of]) => of.every(({ count, n }) => count === n)).map(([name]) => name);
    return all.length ? [`all personas of ${model} are ${list(all)} in every condition`] : [];
  });
  const marked = tested.filter(({ marker }) => marker !== "")
    .toSorted((a, b) => size(a) - size(b))[0];
  const lost = tested.filter(({ in_paper }) => in_paper === "no")
    .toSorted((a, b) => size(b) - size(a))[0];
  return [
    ...(tested.length
      ? [`The largest changes from Base, with Cohen’s h and its 95 % interval. ${moves.join(" ")}`]
      : nothing("changes from Base")),
    ...(constant.length ? [`No test can be made where nothing varies: ${some(constant)}.`] : []),
    ...(marked
      ? [
        `The smallest change with a marker: ${marked.model} ${told(marked, 2)}. With ` +
        `${marked.n! + marked.base_n!} rows little is enough for one: look at the size first.`,
      ]
      : []),
    ...(lost
      ? [`The largest change that the paper does not print: ${lost.model} ${told(lost)}.`]
      : []),
    ...verdictReading(survived, KEYS),
  ];
}
