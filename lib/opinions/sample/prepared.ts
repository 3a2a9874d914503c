/** A design with its tables: which people a stratum has, and what anybody's fields may be. */
import type { Variable } from "../../codebook.ts";
import { nearest } from "../../format.ts";
import { type Margin, raked } from "../../stats.ts";
import { bandOf, type Part, partsOf, type Table, tableFrom, WHOLE } from "../tables.ts";
import { type Design, type Field, type MarginTable, NOT_APPLICABLE } from "./design.ts";

/** A variable that is drawn, its levels in order; codes are places in them. */
export interface Drawable {
  name: string;
  levels: readonly string[];
  /** The code of who has none; null where everybody has one. */
  none: number | null;
}

/** Everybody of a stratum by the variables of the joint table. */
export interface Stratum {
  name: string;
  /** By cell of the joint table: people. */
  count: Float64Array;
  total: number;
}

/** What a field may be to somebody: codes of its variables, and their probabilities. */
export interface Outcomes {
  /** By outcome, a code for each variable that is drawn. */
  codes: readonly (readonly number[])[];
  share: Float64Array;
  /** Shares added up. */
  upTo: Float64Array;
}

/** A table of which fields are drawn. */
export class Drawer {
  readonly #parts: readonly (readonly (readonly Part[])[])[];
  readonly #known = new Map<string, Outcomes>();
  readonly #none: Outcomes | null;
  readonly #places: Map<string, Map<string, number[]>>;

  constructor(
    readonly field: Field,
    private readonly table: Table,
    /** The variables that are given, and those that bound the universe. */
    readonly given: readonly Drawable[],
    private readonly inside: readonly { variable: Drawable; codes: ReadonlySet<number> }[],
    readonly draws: readonly Drawable[],
    private readonly columns: readonly number[],
    private readonly drawn: readonly number[],
    private readonly codeOf: readonly (readonly number[])[],
  ) {
    this.#parts = given.map((variable, at) =>
      variable.levels.map((level) => this.#partsOf(variable, level, columns[at]!))
    );
    const none = draws.map(({ none }) => none);
    this.#none = inside.length ? certain(none as number[]) : null;
    this.#places = new Map();
    for (let cell = 0; cell < table.count.length; cell++) {
      const stratum = table.strata[table.stratum[cell]!]!;
      const key = columns.map((column) => table.keys[column]!.code[cell]).join();
      for (const name of stratum === WHOLE ? [WHOLE] : [stratum, WHOLE]) {
        const places = this.#places.get(name) ?? new Map<string, number[]>();
        this.#places.set(name, places);
        places.set(key, [...places.get(key) ?? [], cell]);
      }
    }
  }

  /** All variables that an outcome hangs on. */
  get needs(): readonly Drawable[] {
    return [...new Set([...this.given, ...this.inside.map(({ variable }) => variable)])];
  }

  #partsOf(variable: Drawable, level: string, column: number): Part[] {
    const { name, levels } = this.table.keys[column]!;
    const said = this.field.levels[variable.name]?.[level];
    if (!said) return partsOf(level, levels);
    return said.map((one) => {
      const at = levels.indexOf(one);
      if (at >= 0) return { level: at, part: 1 };
      throw new Error(
        `${this.table.path}: levels of ${variable.name} name ${one}, and column ${name} has ` +
          levels.join(", "),
      );
    });
  }

  /**
   * What the field may be to somebody of a stratum.
   *
   * @param codeOf the code that the person has of a variable
   * @throws {Error} in one line, where the table says nothing of such people
   */
  outcomes(stratum: string, codeOf: (variable: Drawable) => number): Outcomes {
    if (this.inside.some(({ variable, codes }) => !codes.has(codeOf(variable)))) return this.#none!;
    const key = this.given.map(codeOf);
    const name = `${stratum}/${key.join()}`;
    const known = this.#known.get(name);
    if (known) return known;
    const own = this.#places.has(stratum)
      ? stratum
      : this.#places.has(WHOLE) && this.#alone
      ? WHOLE
      : null;
    const found = (own !== null && this.#counted(own, key)) ||
      (this.field.missing === "pooled" && this.#counted(WHOLE, key));
    if (!found) throw new Error(this.#lacking(stratum, own !== null, key));
    this.#known.set(name, found);
    return found;
  }

  /** Whether the table is of one population, and so of every stratum. */
  get #alone(): boolean {
    return this.table.strata.length === 1 && this.table.strata[0] === WHOLE;
  }

  #counted(stratum: string, key: readonly number[]): Outcomes | null {
    const places = this.#places.get(stratum)!;
    const counts = new Map<string, { codes: number[]; count: number }>();
    const walk = (at: number, path: number[], part: number): void => {
      if (at < key.length) {
        const parts = this.#parts[at]![key[at]!]!;
        for (const one of parts) {
          // Of the only band that is meant any part divides alike.
          const weight = parts.length === 1 ? 1 : one.part;
          if (weight === null) this.#cut(this.given[at]!, key[at]!, this.columns[at]!);
          walk(at + 1, [...path, one.level], part * weight!);
        }
        return;
      }
      for (const cell of places.get(path.join()) ?? []) {
        const codes = this.drawn.map((column, k) =>
          this.codeOf[k]![this.table.keys[column]!.code[cell]!]!
        );
        const own = counts.get(codes.join()) ?? { codes, count: 0 };
        own.count += part * this.table.count[cell]!;
        counts.set(codes.join(), own);
      }
    };
    walk(0, [], 1);
    const held = [...counts.values()].filter(({ count }) => count > 0);
    const total = held.reduce((sum, { count }) => sum + count, 0);
    return total > 0
      ? outcomes(held.map(({ codes }) => codes), held.map(({ count }) => count / total))
      : null;
  }

  #cut(variable: Drawable, code: number, column: number): never {
    throw new Error(
      `${this.table.path}, column ${this.table.keys[column]!.name}: ${
        variable.levels[code]
      } is a part of ` +
        "a band without an end beside others, and which part is not known: say it in `levels`",
    );
  }

  /** @param there whether the table has the stratum */
  #lacking(stratum: string, there: boolean, key: readonly number[]): string {
    const { path } = this.table;
    const odd = key.findIndex((code, at) => !this.#parts[at]![code]!.length);
    if (odd >= 0) {
      const { name, levels } = this.given[odd]!, column = this.table.keys[this.columns[odd]!]!;
      return `${path}, column ${column.name}: no level of it is ${name} ${
        levels[key[odd]!]
      }: say in ` +
        "`universe` that the field is not applicable to them, or in `levels` which ones they are";
    }
    const who = this.given.map(({ name, levels }, at) => `${name} ${levels[key[at]!]}`).join(", ");
    const what = there ? `nobody in stratum ${stratum}` : `no row of stratum ${stratum}`;
    return `${path}: ${what}${there && who ? ` with ${who}` : ""}: leave the stratum out, or say ` +
      '`"missing": "pooled"` to take all strata together';
  }
}

/** Outcomes with their shares. */
function outcomes(codes: readonly (readonly number[])[], shares: readonly number[]): Outcomes {
  let sum = 0;
  const upTo = Float64Array.from(shares, (share) => sum += share);
  // The last uniform number below 1 finds the last outcome.
  upTo[upTo.length - 1] = 1;
  return { codes, share: Float64Array.from(shares), upTo };
}

const certain = (codes: readonly number[]): Outcomes => outcomes([codes], [1]);

/** A design whose tables were read and fit each other. */
export interface Prepared {
  design: Design;
  strata: readonly Stratum[];
  /** The variables of the joint table; by cell, their codes. */
  joint: readonly Drawable[];
  cells: readonly Int16Array[];
  drawers: readonly Drawer[];
  /** Of every variable that is drawn, in order. */
  variables: readonly Drawable[];
  codebook: readonly Variable[];
}

/**
 * Reads the tables of a design.
 *
 * @param only the strata that are wanted; left out, all of the joint table
 * @throws {Error} in one line, with the file, the row or stratum, and what to do
 */
export function prepared(design: Design, only?: readonly string[]): Prepared {
  const table = tableFrom(design.joint.file, design.joint);
  const wanted = only ?? table.strata;
  const unknown = wanted.find((name) => !table.strata.includes(name));
  if (unknown !== undefined) {
    throw new Error(
      `${table.path}: no row of stratum ${unknown}: did you mean ${
        nearest(unknown, table.strata)
      }?`,
    );
  }
  if (new Set(wanted).size < wanted.length || !wanted.length) {
    throw new Error(
      `${design.path}: strata are named once each, and at least one: got ${
        wanted.join(", ") || "none"
      }`,
    );
  }
  const described = new Map(design.codebook.map((variable) => [variable.name, variable]));
  const made = new Map<string, Drawable>();
  const drawable = (
    name: string,
    levels: readonly string[],
    path: string,
    none: boolean,
  ): Drawable => {
    const own = described.get(name)?.levels?.map(({ value }) => String(value));
    if (made.has(name)) {
      throw new Error(`${design.path}: ${name} is drawn twice: leave one table of it`);
    }
    if (!own) {
      throw new Error(
        `${design.path}: the codebook has no levels of ${name}, which ${path} has: describe it`,
      );
    }
    const odd = levels.find((level) => !own.includes(level));
    if (odd !== undefined) {
      throw new Error(
        `${path}, column ${name}: ${
          JSON.stringify(odd)
        } is no level of the codebook: add it, or mend the ` +
          `table: it has ${own.join(", ")}`,
      );
    }
    const one = {
      name,
      levels: none ? [...own, NOT_APPLICABLE.value] : own,
      none: none ? own.length : null,
    };
    made.set(name, one);
    return one;
  };
  // Cells in order of the file, of the strata that are wanted.
  const joint = table.keys.map(({ name, levels }) => drawable(name, levels, table.path, false));
  const places = new Map<string, number>(), codes: number[][] = [];
  const counts = new Map(wanted.map((name) => [name, [] as number[]]));
  for (let cell = 0; cell < table.count.length; cell++) {
    const own = table.keys.map(({ levels, code }, at) =>
      joint[at]!.levels.indexOf(levels[code[cell]!]!)
    );
    const key = own.join();
    if (!places.has(key)) {
      places.set(key, codes.length);
      codes.push(own);
    }
    const stratum = counts.get(table.strata[table.stratum[cell]!]!);
    if (stratum) stratum[places.get(key)!] = table.count[cell]!;
  }
  const cells = joint.map((_, at) => Int16Array.from(codes, (own) => own[at]!));
  const margins = design.margins.map((of) => ({ of, table: tableFrom(of.file, of) }));
  const strata = wanted.map((name): Stratum => {
    const seed = Float64Array.from({ length: codes.length }, (_, at) => counts.get(name)![at] ?? 0);
    const total = sum(seed);
    if (!(total > 0)) {
      throw new Error(
        `${table.path}: stratum ${name} has no people: leave it out, or give its rows counts`,
      );
    }
    const count = margins.length
      ? rakedTo(margins, { name, seed, total, joint, cells, path: table.path })
      : seed;
    return { name, count, total: sum(count) };
  });
  if (design.variable !== null) {
    const own = described.get(design.variable)?.levels?.map(({ value }) => String(value)) ?? [];
    const odd = wanted.find((name) => !own.includes(name));
    if (odd !== undefined) {
      throw new Error(
        `${design.path}: ${design.variable} has no level ${odd} in the codebook: add it`,
      );
    }
  }
  const drawers = design.fields.map((field) => drawerOf(design, field, made, drawable));
  const variables = [...joint, ...drawers.flatMap(({ draws }) => draws)];
  const book = variables.map(({ name, none }): Variable => {
    const { levels, ...variable } = described.get(name)!;
    return { ...variable, levels: none === null ? levels! : [...levels!, NOT_APPLICABLE] };
  });
  const place = design.variable === null ? [] : [described.get(design.variable)!];
  return { design, strata, joint, cells, drawers, variables, codebook: [...place, ...book] };
}

function drawerOf(
  design: Design,
  field: Field,
  made: ReadonlyMap<string, Drawable>,
  drawable: (name: string, levels: readonly string[], path: string, none: boolean) => Drawable,
): Drawer {
  const table = tableFrom(field.file, field), names = table.keys.map(({ name }) => name);
  const column = (name: string): number => {
    const at = names.indexOf(name);
    if (at >= 0) return at;
    throw new Error(`${table.path}: no column ${name} with levels: it has ${names.join(", ")}`);
  };
  const known = (name: string, what: string): Drawable => {
    const found = made.get(name);
    if (found) return found;
    throw new Error(
      `${design.path}: ${table.path} is ${what} ${name}, which is not drawn before it: there are ` +
        [...made.keys()].join(", "),
    );
  };
  const inside = Object.entries(field.universe).map(([name, levels]) => {
    const variable = known(name, "bounded by");
    const codes = levels.map((level) => {
      const code = variable.levels.indexOf(level);
      if (code >= 0) return code;
      throw new Error(
        `${design.path}: the universe of ${table.path} has ${name} ${level}, which is no level of it: there ` +
          `are ${variable.levels.join(", ")}`,
      );
    });
    return { variable, codes: new Set(codes) };
  });
  const columns = Object.keys(field.given).map(column);
  const given = Object.values(field.given).map((name) => known(name, "given"));
  const drawn = field.draws.map(column);
  const draws = field.draws.map((name, at) =>
    drawable(name, table.keys[drawn[at]!]!.levels, table.path, inside.length > 0)
  );
  const codeOf = draws.map(({ levels }, at) =>
    table.keys[drawn[at]!]!.levels.map((level) => levels.indexOf(level))
  );
  return new Drawer(field, table, given, inside, draws, columns, drawn, codeOf);
}

interface Seed {
  name: string;
  seed: Float64Array;
  total: number;
  joint: readonly Drawable[];
  cells: readonly Int16Array[];
  path: string;
}

const sum = (of: ArrayLike<number>): number => Array.from(of).reduce((sum, one) => sum + one, 0);

/** A stratum of the joint table, checked and raked; people in the total of the first margin of counts. */
function rakedTo(margins: readonly { of: MarginTable; table: Table }[], own: Seed): Float64Array {
  const { name, seed, total, path } = own;
  const all = margins.map(({ of, table }) => ({ as: of.as, ...targetOf(of, table, own) }));
  const empty = all.find(({ target }) => !(sum(target) > 0));
  if (empty) {
    throw new Error(
      `${empty.name}: stratum ${name} has no people: give it counts, or leave it out`,
    );
  }
  for (const { as, name: file, place, target } of all) {
    if (as !== "check") continue;
    const there = target.map(() => 0);
    seed.forEach((count, cell) => there[place[cell]!]! += count);
    const off = target.findIndex((one, at) => Math.abs(one - there[at]!) > 1e-6 * total);
    if (off >= 0) {
      throw new Error(
        `${path}, stratum ${name}: level ${off + 1} adds up to ${there[off]}, and ${file} has ` +
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
      `${odd.name}, stratum ${name}: adds up to ${sum(odd.target)}, and ${
        first!.name
      } to ${size}: ` +
        'margins are of the same people; mend one, or say `"as": "shares"` to take only how it divides',
    );
  }
  try {
    return raked(
      seed,
      reached.map(({ target, ...margin }) => {
        const here = sum(target);
        return { ...margin, target: target.map((one) => one / here * size) };
      }),
    );
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error(
      `${path}, stratum ${name}: ${error.message}: add to the cells of 0 that may have people, or leave ` +
        "the margin out",
    );
  }
}

/** The counts of a margin by level of the joint table's variables, and which of them each cell is in. */
function targetOf(of: MarginTable, table: Table, { name, joint, cells }: Seed): Margin {
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
  return { name: table.path, place, target };
}
