/** What Tables A6 and A7 say. */
import type { DataFrame } from "polars";
import { interval, list, nothing, number, range, records, some } from "./words.ts";

/** Kappa below it is called fair at best (Landis & Koch 1977). */
const MODERATE = 0.4;

/**
 * Accuracy by model over the scales that were not manipulated, and where it says less than it seems:
 * no better than the majority answer, or kappa below .4. The manipulated scales apart, because they are
 * held against the profile before.
 *
 * @param survived as `robustness` gives it for Tables A6 and A7
 */
export function agreementReading(survived: DataFrame): string[] {
  const all = records(survived, ["model", "condition", "scale", "metric"], [
    "n",
    "estimate",
    "chance",
    "majority",
    "effect",
    "effect_lower",
    "effect_upper",
  ]).filter(({ n, metric }) => metric === "accuracy" && (n ?? 0) > 0);
  if (!all.length) return nothing("agreement with the profiles");
  type Cell = typeof all[number];
  const name = (cell: Cell) => `${cell.model} ${cell.condition} ${cell.scale}`;
  const told = (cell: Cell) =>
    `${name(cell)} ${number(cell.estimate, 1)} % (majority answer ${
      number(cell.majority, 1)
    } %, kappa ` +
    `${number(cell.effect)} ${interval(cell.effect_lower, cell.effect_upper)})`;
  const manipulated = all.filter(({ condition, scale }) => condition === `Max${scale}`);
  const rest = all.filter((cell) => !manipulated.includes(cell));
  const conditions = [...new Set(rest.map(({ condition }) => condition))];
  const models = [...Map.groupBy(rest, ({ model }) => model)].map(([model, own]) =>
    `${model} ${
      list(conditions.map((condition) => {
        const cells = own.filter((cell) => cell.condition === condition);
        const found = range(cells.map(({ estimate }) => estimate), 1);
        return conditions.length > 1 ? `${found} % under ${condition}` : `${found} %`;
      }))
    }`
  );
  const held = rest.filter(({ estimate, majority }) => estimate !== null && majority !== null);
  const blind = held.filter(({ estimate, majority }) => estimate! <= majority!);
  const kappas = rest.filter(({ effect }) => effect !== null);
  const weak = kappas.filter(({ effect }) => effect! < MODERATE)
    .toSorted((a, b) => a.effect! - b.effect!);
  const judged = [
    ...held.length
      ? [
        blind.length
          ? `No better than the majority answer for all items: ${some(blind.map(told))}.`
          : "Every one of these is above what the majority answer for all items would reach.",
      ]
      : [],
    ...kappas.length
      ? [
        weak.length
          ? `Kappa is below ${number(MODERATE, 1)} in ${weak.length} of ${kappas.length}: ${
            some(weak.map(told), 4)
          }.`
          : `Kappa is ${number(MODERATE, 1)} or more in all ${kappas.length}.`,
      ]
      : [],
  ];
  return [
    ...rest.length
      ? [
        `Answers that are the profile’s, by scale${
          manipulated.length ? " (manipulated ones left out)" : ""
        }: ${list(models)}.`,
      ]
      : [],
    ...judged.length ? [judged.join(" ")] : [],
    ...(manipulated.length
      ? [
        `The manipulated scales, against the profile before: ${
          some(
            manipulated.map((cell) =>
              `${name(cell)} ${number(cell.estimate, 1)} %, kappa ${number(cell.effect)}`
            ),
            12,
          )
        }. A model that does what the manipulated profile says is scored as wrong here: they check the ` +
        `manipulation, and \`30_what_survives\` holds them against the profile that was shown.`,
      ]
      : []),
  ];
}
