/**
 * What of the findings of a study the way of asking can make: each finding in every way in which a battery asked,
 * on the same personas, in parts of its size.
 *
 * A finding is a difference of scale means between two levels of a factor, or the alpha of a scale at one level.
 * Profiles are what is drawn.
 */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { kindsOf, type Rows, type Sheets } from "../../measures.ts";
import { carried } from "../../provenance.ts";
import { type ChangedPart, holm, partPower, sampleSize } from "../../stats.ts";
import { familyOf, late } from "./analysis.ts";
import { AGAIN, type Compared, compared, type Found, foundIn } from "./found.ts";
import "../columns.ts";

/** What a finding is of. */
const KEYS = {
  finding_of: "text",
  against: "text",
  scale: "text",
} as const;

const BY_WAY = {
  ...KEYS,
  way: "text",
  n: "integer",
  estimate: "number",
  estimate_way: "number",
  part: "number",
  part_lower: "number",
  part_upper: "number",
  part_most: "number",
  p_within: "number",
  p_outside: "number",
} as const satisfies Record<string, Kind>;

/**
 * Every finding in every way.
 *
 * @param sheets as `study.sheets(…)` reads them
 * @returns by level of each factor, finding_of (difference, alpha), level of `factor`, against, scale and way (what is
 *   asked otherwise; `again`: the same asked again): n (profiles with all that both need), estimate and
 *   estimate_way (of these), part ((estimate_way − estimate) / estimate; Fieller's limits), part_most (the largest
 *   that is not refused, one-sided), p_within (that the part is the bound or more, TOST), p_outside (that it is the
 *   bound or less)
 * @throws {Error} when a factor or level is unknown
 */
export const findingsByWay = carried((sheets: Sheets, of: Found & Compared): DataFrame => {
  const { rows, factors, all } = foundIn(sheets, of, Object.keys(BY_WAY));
  const tidy = all.flatMap(({ keys, ways }) =>
    ways.map(({ way, ...part }) => ({ ...keys, way, ...laid(part) }))
  );
  return frame(tidy, kinds(rows, factors, compared(of).factor, BY_WAY));
});

const FINDINGS = {
  ...KEYS,
  n: "integer",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
  p_holm: "number",
  part_again: "number",
  part_again_lower: "number",
  part_again_upper: "number",
  ways: "integer",
  way: "text",
  part: "number",
  part_lower: "number",
  part_upper: "number",
  part_most: "number",
  bound_part: "number",
  p_within_holm: "number",
  p_outside_holm: "number",
  whose: "text",
  planned_in: "text",
  not_planned: "text",
} as const satisfies Record<string, Kind>;

/**
 * Every finding with the way of asking that changes it most, and whose it is.
 *
 * @returns by level of each factor, finding_of, level of `factor`, against and scale: n (profiles), estimate with limits
 *   (t; of alpha by the jackknife) and p_holm (against 0, over all findings); part_again (what asking again changes,
 *   in parts of the size) with limits; ways; way (which changes it most), part with limits; part_most (no way changes
 *   it by more, with 95 % confidence); bound_part; p_within_holm (that some way changes it by the bound or more,
 *   over all findings); p_outside_holm (the smallest over the ways, Holm's over all findings and ways); whose:
 *   none (the finding is not told from 0), person (shown to stay within the bound in every way), asking (shown
 *   to change by more in one), open; planned_in (the family of the analysis plan), not_planned (why it is no planned
 *   finding). All p are adjusted within a family; what was not planned is one of its own
 * @throws {Error} when a factor or level is unknown, or nothing was asked otherwise
 */
export const findings = carried((sheets: Sheets, of: Found & Compared): DataFrame => {
  const { rows, factors, all } = foundIn(sheets, of, Object.keys(FINDINGS));
  const { factor, bound } = compared(of);
  const asked = all.map(({ ways }) => ways.filter(({ way }) => way !== AGAIN));
  if (!asked.some(({ length }) => length)) {
    throw new Error("These sheets were asked in one way only: run the plans of the battery first");
  }
  const why = "planned" in of ? late(of.planned, of.battery) : null;
  const families = all.map(({ keys }) =>
    "planned" in of
      ? familyOf(of.planned.analysis, {
        finding_of: keys.finding_of as "alpha",
        level: String(keys[factor]),
        scale: String(keys.scale),
      })
      : null
  );
  const inFamily = families.map((family) => why === null ? family : null);
  const size = byFamily(inFamily, all.map(({ test }) => [test?.p ?? null]));
  const within = byFamily(inFamily, asked.map((ways) => [largest(ways.map((one) => one.pWithin))]));
  const beyond = byFamily(inFamily, asked.map((ways) => ways.map(({ pBeyond }) => pBeyond)));
  const tidy = all.map(({ keys, test, ways }, at) => {
    const own = asked[at]!, again = ways.find(({ way }) => way === AGAIN);
    const most = own.toSorted((a, b) => Math.abs(b.part ?? 0) - Math.abs(a.part ?? 0))[0];
    const over = beyond[at]!.filter((p) => p !== null);
    const row = {
      n: test?.n ?? 0,
      estimate: test?.estimate ?? null,
      ci_lower: test?.ciLower ?? null,
      ci_upper: test?.ciUpper ?? null,
      p_holm: size[at]![0]!,
      part_again: again?.part ?? null,
      part_again_lower: again?.ciLower ?? null,
      part_again_upper: again?.ciUpper ?? null,
      ways: own.length,
      way: most?.way ?? null,
      part: most?.part ?? null,
      part_lower: most?.ciLower ?? null,
      part_upper: most?.ciUpper ?? null,
      part_most: largest(own.map(({ most }) => most)),
      bound_part: bound,
      p_within_holm: within[at]![0]!,
      p_outside_holm: over.length ? Math.min(...over) : null,
      planned_in: inFamily[at]!,
      not_planned: !("planned" in of)
        ? "there is no analysis plan"
        : families[at] === null
        ? "not among the hypotheses"
        : why,
    };
    return { ...keys, ...row, whose: whoseOf(row) };
  });
  return frame(tidy, kinds(rows, factors, factor, FINDINGS));
});

const POWERS = {
  ...KEYS,
  n: "integer",
  estimate: "number",
  part_again: "number",
  part_power: "number",
  target: "number",
  profiles_needed: "integer",
} as const satisfies Record<string, Kind>;

/**
 * What the profiles at hand can show of each finding, as soon as the same was asked again: whatever changes then
 * changes by chance.
 *
 * @param of `target`: the power that is wanted, 0.8 where left out
 * @returns by level of each factor, finding_of, level of `factor`, against and scale: n (profiles), estimate,
 *   part_again, part_power (chance to show of a way that changes nothing that it stays within the bound; of one
 *   way, not adjusted; at least), target, profiles_needed (the fewest with that power; undefined without a size)
 * @throws {Error} when a factor or level is unknown, or nothing was asked again
 */
export const findingsPower = carried((
  sheets: Sheets,
  of: Found & Compared & { target?: number },
): DataFrame => {
  const { rows, factors, all } = foundIn(sheets, of, Object.keys(POWERS));
  const { factor, bound } = compared(of), { target = 0.8 } = of;
  const tidy = all.flatMap(({ keys, ways }) => {
    const again = ways.find(({ way }) => way === AGAIN);
    if (!again) return [];
    const { sizes, changes, size, n, part } = again;
    const power = (n: number) => partPower({ sizes, changes, size, bound }, n);
    const own = power(n);
    return [{
      ...keys,
      n,
      estimate: size,
      part_again: part,
      part_power: own,
      target,
      profiles_needed: own === null || size === 0 ? null : sampleSize(power, target),
    }];
  });
  if (!tidy.length) throw new Error("Nothing was asked again: run the part `repeats` first");
  return frame(tidy, kinds(rows, factors, factor, POWERS));
});

/** Adjusted p, several of each finding, by the family that the finding is of. */
function byFamily(
  families: readonly (string | null)[],
  ps: readonly (readonly (number | null)[])[],
): (number | null)[][] {
  const adjusted: (number | null)[][] = ps.map(() => []);
  for (const places of Map.groupBy(ps.keys(), (at) => families[at]!).values()) {
    const all = holm(places.flatMap((at) => ps[at]!)).adjusted;
    let next = 0;
    for (const at of places) adjusted[at] = all.slice(next, next += ps[at]!.length);
  }
  return adjusted;
}

const ALPHA = 0.05;

const whoseOf = (
  { p_holm, p_within_holm, p_outside_holm }: Record<
    "p_holm" | "p_within_holm" | "p_outside_holm",
    number | null
  >,
): string =>
  !((p_holm ?? 1) < ALPHA)
    ? "none"
    : (p_within_holm ?? 1) < ALPHA
    ? "person"
    : (p_outside_holm ?? 1) < ALPHA
    ? "asking"
    : "open";

/** The largest; null where one of them is, or there is none. */
const largest = (of: readonly (number | null)[]): number | null =>
  !of.length || of.includes(null) ? null : Math.max(...of as number[]);

const laid = (part: ChangedPart) => ({
  n: part.n,
  estimate: part.size,
  estimate_way: part.size + part.change,
  part: part.part,
  part_lower: part.ciLower,
  part_upper: part.ciUpper,
  part_most: part.most,
  p_within: part.pWithin,
  p_outside: part.pBeyond,
});

const kinds = <T extends Record<string, Kind>>(
  rows: Rows,
  factors: readonly string[],
  factor: string,
  { finding_of, ...columns }: T & { finding_of: Kind },
) => ({ ...kindsOf(rows, factors), finding_of, ...kindsOf(rows, [factor]), ...columns });
