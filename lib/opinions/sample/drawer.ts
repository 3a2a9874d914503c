/** What anybody's fields may be, by the tables. */
import { raked } from "../../stats.ts";
import { type Part, partsOf, type Table, tableFrom, WHOLE } from "../tables.ts";
import type { Design, Field } from "./design.ts";
import type { Shares } from "./target.ts";

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

/** A variable that an outcome must agree with. */
export interface Agreed {
  variable: Drawable;
  /** By code of the first variable that is drawn, the codes that go with it; of others all do. */
  codes: ReadonlyMap<number, ReadonlySet<number>>;
  /** Everybody of a stratum, by combination of variables that are drawn before. */
  before: (stratum: string, variables: readonly Drawable[]) => Shares;
}

/** Of what does not agree, so little is left that margins which contradict each other are still reached. */
const DISAGREEING = 1e-4;

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
    private readonly agreed: Agreed | null,
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
    const inside = this.inside.map(({ variable }) => variable);
    return [...new Set([...this.given, ...inside, ...this.agreed ? [this.agreed.variable] : []])];
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
    if (!this.agreed) return this.#outcomes(stratum, key);
    const name = `${stratum}/${key.join()}/${codeOf(this.agreed.variable)}`;
    if (!this.#known.has(name)) this.#agree(stratum, key, this.agreed);
    return this.#known.get(name)!;
  }

  /** What the table says of a stratum and those who have these codes. */
  #outcomes(stratum: string, key: readonly number[]): Outcomes {
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

  /**
   * What the table says, given the variable that it must agree with as well: the margin of the table and
   * that of the variable, among all whom the table does not tell apart, raked from a seed of 1 where they
   * agree.
   */
  #agree(stratum: string, key: readonly number[], { variable, codes, before }: Agreed): void {
    const level = (at: number, code: number): number => {
      const parts = this.#parts[at]![code]!;
      if (parts.length === 1) return parts[0]!.level;
      const { name, levels } = this.given[at]!;
      throw new Error(
        `${this.table.path}: \`agree\` wants ${name} ${
          levels[code]
        } in one level of the file: say which in ` +
          "`levels`",
      );
    };
    const base = this.#outcomes(stratum, key);
    const path = key.map((code, at) => level(at, code)).join();
    const inside = this.inside.map(({ variable }) => variable);
    const among = variable.levels.map(() => 0), keys = new Map<string, readonly number[]>();
    const size = this.given.length;
    for (const { codes: own, share } of before(stratum, [...this.given, ...inside, variable])) {
      if (this.inside.some(({ codes }, at) => !codes.has(own[size + at]!))) continue;
      const given = own.slice(0, size);
      if (given.map((code, at) => level(at, code)).join() !== path) continue;
      among[own.at(-1)!]! += share;
      keys.set(given.join(), given);
    }
    const k = variable.levels.length;
    const seed = base.codes.flatMap(([code]) =>
      variable.levels.map((_, other) => codes.get(code!)?.has(other) === false ? DISAGREEING : 1)
    );
    const total = sum(among);
    let made: Float64Array;
    try {
      made = raked(seed, [
        {
          name: this.draws[0]!.name,
          place: Int32Array.from(seed, (_, cell) => Math.floor(cell / k)),
          target: Array.from(base.share),
        },
        {
          name: variable.name,
          place: Int32Array.from(seed, (_, cell) => cell % k),
          target: among.map((one) => one / total),
        },
      ]);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new Error(
        `${this.table.path}, stratum ${stratum}: ${error.message}: leave \`agree\` out`,
      );
    }
    for (const [other, share] of among.entries()) {
      if (!(share > 0)) continue;
      const own = base.codes.map((_, at) => made[at * k + other]!), all = sum(own);
      const given = outcomes(base.codes, own.map((one) => one / all));
      for (const one of keys.keys()) this.#known.set(`${stratum}/${one}/${other}`, given);
    }
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

/** The table of a field, fitted to what is drawn before it. */
export function drawerOf(
  design: Design,
  field: Field,
  made: ReadonlyMap<string, Drawable>,
  drawable: (name: string, levels: readonly string[], path: string, none: boolean) => Drawable,
  before: Agreed["before"],
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
  const codesOf = (variable: Drawable, levels: readonly string[], what: string) =>
    new Set(levels.map((level) => {
      const code = variable.levels.indexOf(level);
      if (code >= 0) return code;
      throw new Error(
        `${design.path}: ${what} of ${table.path} has ${variable.name} ${level}, which is no level of it: ` +
          `there are ${variable.levels.join(", ")}`,
      );
    }));
  const inside = Object.entries(field.universe).map(([name, levels]) => {
    const variable = known(name, "bounded by");
    return { variable, codes: codesOf(variable, levels, "the universe") };
  });
  const columns = Object.keys(field.given).map(column);
  const given = Object.values(field.given).map((name) => known(name, "given"));
  for (const [name, levels] of Object.entries(field.levels)) {
    const variable = given.find((one) => one.name === name);
    if (!variable) {
      throw new Error(`${design.path}: levels of ${table.path} are of ${name}, which is not given`);
    }
    codesOf(variable, Object.keys(levels), "levels");
  }
  const drawn = field.draws.map(column);
  const draws = field.draws.map((name, at) =>
    drawable(name, table.keys[drawn[at]!]!.levels, table.path, inside.length > 0)
  );
  const agreed = (): Agreed | null => {
    if (!field.agree) return null;
    const variable = known(field.agree.with, "to agree with");
    const codes = Object.entries(field.agree.levels).map(([level, others]) => {
      const [code] = codesOf(draws[0]!, [level], "agree");
      const among = codesOf(variable, others, "agree");
      return [code!, variable.none === null ? among : among.add(variable.none)] as const;
    });
    return { variable, codes: new Map(codes), before };
  };
  const codeOf = draws.map(({ levels }, at) =>
    table.keys[drawn[at]!]!.levels.map((level) => levels.indexOf(level))
  );
  return new Drawer(field, table, given, inside, draws, columns, drawn, codeOf, agreed());
}

export const sum = (of: ArrayLike<number>): number =>
  Array.from(of).reduce((sum, one) => sum + one, 0);
