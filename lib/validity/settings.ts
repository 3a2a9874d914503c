/**
 * How far scores of personas hold over settings: wordings, orders, codings, languages. A study that asks in one
 * setting speaks for that one; these say how much of its spread is the personas', and how many settings a study
 * needs.
 *
 * Sources: Brennan 2001; Shavelson & Webb 1991; Huang et al. 2305.19926.
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
import { seeded } from "../random.ts";
import {
  type Balanced,
  balancedOf,
  bootstrapComponents,
  type Components,
  crossedAnova,
  designCoefficients,
  FEWEST_SETTINGS,
  type Measured,
  observedReliability,
  remlComponents,
  retest,
  settingComponents,
  truncatedComponents,
} from "../stats.ts";
import "./columns.ts";
import { settingsOf, unitsIn } from "./units.ts";

export { cheapest, fraction, type Fractional } from "./settings/designs.ts";

/** Whose scores, and what makes a setting. */
export interface InSettings {
  instrument: Instrument;
  /** Factors of which every combination is a setting. */
  settings: readonly string[];
  by?: readonly string[];
}

const COMPONENTS = {
  scale: "text",
  variance_of: "text",
  n_personas: "integer",
  n_settings: "integer",
  n_repeats: "integer",
  n: "integer",
  variance: "number",
  variance_reml: "number",
  component_share: "number",
  variance_sd: "number",
} as const satisfies Record<string, Kind>;

/**
 * What the variance of scores goes with: personas, settings, both together, and what is left.
 *
 * @returns by level of each factor, scale and variance_of (persona, setting, persona × setting, repeat; without repeats
 *   the last two are one): n_personas, n_settings, n_repeats (undefined where not all cells have as many), n (scores),
 *   variance (method of moments, raw: below 0 is less than chance; undefined where not balanced), variance_reml,
 *   component_share (of the sum of those by REML), variance_sd (root of that by REML, in the unit of the scores)
 * @throws {Error} when a persona's sheets differ in something else too
 */
export const components = carried((sheets: Sheets, of: InSettings): DataFrame => {
  const { rows, factors, measured } = measuredIn(sheets, of, Object.keys(COMPONENTS));
  const tidy = measured.flatMap(({ cell, scale, own }) => {
    const table = balancedOf(own);
    const moments = table && settingComponents(table)?.components;
    const reml = remlComponents(own);
    const whole = reml &&
      reml.subject + reml.setting + (reml.interaction ?? 0) + reml.error;
    const shape = shapeOf(own);
    const row = (component: string, name: keyof Components) => {
      const variance = reml?.[name] ?? null;
      return {
        ...keysOf(factors, cell),
        scale,
        variance_of: component,
        n_personas: shape.personas,
        n_settings: shape.settings,
        n_repeats: table?.repeats ?? null,
        n: own.length,
        variance: moments?.[name] ?? null,
        variance_reml: variance,
        component_share: whole && variance !== null ? variance / whole : null,
        variance_sd: variance === null ? null : Math.sqrt(variance),
      };
    };
    const apart = shape.cells < own.length;
    return [
      row("persona", "subject"),
      row("setting", "setting"),
      ...apart ? [row("persona × setting", "interaction")] : [],
      row(apart ? "repeat" : "persona × setting, repeat", "error"),
    ];
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...COMPONENTS });
});

const THREATS = {
  scale: "text",
  variance_of: "text",
  n_personas: "integer",
  n: "integer",
  df: "number",
  variance: "number",
  component_share: "number",
} as const satisfies Record<string, Kind>;

/**
 * The components of every combination of persona and factors: each that holds the persona is what the ranking
 * of personas has to fear of these factors. Only for sheets in which every persona was asked in every
 * combination as often.
 *
 * @returns by level of each factor, scale and variance_of (persona, option_order, persona × option_order, …, rest):
 *   n_personas, n, df, variance (raw), component_share (of the sum of those above 0)
 * @throws {RangeError} when a combination is missing, with the first
 */
export const threats = carried((sheets: Sheets, of: InSettings): DataFrame => {
  const { rows, factors, measured } = measuredIn(sheets, of, Object.keys(THREATS));
  const names = ["persona", ...of.settings];
  const tidy = measured.flatMap(({ cell, scale, own }) => {
    const crossed = own.map(({ value, subject, levels }) => ({
      value,
      levels: [subject, ...levels.map(String)],
    }));
    const all = Array.from(
      { length: 2 ** names.length - 1 },
      (_, mask) => names.keys().toArray().filter((at) => mask + 1 & 1 << at),
    )
      .toSorted((a, b) => a.length - b.length || a[0]! - b[0]!);
    // Without repeats the last one, of all factors, is what is left.
    const repeated = new Set(crossed.map(({ levels }) => JSON.stringify(levels))).size < own.length;
    const terms = repeated ? all : all.slice(0, -1);
    const made = crossedAnova(crossed, terms);
    const lines = [...made.terms, made.residual];
    const whole = lines.reduce((sum, { component }) => sum + Math.max(0, component ?? 0), 0);
    return lines.map(({ factors: own, df, component: variance }) => ({
      ...keysOf(factors, cell),
      scale,
      variance_of: own.length
        ? own.map((at) => names[at]).join(" × ")
        : repeated
        ? "repeat"
        : `${names.join(" × ")}, repeat`,
      n_personas: new Set(crossed.map(({ levels }) => levels[0])).size,
      n: crossed.length,
      df,
      variance,
      component_share: whole > 0 && variance !== null ? Math.max(0, variance) / whole : null,
    }));
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...THREATS });
});

const COEFFICIENTS = {
  scale: "text",
  settings_used: "integer",
  repeats_used: "integer",
  erho2: "number",
  erho2_lower: "number",
  erho2_upper: "number",
  phi: "number",
  phi_lower: "number",
  phi_upper: "number",
  sem: "number",
  persona_sd: "number",
  truncated: "text",
  speaks_for: "text",
} as const satisfies Record<string, Kind>;

/** A design that is reckoned: how many settings, and how often each persona is asked in each. */
export interface Design {
  settings: number;
  repeats: number;
}

/**
 * What the mean over so many settings and repeats would be worth (a D-study): Eρ², of the ranking of personas, and
 * Φ, of their scores as they are.
 *
 * Reckoned with the components by REML. Limits, where the table is balanced, are those of the bootstrap over
 * personas, and over settings too from five settings on, of the moment components with what is below 0 taken
 * for 0; of Eρ² of the design that was asked they are Feldt's, from the F distribution.
 *
 * @param of `designs`: left out, that which was asked and one setting asked once; `fixed`: only these settings will
 *   ever be used; `draws` (2,000; 0: no limits) and `seed` of the bootstrap
 * @returns by level of each factor, scale and design: settings_used, repeats_used, erho2 and phi with
 *   limits, sem (standard error of measurement of a score as it is), persona_sd, truncated (yes where a raw component
 *   was below 0), speaks_for (whom the limits are of: personas, or personas and settings)
 */
export const coefficients = carried((
  sheets: Sheets,
  of: InSettings & {
    designs?: readonly Design[];
    fixed?: boolean;
    draws?: number;
    seed?: number;
  },
): DataFrame => {
  const { fixed = false, draws = 2000, seed = 1 } = of;
  const { rows, factors, measured } = measuredIn(sheets, of, Object.keys(COEFFICIENTS));
  const tidy = measured.flatMap(({ cell, scale, own }) => {
    const reml = remlComponents(own);
    if (!reml) return [];
    const table = balancedOf(own), moments = table && settingComponents(table);
    const { settings } = shapeOf(own), asked = { settings, repeats: table?.repeats ?? 1 };
    const one = { settings: 1, repeats: 1 };
    const designs = of.designs ?? (settings * asked.repeats > 1 ? [asked, one] : [one]);
    const drawn = table && moments && draws
      ? drawnOf(table, designs, { fixed, draws, uniform: seeded("settings", scale, seed).uniform })
      : null;
    return designs.map((design, at) => {
      const found = designCoefficients(reml, { ...design, fixed });
      const observed = moments && !fixed && design.settings === asked.settings &&
          design.repeats === asked.repeats
        ? observedReliability(moments.squares)
        : null;
      const relative = observed ?? drawn?.[2 * at] ?? null, absolute = drawn?.[2 * at + 1] ?? null;
      return {
        ...keysOf(factors, cell),
        scale,
        settings_used: design.settings,
        repeats_used: design.repeats,
        erho2: found.relative,
        erho2_lower: relative?.ciLower ?? null,
        erho2_upper: relative?.ciUpper ?? null,
        phi: found.absolute,
        phi_lower: absolute?.ciLower ?? null,
        phi_upper: absolute?.ciUpper ?? null,
        sem: found.semAbsolute,
        persona_sd: Math.sqrt(reml.subject),
        truncated: moments
          ? truncatedComponents(moments.components).truncated ? "yes" : "no"
          : null,
        speaks_for: drawn
          ? settings >= FEWEST_SETTINGS ? "personas and settings" : "personas"
          : null,
      };
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...COEFFICIENTS });
});

/** Limits of both coefficients of each design. */
const drawnOf = (
  table: Balanced,
  designs: readonly Design[],
  { fixed, ...options }: { fixed: boolean; draws: number; uniform: () => number },
) =>
  bootstrapComponents(table, {
    ...options,
    statistics: (raw) => {
      const { components } = truncatedComponents(raw);
      return designs.flatMap((design) => {
        const { relative, absolute } = designCoefficients(components, { ...design, fixed });
        return [relative, absolute];
      });
    },
  });

const RETESTS = {
  scale: "text",
  n: "integer",
  n_repeats: "integer",
  icc: "number",
  icc_lower: "number",
  icc_upper: "number",
  sem: "number",
  smallest_change: "number",
} as const satisfies Record<string, Kind>;

/**
 * The same personas asked again in the same setting.
 *
 * @returns by level of each factor, setting (a column for each of its factors) and scale: n (personas), n_repeats,
 *   icc (ICC(A,1)) with limits, sem (what one score errs by), smallest_change (a smaller one of a persona is within
 *   what asking twice makes); no row where nothing was asked twice
 */
export const retests = carried((sheets: Sheets, of: InSettings): DataFrame => {
  const whole = { ...of, by: [...of.by ?? [], ...of.settings] };
  const { rows, factors, measured } = measuredIn(sheets, whole, Object.keys(RETESTS));
  const tidy = measured.flatMap(({ cell, scale, own }) => {
    const personas = [...Map.groupBy(own, ({ subject }) => subject).values()];
    const repeats = Math.max(0, ...personas.map(({ length }) => length));
    const full = personas.filter(({ length }) => length === repeats);
    if (repeats < 2 || full.length < 2) return [];
    const found = retest(full.map((own) => own.map(({ value }) => value)));
    return [{
      ...keysOf(factors, cell),
      scale,
      n: found.subjects,
      n_repeats: repeats,
      icc: found.icc.estimate,
      icc_lower: found.icc.ciLower,
      icc_upper: found.icc.ciUpper,
      sem: found.sem,
      smallest_change: found.smallestChange,
    }];
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...RETESTS });
});

/** Scores by cell and scale, each of a persona in a setting. */
function measuredIn(sheets: Sheets, of: InSettings, columns: readonly string[]) {
  const { instrument, settings, by = [] } = of;
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, columns);
  const { levels, of: place } = settingsOf(rows, settings);
  const scales = scaleScores(sheets, rows, instrument);
  const measured = cells(rows, factors).flatMap((cell: Cell) => {
    const units = unitsIn(rows, cell, {
      place,
      levels: levels.length,
      factors: [...settings, ...by],
    });
    return scales.map(({ keys, of }) => ({
      cell,
      scale: keys.scale!,
      own: units.flatMap((unit, subject) =>
        unit.rows.flatMap((own, setting) =>
          own.flatMap((row): (Measured & { levels: typeof levels[number] })[] => {
            const value = of(row);
            return Number.isNaN(value)
              ? []
              : [{ subject: `${subject}`, setting: `${setting}`, value, levels: levels[setting]! }];
          })
        )
      ),
    }));
  });
  return { rows, factors, measured };
}

const shapeOf = (own: readonly Measured[]) => ({
  personas: new Set(own.map(({ subject }) => subject)).size,
  settings: new Set(own.map(({ setting }) => setting)).size,
  cells: new Set(own.map(({ subject, setting }) => `${subject} ${setting}`)).size,
});
