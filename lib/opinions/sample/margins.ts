/** The joint table of a stratum, checked against margins and raked to them. */
import { type Margin, raked } from "../../stats.ts";
import { bandOf, partsOf, rowOf, type Table, WHOLE } from "../tables.ts";
import type { MarginTable } from "./design.ts";
import { type Drawable, sum } from "./drawer.ts";

/** A stratum as its table has it. */
export interface Seed {
  name: string;
  seed: Float64Array;
  total: number;
  joint: readonly Drawable[];
  cells: readonly Int16Array[];
  /** File and row where it begins. */
  at: string;
}

/** A stratum of the joint table, checked and raked; people in the total of the first margin of counts. */
export function rakedTo(
  margins: readonly { of: MarginTable; table: Table }[],
  own: Seed,
): Float64Array {
  const { name, seed, total, at } = own;
  const all = margins.map(({ of, table }) => ({ as: of.as, ...targetOf(of, table, own) }));
  const empty = all.find(({ target }) => !(sum(target) > 0));
  if (empty) {
    throw new Error(
      `${empty.at}, stratum ${name}: it has no people: give it counts, or leave it out`,
    );
  }
  for (const { as, at: file, place, target, words } of all) {
    if (as !== "check") continue;
    const there = target.map(() => 0);
    seed.forEach((count, cell) => there[place[cell]!]! += count);
    const off = target.findIndex((one, level) => Math.abs(one - there[level]!) > 1e-6 * total);
    if (off >= 0) {
      throw new Error(
        `${at}, stratum ${name}: ${words(off)} adds up to ${there[off]}, and ${file} has ` +
          `${target[off]}: its groups overlap or leave people out, or the two are of other people`,
      );
    }
  }
  const reached = all.filter(({ as }) => as !== "check");
  const first = reached.find(({ as }) => as === "counts");
  const size = first ? sum(first.target) : total;
  const odd = reached.find(({ as, target }) =>
    as === "counts" && Math.abs(sum(target) - size) > 1e-6 * size
  );
  if (odd) {
    throw new Error(
      `${odd.at}, stratum ${name}: adds up to ${sum(odd.target)}, and ${first!.at} to ${size}: ` +
        'margins are of the same people; mend one, or say `"as": "shares"` to take only how it divides',
    );
  }
  try {
    return raked(
      seed,
      reached.map(({ name, place, target }) => {
        const here = sum(target);
        return { name, place, target: target.map((one) => one / here * size) };
      }),
    );
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error(
      `${at}, stratum ${name}: ${error.message}: add to the cells of 0 that may have people, or leave ` +
        "the margin out",
    );
  }
}

/** The counts of a margin by level of the joint table's variables, and which of them each cell is in. */
function targetOf(
  of: MarginTable,
  table: Table,
  { name, joint, cells }: Seed,
): Margin & { at: string; words: (place: number) => string } {
  const columns = Object.entries(of.of).map(([column, variable]) => {
    const key = table.keys.findIndex((key) => key.name === column);
    const at = joint.findIndex((one) => one.name === variable);
    if (key < 0 || at < 0) {
      throw new Error(
        key < 0
          ? `${table.path}: no column ${column} with levels: it has ${
            table.keys.map(({ name }) => name).join(", ")
          }`
          : `${table.path}: ${variable} is no variable of the joint table, which has ${
            joint.map(({ name }) => name).join(", ")
          }: draw it as a field`,
      );
    }
    return { key: table.keys[key]!, at };
  });
  const stratum = table.strata.length === 1 && table.strata[0] === WHOLE
    ? 0
    : table.strata.indexOf(name);
  if (stratum < 0) {
    throw new Error(`${table.path}: no row of stratum ${name}: leave the stratum out, or add it`);
  }
  const levels = columns.map(({ at }) => joint[at]!.levels.length);
  const parts = columns.map(({ key, at }) =>
    joint[at]!.levels.map((level) => partsOf(level, key.levels))
  );
  columns.forEach(({ key, at }, k) => {
    const lost = key.levels.findIndex((level, code) =>
      !bandOf(level) && !parts[k]!.some((of) => of.some((one) => one.level === code))
    );
    const none = parts[k]!.findIndex((of) => !of.length);
    if (lost < 0 && none < 0) return;
    const [level, file] = lost < 0
      ? [joint[at]!.levels[none], table.path]
      : [key.levels[lost], "the joint table"];
    throw new Error(
      `${table.path}, column ${key.name}: ${file} has no level ${level} of ${
        joint[at]!.name
      }: give both ` +
        "the same levels",
    );
  });
  const target = new Array<number>(levels.reduce((size, n) => size * n, 1)).fill(0);
  for (let cell = 0; cell < table.count.length; cell++) {
    if (table.stratum[cell] !== stratum) continue;
    const walk = (k: number, place: number, part: number): void => {
      if (k === columns.length) {
        target[place]! += part * table.count[cell]!;
        return;
      }
      const { key, at } = columns[k]!;
      parts[k]!.forEach((of, level) => {
        const own = of.find((one) => one.level === key.code[cell]);
        if (!own) return;
        if (own.part === null) {
          throw new Error(
            `${table.path}, row ${table.row[cell]}, column ${key.name}: ${
              joint[at]!.levels[level]
            } is a ` +
              "part of a band without an end, and which part is not known: give the table its own row",
          );
        }
        walk(k + 1, place * levels[k]! + level, part * own.part);
      });
    };
    walk(0, 0, 1);
  }
  const place = Int32Array.from(
    { length: cells[0]!.length },
    (_, cell) => columns.reduce((place, { at }, k) => place * levels[k]! + cells[at]![cell]!, 0),
  );
  /** A level of the margin, as the joint table has it. */
  const words = (place: number) =>
    columns.toReversed().reduce<{ rest: number; of: string[] }>(({ rest, of }, { at }) => {
      const { name, levels } = joint[at]!;
      const own = `${name} ${levels[rest % levels.length]}`;
      return { rest: Math.floor(rest / levels.length), of: [own, ...of] };
    }, { rest: place, of: [] }).of.join(", ");
  const at = `${table.path}, row ${rowOf(table, stratum)}`;
  return { name: table.path, at, place, target, words };
}
