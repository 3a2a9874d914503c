/** The sheets that a reply may hold, and which of them counts. */

/** One sheet, as one object or list of the reply gives it. */
export interface Candidate {
  /** Per item that it names: the answer, or null where that cannot be read. */
  answers: Map<number, number | null>;
  /** The reasons that stand beside answers, by item. */
  reasons: Map<number, string>;
  explanation: string | null;
  repaired: boolean;
  cut: boolean;
}

/** A sheet without answers. */
export const blank = (of: Omit<Candidate, "answers" | "reasons">): Candidate => ({
  answers: new Map(),
  reasons: new Map(),
  ...of,
});

export const isAnswered = ({ answers }: Candidate): boolean =>
  [...answers.values()].some((answer) => answer !== null);

/** Whether two sheets give an item different answers. */
const disagree = (a: Candidate, b: Candidate): boolean =>
  [...a.answers].some(([item, answer]) => {
    const other = b.answers.get(item) ?? null;
    return answer !== null && other !== null && answer !== other;
  });

const same = (a: Candidate, b: Candidate): boolean =>
  a.answers.size === b.answers.size &&
  [...a.answers].every(([item, answer]) => b.answers.get(item) === answer);

export const disjoint = (all: readonly Candidate[]): boolean =>
  new Set(all.flatMap(({ answers }) => [...answers.keys()])).size ===
    all.reduce((sum, { answers }) => sum + answers.size, 0);

/** Sheets that share no item, as one. */
export const joined = (all: readonly Candidate[]): Candidate => ({
  answers: new Map(all.flatMap(({ answers }) => [...answers])),
  reasons: new Map(all.flatMap(({ reasons }) => [...reasons])),
  explanation: all.find(({ explanation }) => explanation !== null)?.explanation ?? null,
  repaired: all.some(({ repaired }) => repaired),
  cut: all.some(({ cut }) => cut),
});

const TWO = { problem: "two different answer sheets in the reply" };

/**
 * The sheet that counts.
 *
 * A sheet that names every item counts, whatever incomplete ones (an example, a draft) stand before
 * it; nothing may contradict it: no other such sheet, nothing behind it. Without such a sheet, parts
 * that share no item are put together. All else could be two different sheets, and none counts.
 */
export function chosen(all: readonly Candidate[], items: number): Candidate | { problem: string } {
  const last = all.findLastIndex(({ answers }) => answers.size === items);
  if (last >= 0) {
    const rivals = all.filter(({ answers }, at) => at > last || answers.size === items);
    return rivals.some((rival) => disagree(rival, all[last]!)) ? TWO : all[last]!;
  }
  const [first] = all;
  if (all.every((other) => same(first!, other))) return first!;
  if (!disjoint(all)) return TWO;
  return joined(all);
}
