/** The variety of answer sheets, beside that of others, in draws of one size. */
import type { DataFrame } from "polars";
import { plural } from "../../format.ts";
import { frame, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import { type Cell, cells, factorsOf, keysOf, kindsOf, Rows, type Sheets } from "../../measures.ts";
import { seeded } from "../../random.ts";
import {
  type Coverage,
  effectiveNumber,
  mean,
  neighbourhoods,
  type Points,
  quantile,
  variety,
} from "../../stats.ts";
import { type Asked, given, itemsOf } from "../items.ts";

const VARIETY = {
  measure: "text",
  n: "integer",
  clusters: "integer",
  drawn_size: "integer",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
  reference_value: "number",
  to_reference: "number",
  to_reference_lower: "number",
  to_reference_upper: "number",
  undefined_draws: "integer",
} as const satisfies Record<string, Kind>;

/** What sheets are set beside: people, a level of a factor, or nothing. */
export type Beside =
  | { people: Sheets; factor?: never; against?: never }
  | { people?: never; factor: string; against: string }
  | { people?: never; factor?: never; against?: never };

/** What the variety is of. */
export type Varied = Beside & {
  instrument: Instrument;
  by?: readonly string[];
  /** 200 unless said. */
  draws?: number;
  seed?: number;
};

const MEASURES = [
  ...["distinct", "distance", "dimension", "hopkins", "answers"] as const,
  ...["coverage", "density"] as const,
] as const;
type Measured = Record<(typeof MEASURES)[number], number | null>;

const NOTHING_NEAR = (): Coverage => ({ coverage: null, density: null });

/** Fewer clusters have no two in either half. */
const LEAST = 4;

/** Sheets by cluster: of each respondent the first whole one. */
type Source = ReadonlyMap<string, readonly (readonly number[])[]>;

export function sheetVariety(sheets: Sheets, of: Varied): DataFrame {
  const { draws = 200, seed = 1 } = of;
  const { rows, factors, pointOf, beside } = sourcesIn(sheets, of);
  const enough = (source: Source | null) => source !== null && source.size >= LEAST;
  const sizes = beside.flatMap(({ source, reference }) =>
    [source, reference].filter(enough).map((one) => one!.size)
  );
  const size = Math.floor(Math.min(...sizes) / 2);
  const clusters = [
    ...new Set(beside.flatMap(({ source, reference }) => [
      ...source.keys(),
      ...reference?.keys() ?? [],
    ])),
  ].toSorted();
  const orders = Array.from(
    { length: draws },
    (_, draw) => seeded("clusters", seed, draw).shuffled(clusters),
  );
  const drawn = memoized((reference: Source) =>
    orders.map((order, draw) => {
      const balls = drawnOf(reference, order, size);
      const cover = neighbourhoods(sheetsOf(reference, balls).map(pointOf));
      const without = new Set(balls), random = seeded("collapse", seed, draw, "reference");
      const own = sheetsOf(reference, drawnOf(reference, order.toReversed(), size, without));
      return { without, cover, measured: measuredOf(own, { cover, random, pointOf }) };
    })
  );
  const tidy = beside.flatMap(({ cell, source, reference }) => {
    const measurable = enough(source);
    const others = measurable && enough(reference) ? drawn(reference!) : null;
    const measured = !measurable ? [] : orders.map((order, draw) => {
      const { without, cover = NOTHING_NEAR } = others?.[draw] ?? {};
      const random = seeded("collapse", seed, draw, JSON.stringify(cell.levels));
      const own = sheetsOf(source, drawnOf(source, order.toReversed(), size, without));
      return measuredOf(own, { cover, random, pointOf });
    });
    // The draws of a larger number of clusters differ by more than their mean errs.
    const scale = (clusters: number) => Math.sqrt(size / (clusters - size));
    const ours = scale(source.size), both = Math.max(ours, scale(reference?.size ?? Infinity));
    return MEASURES.map((name) => {
      const values = measured.map((own) => own[name]);
      const theirs = measured.map((_, draw) => others?.[draw]?.measured[name] ?? null);
      const ratios = values.map((value, draw) =>
        value === null || !theirs[draw] ? null : value / theirs[draw]
      );
      const estimate = summary(values, name === "coverage" || name === "density" ? both : ours);
      const ratio = summary(ratios, both);
      return {
        ...keysOf(factors, cell),
        measure: name,
        n: [...source.values()].reduce((sum, { length }) => sum + length, 0),
        clusters: source.size,
        drawn_size: measurable ? size : null,
        estimate: estimate.mean,
        ci_lower: estimate.lower,
        ci_upper: estimate.upper,
        reference_value: summary(theirs, 1).mean,
        to_reference: ratio.mean,
        to_reference_lower: ratio.lower,
        to_reference_upper: ratio.upper,
        undefined_draws: measurable ? values.filter((value) => value === null).length : null,
      };
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...VARIETY });
}

/** The sheets of each cell, and those that they are set beside. */
function sourcesIn(sheets: Sheets, of: Varied) {
  const { instrument, people, factor, against, by = [] } = of;
  const rows = unweighted(sheets), them = people && unweighted(people);
  const factors = factorsOf(
    rows,
    factor === undefined ? by : [...by, factor],
    Object.keys(VARIETY),
  );
  if (factor !== undefined) known(rows, factor, against);
  const whose = identities(them ? [rows, them] : [rows]);
  const items = itemsOf(rows, instrument);
  const own = cells(rows, factors).map((cell) => ({
    cell,
    source: sourceOf(rows, cell, items, whose[0]!),
  }));
  const all = them &&
    sourceOf(them, cells(them, [])[0]!, itemsOf(them, instrument), whose[1]!);
  // Within the levels of the other factors.
  const groups = Map.groupBy(own, ({ cell }) => JSON.stringify(cell.levels.slice(0, by.length)));
  const beside = own.map((one) => {
    const level = groups.get(JSON.stringify(one.cell.levels.slice(0, by.length)))!
      .find(({ cell }) => factor !== undefined && String(cell.levels.at(-1)) === against);
    return { ...one, reference: all ?? level?.source ?? null };
  });
  return { rows, factors, pointOf: pointsOf(items), beside };
}

function unweighted({ sheets }: Sheets): Rows {
  const rows = new Rows(sheets);
  if (new Set(rows.weight).size > 1) {
    throw new Error(
      `${plural(rows.weight.length, "respondent")} have different weights: variety is counted of ` +
        "respondents that count alike; leave out the column weight where it is not meant",
    );
  }
  return rows;
}

function known(rows: Rows, factor: string, against: string | undefined): void {
  const levels = rows.levels(factor).map(String);
  if (against === undefined || !levels.includes(against)) {
    throw new Error(`${factor} has no level ${against}: it has ${levels.join(", ")}`);
  }
}

/** Of each of several frames, by row, who it is of: the same profile in two of them is one cluster. */
function identities(frames: readonly Rows[]): ((row: number) => string)[] {
  const names = frames.map((rows) =>
    ["cluster", "respondent", "profile"].find((name) => rows.has(name))
  );
  const within = ["profile_population"].filter((name) =>
    names[0] === "profile" && frames.every((rows) => rows.has(name))
  );
  return frames.map((rows, at) => {
    const own = (row: number) => `${at}: ${rows.cluster[rows.respondent[row]!]}`;
    const [name] = names;
    if (name === undefined || names.some((other) => other !== name)) return own;
    const columns = [name, ...within].map((name) => rows.column(name));
    return (row) =>
      columns[0]![row] === null ? own(row) : JSON.stringify(columns.map((column) => column[row]));
  });
}

function sourceOf(
  rows: Rows,
  cell: Cell,
  items: readonly Asked[],
  whose: (row: number) => string,
): Source {
  const source = new Map<string, number[][]>(), met = new Set<number>();
  for (const row of cell.order) {
    const who = rows.respondent[row]!;
    if (met.has(who)) continue;
    const sheet = items.map((item) => given(item, row));
    if (sheet.includes(null)) continue;
    met.add(who);
    const key = whose(row);
    source.set(key, [...source.get(key) ?? [], sheet as number[]]);
  }
  return source;
}

/** The first clusters of an order that a source has. */
const drawnOf = (
  source: Source,
  order: readonly string[],
  size: number,
  without: ReadonlySet<string> = new Set(),
): string[] => order.filter((one) => source.has(one) && !without.has(one)).slice(0, size);

const sheetsOf = (source: Source, clusters: readonly string[]): (readonly number[])[] =>
  clusters.flatMap((one) => source.get(one)!);

/**
 * Coordinates whose squared distance is 1 for the ends of an item, and for any two answers without an order.
 */
function pointsOf(items: readonly Asked[]): (sheet: readonly number[]) => number[] {
  const of = items.map(({ steps, answers }) => {
    const codes = steps.length ? steps : [...answers];
    return new Map(codes.map((code, at) => [
      code,
      steps.length
        ? [at / (steps.length - 1)]
        : codes.map((other) => other === code ? Math.SQRT1_2 : 0),
    ]));
  });
  return (sheet) => sheet.flatMap((code, at) => of[at]!.get(code)!);
}

function measuredOf(sheets: Points, of: Parameters<typeof variety>[1]): Measured {
  const kinds = sheets[0]!.map((_, item) => {
    const counts = Map.groupBy(sheets, (sheet) => sheet[item]!).values();
    return effectiveNumber([...counts].map(({ length }) => length))!;
  });
  return { ...variety(sheets, of), answers: mean(kinds) };
}

/** A function that is called once for each of its arguments. */
function memoized<K extends object, V>(of: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => known.get(key) ?? known.set(key, of(key)).get(key)!;
}

/** The mean of draws, and between which their scaled distances from it hold 95 % of them. */
function summary(values: readonly (number | null)[], scale: number) {
  const defined = values.filter((value) => value !== null);
  const none = { mean: null, lower: null, upper: null };
  if (!defined.length || defined.length < 0.99 * values.length) return none;
  const middle = mean(defined)!;
  const [lower, upper] = [0.025, 0.975].map((at) =>
    middle + scale * (quantile(defined, at)! - middle)
  );
  // Where nothing varies between draws nothing is known of what another sample would do.
  return lower === upper ? { ...none, mean: middle } : { mean: middle, lower, upper };
}
