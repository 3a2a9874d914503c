/** Tables 4 and A4: scale scores. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { BFI_REFERENCE_GROUP, REFERENCE } from "../design.ts";
import { frame } from "../../frames.ts";
import { mean, type MeanTest, pairedT, sd } from "../../stats.ts";
import { Answers, type Options, PAPERS, type Sheet } from "./answers.ts";
import { sheetCells } from "./factors.ts";

/** The paper's code leaves out cells with fewer pairs. */
export const FEWEST = 5;

/** The numbers of Table 4: scores, their difference from the profile, its paired test. */
export const COMPARED = {
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
} as const;

/**
 * Table 4: how far each model's personas answer from the profile they were made from.
 *
 * The paper runs a paired t-test and a one-sample t-test of the differences: they are one test, so
 * one `t`, `df` and `p` stand here. In `printed` mode the interval is the paper's ±1.96 se and, where
 * the differences do not vary, d is 0 and p is 0, if their mean is not; in `corrected` mode it is the t
 * interval, and there is no test where nothing varies.
 *
 * @param epqra EPQR-A sheets of the personas
 * @param reference EPQR-A sheets that the profiles are
 * @returns one row per cell: model, condition (or the factors), scale, n (pairs), mean, sd,
 *   reference_mean, estimate
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
  const { kinds, cells } = sheetCells("table4", answers, options, COMPARED);
  const tidy = cells.map(({ keys: cell, own: { scale = "" }, rows }) => {
    const pairs = rows.flatMap((sheet) => {
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
  return frame(tidy, { ...kinds, ...COMPARED });
}

const asPrinted = (test: MeanTest): MeanTest => ({
  ...test,
  d: test.d ?? 0,
  // scipy divides by a standard error of 0: p is 0, or undefined where the mean is 0 as well.
  p: test.se === 0 && test.estimate !== 0 ? 0 : test.p,
});

/**
 * The BFI sheets of Tables A4 and A5: of the personas of each model in condition Base, and as those of a
 * model `Reference` what GPT-4o gave for the bare profiles (not human data, quirk K13).
 *
 * `printed` knows them by the published group numbers where the data have these; `corrected`, and a
 * study of one's own, by population. By factors there is no reference, and with `condition` among them
 * every condition counts.
 */
export function bfiSheets(answers: Answers, { mode = "printed", by }: Options): Sheet[] {
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
  if (by) return answers.sheets.filter((sheet) => isAbout(sheet, by) && !bare(sheet));
  const reference = answers.sheets.filter(grouped ? referred : bare);
  return [
    ...answers.sheets.filter(ofPersonas),
    ...reference.map((sheet) => ({ ...sheet, model: REFERENCE })),
  ];
}

/** Whether a sheet counts in a table that is about condition Base, unless conditions are a factor of it. */
export const isAbout = ({ condition }: Sheet, by: readonly string[] = []): boolean =>
  condition === "Base" || by.includes("condition");

/**
 * Table A4: BFI-44 trait scores (mean of items, 1–5) in condition Base.
 *
 * @returns one row per cell: model (or `Reference`; or the factors), trait, mean, sd, n (sheets)
 */
export function traits(bfi: Administrations, options: Options = {}): DataFrame {
  const answers = Answers.of(bfi, options.mode ?? "printed");
  const columns = { mean: "number", sd: "number", n: "integer" } as const;
  const sheets = bfiSheets(answers, options);
  const { kinds, cells } = sheetCells("tableA4", answers, options, columns, sheets);
  const tidy = cells.map(({ keys, own: { trait = "" }, rows }) => {
    const scores = rows.map(({ row }) => answers.score(row, trait, "mean"))
      .filter((score) => score !== null);
    return { ...keys, mean: mean(scores), sd: sd(scores), n: scores.length };
  });
  return frame(tidy, { ...kinds, ...columns });
}
