/**
 * What a changed attribute of a respondent does to its answers, beside what another wording of the same
 * prompt does: without that noise an effect of one wording is not told from one of the attribute.
 *
 * Sources: Gupta et al. 2311.04892; Luz de Araujo & Roth 2407.02099; Clark 1973, Journal of Verbal Learning
 * and Verbal Behavior 12, 335–359; Holm 1979, Scandinavian Journal of Statistics 6, 65–70.
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
  scaleScores,
  type Sheets,
} from "../measures.ts";
import { carried } from "../provenance.ts";
import {
  averageD,
  crossedMean,
  holm,
  mcnemarExact,
  mean,
  pairedT,
  sd,
  varianceRatio,
} from "../stats.ts";
import { seeded } from "../random.ts";
import "./columns.ts";

/** What is compared with what. */
export interface Swaps {
  /** The factor of what was changed, and its level without a change; `change` and `unchanged`. */
  factor?: string;
  against?: string;
  /** The factor of wordings that mean the same; `administration_prompt`. */
  wordings?: string;
  /**
   * Of swaps the side that counts as before, by change: an attribute and its level, in a column that the sheets
   * have. Who is on the other side counts the other way round; without it the two sides of a swap cancel.
   */
  from?: Readonly<Record<string, { attribute: string; level: string | number }>>;
  by?: readonly string[];
}

const EFFECTS = {
  change: "text",
  scale: "text",
  n: "integer",
  wordings: "integer",
  part_asked: "integer",
  estimate: "number",
  se: "number",
  effective_df: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_holm: "number",
  p_wordings: "number",
  wording_noise: "number",
  in_noise: "number",
  squared_excess: "number",
} as const satisfies Record<string, Kind>;

/**
 * Effects of changes on the scores of scales: mean difference between a respondent with the change and the
 * same without it, under the same wording; repetitions are averaged. Respondents and wordings both count as drawn.
 * Respondents are not weighted.
 *
 * @param sheets as `study.sheets(…)` reads them, of a study with the factor `change`
 * @returns by level of each factor, change and scale: n (respondents with all wordings), wordings, part_asked
 *   (those without), estimate (in scale points), se, effective_df, ci_lower, ci_upper, p (crossed), p_holm (over
 *   all changes and scales of the table), p_wordings (t over wordings alone), wording_noise (sd of the mean score
 *   between wordings), in_noise (estimate / wording_noise), squared_excess (estimate² less the mean squared
 *   difference of two wordings without a change)
 * @throws {Error} when a factor is not there, or nothing was changed
 */
export const swapEffects = carried((
  sheets: Sheets,
  of: Swaps & { instrument: Instrument },
): DataFrame => {
  const { rows, factors, measures, paired } = compared(sheets, of, Object.keys(EFFECTS));
  const tidy = cells(rows, factors).flatMap((cell) =>
    paired(cell).flatMap(({ change, wordings, pairs }) =>
      measures.map(({ keys: { scale }, of: score }) => {
        const tables = tabled(pairs, score);
        const { before, after } = tables;
        const D = after.map((row, i) => row.map((value, v) => value - before[i]![v]!));
        const own = crossedMean(D);
        const [a, b] = [before, after].map((table) => columnMeans(table, wordings.length));
        const differences = a!.map((value, v) => b![v]! - value);
        const noise = D.length && wordings.length > 1
          ? Math.hypot(sd(a!)!, sd(b!)!) / Math.SQRT2
          : null;
        const apart = squared(a!);
        return {
          ...keysOf(factors, cell),
          change,
          scale: scale!,
          n: own.rows,
          wordings: wordings.length,
          part_asked: tables.partly,
          estimate: own.estimate,
          se: own.se,
          effective_df: own.df,
          ci_lower: own.ciLower,
          ci_upper: own.ciUpper,
          p: own.p,
          p_wordings: D.length && wordings.length > 1
            ? pairedT({ mean: mean(differences)!, sd: sd(differences)!, n: wordings.length }).p
            : null,
          wording_noise: noise,
          in_noise: noise === null
            ? null
            : averageD({ mean: own.estimate!, sdA: sd(a!)!, sdB: sd(b!)! }),
          squared_excess: own.estimate === null || apart === null
            ? null
            : own.estimate ** 2 - apart,
        };
      })
    )
  );
  const { adjusted } = holm(tidy.map(({ p }) => p));
  return frame(
    tidy.map((row, at) => ({ ...row, p_holm: adjusted[at]! })),
    { ...kindsOf(rows, factors), ...EFFECTS },
  );
});

const VARIATION = {
  scale: "text",
  changes: "integer",
  wordings: "integer",
  variance_ratio: "number",
  p: "number",
} as const satisfies Record<string, Kind>;

/**
 * Whether changes move the mean score more than wordings do: the variance of 0 and the effects of all changes,
 * divided by that of the mean scores of the wordings without a change; p by permutation, one-sided.
 *
 * @returns by level of each factor and scale: changes, wordings, variance_ratio, p
 */
export const swapVariation = carried((
  sheets: Sheets,
  of: Swaps & { instrument: Instrument; seed?: number },
): DataFrame => {
  const { rows, factors, measures, paired } = compared(sheets, of, Object.keys(VARIATION));
  const { uniform } = seeded("swap variation", of.seed ?? 1);
  const tidy = cells(rows, factors).flatMap((cell) => {
    const all = paired(cell);
    if (!all.length) return [];
    const wordings = all[0]!.wordings.length;
    return measures.map(({ keys: { scale }, of: score }) => {
      const tables = all.map(({ pairs }) => tabled(pairs, score));
      const effects = tables.flatMap(({ before, after }) => {
        const b = mean(after.flat()), a = mean(before.flat());
        return a === null || b === null ? [] : [b - a];
      });
      // All who were asked without a change are asked in the largest of the pairings.
      const widest = tables.toSorted((a, b) => b.before.length - a.before.length)[0]!;
      const { ratio, p } = varianceRatio(
        [0, ...effects],
        columnMeans(widest.before, wordings),
        { uniform },
      );
      const changes = effects.length;
      return {
        ...keysOf(factors, cell),
        scale: scale!,
        changes,
        wordings,
        variance_ratio: ratio,
        p,
      };
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...VARIATION });
});

const CHOICES = {
  contrast: "text",
  change: "text",
  wording: "text",
  against: "text",
  scale: "text",
  n: "integer",
  only_before: "integer",
  only_after: "integer",
  p: "number",
  p_mid: "number",
  p_holm: "number",
} as const satisfies Record<string, Kind>;

/**
 * Single choices: how many respondents give an answer only without a change, and only with it, under one
 * wording; and the same between two wordings without a change, which is what wording alone does. McNemar's exact
 * test of each; the first repetition counts.
 *
 * @param of `items`, and `answers` that count as the choice
 * @returns by level of each factor, contrast (change, wording), change, wording, against (the other wording, or
 *   the level without a change) and scale (`item N`): n (pairs), only_before, only_after, p, p_mid, p_holm (each
 *   contrast a family of its own)
 */
export const swapChoices = carried((
  sheets: Sheets,
  of: Swaps & { items: readonly number[]; answers: readonly number[] },
): DataFrame => {
  const { rows, factors, paired, within, against } = compared(sheets, of, Object.keys(CHOICES));
  const given = of.items.map((item) => ({
    scale: `item ${item}`,
    answers: answersTo(rows, item),
  }));
  const tested = (
    pairs: readonly (readonly [number, number])[],
    answers: readonly (string | number | null)[],
  ) => {
    const both = pairs.filter(([a, b]) => answers[a] !== null && answers[b] !== null);
    const yes = (row: number) => of.answers.includes(Number(answers[row]));
    const before = both.filter(([a, b]) => yes(a) && !yes(b)).length;
    const after = both.filter(([a, b]) => !yes(a) && yes(b)).length;
    const { p, midP } = mcnemarExact(before, after);
    return { n: both.length, only_before: before, only_after: after, p, p_mid: midP };
  };
  const tidy = cells(rows, factors).flatMap((cell) => {
    const keys = keysOf(factors, cell);
    const changed = paired(cell).flatMap(({ change, wordings, pairs }) =>
      wordings.flatMap((wording, v) =>
        given.map(({ scale, answers }) => ({
          ...keys,
          ...{ contrast: "change", change, wording, against, scale },
          ...tested(
            [...pairs.values()].flatMap((own) => {
              const pair = own[v];
              return pair ? [[pair.before[0]!, pair.after[0]!] as const] : [];
            }),
            answers,
          ),
        }))
      )
    );
    const plain = within(cell);
    const worded = plain.wordings.flatMap((wording, v) =>
      plain.wordings.slice(v + 1).flatMap((other, w) =>
        given.map(({ scale, answers }) => ({
          ...keys,
          ...{ contrast: "wording", change: against, wording, against: other, scale },
          ...tested(
            [...plain.rows.values()].flatMap((own) => {
              const a = own[v]?.[0], b = own[v + 1 + w]?.[0];
              return a === undefined || b === undefined ? [] : [[a, b] as const];
            }),
            answers,
          ),
        }))
      )
    );
    return [changed, worded].flatMap((family) => {
      const { adjusted } = holm(family.map(({ p }) => p));
      return family.map((row, at) => ({ ...row, p_holm: adjusted[at]! }));
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...CHOICES });
});

/** @throws {Error} when the sheets have no such item */
function answersTo(rows: Rows, item: number) {
  if (rows.has(`answer ${item}`)) return rows.column(`answer ${item}`);
  throw new Error(`These sheets have no item ${item}`);
}

/** The rows of a respondent under a wording: without the change, and with it. */
interface Pair {
  before: number[];
  after: number[];
}

/** By respondent, a pair for each wording, where both are there. */
type Pairs = ReadonlyMap<number, readonly (Pair | undefined)[]>;

function compared(
  sheets: Sheets,
  { factor = "change", against = "unchanged", wordings = "administration_prompt", ...of }: Swaps & {
    instrument?: Instrument;
  },
  taken: readonly string[],
) {
  const rows = new Rows(sheets.sheets), from = of.from ?? {};
  const factors = factorsOf(rows, of.by ?? [], taken);
  const [change, wording] = [factor, wordings].map((name) =>
    rows.column(rows.known(name, "factor"))
  );
  const levels = rows.levels(factor).filter((level) => level !== against).map(String);
  if (!rows.levels(factor).includes(against) || !levels.length) {
    throw new Error(
      `Nothing is changed in ${factor}: there are ${rows.levels(factor).join(", ")}, and what is ` +
        `compared is ${against} with others`,
    );
  }
  const odd = Object.keys(from).find((name) => !levels.includes(name));
  if (odd !== undefined) {
    throw new Error(`${factor} has no level ${odd}: it has ${levels.join(", ")}`);
  }
  const sides = new Map(
    Object.entries(from).map(([name, { attribute, level }]) => {
      const column = rows.column(rows.known(attribute, "column"));
      return [name, (row: number) => String(column[row]) === String(level)];
    }),
  );
  const names = rows.levels(wordings).map(String);
  /** By respondent and wording the rows under a level. */
  const found = (cell: Cell, level: string) => {
    const held = new Map<number, number[][]>();
    cell.respondents.forEach((respondent, part) => {
      const own: number[][] = names.map(() => []);
      for (let at = cell.starts[part]!; at < cell.starts[part + 1]!; at++) {
        const row = cell.order[at]!;
        if (String(change![row]) === level) own[names.indexOf(String(wording![row]))]!.push(row);
      }
      if (own.some((rows) => rows.length)) held.set(respondent, own);
    });
    return held;
  };
  const usedIn = (held: ReadonlyMap<number, readonly number[][]>) =>
    names.keys().filter((v) => [...held.values()].some((own) => own[v]!.length)).toArray();
  const within = (cell: Cell) => {
    const held = found(cell, against), used = usedIn(held);
    const only = new Map([...held].map(([who, own]) => [who, used.map((v) => own[v]!)]));
    return { wordings: used.map((v) => names[v]!), rows: only };
  };
  const paired = (cell: Cell) => {
    const plain = found(cell, against);
    return levels.flatMap((level) => {
      const held = found(cell, level), used = usedIn(held);
      if (!used.length) return [];
      const pairs: Pairs = new Map([...held].map(([who, own]) => [
        who,
        used.map((v): Pair | undefined => {
          const before = plain.get(who)?.[v] ?? [], after = own[v]!;
          if (!before.length || !after.length) return undefined;
          const side = sides.get(level);
          return !side || side(before[0]!) ? { before, after } : { before: after, after: before };
        }),
      ]));
      return [{ change: level, wordings: used.map((v) => names[v]!), pairs }];
    });
  };
  const measures = of.instrument ? scaleScores(sheets, rows, of.instrument) : [];
  return { rows, factors, measures, paired, within, against };
}

/** Mean scores of who has one under every wording, a row for each; `partly`: how many have not. */
function tabled(pairs: Pairs, score: (row: number) => number) {
  const average = (rows: readonly number[]) => {
    const values = rows.map(score).filter((value) => !Number.isNaN(value));
    return mean(values);
  };
  const before: number[][] = [], after: number[][] = [];
  for (const own of pairs.values()) {
    const a = own.map((pair) => pair ? average(pair.before) : null);
    const b = own.map((pair) => pair ? average(pair.after) : null);
    if ([...a, ...b].includes(null)) continue;
    before.push(a as number[]);
    after.push(b as number[]);
  }
  return { before, after, partly: pairs.size - before.length };
}

const columnMeans = (table: readonly (readonly number[])[], columns: number): number[] =>
  table.length ? Array.from({ length: columns }, (_, v) => mean(table.map((row) => row[v]!))!) : [];

/** Mean squared difference of two of the values; null with fewer than two. */
function squared(of: readonly number[]): number | null {
  const all = of.flatMap((a, at) => of.slice(at + 1).map((b) => (a - b) ** 2));
  return mean(all);
}
