/** People drawn from a design. */
import type { Value, Values } from "../../codebook.ts";
import type { Profile } from "../../conditions.ts";
import type { Population } from "../../population.ts";
import { type Random, seeded } from "../../random.ts";
import { apportioned, effectiveSize, raked, systematic, type Weighted } from "../../stats.ts";
import type { Design } from "./design.ts";
import type { Drawable, Outcomes } from "./drawer.ts";
import { type Prepared, prepared } from "./prepared.ts";
import { targetOf } from "./target.ts";

/** How levels come to people. */
export const METHODS = ["systematic", "multinomial", "quota"] as const;
export type Method = typeof METHODS[number];

/** How many, of whom, and how. */
export interface Draw {
  /** So many of each stratum; they then have weights, where there are several. */
  each?: number;
  /** So many in all, shared out to the strata by their people. */
  total?: number;
  /** Left out: all that the joint table has. */
  strata?: readonly string[];
  /**
   * `systematic`: each combination of the joint table, and each level of a field among equal people, comes
   * as often as its share says, rounded up or down by chance. `multinomial`: every person alone.
   * `quota`: combinations of the joint table by largest remainder, so that those below about half a person
   * are never drawn; fields systematically.
   */
  method?: Method;
  seed?: number;
  /** Left out, that of the design. */
  name?: string;
}

/** People drawn from a design, and what they were drawn from. */
export interface Drawn {
  population: Population;
  prepared: Prepared;
  method: Method;
  /** By person, in order of the population: the place of the stratum. */
  stratum: Int16Array;
  /** By variable and person: the code of the level. */
  codes: ReadonlyMap<Drawable, Int16Array>;
  /** By person, with a mean of 1; null where all count alike. */
  weight: Float64Array | null;
  /** Whether weights were made from who was drawn, so that the tables are met by construction. */
  reweighted: boolean;
  size: Weighted;
}

/**
 * People drawn from a design, as a population of a study: `lab.population(drawn.population)`.
 *
 * The same seed gives the same people; each stratum and each field has numbers of its own, so that
 * another stratum, or another field, changes nobody. Drawn multinomially, `each` people of a stratum
 * are the first of any larger sample.
 *
 * @throws {RangeError} when the options contradict themselves
 * @throws {Error} in one line, where a table does not fit
 */
export function draw(design: Design, options: Draw): Drawn {
  const { each, total, method = "systematic", seed = 1 } = options;
  const size = each ?? total;
  if ((each === undefined) === (total === undefined) || !Number.isSafeInteger(size) || size! < 1) {
    throw new RangeError(
      "A draw has `each`, so many people of each stratum, or `total`, so many in all, a whole number from 1: " +
        `got each ${each}, total ${total}`,
    );
  }
  if (!METHODS.includes(method)) {
    throw new RangeError(`method is ${METHODS.join(", ")}: got ${JSON.stringify(method)}`);
  }
  const from = prepared(design, options.strata);
  const { strata, joint, cells, drawers, variables } = from;
  const sizes = each === undefined
    ? apportioned(total!, strata.map(({ total }) => total))
    : strata.map(() => each);
  const n = sizes.reduce((sum, one) => sum + one, 0);
  const stratum = new Int16Array(n);
  const codes = new Map(variables.map((variable) => [variable, new Int16Array(n)]));
  let first = 0;
  for (const [at, { name, count, total }] of strata.entries()) {
    const own = sizes[at]!,
      random = (what: string) => seeded("people", design.name, seed, name, what);
    stratum.fill(at, first, first + own);
    const shares = Array.from(count, (one) => one / total);
    const picked = placed(shares, own, method, random("joint"));
    joint.forEach((variable, at) => {
      const to = codes.get(variable)!;
      for (let i = 0; i < own; i++) to[first + i] = cells[at]![picked[i]!]!;
    });
    for (const drawer of drawers) {
      const stream = random(drawer.field.draws.join());
      const to = drawer.draws.map((variable) => codes.get(variable)!);
      const put = (person: number, outcome: readonly number[]) =>
        to.forEach((column, at) => column[person] = outcome[at]!);
      const needs = drawer.needs.map((variable) => ({
        size: variable.levels.length,
        column: codes.get(variable)!,
      }));
      // By the codes that the field hangs on, as one number.
      const known = new Map<number, Outcomes>(), groups = new Map<Outcomes, number[]>();
      for (let i = first; i < first + own; i++) {
        let key = 0;
        for (const { size, column } of needs) key = key * size + column[i]!;
        let outcomes = known.get(key);
        if (!outcomes) {
          outcomes = drawer.outcomes(name, (variable) => codes.get(variable)![i]!);
          known.set(key, outcomes);
        }
        if (method === "multinomial") {
          put(i, outcomes.codes[found(outcomes.upTo, stream.uniform())]!);
          continue;
        }
        const group = groups.get(outcomes);
        if (group) group.push(i);
        else groups.set(outcomes, [i]);
      }
      for (const [{ codes, share }, people] of groups) {
        const order = placed(share, people.length, "systematic", stream);
        people.forEach((person, at) => put(person, codes[order[at]!]!));
      }
    }
    first += own;
  }
  const weight = each === undefined || strata.length === 1 ? null : weights(from, sizes);
  return completed(
    { prepared: from, method, stratum, codes, weight, reweighted: false },
    options.name ?? design.name,
    `drawn from ${design.name}: ${method}, seed ${seed}, ${
      each === undefined ? `${total} in all` : `${each} of each stratum`
    }`,
  );
}

/** People of a stratum count for as many as there are for each of them; with a mean of 1. */
function weights({ strata }: Prepared, sizes: readonly number[]): Float64Array {
  const people = strata.reduce((sum, { total }) => sum + total, 0);
  const n = sizes.reduce((sum, one) => sum + one, 0);
  const all = new Float64Array(n);
  let first = 0;
  strata.forEach(({ total }, at) => {
    all.fill(total / sizes[at]! / people * n, first, first += sizes[at]!);
  });
  return all;
}

/** The first place up to which a number lies below the sum. */
function found(upTo: Float64Array, number: number): number {
  let low = 0, high = upTo.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (number < upTo[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** n places drawn by shares, in random order. */
function placed(shares: ArrayLike<number>, n: number, method: Method, random: Random): number[] {
  if (method === "multinomial") {
    let sum = 0;
    const upTo = Float64Array.from(shares, (share) => sum += share);
    // Rounding must not lead to a place behind the last that has a share.
    upTo.fill(1, upTo.findLastIndex((_, at) => shares[at]! > 0));
    return Array.from({ length: n }, () => found(upTo, random.uniform()));
  }
  if (n === 0) return [];
  const counts = method === "quota"
    ? apportioned(n, Array.from(shares))
    : systematic(n, Array.from(shares), random.uniform());
  return random.shuffled(counts.flatMap((count, at) => new Array<number>(count).fill(at)));
}

/** The same people with other codes of the variables that are drawn. */
export function anew(drawn: Drawn, codes: Drawn["codes"], note: string): Drawn {
  const { name, origin } = drawn.population;
  return completed({ ...drawn, codes }, name, `${origin}, ${note}`);
}

/** The population of people who were drawn. */
function completed(of: Omit<Drawn, "population" | "size">, name: string, origin: string): Drawn {
  const { prepared, stratum, codes, weight } = of;
  const { strata, variables, codebook } = prepared;
  const valued = codebook.map((variable) => ({
    name: variable.name,
    levels: variable.levels!.map(({ value }): Value => value),
    codes: codes.get(variables.find(({ name }) => name === variable.name)!),
  }));
  // Of the variable that says the stratum, by stratum.
  const places = strata.map(({ name }) =>
    valued[0]!.levels.find((level) => String(level) === name)!
  );
  const profiles = Array.from(stratum, (at, i): Profile => {
    const values: Record<string, Value> = {};
    for (const { name, levels, codes } of valued) {
      values[name] = codes ? levels[codes[i]!]! : places[at]!;
    }
    return {
      id: i + 1,
      answers: [],
      values: values as Values,
      stratum: strata[at]!.name,
      ...weight && { weight: weight[i]! },
    };
  });
  const population = { name, origin, instrument: null, codebook, profiles, random: [] };
  return {
    ...of,
    population,
    size: effectiveSize(Array.from(weight ?? stratum, (one) => weight ? one : 1)),
  };
}

/**
 * The same people with weights that bring variables to the target in each stratum, whatever chance drew:
 * raked, each variable by itself.
 *
 * @param names variables whose margins are reached
 * @throws {Error} in one line, where nobody of a level was drawn, or no weights reach all margins
 */
export function reweighted(drawn: Drawn, names: readonly string[]): Drawn {
  const { prepared, stratum, codes, population } = drawn;
  const variables = names.map((name) => variableOf(prepared, name));
  const weight = drawn.weight ? drawn.weight.slice() : new Float64Array(stratum.length).fill(1);
  prepared.strata.forEach((one, at) => {
    const people = Array.from(stratum.keys()).filter((i) => stratum[i] === at);
    const own = people.map((i) => weight[i]!);
    const sum = own.reduce((sum, one) => sum + one, 0);
    const margins = variables.map((variable) => {
      const target = variable.levels.map(() => 0);
      for (const { codes, share } of targetOf(prepared, one, [variable])) {
        target[codes[0]!]! += share * sum;
      }
      return { name: variable.name, place: people.map((i) => codes.get(variable)![i]!), target };
    });
    let made: Float64Array;
    try {
      made = raked(own, margins);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new Error(
        `Population ${population.name}, stratum ${one.name}: ${error.message}: draw more people, or rake to ` +
          "fewer variables",
      );
    }
    people.forEach((i, k) => weight[i] = made[k]!);
  });
  const { name, origin } = population;
  return completed(
    { ...drawn, weight, reweighted: true },
    name,
    `${origin}, raked to ${names.join(", ")}`,
  );
}

/** @throws {RangeError} when no variable has the name */
export function variableOf({ variables }: Prepared, name: string): Drawable {
  const found = variables.find((variable) => variable.name === name);
  if (found) return found;
  throw new RangeError(
    `No variable ${name} is drawn: there are ${variables.map(({ name }) => name).join(", ")}`,
  );
}
