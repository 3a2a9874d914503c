/** How far scores of subjects hold over settings: components, coefficients, and what a design would reach. */
import { crossedAnova } from "./anova.ts";
import {
  checked,
  finite,
  type Interval,
  limited,
  type Limits,
  NO_LIMITS,
  ratio,
  sum,
} from "./basics.ts";
import { percentileLimits } from "./bootstrap.ts";
import { intraclass } from "./ratings.ts";
import { type Components, type Measured } from "./reml.ts";
import { fQuantile } from "./special.ts";
import { normalReach, tailOf } from "./tails.ts";

/** Subjects × settings × repeats, every cell with as many values as the others. */
export interface Balanced {
  /** By subject and setting the repeats. */
  values: readonly (readonly (readonly number[])[])[];
  subjects: number;
  settings: number;
  repeats: number;
}

/**
 * Measurements as a balanced table; null where a cell has more or fewer values than another.
 *
 * @throws {RangeError} when a value is not finite
 */
export function balancedOf(of: readonly Measured[]): Balanced | null {
  checked(of.map(({ value }) => value));
  const [subjects, settings] = (["subject", "setting"] as const).map((
    name,
  ) => [...new Set(of.map((one) => one[name]))]);
  const cells = Map.groupBy(of, ({ subject, setting }) => JSON.stringify([subject, setting]));
  const values = subjects!.map((subject) =>
    settings!.map((setting) =>
      cells.get(JSON.stringify([subject, setting]))?.map(({ value }) => value) ?? []
    )
  );
  const repeats = values[0]?.[0]?.length ?? 0;
  if (!repeats || values.flat().some(({ length }) => length !== repeats)) return null;
  return { values, subjects: subjects!.length, settings: settings!.length, repeats };
}

/** Mean squares of subjects × settings × repeats; without repeats the interaction is the error. */
export interface MeanSquares {
  subject: number;
  setting: number;
  interaction: number;
  /** Null without repeats. */
  error: number | null;
  subjects: number;
  settings: number;
  repeats: number;
}

/**
 * The mean squares of a balanced table, and the components that follow from them by the method of moments:
 * raw, so that one may be below 0 where there is less than chance. Null with fewer than 2 subjects or
 * settings. Source: Brennan 2001, Generalizability Theory, ch. 3; Searle 1971, Linear Models, ch. 9.
 *
 * @throws {RangeError} when a value is not finite
 */
export function settingComponents(
  of: Balanced,
): { squares: MeanSquares; components: Components } | null {
  const { values, subjects, settings, repeats } = of;
  if (subjects < 2 || settings < 2) return null;
  const rows = values.flatMap((row, p) =>
    row.flatMap((cell, s) => cell.map((value) => ({ value, levels: [`${p}`, `${s}`] })))
  );
  const terms = repeats > 1 ? [[0], [1], [0, 1]] : [[0], [1]];
  const { terms: [subject, setting, both], residual } = crossedAnova(rows, terms);
  const squares = {
    subject: subject!.meanSquare!,
    setting: setting!.meanSquare!,
    interaction: (both ?? residual).meanSquare!,
    error: both ? residual.meanSquare! : null,
    subjects,
    settings,
    repeats,
  };
  return {
    squares,
    components: {
      subject: subject!.component!,
      setting: setting!.component!,
      interaction: both ? both.component! : null,
      error: residual.component!,
    },
  };
}

function finiteIn(of: Components): Components {
  checked([of.subject, of.setting, of.interaction ?? 0, of.error]);
  return of;
}

/** Components of which none is below 0, as a design is reckoned with; `truncated`: whether one was. */
export function truncatedComponents(
  of: Components,
): { components: Components; truncated: boolean } {
  const positive = (value: number) => Math.max(0, value);
  const { subject, setting, interaction, error } = finiteIn(of);
  return {
    components: {
      subject: positive(subject),
      setting: positive(setting),
      interaction: interaction === null ? null : positive(interaction),
      error: positive(error),
    },
    truncated: [subject, setting, interaction ?? 0, error].some((value) => value < 0),
  };
}

/** What a design of so many settings and repeats would reach. */
export interface Coefficients {
  /** Eρ²: of the ranking of subjects. */
  relative: number | null;
  /** Φ: of their scores as they are. */
  absolute: number | null;
  /** Standard errors of measurement, in the unit of the scores: relative and absolute. */
  semRelative: number | null;
  semAbsolute: number | null;
}

/**
 * Generalisability coefficients of the mean over settings and repeats (a D-study).
 *
 * With σ² of subjects p, settings s, their interaction ps and error e, Eρ² is
 * σ²p / (σ²p + σ²ps/k_s + σ²e/(k_s k_r)); Φ has σ²s/k_s below as well. `fixed`: only these settings will ever be
 * used; then σ²ps/k_s belongs to what is measured, and settings add no error. Where ps and e are one (nothing
 * repeated) both are divided by the settings alone, and repeats have no coefficient. Null where the sum below is not
 * above 0. Source: Brennan 2001, ch. 4; Shavelson & Webb 1991.
 *
 * @throws {RangeError} when a number of settings or repeats is not whole and above 0
 */
export function designCoefficients(
  of: Components,
  design: { settings: number; repeats: number; fixed?: boolean },
): Coefficients {
  const { settings, repeats, fixed = false } = design;
  for (const [name, value] of [["settings", settings], ["repeats", repeats]] as const) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(`A design has 1 or more ${name}: got ${value}`);
  }
  const { subject, setting, interaction, error } = finiteIn(of);
  if (interaction === null && (repeats > 1 || fixed)) {
    return { relative: null, absolute: null, semRelative: null, semAbsolute: null };
  }
  const own = (interaction ?? 0) / settings, noise = error / (settings * repeats);
  const true_ = fixed ? subject + own : subject;
  const relative = fixed ? noise : own + noise;
  const absolute = fixed ? noise : relative + setting / settings;
  const share = (apart: number) => true_ + apart > 0 ? ratio(true_, true_ + apart) : null;
  const root = (square: number) => square >= 0 ? finite(Math.sqrt(square)) : null;
  return {
    relative: share(relative),
    absolute: share(absolute),
    semRelative: root(relative),
    semAbsolute: root(absolute),
  };
}

/**
 * Eρ² of the observed design, 1 − MS_ps / MS_p, with limits from the F distribution: Feldt's, settings in the
 * place of items. Null where subjects do not differ; without limits where nothing is left of them. Source:
 * Feldt 1965, Psychometrika 30, 357–370.
 */
export function observedReliability(of: MeanSquares, level = 0.95): Interval {
  const tail = tailOf(level);
  const { subject, interaction, subjects, settings } = of;
  const left = ratio(interaction, subject);
  if (left === null) return { estimate: null, ...NO_LIMITS };
  const [df1, df2] = [subjects - 1, (subjects - 1) * (settings - 1)];
  return {
    estimate: 1 - left,
    ...limited(1 - left * fQuantile(1 - tail, df1, df2), 1 - left * fQuantile(tail, df1, df2)),
  };
}

/** Two or more measurements of subjects in one setting. */
export interface Retest {
  icc: Interval;
  /** √ of the residual mean square: what one measurement errs by, in the unit of the scores. */
  sem: number | null;
  /** 1.96 · √2 · SEM: a smaller change of one subject is within what asking twice makes. */
  smallestChange: number | null;
  subjects: number;
  repeats: number;
}

/**
 * Test–retest: ICC(A,1), standard error of measurement and smallest detectable change. Null with fewer than 2
 * subjects or repeats. Source: McGraw & Wong 1996, Psychological Methods 1, 30–46; de Vet et al. 2006, Journal of
 * Clinical Epidemiology 59, 1033–1039.
 *
 * @param rows a subject each, its repeats
 */
export function retest(rows: readonly (readonly number[])[]): Retest {
  const icc = intraclass(rows),
    made = settingComponents({
      values: rows.map((row) => row.map((value) => [value])),
      subjects: rows.length,
      settings: rows[0]?.length ?? 0,
      repeats: 1,
    });
  const sem = made ? Math.sqrt(made.squares.interaction) : null;
  return {
    icc: icc.agreement,
    sem,
    smallestChange: sem === null ? null : normalReach(0.95) * Math.SQRT2 * sem,
    subjects: icc.subjects,
    repeats: icc.measurements,
  };
}

/** Limits of statistics of components, by the bootstrap. */
export interface Redrawn extends Limits {
  draws: number;
  undefinedDraws: number;
}

/** Fewer settings than this are not drawn from: the limits then hold for other subjects only. */
export const FEWEST_SETTINGS = 5;

/**
 * Percentile limits of statistics of the components, drawing subjects, and settings as well where there are 5 or
 * more: each draw takes whole rows, and whole columns, of the table with their repeats.
 *
 * What is drawn from a table is less spread than what the table was drawn from, and a bootstrap would carry that
 * into every component; each draw's components are therefore put right by the factors that make them unbiased.
 * Without limits where a statistic is undefined in more than 1 % of the draws. Source: Brennan 2007, Educational
 * and Psychological Measurement 67, 784–803; Wiley 2001; Owen 2007, Annals of Applied Statistics 1, 386–411.
 *
 * @param of `statistics`: of raw components; `uniform`: numbers in [0, 1) of a seeded stream
 * @throws {RangeError} with fewer than 2 subjects or settings
 */
export function bootstrapComponents(
  table: Balanced,
  of: {
    statistics: (components: Components) => readonly (number | null)[];
    uniform: () => number;
    draws?: number;
    level?: number;
  },
): Redrawn[] {
  const { subjects: P, settings: S, repeats: R } = table;
  const { uniform, draws = 2000, level = 0.95 } = of;
  if (P < 2 || S < 2) {
    throw new RangeError(
      `Components need 2 or more subjects and settings: got ${P} and ${S}`,
    );
  }
  const both = S >= FEWEST_SETTINGS;
  const first = table.values[0]![0]![0]!;
  const cells = table.values.map((row) =>
    Float64Array.from(row, (cell) => sum(checked(cell)) / R - first)
  );
  const withins = table.values.map((row) =>
    Float64Array.from(row, (cell, at) => {
      const centre = sum(cell) / R;
      return at >= 0 ? sum(cell.map((value) => (value - centre) ** 2)) : 0;
    })
  );
  const values: (readonly (number | null)[])[] = [];
  const rows = new Int32Array(P), columns = new Int32Array(S);
  const rowMean = new Float64Array(P), columnMean = new Float64Array(S);
  for (let draw = 0; draw < draws; draw++) {
    for (let at = 0; at < P; at++) rows[at] = Math.floor(uniform() * P);
    for (let at = 0; at < S; at++) columns[at] = both ? Math.floor(uniform() * S) : at;
    rowMean.fill(0), columnMean.fill(0);
    let square = 0, within = 0, grand = 0;
    for (let i = 0; i < P; i++) {
      const own = cells[rows[i]!]!, spread = withins[rows[i]!]!;
      for (let j = 0; j < S; j++) {
        const value = own[columns[j]!]!;
        rowMean[i]! += value / S, columnMean[j]! += value / P;
        square += value ** 2, within += spread[columns[j]!]!;
      }
      grand += rowMean[i]! / P;
    }
    let ofRows = 0, ofColumns = 0;
    for (let i = 0; i < P; i++) ofRows += (rowMean[i]! - grand) ** 2;
    for (let j = 0; j < S; j++) ofColumns += (columnMean[j]! - grand) ** 2;
    const rest = Math.max(0, square - P * S * grand ** 2 - S * ofRows - P * ofColumns);
    // Variances of cell means as in the table drawn from, then made those of what that was drawn from.
    const drawnS = both ? S / (S - 1) : 1;
    const interaction = rest / ((P - 1) * (S - 1)) * (P / (P - 1)) * drawnS;
    const subject = ofRows / (P - 1) - rest / ((P - 1) * (S - 1)) / (both ? S : Infinity);
    const setting = ofColumns / (S - 1) - rest / ((P - 1) * (S - 1)) / P;
    const error = R > 1 ? within / (P * S * (R - 1)) : null;
    values.push(of.statistics({
      subject: subject * (P / (P - 1)) - interaction / S,
      setting: setting * drawnS - interaction / P,
      interaction: error === null ? null : interaction - error / R,
      error: error ?? interaction,
    }));
  }
  return (values[0] ?? []).map((_, at) => {
    const defined = values.map((row) => row[at]!)
      .filter((value) => value !== null && finite(value) !== null) as number[];
    const undefinedDraws = draws - defined.length;
    const limits = undefinedDraws > draws / 100 || defined.length < 2
      ? NO_LIMITS
      : percentileLimits(defined, level);
    return { ...limits, draws: defined.length, undefinedDraws };
  });
}
