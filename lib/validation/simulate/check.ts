/** What contradicts itself in a specification, said where it stands. */
import { CATEGORIES } from "../../cleaning.ts";
import type { Condition } from "../../conditions.ts";
import type { Attribute } from "../../paper/design.ts";
import { bfi44 } from "../../paper/instruments.ts";
import { type UniformInstrument } from "../../instruments.ts";
import { checkShare, checkWhole } from "./rates.ts";
import type { ByScale, Demographic, SimulatedBfi, Specification } from "./specification.ts";

/** @throws {RangeError} when the specification contradicts itself, saying where */
export function check(
  { profiles, models, repetitions = 5, sheets = 1 }: Specification,
  instrument: UniformInstrument,
  conditions: readonly Condition[],
): void {
  const { items, scales, title, lowest, highest } = instrument;
  checkWhole("profiles.n", profiles.n, 1);
  checkWhole("repetitions", repetitions, 1);
  checkWhole("sheets", sheets, 0);
  if (sheets > repetitions) {
    throw new RangeError(`Of ${repetitions} personas at most as many answer: got sheets ${sheets}`);
  }
  if (lowest !== 0 || highest !== 1 || items.some(({ keyed }) => keyed === null)) {
    throw new RangeError(`Simulated profiles answer 0 or 1 to keyed items: ${title} has others`);
  }
  const { yes = 0.5 } = profiles;
  const yesRates = typeof yes === "number" ? [yes] : yes;
  if (typeof yes !== "number" && yes.length !== items.length) {
    throw new RangeError(`${title} has ${items.length} items: got ${yes.length} yes-rates`);
  }
  const odd = yesRates.find((rate) => !(rate > 0 && rate < 1));
  if (odd !== undefined) throw new RangeError(`A yes-rate lies above 0 and below 1: got ${odd}`);
  unique("condition", conditions.map(({ name }) => name));
  unique("model", models.map(({ id }) => id));
  named("profiles.reliability", scalesOf(profiles.reliability), scales);
  for (const model of models) {
    const at = `models.${model.id}`;
    for (const what of ["fidelity", "otherwise"] as const) {
      named(`${at}.${what}`, scalesOf(model[what]), scales);
      const given = model[what] ?? {};
      for (const share of typeof given === "number" ? [given] : Object.values(given)) {
        checkShare(`${at}.${what}`, share);
      }
    }
    for (const what of ["floor", "ceiling"] as const) {
      named(`${at}.${what}`, scalesOf(model[what]), scales);
      for (const least of Object.values(model[what] ?? {})) checkWhole(`${at}.${what}`, least, 0);
    }
    for (const scale of scales) {
      const most = items.filter((item) => item.scale === scale).length;
      const [floor, ceiling] = [model.floor?.[scale] ?? 0, model.ceiling?.[scale] ?? most];
      if (floor <= ceiling && ceiling <= most) continue;
      throw new RangeError(
        `${at}: floor and ceiling of ${scale} rise from 0 to ${most}: got ${floor} and ${ceiling}`,
      );
    }
    if (model.bfi) checkBfi(`${at}.bfi`, model.bfi, scales);
    for (const [attribute, one] of Object.entries(model.demographics ?? {})) {
      const column = attribute as Attribute["column"];
      named(`${at}.demographics`, [column], Object.keys(CATEGORIES));
      named(`${at}.demographics.${column}`, Object.keys(one.rates), CATEGORIES[column]!);
      checkDemographic(`${at}.demographics.${column}`, one, scales, conditions);
    }
  }
}

function checkBfi(at: string, { loadings, item = 0.6 }: SimulatedBfi, scales: readonly string[]) {
  checkShare(`${at}.item`, item);
  named(`${at}.loadings`, Object.keys(loadings), bfi44.scales);
  for (const [trait, by] of Object.entries(loadings)) {
    named(`${at}.loadings.${trait}`, Object.keys(by), scales);
    const square = Object.values(by).reduce((total, loading) => total + loading ** 2, 0);
    checkShare(`${at}.loadings.${trait}: the sum of their squares`, square);
  }
}

function checkDemographic(
  at: string,
  { rates, conditions = {}, traits = {}, icc = 0 }: Demographic,
  scales: readonly string[],
  known: readonly Condition[],
): void {
  const categories = Object.keys(rates);
  const whole = Object.values(rates).reduce((total, rate) => total + rate, 0);
  Object.entries(rates).forEach(([category, rate]) => checkShare(`${at}.rates.${category}`, rate));
  if (Math.abs(whole - 1) > 1e-9) {
    throw new RangeError(`${at}.rates add up to 1: they are ${whole}`);
  }
  checkShare(`${at}.icc`, icc);
  named(`${at}.conditions`, Object.keys(conditions), known.map(({ name }) => name));
  named(`${at}.traits`, Object.keys(traits), scales);
  for (const [by, effects] of Object.entries({ ...conditions, ...traits })) {
    named(`${at}: the effects of ${by}`, Object.keys(effects), categories);
  }
}

const scalesOf = (given: ByScale | undefined): string[] =>
  typeof given === "object" ? Object.keys(given) : [];

/** @throws {RangeError} when a name is none of the known ones */
function named(at: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (!unknown.length) return;
  throw new RangeError(`${at} names ${unknown.join(", ")}: there are ${known.join(", ")}`);
}

function unique(what: string, names: readonly string[]): void {
  if (names.length && new Set(names).size === names.length) return;
  throw new RangeError(`A simulation has each ${what} once, and at least one: got ${names}`);
}
