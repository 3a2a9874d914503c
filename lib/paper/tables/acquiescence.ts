/** Acquiescence: saying Yes, or agreeing, whatever the item says. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { frame } from "../../frames.ts";
import { bounds, type Instrument, keyedAnswer } from "../../instruments.ts";
import { clusteredMean } from "../../stats.ts";
import { Answers } from "./answers.ts";
import { clustered, clusterOf } from "./clusters.ts";
import { cellKey, cellsOf, isPersonas, PROFILES_ROW, shownAnswers } from "./shown.ts";

/** One sheet's answers on the items of a scale that agree with the trait, and on those that deny it. */
interface Halves {
  forward: readonly number[];
  reversed: readonly number[];
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The measures of one sheet; those that need both keyings are null where a scale has one. */
const MEASURES: Record<string, (halves: Halves, middle: number) => number | null> = {
  raw: ({ forward, reversed }) => average([...forward, ...reversed]),
  balanced: ({ forward, reversed }) =>
    forward.length && reversed.length ? (average(forward) + average(reversed)) / 2 : null,
  "both agreed": (halves, middle) => pairs(halves, (a, b) => a > middle && b > middle),
  "both denied": (halves, middle) => pairs(halves, (a, b) => a < middle && b < middle),
};

function pairs({ forward, reversed }: Halves, alike: (a: number, b: number) => boolean) {
  const all = forward.flatMap((a) => reversed.map((b) => Number(alike(a, b))));
  return all.length ? average(all) : null;
}

/**
 * How much is agreed to whatever the keying, by model, condition and scale, in sheets that answer the
 * whole scale:
 *
 * - `raw`: mean of the answers as given (EPQR-A: the share of Yes). It is content and style
 *   together: a profile that a condition set to Yes raises it.
 * - `balanced`: the mean over items keyed one way and the mean over those keyed the other way, averaged.
 *   A respondent who only says what the trait is has the middle of the range (EPQR-A 0.5, BFI 3); what
 *   is above that is yea-saying. Source of the idea: Soto et al. 2008, JPSP 94, 718–737.
 * - `both agreed`, `both denied`: of all pairs of an item keyed one way and one keyed the other way on
 *   the same scale, the share in which both are agreed to, or both denied (BFI: above, below 3), which
 *   contradict each other. Sühr et al. (arXiv 2311.05297) show this for reverse-keyed items; the count
 *   over all pairs is ours.
 *
 * Means over sheets, with CR1 t intervals by profile. Scales keyed one way have `raw` only.
 *
 * @param profiles where the instrument is theirs: rows of model `Profiles` give what the profiles
 *   answer, in each condition as the prompt showed it
 * @returns model, condition, scale, measure, forward, reversed (items), n (sheets), clusters
 *   (profiles), estimate, ci_lower, ci_upper (95 %)
 */
export function acquiescence(
  given: Administrations,
  instrument: Instrument,
  profiles: Administrations | null = null,
): DataFrame {
  const { lowest, highest } = bounds(instrument);
  const answers = Answers.of(given, "corrected");
  const sheets = answers.sheets.filter(isPersonas);
  const groups = Map.groupBy(sheets, cellKey);
  const own = (item: number) => answers.item("answer", item);
  const cells = cellsOf(sheets).filter((cell) =>
    profiles !== null || cell.condition === "Base" || groups.has(cellKey(cell))
  );
  const conditions = [...new Set(cells.map(({ condition }) => condition))];
  const people = profiles ? Answers.of(profiles, "corrected").sheets : [];
  const tidy = [
    ...cells.map((cell) => ({ ...cell, sheets: groups.get(cellKey(cell)) ?? [], answer: own })),
    ...(profiles ? conditions : []).map((condition) => {
      const shown = shownAnswers(given, profiles!, condition);
      const sheets = shown ? people : [];
      return {
        model: PROFILES_ROW,
        condition,
        sheets,
        answer: (item: number) => (row: number) => shown?.get(item)?.[row] ?? null,
      };
    }),
  ].flatMap(({ model, condition, sheets, answer }) =>
    instrument.scales.flatMap((scale) => {
      const halves = halvesOf(instrument, scale);
      const columns = [halves.forward, halves.reversed].map((items) => items.map(answer));
      const complete = sheets.flatMap((sheet) => {
        const [forward, reversed] = columns.map((items) => items.map((of) => of(sheet.row)));
        const whole = [...forward!, ...reversed!].every((value) => value !== null);
        const value = { forward: forward as number[], reversed: reversed as number[] };
        return whole ? [{ cluster: clusterOf(sheet), value }] : [];
      });
      return Object.entries(MEASURES).map(([measure, of]) => ({
        model,
        condition,
        scale,
        measure,
        forward: halves.forward.length,
        reversed: halves.reversed.length,
        ...averaged(complete, (one) => of(one, (lowest + highest) / 2)),
      }));
    })
  );
  return frame(tidy, {
    model: "text",
    condition: "text",
    scale: "text",
    measure: "text",
    forward: "integer",
    reversed: "integer",
    n: "integer",
    clusters: "integer",
    estimate: "number",
    ci_lower: "number",
    ci_upper: "number",
  });
}

function halvesOf(instrument: Instrument, scale: string) {
  const items = instrument.items.filter((item) => item.scale === scale);
  const agrees = (item: Instrument["items"][number]) =>
    keyedAnswer(instrument, item) === bounds(instrument).highest;
  return {
    forward: items.filter(agrees).map(({ number }) => number),
    reversed: items.filter((item) => !agrees(item)).map(({ number }) => number),
  };
}

function averaged(
  complete: readonly { cluster: number; value: Halves }[],
  of: (halves: Halves) => number | null,
) {
  const values = complete.flatMap(({ cluster, value }) => {
    const measured = of(value);
    return measured === null ? [] : [{ cluster, value: measured }];
  });
  const { n, clusters, estimate, ciLower, ciUpper } = clusteredMean(clustered(values));
  return { n, clusters, estimate, ci_lower: ciLower, ci_upper: ciUpper };
}
