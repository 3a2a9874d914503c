/** What Tables 4, 5, 6, A4 and A5 say. */
import type { DataFrame } from "polars";
import { interval, list, nothing, number, range, records, some } from "./words.ts";
import { verdictReading } from "./verdicts.ts";

/** Below it single profiles are told apart badly: Koo & Li 2016 call it no more than moderate. */
const GOOD_ICC = 0.75;

/**
 * Table 4: the largest difference of each model in Base; what the manipulated scales came to; how many
 * means are equivalent, and how far single personas are from their profile where they are.
 *
 * @param survived as `robustness` gives it
 * @param table as `personality` builds it: mean scores
 */
export function scoreReading(survived: DataFrame, table: DataFrame): string[] {
  const kept = survived.filter(survived.getColumn("estimate").isNotNull());
  const cells = records(kept, ["model", "condition", "scale", "manipulated"], [
    "estimate",
    "ci_lower",
    "ci_upper",
    "p_equivalence",
    "bound_upper",
    "icc_a1",
    "icc_a1_lower",
    "icc_a1_upper",
    "loa_lower",
    "loa_upper",
  ]);
  if (!cells.length) return nothing("differences from the profile");
  const claims = new Map(
    records(kept.filter(kept.getColumn("equivalence").isNotNull()), [
      "model",
      "condition",
      "scale",
      "equivalence",
    ], []).map((row) => [`${row.model}|${row.condition}|${row.scale}`, row.equivalence]),
  );
  type Cell = typeof cells[number];
  const claim = ({ model, condition, scale }: Cell) => claims.get(`${model}|${condition}|${scale}`);
  const means = records(table, ["model", "condition", "scale"], ["mean"]);
  const size = ({ estimate }: Cell) => Math.abs(estimate!);
  const told = (cell: Cell) =>
    `${cell.scale} ${number(cell.estimate)} ${interval(cell.ci_lower, cell.ci_upper)}`;
  const base = [...Map.groupBy(
    cells.filter(({ condition }) => condition === "Base"),
    ({ model }) => model,
  )].map(([model, own]) => `${model} ${told(own.toSorted((a, b) => size(b) - size(a))[0]!)}`);
  const checks = cells.filter(({ manipulated }) => manipulated === "yes");
  const checked = [...Map.groupBy(checks, ({ scale, condition }) => `${scale} under ${condition}`)]
    .map(([name, own]) =>
      `${name}: ${
        list(own.map(({ model, condition, scale }) => {
          const found = means.find((row) =>
            row.model === model && row.condition === condition && row.scale === scale
          );
          return `${model} ${number(found?.mean ?? null)}`;
        }))
      }`
    );
  const rest = cells.filter(({ manipulated }) => manipulated !== "yes");
  const alike = rest.filter((cell) => ["equivalent", "small"].includes(claim(cell) ?? ""));
  const loose = alike.filter(({ icc_a1 }) => icc_a1 !== null && icc_a1 < GOOD_ICC)
    .toSorted((a, b) => a.icc_a1! - b.icc_a1!);
  const bound = cells.find(({ bound_upper }) => bound_upper !== null)?.bound_upper ?? null;
  const limits = loose.map((cell) =>
    `${cell.model} ${cell.condition} ${cell.scale} ICC ${number(cell.icc_a1)} ` +
    `${interval(cell.icc_a1_lower, cell.icc_a1_upper)}, limits ` +
    interval(cell.loa_lower, cell.loa_upper)
  );
  const within = (n: number) =>
    `In the other ${n} cells ${alike.length} mean differences lie within ±${number(bound)} ` +
    `points by the equivalence tests after Holm.` +
    (alike.length
      ? ` Equal means are not equal scores: in ${loose.length} of these ${alike.length} ICC(A,1) is ` +
        `below ${number(GOOD_ICC)}`
      : "") +
    (loose.length
      ? `, and 95 % of the differences of single personas from their profiles are expected between the ` +
        `limits of agreement: ${some(limits, 8)}.`
      : alike.length
      ? "."
      : "");
  return [
    ...(base.length
      ? [
        `The largest mean difference of each model in Base, persona − profile in points of 6: ${
          list(base)
        }.`,
      ]
      : nothing("Base")),
    ...(checked.length
      ? [
        `Manipulation checks, not questions: the condition set that scale in the profile, and the ` +
        `persona is compared with the profile before. Means (of 6): ${checked.join("; ")}.`,
      ]
      : []),
    ...(rest.length ? [within(rest.length)] : []),
    ...verdictReading(survived, ["model", "condition", "scale"]),
  ];
}

/** Scales of the EPQR-A and traits of the BFI that are meant to be the same. */
const SAME = ["E", "N"];
const AT_LEAST = 0.5;

/**
 * Table 5: how far scales of one name agree; which others go together as much; how often r exceeds what
 * the alphas promise at most.
 */
export function convergenceReading(survived: DataFrame): string[] {
  const cells = records(
    survived.filter(survived.getColumn("estimate").isNotNull()),
    ["model", "epqra_scale", "bfi_trait"],
    ["estimate", "r_max"],
  );
  if (!cells.length) return nothing("convergence");
  const same = SAME.map((trait) => {
    const own = cells.filter((row) => row.epqra_scale === trait && row.bfi_trait === trait);
    return `${trait} at ${range(own.map(({ estimate }) => estimate))}`;
  });
  const others = cells.filter((row) =>
    !(SAME.includes(row.epqra_scale) && row.epqra_scale === row.bfi_trait) &&
    Math.abs(row.estimate!) >= AT_LEAST
  ).toSorted((a, b) => Math.abs(b.estimate!) - Math.abs(a.estimate!));
  const known = cells.filter(({ r_max }) => r_max !== null);
  const above = known.filter((row) => Math.abs(row.estimate!) > row.r_max!);
  return [
    `Scales of one name agree, over the models: ${list(same)}. Scales of other names correlate at ${
      number(AT_LEAST)
    } or more in ` +
    `${others.length} of ${
      cells.length - same.length * new Set(cells.map(({ model }) => model)).size
    } cells: ${
      some(
        others.map((row) =>
          `${row.model} ${row.epqra_scale} with ${row.bfi_trait} ${number(row.estimate)}`
        ),
      )
    }.`,
    ...(known.length
      ? [
        `|r| exceeds √(α·α) in ${above.length} of ${known.length} cells` +
        (above.length
          ? ": alpha is a lower bound of reliability, and one model wrote both sheets, so that their " +
            "errors are not independent. It is no maximum."
          : "."),
      ]
      : []),
    ...verdictReading(survived, ["model", "epqra_scale", "bfi_trait"]),
  ];
}

/**
 * Tables 6 and A5: alphas by scale, those below .7, those that are undefined, and the widest interval.
 *
 * @param scale name of the column that says which scale or trait
 * @param own alphas of the profiles by scale, where there are any
 */
export function reliabilityReading(
  survived: DataFrame,
  scale: "scale" | "trait",
  own: Readonly<Record<string, number>> = {},
): string[] {
  const keys = scale === "scale" ? ["model", "condition", "scale"] : ["model", "trait"];
  const cells = records(survived, keys, [
    "n",
    "estimate",
    "ci_lower",
    "ci_upper",
    "feldt_lower",
    "feldt_upper",
    "constant_items",
  ]).filter(({ n }) => (n ?? 0) > 0);
  if (!cells.length) return nothing("reliability");
  type Cell = typeof cells[number];
  const name = (cell: Cell) => keys.map((key) => cell[key]).join(" ");
  const scales = [...Map.groupBy(cells, (cell) => cell[scale]!)].map(([of, rows]) => {
    const profiles = own[of] === undefined ? "" : ` (profiles ${number(own[of]!)})`;
    return `${of} ${range(rows.map(({ estimate }) => estimate))}${profiles}`;
  });
  const known = cells.filter(({ estimate }) => estimate !== null);
  const low = known.filter(({ estimate }) => Math.round(100 * estimate!) < 70)
    .toSorted((a, b) => a.estimate! - b.estimate!);
  const none = cells.filter(({ estimate }) => estimate === null);
  const width = (cell: Cell) => (cell.ci_upper ?? 0) - (cell.ci_lower ?? 0);
  const widest = known.filter(({ ci_lower }) => ci_lower !== null)
    .toSorted((a, b) => width(b) - width(a))[0];
  return [
    `Alphas: ${
      list(scales)
    }. Below .7, which is called acceptable at least: ${low.length} of ${known.length}` +
    (low.length
      ? `, the lowest ${
        some(
          low.map((cell) =>
            `${name(cell)} ${number(cell.estimate)} ${interval(cell.ci_lower, cell.ci_upper)}`
          ),
          4,
        )
      }.`
      : "."),
    ...(none.length ? [`Undefined, because no item varies: ${some(none.map(name))}.`] : []),
    ...(widest
      ? [
        `The widest interval by profile is that of ${name(widest)}: ${number(widest.estimate)} ` +
        `${interval(widest.ci_lower, widest.ci_upper)}, where Feldt’s is ` +
        `${interval(widest.feldt_lower, widest.feldt_upper)}.`,
      ]
      : []),
  ];
}

/** Table A4: means by trait, how far personas lie apart, and how well a mean is known. */
export function traitReading(survived: DataFrame, table: DataFrame): string[] {
  const means = records(table, ["model", "trait"], ["mean", "sd", "n"])
    .filter(({ n }) => (n ?? 0) > 0);
  if (!means.length) return nothing("trait scores");
  const known = records(survived, ["model", "trait"], ["estimate", "ci_lower", "ci_upper"])
    .filter(({ ci_lower }) => ci_lower !== null);
  const above = [...Map.groupBy(means, ({ trait }) => trait)]
    .filter(([, own]) => own.every(({ mean }) => mean! > 3)).map(([trait]) => trait);
  const widest = Math.max(...known.map((row) => (row.ci_upper! - row.ci_lower!) / 2));
  return [
    `Means (1–5) and SDs over the rows of the table: ${
      list(
        [...Map.groupBy(means, ({ trait }) => trait)].map(([trait, own]) =>
          `${trait} ${range(own.map(({ mean }) => mean))} (SD ${range(own.map(({ sd }) => sd))})`
        ),
      )
    }. Above the middle of the scale, 3, in every row: ${list(above)}.`,
    ...(known.length
      ? [
        `A mean is known to ±${
          number(widest)
        } points or better: differences of twice that and more ` +
        `are no accident of the sample of profiles.`,
      ]
      : []),
  ];
}
