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
/**
 * The line that carries a profile from the biography to the questionnaire; with what its answers mean, where no
 * package says it.
 */
export const CARRIED = /\[simulated persona: (\S+) (-?\d+(?:,-?\d+)*)(?: (\{.*\}))?\]/;

export const TABLE = /^question,answer\n((?:(?:"(?:[^"]|"")*"|[^",\n]*),[^",\n]+(?:\n|$))+)/m;

export const ROW = /(?:"((?:[^"]|"")*)"|([^",\n]*)),([^",\n]+)(?:\n|$)/g;

/** What the legend of a table says of its answers. */
export const LEGEND = /^- answer: .* as a number: (.+)$/m;

/** What answers there are, and what they mean. */
export type Scale = Pick<Instrument, "lowest" | "highest" | "answers">;

export interface Carried {
  /** The instrument of the profile, where it is a registered one. */
  instrument: Instrument | null;
  answers: readonly number[];
  /** What its answers mean, where the instrument is none and the prompt said it. */
  scale?: Scale;
}

/**
 * The profile that a table of questions and answers is.
 *
 * @param prompt that the table stands in
 */
export function profileOf(table: string, prompt: string): Carried {
  const rows = [...table.matchAll(ROW)].map(([, quoted, plain, answer]) => ({
    text: quoted?.replaceAll('""', '"') ?? plain!,
    answer: answer === "True" ? 1 : answer === "False" ? 0 : Number(answer),
  }));
  const answers = rows.map(({ answer }) => Number.isInteger(answer) ? answer : 0);
  const instrument = instrumentOf(rows.map(({ text }) => text));
  const legend = instrument ? null : LEGEND.exec(prompt);
  return { instrument, answers, ...legend && { scale: scaleOf(labelsIn(legend[1]!)) } };
}

/** Labels by answer, as a legend lists them: `1 no, 2, 3 yes`. */
function labelsIn(legend: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let left: string | undefined = legend;
  for (let code = parseInt(legend); left !== undefined; code++) {
    // A label may have commas and numbers of its own: the next answer is the one above this.
    const [own, ...more]: string[] = left.split(new RegExp(`, (?=${code + 1}(?:[ ,]|$))`));
    labels[code] = own!.slice(String(code).length).trim();
    left = more.length ? more.join(", ") : undefined;
  }
  return labels;
}

function scaleOf(answers: Readonly<Record<string, string>>): Scale {
  const codes = Object.keys(answers).map(Number);
  return { lowest: Math.min(...codes), highest: Math.max(...codes), answers };
}

/** The profile that a text carries, or null. */
export function carriedIn(text: string): Carried | null {
  const [, name, answers, labels] = CARRIED.exec(text) ?? [];
  if (answers === undefined) return null;
  return {
    instrument: registered().find((one) => one.name === name) ?? null,
    answers: answers.split(",").map(Number),
    ...labels !== undefined && { scale: scaleOf(JSON.parse(labels)) },
  };
}

/** The line that says which profile is behind a text. */
export const carriedLine = ({ instrument, answers, scale }: Carried): string =>
  `[simulated persona: ${instrument?.name ?? "unknown"} ${answers.join(",")}` +
  `${scale ? ` ${JSON.stringify(scale.answers)}` : ""}]`;

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
