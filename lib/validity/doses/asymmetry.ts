/** Whether one direction is followed as well as the other. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { type Instrument, keyedAnswer } from "../../instruments.ts";
import {
  cells,
  factorsOf,
  keysOf,
  kindsOf,
  type Level,
  Rows,
  scaleScores,
  withHolm,
} from "../../measures.ts";
import { seeded } from "../../random.ts";
import {
  clusteredMean,
  clusteredShare,
  type Interval,
  mean,
  meanRatio,
  pairedT,
  pseudoValues,
  sd,
  signFlip,
} from "../../stats.ts";
import { type Dosed, meansIn, notShown, shownScore } from "./series.ts";
import type { ByDose } from "./slopes.ts";

const DIRECTIONS = {
  scale: "text",
  n: "integer",
  asked_up: "number",
  change_up: "number",
  followed_up: "number",
  followed_up_lower: "number",
  followed_up_upper: "number",
  asked_down: "number",
  change_down: "number",
  followed_down: "number",
  followed_down_lower: "number",
  followed_down_upper: "number",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
  better: "number",
  better_lower: "number",
  better_upper: "number",
} as const satisfies Record<string, Kind>;

/** Two conditions that ask for opposite ends of the same scales, and what both are compared with. */
export interface Directions extends Pick<ByDose, "by"> {
  up: Level;
  down: Level;
  against: Level;
  /** By scale, the end that looks better: `low` of a scale of troubles. Left out, nothing is called better. */
  desirable?: Readonly<Record<string, "high" | "low">>;
}

export function directions(
  sheets: Dosed,
  instrument: Instrument,
  { up, down, against, desirable = {}, by = [] }: Directions,
): DataFrame {
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, ["condition", ...Object.keys(DIRECTIONS)]);
  const known = rows.levels("condition");
  const unknown = [up, down, against].filter((level) => !known.includes(level));
  if (unknown.length || !sheets.shown) {
    throw new Error(
      unknown.length
        ? `condition has no level ${unknown.join(", ")}: there are ${known.join(", ")}`
        : notShown(instrument),
    );
  }
  const strange = Object.keys(desirable).find((scale) => !instrument.scales.includes(scale));
  if (strange !== undefined) {
    throw new RangeError(
      `${instrument.title} has no scale ${strange}: there are ${instrument.scales.join(", ")}`,
    );
  }
  const measures = scaleScores(sheets, rows, instrument);
  const groups = Map.groupBy(
    cells(rows, [...factors, "condition"]),
    ({ levels }) => JSON.stringify(levels.slice(0, -1)),
  );
  const tidy = [...groups.values()].flatMap((group) => {
    const three = [against, up, down].map((level) =>
      group.find(({ levels }) => levels.at(-1) === level)
    );
    if (three.some((cell) => !cell)) return [];
    return instrument.scales.flatMap((scale, place) => {
      const told = shownScore(sheets, rows, instrument, scale)!;
      const got = three.map((cell) => meansIn(rows, cell!, measures[place]!.of));
      const shown = three.map((cell) => meansIn(rows, cell!, told));
      const all = [...got, ...shown];
      const who = [...got[0]!.keys()].filter((one) => all.every((means) => means.has(one)));
      const change = (of: readonly Map<number, number>[], at: 1 | 2) =>
        who.map((one) => (of[at]!.get(one)! - of[0]!.get(one)!) * (at === 1 ? 1 : -1));
      const asked = [change(shown, 1), change(shown, 2)];
      const done = [change(got, 1), change(got, 2)];
      // A scale that neither condition sets is none to compare.
      if (who.length < 2 || asked.flat().every((one) => one === 0)) return [];
      const [rising, falling] = [0, 1].map((way) => meanRatio(done[way]!, asked[way]!));
      const apart = difference(done, asked);
      return [{
        ...keysOf(factors, group[0]!),
        scale,
        n: who.length,
        asked_up: mean(asked[0]!),
        change_up: mean(done[0]!),
        followed_up: rising!.estimate,
        followed_up_lower: rising!.ciLower,
        followed_up_upper: rising!.ciUpper,
        asked_down: mean(asked[1]!),
        change_down: mean(done[1]!),
        followed_down: falling!.estimate,
        followed_down_lower: falling!.ciLower,
        followed_down_upper: falling!.ciUpper,
        estimate: apart.estimate,
        ci_lower: apart.ciLower,
        ci_upper: apart.ciUpper,
        ...towardsBetter(desirable[scale], apart),
      }];
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...DIRECTIONS });
}

/** The difference of two ratios of means of the same respondents: t limits of jackknife pseudo-values. */
function difference(
  done: readonly (readonly number[])[],
  asked: readonly (readonly number[])[],
): Interval {
  const n = done[0]!.length;
  const made = pseudoValues(n, (kept) => {
    const [up, down] = done.map((own, way) =>
      meanRatio(kept.map((at) => own[at]!), kept.map((at) => asked[way]![at]!)).estimate
    );
    return up === null || down === null ? null : up! - down!;
  });
  return made
    ? pairedT({ mean: made.estimate, sd: sd(made.values)!, n })
    : { estimate: null, ciLower: null, ciUpper: null };
}

/** What is followed towards the better end less what is towards the other. */
function towardsBetter(end: "high" | "low" | undefined, { estimate, ciLower, ciUpper }: Interval) {
  if (end === undefined) return {};
  const turned = (of: number | null) => of === null ? null : -of;
  return end === "high"
    ? { better: estimate, better_lower: ciLower, better_upper: ciUpper }
    : { better: turned(estimate), better_lower: turned(ciUpper), better_upper: turned(ciLower) };
}

const KEYING = {
  scale: "text",
  n: "integer",
  respondents: "integer",
  kept_keyed: "number",
  kept_keyed_lower: "number",
  kept_keyed_upper: "number",
  kept_unkeyed: "number",
  kept_unkeyed_lower: "number",
  kept_unkeyed_upper: "number",
  both_shown: "integer",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_flip: "number",
  p_holm: "number",
} as const satisfies Record<string, Kind>;

export function keying(
  sheets: Dosed,
  instrument: Instrument,
  { by = [], seed = 1 }: ByDose = {},
): DataFrame {
  const { shown } = sheets;
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, Object.keys(KEYING));
  if (!shown) throw new Error(notShown(instrument));
  const administrations = rows.column("administration");
  const tidy = cells(rows, factors).flatMap((cell) =>
    instrument.scales.map((scale) => {
      const items = instrument.items.filter((item) => item.scale === scale)
        .map((item) => ({
          number: item.number,
          keyed: keyedAnswer(instrument, item),
          given: rows.column(`answer ${item.number}`),
        }));
      const kept = new Map<number, [keyed: number[], unkeyed: number[]]>();
      for (const row of cell.order) {
        const one = rows.respondent[row]!, own = kept.get(one) ?? [[], []];
        for (const { number, keyed, given } of items) {
          const told = shown(administrations[row] as number, number);
          if (told === null || given[row] === null) continue;
          own[told === keyed ? 0 : 1].push(Number(given[row] === told));
        }
        kept.set(one, own);
      }
      const all = [...kept.values()];
      const [keyed, unkeyed] = [0, 1].map((at) => clusteredShare(all.map((own) => own[at]!)));
      const differences = all.filter(([a, b]) => a.length && b.length)
        .map(([a, b]) => mean(a)! - mean(b)!);
      const apart = clusteredMean(differences.map((one) => [one]));
      return {
        ...keysOf(factors, cell),
        scale,
        n: keyed!.n + unkeyed!.n,
        respondents: all.length,
        kept_keyed: keyed!.estimate,
        kept_keyed_lower: keyed!.ciLower,
        kept_keyed_upper: keyed!.ciUpper,
        kept_unkeyed: unkeyed!.estimate,
        kept_unkeyed_lower: unkeyed!.ciLower,
        kept_unkeyed_upper: unkeyed!.ciUpper,
        both_shown: differences.length,
        estimate: apart.estimate,
        ci_lower: apart.ciLower,
        ci_upper: apart.ciUpper,
        p: apart.p,
        p_flip: signFlip(differences, { uniform: seeded("keying", seed, scale).uniform }).p,
      };
    })
  );
  return frame(withHolm(tidy), { ...kindsOf(rows, factors), ...KEYING });
}
