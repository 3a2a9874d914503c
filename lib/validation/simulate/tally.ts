/** Counting in how many studies a method was right. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { type Interval, type Limits, wilson } from "../../stats.ts";

/** Of so many studies, in how many a method was right, with Wilson's 95 % limits. */
export interface ErrorRate {
  method: string;
  studies: number;
  rejected: number;
  /** Share of the studies whose p is at most 1 − level: the error rate where nothing differs, else power. */
  rejection: number;
  rejectionLower: number;
  rejectionUpper: number;
  covered: number;
  /** Share of the studies whose interval holds the true value. */
  coverage: number;
  coverageLower: number;
  coverageUpper: number;
  /** Mean width of the interval; null where it is undefined in a study, which then counts as missed. */
  width: number | null;
}

export const holds = ({ ciLower, ciUpper }: Limits, truth: number): boolean =>
  ciLower !== null && ciUpper !== null && ciLower <= truth && truth <= ciUpper;

class Tally {
  #studies = 0;
  #rejected = 0;
  #covered = 0;
  #width: number | null = 0;

  add(rejects: boolean, limits: Limits, truth: number): void {
    this.#studies += 1;
    this.#rejected += Number(rejects);
    this.#covered += Number(holds(limits, truth));
    const { ciLower, ciUpper } = limits;
    this.#width = this.#width === null || ciLower === null || ciUpper === null
      ? null
      : this.#width + ciUpper - ciLower;
  }

  rate(method: string): ErrorRate {
    const [studies, rejected, covered] = [this.#studies, this.#rejected, this.#covered];
    const of = (count: number) =>
      wilson({ count, n: studies }) as Interval & Record<keyof Interval, number>;
    const [rejection, coverage] = [of(rejected), of(covered)];
    return {
      method,
      studies,
      rejected,
      rejection: rejection.estimate,
      rejectionLower: rejection.ciLower,
      rejectionUpper: rejection.ciUpper,
      covered,
      coverage: coverage.estimate,
      coverageLower: coverage.ciLower,
      coverageUpper: coverage.ciUpper,
      width: this.#width === null ? null : this.#width / studies,
    };
  }
}

/** Tallies of any number of methods, in the order in which they first come. */
export class Tallies {
  readonly #of = new Map<string, Tally>();

  /** @param level of the intervals; tests reject at 1 − level */
  constructor(private readonly level: number) {}

  /** A p that is undefined rejects nothing. */
  add(method: string, p: number | null, limits: Limits, truth: number): void {
    if (!this.#of.has(method)) this.#of.set(method, new Tally());
    // 1 − 0.95 is a little above 0.05, and a p of exactly 0.05 rejects.
    this.#of.get(method)!.add(p !== null && p <= 1 - this.level, limits, truth);
  }

  /** An interval without a test: it rejects what it leaves out. */
  interval(method: string, limits: Limits, truth: number): void {
    this.add(method, holds(limits, truth) ? 1 : 0, limits, truth);
  }

  rates(): ErrorRate[] {
    return [...this.#of].map(([method, tally]) => tally.rate(method));
  }
}

/** The rates of studies, as far as there are any of a kind. */
type Rates = Partial<Pick<ErrorRate, Exclude<keyof ErrorRate, "method" | "width">>> & {
  width?: number | null;
};

const RATES: readonly (readonly [of: keyof Rates, column: string])[] = [
  ["studies", "studies"],
  ["rejection", "rejection"],
  ["rejectionLower", "rejection_lower"],
  ["rejectionUpper", "rejection_upper"],
  ["coverage", "coverage"],
  ["coverageLower", "coverage_lower"],
  ["coverageUpper", "coverage_upper"],
  ["width", "width"],
];

/**
 * Rates as a tidy frame: the named columns, then studies, rejection and coverage with their limits
 * (shares, 0–1) and width, as far as the records have them.
 *
 * @param records error rates or coverages, with whatever tells one from another
 */
export function ratesFrame(
  records: readonly Rates[],
  keys: Readonly<Record<string, Kind>>,
): DataFrame {
  const known = RATES.filter(([of]) => records.some((record) => of in record));
  const tidy = records.map((record) => ({
    ...record,
    ...Object.fromEntries(known.map(([of, column]) => [column, record[of] ?? null])),
  }));
  const kind = (column: string): Kind => column === "studies" ? "integer" : "number";
  return frame(tidy, {
    ...keys,
    ...Object.fromEntries(known.map(([, column]) => [column, kind(column)])),
  });
}
