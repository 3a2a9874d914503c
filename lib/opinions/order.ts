/**
 * Whether answers follow the order in which options stand: how often each place was taken, and what the same
 * question gives when it is asked with its options the other way round.
 *
 * Sources: Dominguez-Olmedo, Hardt & Mendler-Dünner 2306.07951; Gupta, Song & Anumanchipalli 2309.08163.
 */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import { cells, factorsOf, keysOf, kindsOf } from "../measures.ts";
import { carried } from "../provenance.ts";
import { mcnemarExact, mean } from "../stats.ts";
import { answersTo, type Held, held, meanOf, pairsIn, type Question } from "./answers.ts";
import "./columns.ts";

const PLACES = {
  question: "text",
  place: "text",
  n: "integer",
  clusters: "integer",
  share: "number",
  chance: "number",
  estimate: "number",
  se: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
} as const satisfies Record<string, Kind>;

/**
 * How often the first and the last option shown were taken, beside chance. Where the order is drawn anew for
 * each respondent and question, an option is as often first as any other, and what is left is the place's.
 *
 * @param answers as `opinionsIn` returns them, with `place` and `places`; only answers count, and
 *   places are those among options that are answers
 * @returns by level of each factor, question (`All`: over all of them) and place (first, last): n (answers),
 *   clusters, share, chance (mean of 1/k), estimate (share − chance), se, ci_lower, ci_upper, p (by
 *   cluster, t)
 * @throws {Error} when there is no column place
 */
export const placeBias = carried((
  answers: DataFrame,
  { questions, by = [] }: { questions: readonly Question[]; by?: readonly string[] },
): DataFrame => {
  const own = held(answers, questions);
  const { place, places } = shownIn(own);
  const factors = factorsOf(own.rows, by, Object.keys(PLACES));
  const tidy = cells(own.rows, factors).flatMap((cell) => {
    const rowsOf = (at: number | null) =>
      [...cell.order].filter((row) =>
        own.option[row]! >= 0 && place[row] !== null && (at === null || own.question[row] === at)
      );
    const rated = (question: string, rows: readonly number[]) =>
      (["first", "last"] as const).flatMap((name) => {
        if (!rows.length) return [];
        const taken = (row: number) =>
          Number(place[row] === (name === "first" ? 1 : places[row])) - 1 / places[row]!;
        const { estimate, se, n, clusters, ciLower, ciUpper, p } = meanOf(
          own,
          rows.map((row) => [row, taken(row)] as const),
        );
        const chance = meanOf(own, rows.map((row) => [row, 1 / places[row]!] as const)).estimate;
        return [{
          ...keysOf(factors, cell),
          question,
          place: name,
          n,
          clusters,
          share: estimate === null || chance === null ? null : estimate + chance,
          chance,
          estimate,
          se,
          ci_lower: ciLower,
          ci_upper: ciUpper,
          p,
        }];
      });
    return [
      ...questions.flatMap(({ question }, at) => rated(question, rowsOf(at))),
      ...questions.length > 1 ? rated("All", rowsOf(null)) : [],
    ];
  });
  return frame(tidy, { ...kindsOf(own.rows, factors), ...PLACES });
});

const FLIPS = {
  question: "text",
  n: "integer",
  clusters: "integer",
  flips: "number",
  flips_lower: "number",
  flips_upper: "number",
  flips_chance: "number",
  flips_beyond: "number",
  shift: "number",
  shift_lower: "number",
  shift_upper: "number",
  both_first: "integer",
  both_last: "integer",
  first_bias: "number",
  p: "number",
} as const satisfies Record<string, Kind>;

/**
 * The same respondents asked the same questions in two orders: how many answers changed, what chance alone
 * would change, and to which side. Of several answers under one order the first counts. Shares and means are
 * weighted; both_first, both_last and their test count respondents as they are.
 *
 * @param of `factor` and its two levels, such as `option_order`, `printed` and `reversed`
 * @returns by level of each factor and question (`All`: over all of them): n (answered in both), clusters,
 *   flips (share with another answer, and its limits by cluster), flips_chance (1 − Σ p_A p_B, per question; over
 *   all their mean), flips_beyond (1 − flips / chance; null where all answer alike), shift (mean of
 *   (s_A + s_B − (k + 1)) / 2 of the places: below 0 the first places draw, above 0 the last), both_first and both_last
 *   (the first, or the last, place in both orders), first_bias (half of what the share of both_first exceeds that
 *   of both_last by, of questions with two options), p (exact sign test of both counts; null over other
 *   questions)
 * @throws {Error} when a level is not there, or nobody answered in both
 */
export const orderFlips = carried((
  answers: DataFrame,
  of: {
    questions: readonly Question[];
    factor: string;
    levels: readonly [string, string];
    by?: readonly string[];
  },
): DataFrame => {
  const { questions, factor, levels, by = [] } = of;
  const own = held(answers, questions);
  const { place, places } = shownIn(own);
  const factors = factorsOf(own.rows, by, Object.keys(FLIPS));
  const asked = own.rows.column(own.rows.known(factor, "factor"));
  const tidy = cells(own.rows, factors).flatMap((cell) => {
    const pairs = pairsIn(own, cell, (row) => levels.indexOf(String(asked[row])));
    if (!pairs.length) {
      throw new Error(
        `Nobody answered a question under ${factor} ${levels[0]} and ${levels[1]}: ask the same ` +
          "respondents in both",
      );
    }
    const weightOf = (row: number) => own.rows.weight[own.rows.respondent[row]!]!;
    /** The share of the weights of pairs that are so. */
    const shareOf = (
      pairs: readonly (readonly [number, number])[],
      is: (pair: readonly [number, number]) => boolean,
    ) => {
      const total = (of: typeof pairs) => of.reduce((sum, [a]) => sum + weightOf(a), 0);
      return total(pairs.filter(is)) / total(pairs);
    };
    const chanceOf = (at: number) => {
      const mine = pairs.filter(([a]) => own.question[a] === at);
      return 1 - answersTo(questions[at]!).reduce((sum, _, option) => {
        const share = (side: 0 | 1) => shareOf(mine, (pair) => own.option[pair[side]] === option);
        return sum + share(0) * share(1);
      }, 0);
    };
    const rated = (question: string, asked: readonly number[]) => {
      const mine = pairs.filter(([a]) => asked.includes(own.question[a]!));
      if (!mine.length) return [];
      const flips = meanOf(
        own,
        mine.map(([a, b]) => [a, Number(own.option[a] !== own.option[b])] as const),
      );
      const shift = meanOf(
        own,
        mine.map(([a, b]) =>
          [a, ((place[a] ?? 0) + (place[b] ?? 0) - (places[a]! + 1)) / 2] as const
        ),
      );
      const here = asked.filter((at) => mine.some(([a]) => own.question[a] === at));
      const chance = mean(here.map(chanceOf));
      const isFirst = ([a, b]: typeof mine[number]) => place[a] === 1 && place[b] === 1;
      const isLast = ([a, b]: typeof mine[number]) =>
        place[a] === places[a] && place[b] === places[b];
      const [first, last] = [mine.filter(isFirst).length, mine.filter(isLast).length];
      const two = here.every((at) => answersTo(questions[at]!).length === 2);
      return [{
        ...keysOf(factors, cell),
        question,
        n: flips.n,
        clusters: flips.clusters,
        flips: flips.estimate,
        flips_lower: flips.ciLower,
        flips_upper: flips.ciUpper,
        flips_chance: chance,
        flips_beyond: chance! > 0 ? 1 - flips.estimate! / chance! : null,
        shift: shift.estimate,
        shift_lower: shift.ciLower,
        shift_upper: shift.ciUpper,
        both_first: first,
        both_last: last,
        first_bias: two ? (shareOf(mine, isFirst) - shareOf(mine, isLast)) / 2 : null,
        p: two ? mcnemarExact(first, last).p : null,
      }];
    };
    const all = [...questions.keys()];
    return [
      ...all.flatMap((at) => rated(questions[at]!.question, [at])),
      ...all.length > 1 ? rated("All", all) : [],
    ];
  });
  return frame(tidy, { ...kindsOf(own.rows, factors), ...FLIPS });
});

/** By row where the given option stood, and among how many. */
function shownIn({ rows }: Held): { place: (number | null)[]; places: (number | null)[] } {
  const lacking = ["place", "places"].filter((name) => !rows.has(name));
  if (lacking.length) {
    throw new Error(
      `Answers have no column ${lacking.join(", ")}: where options stood is known of those that ` +
        "`opinionsIn(…)` reads",
    );
  }
  const column = (name: string) => rows.passing(name) as (number | null)[];
  return { place: column("place"), places: column("places") };
}
