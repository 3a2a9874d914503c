/** What a reader must know before any table: what was found, how sure it is, and what it is not. */
import type { DataFrame } from "polars";
import pl from "polars";
import type { Provenance } from "../../db.ts";
import { SCALE_NAMES } from "../../instruments.ts";
import { word } from "../figures.ts";
import { list, nothing, number, percent, range, records, type Value } from "./words.ts";
import { robustnessReading } from "./robustness.ts";

/** Scales of the EPQR-A and traits of the BFI that are meant to be the same. */
const SAME = ["E", "N"];
/** What is called acceptable at least: alpha; moderate: kappa (Landis & Koch 1977), ICC (Koo & Li 2016). */
const ACCEPTABLE = 0.7, MODERATE = 0.4, GOOD = 0.75;
const LARGE = 0.5;

/** A scale or trait in words. */
const named = (scale: string): string => SCALE_NAMES[scale]?.toLowerCase() ?? scale;

const largest = <T>(of: readonly T[], size: (one: T) => number): T | undefined =>
  of.toSorted((a, b) => size(b) - size(a))[0];

/** The published tables that are read from, as `build` builds them. */
export interface Tables {
  /** Tables 1 to 3, one below the other. */
  shares: DataFrame;
  table4: DataFrame;
  table5: DataFrame;
  table6: DataFrame;
  tableA5: DataFrame;
  tableA6: DataFrame;
}

/** The questions of the study in the order of its tables, each answered by numbers that it prints. */
export function foundReading(tables: Tables): string[] {
  const answers: [string, string[]][] = [
    ["Whom does a model invent? (Tables 1–3)", shares(tables.shares)],
    ["Does that person score as the profile does? (Table 4)", scores(tables.table4)],
    ["Does it give the profile’s answers? (Table A6)", answersGiven(tables.tableA6)],
    ["Do two questionnaires agree about it? (Table 5)", convergence(tables.table5)],
    ["Do its answers hang together? (Tables 6, A5)", alphas(tables)],
  ];
  return answers.map(([question, answer]) => `**${question}** ${answer.join(" ")}`);
}

function shares(table: DataFrame): string[] {
  const keys = ["model", "condition", "category", "subcategory"] as const;
  const all = records(table, keys, ["mean", "n"]).filter(({ mean }) => mean !== null);
  const base = new Map(
    all.filter(({ condition }) => condition === "Base")
      .map((row) => [`${row.model}|${row.category}|${row.subcategory}`, row.mean!]),
  );
  const moves = all.flatMap((row) => {
    const from = base.get(`${row.model}|${row.category}|${row.subcategory}`);
    return from === undefined || row.condition === "Base"
      ? []
      : [{ ...row, from, by: Math.abs(row.mean! - from) }];
  });
  if (!moves.length) return nothing("changes from Base");
  const told = [...Map.groupBy(moves, ({ model }) => model)].map(([model, own]) => {
    const { condition, category, subcategory, from, mean } = largest(own, ({ by }) => by)!;
    return `${model} ${word(subcategory)} (${word(category).toLowerCase()}) ${percent(from)} → ` +
      `${percent(mean)} under ${condition}`;
  });
  return [`The share of personas that changes most from Base, by model: ${list(told)}.`];
}

function scores(table: DataFrame): string[] {
  const all = records(table, ["model", "condition", "scale"], ["mean", "estimate"])
    .filter(({ estimate }) => estimate !== null);
  const base = [...Map.groupBy(
    all.filter(({ condition }) => condition === "Base"),
    ({ model }) => model,
  )].map(([model, own]) => {
    const { scale, estimate } = largest(own, ({ estimate }) => Math.abs(estimate!))!;
    return `${model} ${number(estimate)} (${named(scale)})`;
  });
  const set = Map.groupBy(
    all.filter(({ condition, scale }) => condition === `Max${scale}`),
    ({ condition, scale }) => `${named(scale)} under ${condition}`,
  );
  return [
    ...base.length
      ? [
        `In Base the largest mean difference from it, in points of 6: ${list(base)}.`,
      ]
      : nothing("Base"),
    ...set.size
      ? [
        `The scale that a condition sets to the highest comes to a mean of ${
          list([...set].map(([name, own]) => `${range(own.map(({ mean }) => mean))} (${name})`))
        }, over the models.`,
      ]
      : [],
  ];
}

function answersGiven(table: DataFrame): string[] {
  const all = records(table, ["model", "condition", "scale", "metric"], ["value", "n"])
    .filter(({ metric, value, n }) => metric === "accuracy" && value !== null && (n ?? 0) > 0);
  if (!all.length) return nothing("agreement with the profiles");
  const models = [...Map.groupBy(all, ({ model }) => model)].map(([model, own]) =>
    `${model} ${range(own.map(({ value }) => value), 1)} %`
  );
  return [`In Base so many answers are the profile’s, over the scales: ${list(models)}.`];
}

function convergence(table: DataFrame): string[] {
  const all = records(table, ["model", "epqra_scale", "bfi_trait"], ["r"])
    .filter(({ r }) => r !== null);
  if (!all.length) return nothing("convergence");
  const isSame = ({ epqra_scale, bfi_trait }: typeof all[number]) =>
    SAME.includes(epqra_scale) && epqra_scale === bfi_trait;
  const same = SAME.map((trait) => {
    const own = all.filter((row) => isSame(row) && row.bfi_trait === trait);
    return `${range(own.map(({ r }) => r))} (${named(trait)})`;
  });
  const others = all.filter((row) => !isSame(row));
  const high = others.filter(({ r }) => Math.abs(r!) >= LARGE);
  return [
    `Scales of one name correlate at ${list(same)}, over the models; of those of other names ` +
    `${high.length} of ${others.length} at ${number(LARGE, 1)} or more, in size.`,
  ];
}

function alphas({ table6, tableA5 }: Tables): string[] {
  const told = (name: string, table: DataFrame, scale: "scale" | "trait") => {
    const all = records(table, ["model", scale], ["alpha", "n"]).filter(({ n }) => (n ?? 0) > 0);
    const known = all.filter(({ alpha }) => alpha !== null);
    if (!known.length) return [];
    const low = known.filter(({ alpha }) => alpha! < ACCEPTABLE);
    const where = [...Map.groupBy(low, (row) => row[scale])]
      .map(([of, own]) => `${named(of)} ${own.length}`);
    const none = all.length - known.length;
    return [
      `Alpha of the ${name} is ${range(known.map(({ alpha }) => alpha))}, and below ` +
      `${number(ACCEPTABLE, 1)} in ${low.length} of ${known.length} cells` +
      (where.length ? ` (${list(where)})` : "") +
      (none ? `; in ${none} more no answer varies, and it is undefined.` : "."),
    ];
  };
  const said = [...told("EPQR-A", table6, "scale"), ...told("BFI", tableA5, "trait")];
  return said.length ? said : nothing("reliability");
}

/** What survives of the tables, as `robustness` gives it; a table that was not computed is not there. */
export type Survived = Readonly<Partial<Record<string, DataFrame>>>;

/**
 * How sure: what becomes of the paper's markers, and where means or accuracies say more than is so.
 *
 * @param counted as `markers` of `lib/paper/tables.ts` counts them
 */
export function sureReading(counted: DataFrame, survived: Survived): string[] {
  const marked = Object.fromEntries(
    Object.entries(survived).flatMap(([name, frame]) =>
      frame && /^table[1-5]$/.test(name) ? [[name, frame]] : []
    ),
  );
  return [
    ...Object.keys(marked).length ? [robustnessReading(counted, marked)[0]!] : [],
    ...survived.table4 ? equalMeans(survived.table4) : [],
    ...survived.tableA6 ? beyondChance(survived.tableA6) : [],
  ];
}

function equalMeans(survived: DataFrame): string[] {
  const own = survived.filter(
    pl.col("equivalence").isNotNull().and(pl.col("manipulated").neq(pl.lit("yes"))),
  );
  const all = records(own, ["equivalence"], ["icc_a1", "bound_upper"]);
  if (!all.length) return [];
  const alike = all.filter(({ equivalence }) => ["equivalent", "small"].includes(equivalence));
  const loose = alike.filter(({ icc_a1 }) => icc_a1 !== null && icc_a1 < GOOD);
  return [
    `In ${alike.length} of the ${all.length} cells of Table 4 that were not manipulated the mean ` +
    `difference lies within ±${
      number(all[0]!.bound_upper, 1)
    } points (equivalence tests, Holm); in ` +
    `${loose.length} of these a single persona is a poor guide to its profile all the same (ICC(A,1) ` +
    `below ${number(GOOD)}).`,
  ];
}

function beyondChance(survived: DataFrame): string[] {
  const all = records(survived, ["metric"], ["n", "estimate", "majority", "effect"])
    .filter(({ metric, n, effect }) => metric === "accuracy" && (n ?? 0) > 0 && effect !== null);
  if (!all.length) return [];
  const below = (
    of: (row: typeof all[number]) => Value,
    least: (row: typeof all[number]) => Value,
  ) =>
    all.filter((row) => {
      const [value, other] = [of(row), least(row)];
      return value !== null && other !== null && value <= other;
    }).length;
  return [
    `In Table A6 agreement beyond chance (Cohen’s kappa) is ${number(MODERATE, 1)} or less in ${
      below(({ effect }) => effect, () => MODERATE)
    } of ${all.length} cells, and accuracy no more than one answer for all items would reach in ${
      below(({ estimate }) => estimate, ({ majority }) => majority)
    }.`,
  ];
}

/** What must not be concluded, given where the data come from. */
export const limitsReading = ({ source }: Pick<Provenance, "source">): string[] => [
  ...source === "reconstruction"
    ? [
      "**Anything about a model.** The data are fitted to what the paper prints: that its numbers come " +
      "out again says that the formulas here are the paper’s.",
      "**Which of the paper’s markers survive.** How alike the personas of one profile are is printed " +
      "nowhere; only the original data tell it.",
    ]
    : [],
  "**That people answer so.** A persona’s answers are text that a model wrote, under one prompt and " +
  "setting; five personas of one profile are not five people.",
  "**That equal means are equal persons**, or that a scale which a condition set to the highest is a " +
  "finding: it shows that the model did as it was told.",
  "**That today’s models do the same.** These are the models of the paper, at the versions that it names.",
];
