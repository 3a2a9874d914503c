/**
 * Whether a persona knows more of its profile than its writer was shown: some answers are left out of what is shown
 * (a condition such as `-6 items`, drawn for each profile), and all are asked. What is right by copying is right
 * among the answers shown; what is inferred is right among the others, and more often than what most people answer.
 * How well they can be inferred at all is said by a logistic model of people.
 *
 * Sources: Peng et al. 2025, arXiv 2509.19088 (models of a person held against what that person answered, and against
 * a model of nobody); le Cessie & van Houwelingen 1992, Applied Statistics 41, 191–201.
 */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import {
  type Cell,
  cells,
  factorsOf,
  keysOf,
  kindsOf,
  Rows,
  type Sheets,
  withHolm,
} from "../measures.ts";
import { carried } from "../provenance.ts";
import { clusteredDifference, clusteredShare } from "../stats.ts";
import "./columns.ts";
import { People } from "./copying/people.ts";

const INFERRED = {
  scale: "text",
  against: "text",
  n: "integer",
  clusters: "integer",
  as_profile: "number",
  as_profile_lower: "number",
  as_profile_upper: "number",
  baseline: "number",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_holm: "number",
} as const satisfies Record<string, Kind>;

/** What answers that were not shown are held against. */
export type Against = "shown" | "majority" | "logistic";

const AGAINST: readonly Against[] = ["shown", "majority", "logistic"];

/** Sheets of personas, with what their writers were shown, as `study.sheets(…)` reads them. */
export type Shown = Sheets & {
  shown?: (administration: number, item: number) => number | null;
  reference?: string | null;
};

/** An answer that was left out of what was shown: whether it is the profile's own, and what others give. */
interface Answer {
  item: number;
  own: number;
  right: number;
  majority: () => number | null;
  logistic: () => number | null;
}

/** Of the sheets of a profile the answers that were left out of what was shown, and the others. */
interface Answers {
  cluster: number;
  left: Answer[];
  shown: { item: number; right: number }[];
}

/**
 * How often personas answer as their profile where the writer was not shown its answer, beside: the same where it was
 * (`shown`), what most other people answer (`majority`), and a logistic model of people from what was shown (`logistic`;
 * ridge, tenfold; in both the person is not among those it learns from). Which answers were left out is read from what is
 * stored with each persona.
 *
 * @param people sheets of the people whose profiles these are, such as `study.profiles("reference")`; more people
 *   make a better model
 * @param of `against`: some of these only, since the logistic model takes its time where people are many; `ridge`: the
 *   penalty of squared log odds, 1; `seed` draws the tenths
 * @returns by level of each factor, scale (`All`: every item) and against: n (answers left out), clusters (profiles),
 *   as_profile (share of these) with limits, baseline (that of what it is held against), estimate (as_profile −
 *   baseline, within profiles), ci_lower, ci_upper (95 %), p, p_holm (over the rows of all
 *   items, and over those of single scales)
 * @throws {Error} when nothing was left out, what was shown is not stored, or a factor is unknown
 */
export const inferred = carried((
  sheets: Shown,
  people: Sheets,
  of: {
    instrument: Instrument;
    against?: readonly Against[];
    by?: readonly string[];
    ridge?: number;
    seed?: number;
  },
): DataFrame => {
  const { instrument, against: all = AGAINST, by = [], ridge = 1, seed = 1 } = of;
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, Object.keys(INFERRED));
  const known = new People(people, instrument, ridge, seed);
  const counted = cells(rows, factors).map((cell) => ({
    cell,
    answers: answersIn(sheets, rows, cell, { instrument, known }),
  }));
  if (!counted.some(({ answers }) => answers.some(({ left }) => left.length))) {
    throw new Error(
      `Nothing was left out of what the writers of these ${rows.height} sheets were shown: plan personas ` +
        'with `conditions: ["-6 items"]`, of a study\'s own profiles that answered this instrument',
    );
  }
  const tidy = counted.flatMap(({ cell, answers }) =>
    ["All", ...instrument.scales].flatMap((scale) => {
      const items = new Set(
        instrument.items.filter((item) => scale === "All" || item.scale === scale)
          .map(({ number }) => number),
      );
      const groups = [...Map.groupBy(answers, ({ cluster }) => cluster).values()];
      const values = <K extends "left" | "shown">(
        which: K,
        value: (answer: Answers[K][number]) => number,
      ) =>
        groups.map((group) =>
          group.flatMap((one) =>
            (one[which] as Answers[K][number][]).filter(({ item }) => items.has(item)).map(value)
          )
        );
      const right = values("left", ({ right }) => right);
      const own = clusteredShare(right);
      return all.map((against) => {
        const other = against === "shown"
          ? values("shown", ({ right }) => right)
          : values("left", (answer) => Number(answer[against]() === answer.own));
        const apart = clusteredDifference(right, other);
        return {
          ...keysOf(factors, cell),
          scale,
          against,
          n: own.n,
          clusters: own.clusters,
          as_profile: own.estimate,
          as_profile_lower: own.ciLower,
          as_profile_upper: own.ciUpper,
          baseline: clusteredShare(other).estimate,
          estimate: apart.estimate,
          ci_lower: apart.ciLower,
          ci_upper: apart.ciUpper,
          p: apart.p,
        };
      });
    })
  );
  const whole = (row: { scale: string }) => row.scale === "All";
  const families = [tidy.filter(whole), tidy.filter((row) => !whole(row))];
  return frame(families.flatMap(withHolm), { ...kindsOf(rows, factors), ...INFERRED });
});

function answersIn(
  { shown, reference }: Shown,
  rows: Rows,
  cell: Cell,
  { instrument, known }: { instrument: Instrument; known: People },
): Answers[] {
  if (!shown) return [];
  const administration = rows.column("administration"), profiles = rows.column("profile");
  const population = rows.has("profile_population") ? rows.column("profile_population") : null;
  const given = instrument.items.map(({ number }) => rows.column(`answer ${number}`));
  return [...cell.order].flatMap((row) => {
    const profile = profiles[row] as number;
    // Of other populations a profile of the same number is another person.
    if (population && reference && population[row] !== reference) return [];
    const told = new Map(
      instrument.items.flatMap(({ number }) => {
        const answer = shown(administration[row] as number, number);
        return answer === null ? [] : [[number, answer] as const];
      }),
    );
    if (!told.size) return [];
    const one: Answers = { cluster: rows.cluster[rows.respondent[row]!]!, left: [], shown: [] };
    instrument.items.forEach(({ number: item }, at) => {
      const answer = given[at]![row]!, before = told.get(item);
      if (answer === null) return;
      if (before !== undefined) {
        one.shown.push({ item, right: Number(answer === before) });
        return;
      }
      const own = known.own(profile, item);
      if (own === null) return;
      one.left.push({
        item,
        own,
        right: Number(answer === own),
        majority: () => known.majority(profile, item),
        logistic: () => known.guess(profile, item, told),
      });
    });
    return [one];
  });
}
