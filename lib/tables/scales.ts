/** Tables 4–6, A4, A5 and the baselines: scale scores and their reliability. */
import type { DataFrame } from "polars";
import type { Administrations } from "../db.ts";
import { z } from "zod";
import { BFI_REFERENCE_GROUP, layout, type Mode, REFERENCE, SCALES } from "../design.ts";
import { frame, rows } from "../frames.ts";
import {
  cronbachAlpha,
  mean,
  type MeanTest,
  pairedT,
  pearson,
  quantile,
  rounded,
  sd,
} from "../stats.ts";
import { Answers, PAPERS, type Sheet, withNew } from "./answers.ts";

interface Options {
  mode?: Mode;
}

/** The paper's code leaves out cells with fewer pairs. */
export const FEWEST = 5;

/**
 * Table 4: how far each model's personas answer from the profile they were made from.
 *
 * The paper runs a paired t-test and a one-sample t-test of the differences: they are one test, so
 * one `t`, `df` and `p` stand here. In `printed` mode the interval is the paper's ±1.96 se and d is 0
 * where the differences do not vary; in `corrected` mode it is the t interval and d is undefined.
 *
 * @param epqra EPQR-A sheets of the personas
 * @param reference EPQR-A sheets that the profiles are
 * @returns one row per cell: model, condition, scale, n (pairs), mean, sd, reference_mean, estimate
 *   (mean difference, in scale points 0–6), se, t, df, p (two-sided), ci_lower, ci_upper (95 %), d;
 *   undefined below 5 pairs
 */
export function personality(
  epqra: Administrations,
  reference: Administrations,
  options: Options = {},
): DataFrame {
  const mode = options.mode ?? "printed";
  const answers = Answers.of(epqra, mode), profiles = Answers.of(reference, mode);
  const ofProfile = new Map(profiles.sheets.map(({ profile, row }) => [profile, row]));
  const byCell = Map.groupBy(answers.sheets, ({ model, condition }) => `${model}|${condition}`);
  const cells = withNew(layout("table4").cells, answers.sheets);
  const tidy = cells.map((cell) => {
    const scale = cell.scale!;
    const pairs = (byCell.get(`${cell.model}|${cell.condition}`) ?? []).flatMap((sheet) => {
      const row = sheet.profile === null ? undefined : ofProfile.get(sheet.profile);
      const own = answers.score(sheet.row, scale);
      const profile = row === undefined ? null : profiles.score(row, scale);
      return own === null || profile === null ? [] : [{ own, profile }];
    });
    if (pairs.length < FEWEST) return { ...cell, n: pairs.length };
    const differences = pairs.map(({ own, profile }) => own - profile);
    const test = pairedT({ mean: mean(differences)!, sd: sd(differences)!, n: pairs.length });
    return {
      ...cell,
      mean: mean(pairs.map(({ own }) => own)),
      sd: sd(pairs.map(({ own }) => own)),
      reference_mean: mean(pairs.map(({ profile }) => profile)),
      ...(mode === "printed" ? asPrinted(test) : test),
      ci_lower: mode === "printed" ? test.estimate - 1.96 * test.se : test.ciLower,
      ci_upper: mode === "printed" ? test.estimate + 1.96 * test.se : test.ciUpper,
    };
  });
  return frame(tidy, {
    model: "text",
    condition: "text",
    scale: "text",
    n: "integer",
    mean: "number",
    sd: "number",
    reference_mean: "number",
    estimate: "number",
    se: "number",
    t: "number",
    df: "integer",
    p: "number",
    ci_lower: "number",
    ci_upper: "number",
    d: "number",
  });
}

const asPrinted = (test: MeanTest): MeanTest => ({ ...test, d: test.d ?? 0 });

/**
 * Table 5: correlation of EPQR-A and BFI-44 scale scores in condition Base, one pair per profile.
 *
 * A profile's score is the mean over its administrations. In `printed` mode GPT-4o's BFI mixes its
 * personas' sheets with those that the model gave for the bare profiles (group 372, bug B3);
 * `corrected` leaves these out.
 *
 * @returns one row per cell: model, epqra_scale, bfi_trait, n (profiles), r, p (two-sided, n − 2 df)
 */
export function convergence(
  epqra: Administrations,
  bfi: Administrations,
  options: Options = {},
): DataFrame {
  const mode = options.mode ?? "printed";
  const [left, right] = [epqra, bfi].map((given) => Answers.of(given, mode));
  const isBase = (sheet: Sheet) =>
    sheet.condition === "Base" && (mode === "printed" || sheet.population !== "spain826");
  const seen = [...left!.sheets, ...right!.sheets].filter(isBase).map(({ model }) => ({ model }));
  const cells = withNew(layout("table5").cells, seen);
  const scores = new Map<string, Map<number, number>>();
  const of = (answers: Answers, model: string, scale: string): Map<number, number> => {
    const key = `${answers === left}|${model}|${scale}`;
    if (!scores.has(key)) scores.set(key, profileScores(answers, model, scale, isBase));
    return scores.get(key)!;
  };
  const tidy = cells.map((cell) => {
    const x = of(left!, cell.model!, cell.epqra_scale!);
    const y = of(right!, cell.model!, cell.bfi_trait!);
    const common = [...x.keys()].filter((profile) => y.has(profile)).toSorted((a, b) => a - b);
    if (common.length < FEWEST) return { ...cell, n: common.length };
    return {
      ...cell,
      ...pearson(common.map((key) => x.get(key)!), common.map((key) => y.get(key)!)),
    };
  });
  return frame(tidy, {
    model: "text",
    epqra_scale: "text",
    bfi_trait: "text",
    n: "integer",
    r: "number",
    p: "number",
  });
}

export function profileScores(
  answers: Answers,
  model: string,
  scale: string,
  counts: (sheet: Sheet) => boolean,
): Map<number, number> {
  const byProfile = Map.groupBy(
    answers.sheets.filter((sheet) => sheet.model === model && counts(sheet)),
    ({ profile }) => profile,
  );
  const scores = new Map<number, number>();
  for (const [profile, sheets] of byProfile) {
    const own = sheets.map(({ row }) => answers.score(row, scale)).filter((x) => x !== null);
    if (profile !== null && own.length > 0) scores.set(profile, mean(own)!);
  }
  return scores;
}

/** Alpha of one scale over some sheets; items that none of them has are not part of it. */
export function alpha(answers: Answers, sheets: readonly Sheet[], scale: string): {
  alpha: number | null;
  n: number;
} {
  const scores = sheets.map(({ row }) => answers.scores(row, scale))
    .filter((row) => row.some((score) => score !== null));
  const items = (scores[0] ?? []).map((_, item) => item)
    .filter((item) => scores.some((row) => row[item] !== null));
  const result = cronbachAlpha(scores.map((row) => items.map((item) => row[item]!)));
  return { alpha: result.alpha, n: scores.length };
}

/**
 * Table 6: Cronbach's alpha of the EPQR-A scales.
 *
 * @returns one row per cell: model, condition, scale, alpha (undefined where no item varies), n
 *   (sheets)
 */
export function reliability(epqra: Administrations, options: Options = {}): DataFrame {
  const answers = Answers.of(epqra, options.mode ?? "printed");
  const byCell = Map.groupBy(answers.sheets, ({ model, condition }) => `${model}|${condition}`);
  const cells = withNew(layout("table6").cells, answers.sheets);
  return frame(
    cells.map((cell) => ({
      ...cell,
      ...alpha(
        answers,
        byCell.get(`${cell.model}|${cell.condition}`) ?? [],
        cell.scale!,
      ),
    })),
    { model: "text", condition: "text", scale: "text", alpha: "number", n: "integer" },
  );
}

const CLASSES: [string, number, number][] = [
  ["excellent", 0.9, Infinity],
  ["good", 0.8, 0.9],
  ["acceptable", 0.7, 0.8],
  ["questionable", 0.6, 0.7],
  ["poor", -Infinity, 0.6],
];

const Alpha = z.object({ scale: z.string(), alpha: z.number().nullable() });
const Baseline = z.object({
  source: z.string(),
  scale: z.string(),
  statistic: z.string(),
  value: z.number().nullable(),
});

/**
 * What the paper reports beside Table 6: its alphas described per scale, how many fall in which class,
 * and the alphas of the profiles.
 *
 * As in the paper's code the alphas are rounded to two decimals first (quirk K10), and an undefined one
 * is in no class but in the total.
 *
 * @param table6 of {@link reliability}
 * @param profiles of {@link baselines}
 * @returns block (describe, quality_count, baseline_comparison), scale, statistic, value
 */
export function reliabilitySummary(table6: DataFrame, profiles: DataFrame): DataFrame {
  const round = (alpha: number | null) => alpha === null ? null : rounded(alpha, 2);
  const cells = rows(table6, Alpha).map((cell) => ({ ...cell, alpha: round(cell.alpha) }));
  const known = cells.flatMap(({ scale, alpha }) => alpha === null ? [] : [{ scale, alpha }]);
  const of = (scale: string) =>
    known.filter((cell) => cell.scale === scale).map(({ alpha }) => alpha);
  const described = SCALES.flatMap((scale) => {
    const alphas = of(scale);
    return Object.entries({
      count: alphas.length,
      mean: mean(alphas),
      std: sd(alphas),
      min: quantile(alphas, 0),
      "25%": quantile(alphas, 0.25),
      "50%": quantile(alphas, 0.5),
      "75%": quantile(alphas, 0.75),
      max: quantile(alphas, 1),
    }).map(([statistic, value]) => ({ block: "describe", scale, statistic, value }));
  });
  const classes = CLASSES.map(([statistic, from, below]) => ({
    block: "quality_count",
    scale: "all",
    statistic,
    value: known.filter(({ alpha }) => alpha >= from && alpha < below).length,
  }));
  const total = { block: "quality_count", scale: "all", statistic: "total", value: cells.length };
  const compared = (statistic: string, value: (scale: string) => number | null) =>
    SCALES.map((scale) => ({
      block: "baseline_comparison",
      scale,
      statistic,
      value: value(scale),
    }));
  const profile = (source: string) => (scale: string) =>
    round(
      rows(profiles, Baseline).find((cell) =>
        cell.source === source && cell.scale === scale && cell.statistic === "alpha"
      )?.value ?? null,
    );
  return frame([
    ...described,
    ...classes,
    total,
    ...compared("LLM Experiments (Mean)", (scale) => mean(of(scale))),
    ...compared("Reference Baseline", profile("reference")),
    ...compared("Random Baseline", profile("random")),
  ], { block: "text", scale: "text", statistic: "text", value: "number" });
}

/**
 * How many profiles have which EPQR-A score.
 *
 * @param sources sheets by name, such as the reference and the random profiles
 * @returns source, scale, score (0–6), n (profiles), in the order of the sources and scales
 */
export function distributions(sources: Readonly<Record<string, Administrations>>): DataFrame {
  const tidy = Object.entries(sources).flatMap(([source, given]) => {
    const answers = Answers.of(given, "printed");
    return SCALES.flatMap((scale) => {
      const scores = Map.groupBy(answers.sheets, ({ row }) => answers.score(row, scale));
      return [...scores].filter(([score]) => score !== null)
        .toSorted(([a], [b]) => a! - b!)
        .map(([score, sheets]) => ({ source, scale, score, n: sheets.length }));
    });
  });
  return frame(tidy, { source: "text", scale: "text", score: "integer", n: "integer" });
}

/**
 * The BFI sheets of Tables A4 and A5 by row label: the personas of each model in condition Base, and
 * as `Reference` the sheets that GPT-4o gave for the bare profiles (not human data, quirk K13).
 *
 * `printed` knows them by the published group numbers where the data have these; `corrected`, and a
 * study of one's own, by population.
 */
export function bfiSheets(answers: Answers, mode: Mode): Map<string | null, Sheet[]> {
  const published = ({ group }: Sheet) => group !== null && group >= 366 && group <= 370;
  const referred = ({ group }: Sheet) => group === BFI_REFERENCE_GROUP;
  const bare = ({ population }: Sheet) => population === "spain826";
  const grouped = mode === "printed" && answers.sheets.some((sheet) =>
    PAPERS.has(sheet.model) &&
    (published(sheet) || referred(sheet))
  );
  const ofPersonas = (sheet: Sheet) =>
    sheet.condition === "Base" &&
    (grouped && PAPERS.has(sheet.model) ? published(sheet) : !bare(sheet));
  const models = Map.groupBy(answers.sheets.filter(ofPersonas), ({ model }) => model);
  const reference = answers.sheets.filter(grouped ? referred : bare);
  return reference.length ? models.set(REFERENCE, reference) : models;
}

/**
 * Table A4: BFI-44 trait scores (mean of items, 1–5) in condition Base.
 *
 * @returns one row per cell: model (or `Reference`), trait, mean, sd, n (sheets)
 */
export function traits(bfi: Administrations, options: Options = {}): DataFrame {
  const mode = options.mode ?? "printed";
  const answers = Answers.of(bfi, mode);
  const sheets = bfiSheets(answers, mode);
  const cells = withNew(layout("tableA4").cells, sheets.keys().map((model) => ({ model })));
  return frame(
    cells.map((cell) => {
      const scores = (sheets.get(cell.model!) ?? [])
        .map(({ row }) => answers.score(row, cell.trait!, "mean"))
        .filter((score) => score !== null);
      return { ...cell, mean: mean(scores), sd: sd(scores), n: scores.length };
    }),
    { model: "text", trait: "text", mean: "number", sd: "number", n: "integer" },
  );
}

/**
 * Table A5: Cronbach's alpha of the BFI-44 traits in condition Base.
 *
 * @returns one row per cell: model (or `Reference`), trait, alpha, n (sheets)
 */
export function traitReliability(bfi: Administrations, options: Options = {}): DataFrame {
  const mode = options.mode ?? "printed";
  const answers = Answers.of(bfi, mode);
  const sheets = bfiSheets(answers, mode);
  const cells = withNew(layout("tableA5").cells, sheets.keys().map((model) => ({ model })));
  return frame(
    cells.map((cell) => ({
      ...cell,
      ...alpha(answers, sheets.get(cell.model!) ?? [], cell.trait!),
    })),
    { model: "text", trait: "text", alpha: "number", n: "integer" },
  );
}

/**
 * Does every item measure what its scale does? The correlation of each item's score with the sum of
 * the others of its scale; below zero, the item may be keyed the wrong way round.
 *
 * @param given sheets of any instrument; of each scale the complete ones count
 * @returns one row per item: item (number), scale, r (undefined where the item or the rest does not
 *   vary, or the scale has no other item), n (sheets), flagged (yes where r is below zero, no;
 *   undefined as r is)
 *
 * Checked against R's psych::alpha (r.drop).
 */
export function keyingAudit(given: Administrations): DataFrame {
  const answers = Answers.of(given, "corrected");
  const audited = [...answers.scales].flatMap(([scale, items]) => {
    const complete = answers.sheets.map(({ row }) => answers.scores(row, scale))
      .filter((scores): scores is number[] => scores.every((score) => score !== null));
    return items.map((item, index) => {
      const own = complete.map((scores) => scores[index]!);
      const rest = complete.map((scores, row) =>
        scores.reduce((sum, score) => sum + score, 0) - own[row]!
      );
      const { r, n } = pearson(own, rest);
      return { item, scale, r, n, flagged: r === null ? null : r < 0 ? "yes" : "no" };
    });
  });
  return frame(audited.toSorted((a, b) => a.item - b.item), {
    item: "integer",
    scale: "text",
    r: "number",
    n: "integer",
    flagged: "text",
  });
}

/**
 * What Tables 4 and 6 are compared with: the profiles' own scores and alphas, and those of profiles
 * whose answers were drawn item by item.
 *
 * @returns source (reference, random), instrument, scale, statistic (score_mean, score_sd, alpha),
 *   value, n (profiles)
 */
export function baselines(
  reference: Administrations,
  random: Administrations,
  options: Options = {},
): DataFrame {
  const mode = options.mode ?? "printed";
  const answers = new Map(
    Object.entries({ reference, random }).map(([name, given]) => [name, Answers.of(given, mode)]),
  );
  const tidy = layout("baselines").cells.map((cell) => {
    const own = answers.get(cell.source!)!;
    const scores = own.sheets.map(({ row }) => own.score(row, cell.scale!))
      .filter((score) => score !== null);
    const value = {
      score_mean: () => mean(scores),
      score_sd: () => sd(scores),
      alpha: () => alpha(own, own.sheets, cell.scale!).alpha,
    }[cell.statistic as "score_mean" | "score_sd" | "alpha"]();
    return { ...cell, value, n: scores.length };
  });
  return frame(tidy, {
    source: "text",
    instrument: "text",
    scale: "text",
    statistic: "text",
    value: "number",
    n: "integer",
  });
}
