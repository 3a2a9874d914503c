/** How often the intervals that the tables print hold what is true. */
import { seeded } from "../../random.ts";
import { clusteredMean } from "../../stats.ts";
import {
  agreementIntervals,
  type Answered,
  type Judged,
  kappaBootstrap,
  pairIntervals,
  type Pairs,
  slowIntervals,
} from "./intervals.ts";
import { normal } from "./latent.ts";
import { type Simulated, type Specification } from "./specification.ts";
import { simulator } from "./study.ts";
import { type ErrorRate, Tallies } from "./tally.ts";
import { alphaOf, confusionTruth, jointScores, ofMoments, pairTruth, scaleOf } from "./truth.ts";

/** Coverage of one interval at 95 %, with Wilson's limits of the coverage. */
export interface Coverage {
  interval: string;
  /** What was drawn: `normal scores`, or a scale. */
  population: string;
  truth: number;
  studies: number;
  coverage: number;
  coverageLower: number;
  coverageUpper: number;
  /** Mean width; null where the interval was undefined or unbounded in some study. */
  width: number | null;
  holds: Verdict;
}

/**
 * Whether 95 % ± 1 is held: `yes` where the coverage found lies within it, `too narrow` or `too wide`
 * where the whole interval of the coverage lies outside, `open` where chance may have done it.
 */
export type Verdict = "yes" | "open" | "too narrow" | "too wide";

export function verdictOf(
  of: Pick<ErrorRate, "coverage" | "coverageLower" | "coverageUpper">,
): Verdict {
  if (of.coverage >= 0.94 && of.coverage <= 0.96) return "yes";
  return of.coverageUpper < 0.94 ? "too narrow" : of.coverageLower > 0.96 ? "too wide" : "open";
}

/**
 * How many studies (2,000), and in how many of them the slow intervals are made (none): those from the
 * noncentral t, and the bootstraps, with so many draws.
 */
export interface CoverageOf {
  seed: number;
  studies?: number;
  slow?: { studies: number; draws: number };
}

const LEVEL = 0.95;

/** Collects what is judged in each study. */
class Book {
  readonly #tallies = new Tallies(LEVEL);
  readonly #truths = new Map<string, number>();

  constructor(private readonly population: string) {}

  add(judged: readonly Judged[]): void {
    for (const { interval, limits, truth } of judged) {
      this.#tallies.interval(interval, limits, truth);
      this.#truths.set(interval, truth);
    }
  }

  rows(): Coverage[] {
    return this.#tallies.rates().map((rate) =>
      coverageRow(rate, this.population, this.#truths.get(rate.method)!)
    );
  }
}

function coverageRow(rate: ErrorRate, population: string, truth: number): Coverage {
  const { method, studies, coverage, coverageLower, coverageUpper, width } = rate;
  return {
    interval: method,
    population,
    truth,
    studies,
    coverage,
    coverageLower,
    coverageUpper,
    width: width !== null && Number.isFinite(width) ? width : null,
    holds: verdictOf(rate),
  };
}

/**
 * Coverage where the scores are normal, as the formulas suppose.
 *
 * Six items with a common factor give alpha; their sum is the first score, and the second is made of it
 * and of noise, so that it has the same variance, the correlation `r` with it and the mean `difference`
 * (in units of their sd) above it.
 */
export function normalCoverage(
  of: { profiles: number; alpha: number; r: number; difference: number },
  { seed, studies = 2000, slow }: CoverageOf,
): Coverage[] {
  const { profiles, alpha, r, difference } = of;
  const k = 6;
  const shared = alpha / (k - (k - 1) * alpha);
  const variance = k * (1 + (k - 1) * shared);
  const truth = {
    ...ofMoments({
      difference: difference * Math.sqrt(variance),
      before: variance,
      after: variance,
      covariance: r * variance,
    }),
    alpha,
  };
  const random = seeded("normal coverage", seed, profiles, alpha, r, difference);
  const again = seeded("normal coverage, bootstrap", seed, profiles, alpha, r, difference);
  const book = new Book("normal scores");
  for (let study = 0; study < studies; study++) {
    const items = Array.from({ length: profiles }, () => {
      const common = Math.sqrt(shared) * normal(random);
      return Array.from({ length: k }, () => common + Math.sqrt(1 - shared) * normal(random));
    });
    const before = items.map((row) => row.reduce((sum, value) => sum + value, 0));
    const after = before.map((value) =>
      truth.difference + r * value + Math.sqrt((1 - r * r) * variance) * normal(random)
    );
    const pairs: Pairs = { before, after, items };
    book.add(pairIntervals(pairs, truth));
    if (slow && study < slow.studies) {
      book.add(slowIntervals(pairs, truth, { draws: slow.draws, uniform: again.uniform }));
    }
  }
  return book.rows();
}

/**
 * Coverage where the data are sheets of two-valued items: of the intervals of Tables 4–6 with the first
 * sheet of each profile, of those of Tables A6 and A7 with all its sheets. The first model's under
 * Base, by scale. The truth is computed: `truth.ts`.
 *
 * @param scales of the specification, without floor and ceiling
 * @param profiles of each study
 */
export function sheetCoverage(
  specification: Specification,
  scales: readonly string[],
  { seed, studies = 2000, slow }: CoverageOf,
): Coverage[] {
  const [model] = specification.models;
  const draw = simulator({ ...specification, models: [model!], conditions: ["Base"] });
  const again = seeded("sheet coverage, bootstrap", seed);
  const books = scales.map((scale) => {
    const of = scaleOf(specification, model!, "Base", scale);
    const { mae, rmse } = pairTruth(jointScores(of, "yes"));
    return {
      scale,
      book: new Book(scale),
      pairs: { ...pairTruth(jointScores(of)), alpha: alphaOf(of) },
      answers: { ...confusionTruth(of), mae, rmse },
    };
  });
  for (let at = 0; at < studies; at++) {
    // Numbers of their own for every study, whatever else is drawn from the same seed.
    const study = draw(seed * 1_000_000 + at);
    for (const { scale, book, pairs: truth, answers } of books) {
      const { pairs, answered } = sheetsOf(study, scale);
      book.add(pairIntervals(pairs, truth));
      book.add(agreementIntervals(answered, answers));
      if (!slow || at >= slow.studies) continue;
      const draws = { draws: slow.draws, uniform: again.uniform };
      book.add(slowIntervals(pairs, truth, draws));
      book.add([kappaBootstrap(answered, answers, draws)]);
    }
  }
  return books.flatMap(({ book }) => book.rows());
}

/** A scale of a study's first cell. */
function sheetsOf(study: Simulated, scale: string): { pairs: Pairs; answered: Answered } {
  const { instrument: { items }, n, sheetsEach, profiles, cells } = study;
  const places = items.keys().filter((at) => items[at]!.scale === scale).toArray();
  const { sheets } = cells[0]!;
  const keyed = (answers: Uint8Array, row: number) =>
    places.map((place) => Number(answers[row * items.length + place] === items[place]!.keyed));
  const sum = (row: number[]) => row.reduce((total, value) => total + value, 0);
  const own = Array.from({ length: n }, (_, profile) => keyed(profiles, profile));
  const first = Array.from({ length: n }, (_, profile) => keyed(sheets, profile * sheetsEach));
  const classes = own.map(() => [0, 0, 0, 0] as [number, number, number, number]);
  const differences = own.map((_, profile) =>
    Array.from({ length: sheetsEach }, (_, sheet) => {
      let difference = 0;
      for (const place of places) {
        const before = profiles[profile * items.length + place]!;
        const after = sheets[(profile * sheetsEach + sheet) * items.length + place]!;
        classes[profile]![(1 - after) * 2 + (1 - before)]! += 1;
        difference += after - before;
      }
      return difference;
    })
  );
  return {
    pairs: { before: own.map(sum), after: first.map(sum), items: first },
    answered: { classes, differences },
  };
}

/**
 * Coverage of the clustered mean of scores (Table A4): sheets of a profile with an intraclass
 * correlation, all normal with mean 0 and variance 1.
 */
export function scoreCoverage(
  of: { profiles: number; sheets: number; icc: number },
  { seed, studies = 2000 }: CoverageOf,
): Coverage[] {
  const random = seeded("score coverage", seed, of.profiles, of.sheets, of.icc);
  const book = new Book(`normal scores, ${of.sheets} sheets`);
  for (let study = 0; study < studies; study++) {
    const limits = clusteredMean(
      Array.from({ length: of.profiles }, () => {
        const own = Math.sqrt(of.icc) * normal(random);
        const rest = Math.sqrt(1 - of.icc);
        return Array.from({ length: of.sheets }, () => own + rest * normal(random));
      }),
    );
    book.add([{ interval: "mean score: clustered", limits, truth: 0 }]);
  }
  return book.rows();
}
