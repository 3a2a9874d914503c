/** Answers of the same personas in two ways of asking: which are others, and where they stood. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { hasOwnOptions, type Instrument, optionsOf } from "../../instruments.ts";
import {
  cells,
  factorsOf,
  keysOf,
  kindsOf,
  type Level,
  Rows,
  type Sheets,
} from "../../measures.ts";
import { changedByChance, clusteredMean, mcnemarExact, mean } from "../../stats.ts";
import { clustered, type Unit, unitsIn } from "../units.ts";

const CHANGES = {
  scale: "text",
  n: "integer",
  clusters: "integer",
  missing_against: "number",
  missing_level: "number",
  changed_share: "number",
  changed_share_lower: "number",
  changed_share_upper: "number",
  n_floor: "integer",
  floor_changed: "number",
  floor_changed_lower: "number",
  floor_changed_upper: "number",
  excess_changed: "number",
  excess_changed_lower: "number",
  excess_changed_upper: "number",
  p_excess: "number",
  changed_chance: "number",
  beyond_chance: "number",
  moved_steps: "number",
  place_shift: "number",
  place_shift_lower: "number",
  place_shift_upper: "number",
  first_twice: "integer",
  last_twice: "integer",
  place_bias: "number",
  p_place: "number",
} as const satisfies Record<string, Kind>;

/** What is compared: a factor of the sheets and two of its levels. */
export interface Ways {
  instrument: Instrument;
  factor: string;
  /** The way that others are held against, and the other. */
  against: string;
  level: string;
  by?: readonly string[];
}

export function changes(sheets: Sheets, of: Ways): DataFrame {
  const { instrument, factor, against, level, by = [] } = of;
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, Object.keys(CHANGES));
  const asked = rows.column(rows.known(factor, "factor"));
  const place = (row: number) => [against, level].indexOf(String(asked[row]));
  const items = itemsOf(rows, instrument);
  const turned = factor === "option_order" &&
    new Set([against, level]).symmetricDifference(new Set(["printed", "reversed"])).size === 0;
  const tidy = cells(rows, factors).flatMap((cell) => {
    const units = unitsIn(rows, cell, { place, levels: 2, factors: [factor] })
      .filter(({ rows }) => rows[0]!.length && rows[1]!.length);
    if (!units.length) throw new Error(nobody(factor, [against, level]));
    return ["All", ...instrument.scales].map((scale) => {
      const own = items.filter((item) => scale === "All" || item.scale === scale);
      return { ...keysOf(factors, cell), scale, ...changed(units, own, turned) };
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...CHANGES });
}

export interface Asked {
  scale: string | null;
  answer: readonly Level[];
  /** Codes in order of position, and as printed. */
  steps: readonly number[];
  printed: readonly number[];
}

export function itemsOf(rows: Rows, instrument: Instrument): Asked[] {
  return instrument.items.map((item) => {
    const options = optionsOf(instrument, item).filter(({ role }) => !role);
    const codes = options.map(({ code }) => code);
    const ordered = options.every(({ position }) => position !== null);
    const name = `answer ${item.number}`;
    if (!rows.has(name)) {
      throw new Error(`These sheets have no item ${item.number} of ${instrument.title}`);
    }
    return {
      scale: item.scale,
      answer: rows.passing(name),
      steps: ordered
        ? options.toSorted((a, b) => a.position! - b.position!).map(({ code }) => code)
        : [],
      // Of two answers that all items share the higher is printed first.
      printed: !hasOwnOptions(instrument) && codes.length === 2 ? codes.toReversed() : codes,
    };
  });
}

function changed(units: readonly Unit[], items: readonly Asked[], turned: boolean) {
  const given = (item: Asked, row: number | undefined): number | null => {
    const answer = row === undefined ? null : item.answer[row];
    return typeof answer === "number" && item.printed.includes(answer) ? answer : null;
  };
  const answers = units.flatMap(({ cluster, rows: [first, second] }) =>
    items.map((item, at) => ({
      cluster,
      at,
      item,
      a: given(item, first![0]),
      again: given(item, first![1]),
      b: given(item, second![0]),
    }))
  );
  type Pair = typeof answers[number] & { a: number; b: number };
  const pairs = answers.filter((one): one is Pair => one.a !== null && one.b !== null);
  const meanOf = <T extends Pair>(pairs: readonly T[], of: (pair: T) => number) =>
    clusteredMean(clustered(pairs, (pair) => [of(pair)]));
  const differs = meanOf(pairs, ({ a, b }) => Number(a !== b));
  const twice = pairs.filter(({ again }) => again !== null);
  const floor = meanOf(twice, ({ a, again }) => Number(a !== again));
  const excess = meanOf(twice, ({ a, b, again }) => Number(a !== b) - Number(a !== again));
  const chances = items.flatMap((_, at) =>
    changedByChance(
      pairs.filter((pair) => pair.at === at).map(({ a, b }) => [a, b] as const),
    ) ?? []
  );
  const chance = mean(chances);
  const ordered = pairs.filter(({ item }) => item.steps.length);
  const steps = meanOf(
    ordered,
    ({ a, b, item: { steps } }) => Math.abs(steps.indexOf(a) - steps.indexOf(b)),
  );
  const places = ({ a, b, item: { printed } }: Pair) =>
    [printed.indexOf(a) + 1, printed.length - printed.indexOf(b)] as const;
  const shift = turned
    ? meanOf(pairs, (pair) => {
      const [s, other] = places(pair);
      return (s + other - (pair.item.printed.length + 1)) / 2;
    })
    : null;
  const two = turned && pairs.length > 0 && pairs.every(({ item }) => item.printed.length === 2);
  const both = (at: number) => pairs.filter((pair) => places(pair).every((s) => s === at)).length;
  const [firsts, lasts] = two ? [both(1), both(2)] : [null, null];
  const missing = (side: "a" | "b") => mean(answers.map((one) => Number(one[side] === null)));
  return {
    n: pairs.length,
    clusters: differs.clusters,
    missing_against: missing("a"),
    missing_level: missing("b"),
    changed_share: differs.estimate,
    changed_share_lower: differs.ciLower,
    changed_share_upper: differs.ciUpper,
    n_floor: twice.length,
    floor_changed: floor.estimate,
    floor_changed_lower: floor.ciLower,
    floor_changed_upper: floor.ciUpper,
    excess_changed: excess.estimate,
    excess_changed_lower: excess.ciLower,
    excess_changed_upper: excess.ciUpper,
    p_excess: excess.p,
    changed_chance: chance,
    beyond_chance: chance && differs.estimate !== null ? 1 - differs.estimate / chance : null,
    moved_steps: steps.estimate,
    place_shift: shift?.estimate ?? null,
    place_shift_lower: shift?.ciLower ?? null,
    place_shift_upper: shift?.ciUpper ?? null,
    first_twice: firsts,
    last_twice: lasts,
    place_bias: firsts === null ? null : (firsts - lasts!) / (2 * pairs.length),
    p_place: firsts === null ? null : mcnemarExact(firsts, lasts!).p,
  };
}

const nobody = (factor: string, levels: readonly string[]): string =>
  `Nobody was asked with ${factor} ${levels.join(" and ")}: a plan that lists both asks the same ` +
  "personas in both";
