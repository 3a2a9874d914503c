/** Tables A6 and A7: do personas give the answers of the profile they were made from? */
import type { DataFrame } from "polars";
import { CONDITIONS } from "../conditions.ts";
import { applied } from "../../conditions.ts";
import type { Administrations } from "../../db.ts";
import { layout, type Mode } from "../design.ts";
import { frame } from "../../frames.ts";
import { epqra as instrument } from "../instruments.ts";
import { agreement as shares, meanErrors } from "../../stats.ts";
import { Answers, inCells, type Options, type Sheet, withNew } from "./answers.ts";

/** With what answers are compared, and what of them. */
export interface Comparing extends Options {
  /**
   * `profile` unless said: the answers of the profile. `manipulated`: what the condition made of them,
   * which the persona was made from; undefined under doses, whose items a study's seed chose.
   */
  against?: "profile" | "manipulated";
  /**
   * `raw` unless said: a positive is a Yes as given. `keyed`: it is an answer that scores a point, so
   * that mae and rmse are of scale scores.
   */
  as?: "raw" | "keyed";
}

/**
 * Tables A6 (Base) and A7 (every other condition): agreement of each answer with the profile's answer.
 *
 * In the paper, and here unless said, a positive is a Yes as given, not a keyed answer (quirk K8), and
 * the profile is the one before it was changed, so N under MaxN and P under MaxP agree by chance only
 * (K9). An item on the sheet without an answer counts as wrong in `printed` mode and is left out in
 * `corrected`; a ratio without cases is 0 in `printed`, as the paper's code has it, and undefined in
 * `corrected`.
 *
 * @returns one row per cell: model, condition, scale, metric, value — accuracy, precision, recall and
 *   specificity in percent, mae and rmse in positives per profile and scale (0–6) — and n (items)
 */
export function agreement(
  epqra: Administrations,
  reference: Administrations,
  table: "tableA6" | "tableA7",
  options: Comparing = {},
): DataFrame {
  const { mode = "printed", against = "profile", as = "raw" } = options;
  const answers = Answers.of(epqra, mode), profiles = Answers.of(reference, mode);
  const ofProfile = new Map(profiles.sheets.map(({ profile, row }) => [profile, row]));
  const byCell = inCells(answers.sheets);
  const isBase = ({ condition }: Sheet) => condition === "Base";
  const seen = answers.sheets.filter((sheet) => isBase(sheet) === (table === "tableA6"));
  const cells = withNew(layout(table).cells, seen);
  const pairs = (cell: Record<string, string>): Pair[] => {
    const set = against === "profile" ? new Map<number, Answer>() : manipulation(cell.condition!);
    const sheets = set ? byCell.get(`${cell.model}|${cell.condition}`) ?? [] : [];
    const items = answers.scales.get(cell.scale!) ?? [];
    return sheets.flatMap(({ row, profile }) => {
      const before = ofProfile.get(profile);
      const own = (item: number) =>
        before === undefined ? null : set!.get(item)?.[as] ?? answer(profiles, before, item, as);
      // A row of the view always has an EPQR-A score; without one the sheet lacks the item.
      return items.filter((item) => answers.item("score", item)[row] !== null)
        .map((item) => ({ profile, given: answer(answers, row, item, as), own: own(item) }));
    });
  };
  const compared = new Map<string, Record<string, number | null>>();
  const tidy = cells.map((cell) => {
    const key = `${cell.model}|${cell.condition}|${cell.scale}`;
    if (!compared.has(key)) compared.set(key, compare(pairs(cell), mode));
    const metrics = compared.get(key)!;
    return { ...cell, value: metrics[cell.metric!], n: metrics.n };
  });
  return frame(tidy, {
    model: "text",
    condition: "text",
    scale: "text",
    metric: "text",
    value: "number",
    n: "integer",
  });
}

/** 1 or 0: Yes or No as given, and whether it scores a point. */
type Answer = Record<"raw" | "keyed", number>;

function answer(of: Answers, row: number, item: number, as: "raw" | "keyed"): number | null {
  const given = of.item("answer", item)[row]!;
  // The view scores an unanswered item 0.
  return as === "raw" || given === null ? given : of.item("score", item)[row]!;
}

/** What a condition of the paper's code sets, whatever the profile; null for any other. */
function manipulation(name: string): Map<number, Answer> | null {
  const condition = CONDITIONS.find((known) => known.name === name);
  if (!condition) return null;
  const any = { id: 0, answers: instrument.items.map(() => instrument.lowest) };
  const { answers, changed } = applied({ instrument, codebook: [] }, any, condition, 0);
  const set = instrument.items.map(({ number, keyed }, at): [number, Answer] => [
    number,
    { raw: answers[at]!, keyed: Number(answers[at] === keyed) },
  ]);
  return new Map(set.filter(([number]) => changed.includes(number)));
}

interface Pair {
  profile: number | null;
  given: number | null;
  own: number | null;
}

function compare(pairs: readonly Pair[], mode: Mode): Record<string, number | null> {
  const counts = {
    n: 0,
    predictedPositive: 0,
    actualPositive: 0,
    actualNegative: 0,
    truePositive: 0,
    trueNegative: 0,
  };
  const difference = new Map<number, number>();
  for (const { profile, given, own } of pairs) {
    if (mode === "corrected" && (given === null || own === null)) continue;
    counts.n += 1;
    counts.predictedPositive += Number(given === 1);
    counts.actualPositive += Number(own === 1);
    counts.actualNegative += Number(own === 0);
    counts.truePositive += Number(given === 1 && own === 1);
    counts.trueNegative += Number(given === 0 && own === 0);
    // Errors are per profile; a sheet of an unknown one has answers but no error.
    if (profile === null) continue;
    const before = difference.get(profile) ?? 0;
    difference.set(profile, before + (given ?? 0) - (own ?? 0));
  }
  const { n, ...ratios } = shares(counts);
  const percent = (share: number | null) =>
    share !== null ? 100 * share : mode === "printed" && n > 0 ? 0 : null;
  return {
    n,
    accuracy: percent(ratios.accuracy),
    precision: percent(ratios.precision),
    recall: percent(ratios.recall),
    specificity: percent(ratios.specificity),
    ...meanErrors([...difference.values()]),
  };
}
