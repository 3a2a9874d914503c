/** A design with its tables, all of them read and found to fit each other. */
import type { Variable } from "../../codebook.ts";
import { nearest } from "../../format.ts";
import { rowOf, tableFrom } from "../tables.ts";
import { type Design, NOT_APPLICABLE } from "./design.ts";
import { type Agreed, type Drawable, type Drawer, drawerOf, type Stratum, sum } from "./drawer.ts";
import { rakedTo } from "./margins.ts";
import { targetOf } from "./target.ts";

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
    const total = sum(seed), at = `${table.path}, row ${rowOf(table, table.strata.indexOf(name))}`;
    if (!(total > 0)) {
      throw new Error(
        `${at}, stratum ${name}: it has no people: leave it out, or give its rows counts`,
      );
    }
    const count = margins.length ? rakedTo(margins, { name, seed, total, joint, cells, at }) : seed;
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
  const drawers: Drawer[] = [];
  for (const field of design.fields) {
    const earlier = [...drawers];
    const before: Agreed["before"] = (name, variables) =>
      targetOf(
        { joint, cells, drawers: earlier },
        strata.find((one) => one.name === name)!,
        variables,
      );
    drawers.push(drawerOf(design, field, made, drawable, before));
  }
  const variables = [...joint, ...drawers.flatMap(({ draws }) => draws)];
  const book = variables.map(({ name, none }): Variable => {
    const { levels, ...variable } = described.get(name)!;
    return { ...variable, levels: none === null ? levels! : [...levels!, NOT_APPLICABLE] };
  });
  const place = design.variable === null ? [] : [described.get(design.variable)!];
  return { design, strata, joint, cells, drawers, variables, codebook: [...place, ...book] };
}
