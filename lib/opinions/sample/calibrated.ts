/** People whom rules find implausible, drawn anew from the same tables. */
import type { DataFrame } from "polars";
import { frame } from "../../frames.ts";
import { seeded } from "../../random.ts";
import type { Rule } from "./design.ts";
import { anew, type Drawn } from "./drawn.ts";
import { insideOf } from "./report.ts";

/** What calibration did. */
export interface Calibrated {
  drawn: Drawn;
  /** By round and rule: round (from 0, before anything is drawn anew), combination, n (people who are so). */
  rejected: DataFrame;
}

/**
 * Draws the fields of people anew whom a rule describes, from the conditional tables and given what the joint
 * table says of them, which stays: age, sex and race are never changed, and nobody is dropped. Rules are for
 * what cannot be; what is only rare belongs to the people, and `fitted` says what a rule does to the margins.
 *
 * @param options `rules`: left out, the design's; `rounds`: how often at most; `seed`
 * @returns the same people with other fields where they were rejected; those that are still implausible
 *   after the last round stay, and its rows say how many they are
 * @throws {RangeError} when a rule names what is not drawn, or the people have weights that were raked
 */
export function calibrated(
  drawn: Drawn,
  options: { rules?: readonly Rule[]; rounds?: number; seed?: number } = {},
): Calibrated {
  const { prepared } = drawn;
  const { rules = prepared.design.rules, rounds = 100, seed = 1 } = options;
  if (drawn.reweighted) {
    throw new RangeError("Weights were raked to who was drawn: calibrate first, then rake");
  }
  const codes = new Map([...drawn.codes].map(([variable, column]) => [variable, column.slice()]));
  const inside = rules.map((rule) => insideOf(prepared, rule));
  const records: { round: string; combination: string; n: number }[] = [];
  for (let round = 0;; round++) {
    const people = new Set<number>();
    rules.forEach((rule, at) => {
      let n = 0;
      for (let i = 0; i < drawn.stratum.length; i++) {
        const so = inside[at]!.every(({ variable, at }) => at.has(codes.get(variable)![i]!));
        if (!so) continue;
        n += 1;
        people.add(i);
      }
      records.push({ round: String(round), combination: rule.rule, n });
    });
    if (!people.size || round === rounds) break;
    for (const i of people) {
      const { uniform } = seeded("calibrated", prepared.design.name, seed, round, i);
      const { name } = prepared.strata[drawn.stratum[i]!]!;
      for (const drawer of prepared.drawers) {
        const outcomes = drawer.outcomes(name, (variable) => codes.get(variable)![i]!);
        const number = uniform();
        const found = outcomes.upTo.findIndex((upTo) => number < upTo);
        const outcome = outcomes.codes[found < 0 ? outcomes.codes.length - 1 : found]!;
        drawer.draws.forEach((variable, at) => codes.get(variable)![i] = outcome[at]!);
      }
    }
  }
  return {
    drawn: anew(drawn, codes, `calibrated by ${rules.length} rules, seed ${seed}`),
    rejected: frame(records, { round: "text", combination: "text", n: "integer" }),
  };
}
