/** The profile that a simulated persona carries in its text, and what is drawn. */
import {
  bounds,
  hasOwnOptions,
  type Instrument,
  itemScore,
  registered,
} from "../../instruments.ts";
import { type Random } from "../../random.ts";

/** The share of answers that differ from the profile's, where the model does not say. */
export const ERROR_RATE = 0.1;
/** The line that carries a profile from the biography to the questionnaire. */
export const CARRIED = /\[simulated persona: (\S+) (-?\d+(?:,-?\d+)*)\]/;

export const TABLE = /^question,answer\n((?:(?:"(?:[^"]|"")*"|[^",\n]*),[^",\n]+(?:\n|$))+)/m;

export const ROW = /(?:"((?:[^"]|"")*)"|([^",\n]*)),([^",\n]+)(?:\n|$)/g;

export interface Carried {
  /** The instrument of the profile, where it is a registered one. */
  instrument: Instrument | null;
  answers: readonly number[];
}

/** The profile that a table of questions and answers is. */
export function profileOf(table: string): Carried {
  const rows = [...table.matchAll(ROW)].map(([, quoted, plain, answer]) => ({
    text: quoted?.replaceAll('""', '"') ?? plain!,
    answer: answer === "True" ? 1 : answer === "False" ? 0 : Number(answer),
  }));
  const answers = rows.map(({ answer }) => Number.isInteger(answer) ? answer : 0);
  return { instrument: instrumentOf(rows.map(({ text }) => text)), answers };
}

/** The line that says which profile is behind a text. */
export const carriedLine = ({ instrument, answers }: Carried): string =>
  `[simulated persona: ${instrument?.name ?? "unknown"} ${answers.join(",")}]`;

/** The registered instrument with exactly these items, in item order. */
export const instrumentOf = (texts: readonly string[]): Instrument | null =>
  registered().find(({ items }) =>
    items.length === texts.length && items.every(({ text }, i) => text === texts[i])
  ) ?? null;

/** Scale scores as a share of their range, 0 to 1; none where the instrument is unknown. */
export function sharesOf({ instrument, answers }: Carried): Map<string, number> {
  if (!instrument || hasOwnOptions(instrument)) return new Map();
  if (answers.length !== instrument.items.length) return new Map();
  const { lowest, highest } = bounds(instrument);
  return new Map(instrument.scales.map((scale) => {
    const scores = instrument.items.flatMap(({ number, keyed, ...item }) => {
      if (item.scale !== scale) return [];
      const score = itemScore(
        instrument,
        number,
        Math.min(highest, Math.max(lowest, answers[number - 1]!)),
      )!;
      return keyed === null ? (score - lowest) / (highest - lowest) : score;
    });
    return [scale, scores.reduce((sum, score) => sum + score, 0) / scores.length];
  }));
}

export function one<T>(of: readonly T[], random: Random): T {
  return of[random.int(of.length)]!;
}

export function weighted(weights: readonly number[], random: Random): number {
  let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  const place = weights.findIndex((weight) => (left -= weight) < 0);
  return place < 0 ? weights.length - 1 : place;
}
