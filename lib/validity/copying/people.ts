/** What people's answers say of the answer that one of them was not shown with. */
import { hasOwnOptions, type Instrument, type Item, optionsOf } from "../../instruments.ts";
import { Rows, type Sheets } from "../../measures.ts";
import { seeded } from "../../random.ts";
import { logistic, mean, predicted } from "../../stats.ts";

const FOLDS = 10;

/** People by profile, and their answers by item. */
export class People {
  readonly #rows = new Map<number, number>();
  readonly #answers = new Map<number, (number | null)[]>();
  readonly #folds = new Map<number, Int8Array>();
  readonly #counts = new Map<number, Map<number, number[]>>();
  readonly #guesses = new Map<string, number>();
  readonly #items: ReadonlyMap<number, Item>;

  /** @throws {Error} when the sheets lack an item of the instrument, or have two of one profile */
  constructor(
    people: Sheets,
    private readonly instrument: Instrument,
    private readonly ridge: number,
    private readonly seed: number,
  ) {
    const rows = new Rows(people.sheets);
    this.#items = new Map(instrument.items.map((item) => [item.number, item]));
    for (const number of this.#items.keys()) {
      if (!rows.has(`answer ${number}`)) {
        throw new Error(`The people answered no item ${number} of ${instrument.title}`);
      }
      this.#answers.set(number, rows.column(`answer ${number}`) as (number | null)[]);
    }
    rows.column("profile").forEach((profile, row) => {
      if (typeof profile === "number" && !this.#rows.has(profile)) this.#rows.set(profile, row);
      else throw new Error(`The people have profile ${profile} twice: a sheet each is needed`);
    });
  }

  /** What one of them answered; null where that is not known. */
  own(profile: number, item: number): number | null {
    const row = this.#rows.get(profile);
    return row === undefined ? null : this.#answers.get(item)![row]!;
  }

  /** The most frequent answer of all others; of several the lowest. Null where nobody else answered. */
  majority(profile: number, item: number): number | null {
    const counts = this.#counts.getOrInsertComputed(item, () =>
      Map.groupBy(
        this.#answers.get(item)!.filter((answer) => answer !== null),
        (answer) => answer,
      ));
    const own = this.own(profile, item);
    const others = [...counts].map(([answer, of]) =>
      [answer, of.length - Number(answer === own)] as const
    ).filter(([, n]) => n > 0);
    return others.toSorted(([a, x], [b, y]) => y - x || a - b)[0]?.[0] ?? null;
  }

  /**
   * The most probable answer by a logistic model of the answers shown, of the nine tenths of people that the
   * person is not among; of more than two answers a model for each step or option.
   *
   * @param shown by item
   */
  guess(profile: number, item: number, shown: ReadonlyMap<number, number>): number | null {
    const row = this.#rows.get(profile);
    if (row === undefined) return null;
    const key = JSON.stringify([profile, item, [...shown]]);
    const known = this.#guesses.get(key);
    if (known !== undefined) return known;
    const folds = this.folds(item), target = this.#answers.get(item)!;
    const from = [...shown.keys()].filter((one) => one !== item);
    const train = target.keys().filter((at) =>
      folds[at] !== folds[row] && target[at] !== null &&
      from.every((one) => this.#answers.get(one)![at] !== null)
    ).toArray();
    const classes = [...new Set(train.map((at) => target[at]!))].toSorted((a, b) => a - b);
    if (!classes.length) return null;
    const x = train.map((at) =>
      from.flatMap((one) => this.coded(one, this.#answers.get(one)![at]!))
    );
    const own = from.flatMap((one) => this.coded(one, shown.get(one)!));
    const chance = (says: (answer: number) => boolean) => {
      const y = train.map((at) => Number(says(target[at]!)));
      const model = logistic(x, y, { ridge: this.ridge });
      return model ? predicted(model, own) : mean(y)!;
    };
    // Of steps the chances to be above each, of which the differences are those to be on it.
    const above = hasOwnOptions(this.instrument)
      ? null
      : [1, ...classes.slice(0, -1).map((step) => chance((answer) => answer > step)), 0];
    const chances = classes.map((one, at) =>
      above ? above[at]! - above[at + 1]! : chance((answer) => answer === one)
    );
    const guess = classes[chances.indexOf(Math.max(...chances))]!;
    this.#guesses.set(key, guess);
    return guess;
  }

  /** An answer as predictors: how far it is up the steps, or which option it is. */
  private coded(number: number, answer: number): number[] {
    const { instrument } = this, item = this.#items.get(number)!;
    if (!hasOwnOptions(instrument)) {
      return [(answer - instrument.lowest!) / (instrument.highest! - instrument.lowest!)];
    }
    return optionsOf(instrument, item).slice(1).map(({ code }) => Number(code === answer));
  }

  /**
   * Tenths of people with equal shares of each answer, or as nearly as can be: leaving people out must not
   * turn the majority against them.
   */
  private folds(item: number): Int8Array {
    const known = this.#folds.get(item);
    if (known) return known;
    const target = this.#answers.get(item)!, folds = new Int8Array(target.length).fill(-1);
    const random = seeded("folds of people", this.seed, item);
    let at = 0;
    const groups = [...Map.groupBy(target.keys(), (row) => target[row]!)]
      .toSorted(([a], [b]) => Number(a) - Number(b));
    for (const [, rows] of groups) {
      random.sample(rows, rows.length).forEach((row) => folds[row] = at++ % FOLDS);
    }
    this.#folds.set(item, folds);
    return folds;
  }
}
