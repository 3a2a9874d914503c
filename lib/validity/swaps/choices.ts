/** Single choices: who gives an answer only with a change, and only without it. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { cells, keysOf, kindsOf, type Rows, type Sheets, withHolm } from "../../measures.ts";
import { mcnemarExact } from "../../stats.ts";
import { compared, type Swaps } from "./paired.ts";

const CHOICES = {
  contrast: "text",
  change: "text",
  wording: "text",
  against: "text",
  scale: "text",
  n: "integer",
  only_before: "integer",
  only_after: "integer",
  p: "number",
  p_mid: "number",
  p_holm: "number",
} as const satisfies Record<string, Kind>;

export function swapChoices(
  sheets: Sheets,
  of: Swaps & { items: readonly number[]; answers: readonly number[] },
): DataFrame {
  const { rows, factors, paired, within, against } = compared(sheets, of, Object.keys(CHOICES));
  const given = of.items.map((item) => ({
    scale: `item ${item}`,
    answers: answersTo(rows, item),
  }));
  const tested = (
    pairs: readonly (readonly [number, number])[],
    answers: readonly (string | number | null)[],
  ) => {
    const both = pairs.filter(([a, b]) => answers[a] !== null && answers[b] !== null);
    const yes = (row: number) => of.answers.includes(Number(answers[row]));
    const before = both.filter(([a, b]) => yes(a) && !yes(b)).length;
    const after = both.filter(([a, b]) => !yes(a) && yes(b)).length;
    const { p, midP } = mcnemarExact(before, after);
    return { n: both.length, only_before: before, only_after: after, p, p_mid: midP };
  };
  const tidy = cells(rows, factors).flatMap((cell) => {
    const keys = keysOf(factors, cell);
    const changed = paired(cell).flatMap(({ change, wordings, pairs }) =>
      wordings.flatMap((wording, v) =>
        given.map(({ scale, answers }) => ({
          ...keys,
          ...{ contrast: "change", change, wording, against, scale },
          ...tested(
            [...pairs.values()].flatMap((own) => {
              const pair = own[v];
              return pair ? [[pair.before[0]!, pair.after[0]!] as const] : [];
            }),
            answers,
          ),
        }))
      )
    );
    const plain = within(cell);
    const worded = plain.wordings.flatMap((wording, v) =>
      plain.wordings.slice(v + 1).flatMap((other, w) =>
        given.map(({ scale, answers }) => ({
          ...keys,
          ...{ contrast: "wording", change: against, wording, against: other, scale },
          ...tested(
            [...plain.rows.values()].flatMap((own) => {
              const a = own[v]?.[0], b = own[v + 1 + w]?.[0];
              return a === undefined || b === undefined ? [] : [[a, b] as const];
            }),
            answers,
          ),
        }))
      )
    );
    return [changed, worded].flatMap(withHolm);
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...CHOICES });
}

/** @throws {Error} when the sheets have no such item */
function answersTo(rows: Rows, item: number) {
  if (rows.has(`answer ${item}`)) return rows.column(`answer ${item}`);
  throw new Error(`These sheets have no item ${item}`);
}
