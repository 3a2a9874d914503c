/** The items of an instrument as sheets have them. */
import { type Instrument, isOrdered, keyedAnswer, optionsOf } from "../instruments.ts";
import type { Level, Rows } from "../measures.ts";

/** An item as sheets have it. */
export interface Asked {
  number: number;
  scale: string | null;
  answer: readonly Level[];
  /** Codes of answers in their order; none where they have no order. */
  steps: readonly number[];
  answers: ReadonlySet<number>;
  /** Codes of refusals and don't-knows. */
  declined: ReadonlySet<number>;
  /** Whether agreeing speaks for the scale; null without one. */
  forward: boolean | null;
}

/** @throws {Error} when the sheets have no column of an item */
export function itemsOf(rows: Rows, instrument: Instrument): Asked[] {
  return instrument.items.map((item) => {
    const options = optionsOf(instrument, item);
    const own = options.filter(({ role }) => !role);
    const name = `answer ${item.number}`;
    if (!rows.has(name)) {
      throw new Error(`These sheets have no item ${item.number} of ${instrument.title}`);
    }
    const steps = isOrdered(instrument, item)
      ? own.toSorted((a, b) => a.position! - b.position!).map(({ code }) => code)
      : [];
    return {
      number: item.number,
      scale: item.scale,
      answer: rows.passing(name),
      steps,
      answers: new Set(own.map(({ code }) => code)),
      declined: new Set(options.filter(({ role }) => role).map(({ code }) => code)),
      forward: item.scale === null ? null : keyedAnswer(instrument, item) === steps.at(-1),
    };
  });
}

/** The answer to an item, null where there is none. */
export const given = ({ answer, answers }: Asked, row: number): number | null => {
  const own = answer[row];
  return typeof own === "number" && answers.has(own) ? own : null;
};
