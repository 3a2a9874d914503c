/**
 * What personas are written like: tone, opinion, hardship, names and repetition, always beside the length,
 * because a longer text has more of everything. Read is a frame with a row per persona, its text in a
 * column, and besides what `lib/measures.ts` reads: factors, `respondent`, `cluster`, `weight`.
 */
import type { DataFrame } from "polars";
import { listed } from "../format.ts";
import type { Form } from "../forms.ts";
import { frame, type Kind, series } from "../frames.ts";
import {
  type Cell,
  cells,
  factorsOf,
  intervalLaid,
  keysOf,
  kindsOf,
  Rows,
  shareLaid,
} from "../measures.ts";
import { carried } from "../provenance.ts";
import { seeded } from "../random.ts";
import {
  clusterBootstrap,
  nearDuplicates,
  simHashDuplicates,
  weightedMean,
  weightedShare,
  weightedTotals,
  wordsOf,
} from "../stats.ts";
import "./columns.ts";
import { HARDSHIPS, type Tone, toneOf } from "./texts/lexicon.ts";

export { HARDSHIPS, type Tone, toneOf } from "./texts/lexicon.ts";

/** Where the texts are. */
export interface Texts {
  /** The column with the text; rows without one do not count. */
  text: string;
  by?: readonly string[];
  /** Draws of the cluster bootstrap (2,000; 0 leaves its limits out), and their seed. */
  draws?: number;
  seed?: number;
}

/**
 * What a writer wrote in words of its own: the texts of a form that are not given, of each persona joined,
 * in a column `text`; without any it is null. What a form lists, and its labels, are not the writer's words.
 *
 * @param personas of this form, as `study.personas(form.name)` reads them
 * @returns the columns of the personas that are no field of the form, and text; what is known of the
 *   respondent has its own name again where a field had taken it
 * @throws {Error} when a field is no column
 */
export const textsOf = carried((personas: DataFrame, form: Form): DataFrame => {
  const names = form.fields.map(({ name }) => name);
  const lacking = names.filter((name) => !personas.columns.includes(name));
  if (lacking.length) {
    throw new Error(
      `These personas have no ${listed(lacking)}: read those of the form with ` +
        `study.personas(${JSON.stringify(form.name)})`,
    );
  }
  const columns = form.fields.filter(({ kind, given }) => kind === "text" && !given)
    .map(({ name }) => personas.getColumn(name).toArray() as (string | null)[]);
  const texts = Array.from(
    { length: personas.height },
    (_, row) =>
      columns.map((column) => column[row] ?? "").filter((text) => text !== "").join("\n\n") || null,
  );
  const fields = new Set(names.flatMap((name) => [name, `${name}_status`, `${name}_cleaned`]));
  const kept = personas.columns.filter((name) => !fields.has(name));
  const hidden = names.filter((name) => kept.includes(`profile_${name}`));
  return personas.select(...kept)
    .rename(Object.fromEntries(hidden.map((name) => [`profile_${name}`, name])))
    .withColumns(series("text", texts, "text"));
});

interface Written {
  rows: Rows;
  factors: readonly string[];
  cells: Cell[];
  texts: (string | null)[];
}

function written(personas: DataFrame, of: Texts, columns: readonly string[]): Written {
  const rows = new Rows(personas);
  rows.known(of.text, "column");
  const texts = rows.passing(of.text).map((text) =>
    text === null || wordsOf(String(text)).length === 0 ? null : String(text)
  );
  const factors = factorsOf(rows, of.by ?? [], columns);
  return { rows, factors, cells: cells(rows, factors), texts };
}

/** The weighted mean of a number of each text, NaN where it has none. */
function meanOf({ rows }: Written, cell: Cell, of: (row: number) => number) {
  const own = Array.from(cell.order).filter((row) => !Number.isNaN(of(row)));
  const origin = own.length ? of(own[0]!) : 0;
  const away = own.map((row) => of(row) - origin);
  return weightedMean({
    cluster: own.map((row) => rows.cluster[rows.respondent[row]!]!),
    weight: own.map((row) => rows.weight[rows.respondent[row]!]!),
    n: own.map(() => 1),
    sum: away,
    square: away.map((value) => value ** 2),
    origin,
  });
}

/** Percentile limits of the mean of a number of each text: whole clusters are drawn. */
function drawnMean(
  { rows }: Written,
  cell: Cell,
  of: (row: number) => number,
  { draws = 2000, seed = 1 }: Texts,
  what: string,
) {
  const held = new Map<number, { sum: number; weight: number }>();
  for (const row of cell.order) {
    const value = of(row);
    if (Number.isNaN(value)) continue;
    const one = rows.respondent[row]!, cluster = rows.cluster[one]!, weight = rows.weight[one]!;
    const own = held.get(cluster) ?? { sum: 0, weight: 0 };
    own.sum += weight * value;
    own.weight += weight;
    held.set(cluster, own);
  }
  if (held.size < 2 || draws === 0) return { boot_lower: null, boot_upper: null };
  const sums = [...held.values()];
  const columns = [sums.map(({ sum }) => sum), sums.map(({ weight }) => weight)];
  const [drawn] = clusterBootstrap({
    clusters: sums.length,
    uniform: seeded("texts", seed, what, JSON.stringify(cell.levels)).uniform,
    draws,
    accelerated: false,
    statistics: (weights) => {
      const [sum, weight] = weightedTotals(weights, columns);
      return [weight! > 0 ? sum! / weight! : null];
    },
  });
  const { ciLower, ciUpper } = drawn!.percentile;
  return { boot_lower: ciLower, boot_upper: ciUpper };
}

/** What is measured of a text: NaN where it has nothing to measure by. */
const TONES: Readonly<Record<string, (tone: Tone) => number>> = {
  words: ({ words }) => words,
  polarity: ({ positive, negative }) => (positive - negative) / (positive + negative),
  tone_density: ({ words, positive, negative }) => (positive + negative) / words,
  subjectivity: ({ words, opinion }) => opinion / words,
};

const TONE = {
  measure: "text",
  n: "integer",
  clusters: "integer",
  words: "number",
  estimate: "number",
  sd: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
  boot_lower: "number",
  boot_upper: "number",
} as const satisfies Record<string, Kind>;

/**
 * Length and tone of texts, by any factors.
 *
 * `words`: how long a text is; `polarity`: (positive − negative) / (positive + negative) words, −1 to 1, of
 * texts that have any; `tone_density`: (positive + negative) / words; `subjectivity`: words of opinion /
 * words. What words these are, and what the list cannot do: `lib/opinions/texts/lexicon.ts`.
 *
 * @returns by level of each factor and measure: n (texts that have it), clusters, words (mean length of
 *   these), estimate (mean), sd, se, df, ci_lower, ci_upper (95 %), boot_lower, boot_upper (percentile limits
 *   of the cluster bootstrap)
 * @throws {Error} when the text or a factor is no column
 */
export const tones = carried((personas: DataFrame, of: Texts): DataFrame => {
  const all = written(personas, of, Object.keys(TONE));
  const found = all.texts.map((text) => text === null ? null : toneOf(text));
  const tidy = all.cells.flatMap((cell) =>
    Object.entries(TONES).map(([measure, made]) => {
      const value = (row: number) => found[row] ? made(found[row]) : NaN;
      const mean = meanOf(all, cell, value), { estimate, sd, n, clusters } = mean;
      const words = (row: number) => Number.isNaN(value(row)) ? NaN : found[row]!.words;
      return {
        ...keysOf(all.factors, cell),
        measure,
        n,
        clusters,
        words: meanOf(all, cell, words).estimate,
        estimate,
        sd,
        ...intervalLaid(mean),
        ...drawnMean(all, cell, value, of, measure),
      };
    })
  );
  return frame(tidy, { ...kindsOf(all.rows, all.factors), ...TONE });
});

const HARDSHIP = {
  hardship: "text",
  n: "integer",
  clusters: "integer",
  words: "number",
  count: "integer",
  share: "number",
  se: "number",
  ci_lower: "number",
  ci_upper: "number",
  boot_lower: "number",
  boot_upper: "number",
  base_rate: "number",
} as const satisfies Record<string, Kind>;

/**
 * In how many texts a hardship is named at all, beside how common it is among people.
 *
 * @param of `rates` of people by hardship, where known; those of `any` as well
 * @returns by level of each factor and hardship (`any`: one or more): n, clusters, words (mean length), count,
 *   share (weighted, of texts that name it once or more), se, ci_lower, ci_upper (95 %, Wilson's at the
 *   effective n), boot_lower, boot_upper (percentile limits of the cluster bootstrap), base_rate
 * @throws {Error} when the text or a factor is no column, or a rate is of no hardship
 */
export const hardships = carried((
  personas: DataFrame,
  of: Texts & { rates?: Readonly<Record<string, number>> },
): DataFrame => {
  const all = written(personas, of, Object.keys(HARDSHIP));
  const kinds = ["any", ...HARDSHIPS];
  const unknown = Object.keys(of.rates ?? {}).filter((name) => !kinds.includes(name));
  if (unknown.length) {
    throw new Error(`There is no hardship ${listed(unknown)}: there are ${kinds.join(", ")}`);
  }
  const found = all.texts.map((text) => text === null ? null : toneOf(text));
  const tidy = all.cells.flatMap((cell) =>
    kinds.map((hardship) => {
      const own = Array.from(cell.order).filter((row) => found[row]);
      const names = (row: number) => {
        if (!found[row]) return NaN;
        const { hardships } = found[row];
        return Number(
          hardship === "any" ? hardships.length > 0 : hardships.some((one) => one === hardship),
        );
      };
      const named = own.map(names);
      const { effective_n: _, ...laid } = shareLaid(weightedShare({
        cluster: own.map((row) => all.rows.cluster[all.rows.respondent[row]!]!),
        weight: own.map((row) => all.rows.weight[all.rows.respondent[row]!]!),
        n: own.map(() => 1),
        sum: named,
      }));
      return {
        ...keysOf(all.factors, cell),
        hardship,
        ...laid,
        words: meanOf(all, cell, (row) => found[row]?.words ?? NaN).estimate,
        count: named.reduce<number>((sum, one) => sum + one, 0),
        ...drawnMean(all, cell, names, of, hardship),
        base_rate: of.rates?.[hardship] ?? null,
      };
    })
  );
  return frame(tidy, { ...kindsOf(all.rows, all.factors), ...HARDSHIP });
});

const VARIETY = {
  measure: "text",
  n: "integer",
  words: "number",
  count: "integer",
  estimate: "number",
} as const satisfies Record<string, Kind>;

/**
 * How often texts come again: distinct first names, and near-duplicates.
 *
 * Of every combination of levels the same number of texts is looked at, the first ones: in a larger set
 * more come again. There are no intervals, because pairs of texts are not independent.
 *
 * - `distinct_names`: different first names by the texts that have one; with `name` that column's first word,
 *   otherwise the first word of the text with a capital that no sentence begins with (see `firstName`);
 * - `equal`: texts that another is the same as, whatever case, punctuation and space;
 * - `near_duplicate`: texts with another that shares half or more of its sequences of three words (Jaccard,
 *   exact over all pairs);
 * - `simhash`: texts with another whose fingerprint of 64 bits differs in 3 at most (`simHash`): nearly equal
 *   ones only, in which a word or two were changed.
 *
 * @param of `most` texts of each combination: as many as the smallest has, unless said
 * @returns by level of each factor and measure: n, words (mean length), count, estimate (count by n)
 * @throws {Error} when a column is unknown
 */
export const variety = carried((
  personas: DataFrame,
  of: Texts & { name?: string; most?: number },
): DataFrame => {
  const all = written(personas, of, Object.keys(VARIETY));
  const given = of.name === undefined ? null : all.rows.passing(all.rows.known(of.name, "column"));
  const texts = all.cells.map(({ order }) =>
    Array.from(order).filter((row) => all.texts[row] !== null).toSorted((a, b) => a - b)
  );
  const most = of.most ?? Math.min(...texts.map((own) => own.length));
  const tidy = all.cells.flatMap((cell, at) => {
    const own = texts[at]!.slice(0, most);
    const words = own.map((row) => wordsOf(all.texts[row]!));
    const length = words.reduce((sum, { length }) => sum + length, 0) / own.length;
    const names = own.flatMap((row) =>
      (given ? wordsOf(String(given[row] ?? ""))[0] : firstName(all.texts[row]!)?.toLowerCase()) ??
        []
    );
    const counts = new Map<string, number>();
    for (const one of words) counts.set(one.join(" "), (counts.get(one.join(" ")) ?? 0) + 1);
    const equal = counts.values().reduce((sum, count) => sum + (count > 1 ? count : 0), 0);
    const near = nearDuplicates(words.map((words, at) => ({ words, group: at })));
    const row = (measure: string, n: number, count: number) => ({
      ...keysOf(all.factors, cell),
      measure,
      n,
      words: own.length ? length : null,
      count: n ? count : null,
      estimate: n ? count / n : null,
    });
    return [
      row("distinct_names", names.length, new Set(names).size),
      row("equal", own.length, equal),
      row("near_duplicate", own.length, near.any),
      row("simhash", own.length, simHashDuplicates(words)),
    ];
  });
  return frame(tidy, { ...kindsOf(all.rows, all.factors), ...VARIETY });
});

/** Words with a capital that begin texts and are no names. */
const STARTS = new Set(
  ("a an the this that these those in at on as by of to for from with after before since when while although " +
    "though he she they it we i you my his her their our your meet introducing persona name hello hi born raised " +
    "growing living originally currently now today once despite each every mr mrs ms miss dr name age sex race " +
    "state background description profile biography occupation")
    .split(" "),
);

/** The first word with a capital that is no usual beginning of a sentence; null where there is none. */
export const firstName = (text: string): string | null =>
  text.match(/(?<![\p{L}\p{N}])\p{Lu}[\p{Ll}\p{M}]+/gu)
    ?.find((word) => !STARTS.has(word.toLowerCase())) ?? null;
