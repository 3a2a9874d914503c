/** What becomes of the paper's markers, with the size of the effects and how large they may yet be. */
import type { DataFrame } from "polars";
import { interval, number, range, records, some, type Value, verb } from "./words.ts";

const NUMBERS = ["effect", "effect_lower", "effect_upper", "least", "most", "family"] as const;

/**
 * The verdicts of a table counted; the sizes of what stands, weakens and vanishes; the largest effect
 * that what vanishes may have; what appears, cell by cell.
 *
 * @param survived as `robustness` of `lib/paper/tables.ts` gives it
 * @param keys of the table's layout
 */
export function verdictReading(survived: DataFrame, keys: readonly string[]): string[] {
  const known = survived.filter(survived.getColumn("verdict").isNotNull());
  if (!known.height) return ["Nothing is tested here."];
  const all = records(known, [...keys, "verdict", "effect_name"], NUMBERS);
  const of = (verdict: string) => all.filter((row) => row.verdict === verdict);
  const [stands, weakens, vanishes, appears] = ["stands", "weakens", "vanishes", "appears"].map(of);
  const name = all[0]!.effect_name;
  const sizes = (rows: typeof all) => range(rows.map(({ effect }) => effect && Math.abs(effect)));
  const most = (rows: typeof all) =>
    rows.reduce<Value>(
      (found, { most }) => most !== null && most > (found ?? 0) ? most : found,
      null,
    );
  const told = (row: typeof all[number]) =>
    `${keys.map((key) => row[key]).join(" ")} ` +
    `(${number(row.effect)} ${interval(row.effect_lower, row.effect_upper)})`;
  const marked = stands!.length + weakens!.length + vanishes!.length;
  return [
    (marked
      ? `Of ${marked} markers that can be tested ${verb(stands!.length, "stands", "stand")}, ${
        verb(weakens!.length, "weakens", "weaken")
      } and ${
        verb(vanishes!.length, "vanishes", "vanish")
      }, with profiles as what is independent and ` +
        `${all[0]!.family} tests as one family.`
      : `None of the ${
        all[0]!.family
      } cells that can be tested has a marker that could stand or vanish.`) +
    (stands!.length ? ` In size |${name}|: what stands ${sizes(stands!)}` : "") +
    (vanishes!.length
      ? `; what vanishes ${sizes(vanishes!)}, and by its intervals up to ${
        number(most(vanishes!))
      }.`
      : stands!.length
      ? "."
      : "") +
    (appears!.length
      ? ` Without a marker and below .05 after Holm: ${some(appears!.map(told))}.`
      : marked
      ? " Nothing appears that has no marker."
      : ""),
  ];
}
