/** What order, wording and settings change in the answers of the same personas, and how far scores hold. */
import assert from "node:assert/strict";
import pl from "polars";
import { columnOf } from "lib/columns.ts";
import { frame, rows } from "lib/frames.ts";
import { openDataset } from "lib/db.ts";
import { model } from "lib/llm.ts";
import { bfi44 } from "lib/paper/instruments.ts";
import { cyclicOrders, orders, shippedPrompt } from "lib/prompts.ts";
import { seeded } from "lib/random.ts";
import {
  balancedOf,
  bootstrapComponents,
  designCoefficients,
  type Limits,
  observedReliability,
  retest,
  settingComponents,
  truncatedComponents,
} from "lib/stats.ts";
import { administrations, openStudy } from "lib/study.ts";
import { changes, omnibus, places, shiftsOf } from "lib/validity/order.ts";
import {
  cheapest,
  coefficients,
  components,
  fraction,
  retests,
  threats,
} from "lib/validity/settings.ts";
import { declaredVariances, orderedModel } from "lib/validity/simulated.ts";
import { z } from "zod";
import { atNight, nightly } from "./command.ts";
import { close } from "./near.ts";
import { administrations as typed, likert } from "./sheets.ts";
import r from "./reference/places.json" with { type: "json" };

const near = (found: unknown, wanted: number, tolerance = 1e-9): void =>
  close(found as number, wanted, tolerance * Math.max(1, Math.abs(wanted)));
const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const at = (of: Parameters<typeof rows>[0], given: Readonly<Record<string, unknown>>) =>
  rows(of, Row).find((row) => Object.entries(given).every(([name, value]) => row[name] === value))!;

/** Sheets asked in ways: each way with its sheets, by persona. */
function asked(
  ways: readonly { way: string; repetition?: number; answers: (number | null)[][] }[],
) {
  const instrument = likert("mean", ["S"], ways[0]!.answers[0]!.map(() => "S"));
  const all = ways.flatMap(({ way, repetition = 1, answers }) =>
    answers.map((own, g) => ({ way, repetition, profile: g + 1, answers: own }))
  );
  const { items, sheets } = typed(instrument, all);
  return {
    instrument,
    sheets: {
      items,
      sheets: sheets.withColumns(
        pl.Series("option_order", all.map(({ way }) => way)),
        pl.Series("repetition", all.map(({ repetition }) => repetition)),
      ),
    },
  };
}

const of = (text: string) => text.split("|").map((row) => row.trim().split(/\s+/).map(Number));
const A = of("4 2 5 | 3 3 4 | 5 1 4 | 2 2 2 | 4 4 3 | 1 5 5 | 3 2 4 | 4 3 1");
const B = of("4 3 5 | 3 3 3 | 4 1 4 | 2 1 1 | 4 4 3 | 2 5 4 | 3 2 4 | 3 3 2");
const C = of("5 2 5 | 3 4 4 | 5 2 4 | 2 2 3 | 5 4 3 | 2 5 5 | 4 2 4 | 4 3 2");
const A2 = of("4 3 5 | 3 3 4 | 5 1 4 | 2 2 1 | 4 4 3 | 1 5 5 | 3 2 4 | 3 3 1");

// R 4.2.2: t.test, psych::ICC, friedman.test, on eight personas and three items of five answers.
Deno.test("changes beside their floor, and shifts with their bound, are those that R has", () => {
  const { instrument, sheets } = asked([
    { way: "printed", answers: A },
    { way: "printed", repetition: 2, answers: A2 },
    { way: "reversed", answers: B },
  ]);
  const compared = { instrument, factor: "option_order" };
  const found = at(changes(sheets, { ...compared, against: "printed", level: "reversed" }), {
    scale: "All",
  });
  assert.deepEqual([found.n, found.clusters, found.n_floor], [24, 8, 24]);
  near(found.changed_share, 0.375), near(found.changed_share_lower, 0.142440448509449);
  near(found.floor_changed, 0.125), near(found.excess_changed, 0.25);
  near(found.excess_changed_lower, 0.0529479790339346);
  near(found.changed_chance, 0.765625), near(found.beyond_chance, 0.510204081632653);
  near(found.moved_steps, 0.375), near(found.place_shift, 0.0625);
  near(found.place_shift_upper, 0.190149997602264);
  assert.equal(found.place_bias, null);
  const shift = at(shiftsOf(sheets, { ...compared, bound: 0.5 }), { scale: "S" });
  near(shift.estimate, -0.125), near(shift.p, 0.284931380842322);
  near(shift.p_equivalence, 0.00517977619210136), near(shift.narrow_upper, 0.0795508534678502);
  near(shift.icc, 0.90595009596929), near(shift.icc_consistency, 0.909441233140655);
  assert.equal(shift.finding, "equivalent");
  const three = asked([
    { way: "printed", answers: A },
    { way: "reversed", answers: B },
    { way: "shuffled", answers: C },
  ]);
  const all = at(omnibus(three.sheets, { ...compared, instrument: three.instrument }), {});
  near(all.icc, 0.837209302325581), near(all.F_ways, 14.4468085106383);
  near(all.chi2_ways, 12.6666666666667), near(all.p_friedman, 0.00177610354573438);
  assert.ok(Number(all.p) > 0.00039459);
  const pairs = shiftsOf(three.sheets, { ...compared, instrument: three.instrument, bound: 0.5 });
  assert.equal(pairs.height, 3);
});

Deno.test("without repeats there is no floor, and what is missing is no change", () => {
  const gone = B.map((row, g) => row.map((answer, j) => g === 0 && j === 1 ? null : answer));
  const { instrument, sheets } = asked([
    { way: "printed", answers: A },
    { way: "reversed", answers: gone },
  ]);
  const ways = { instrument, factor: "option_order", against: "printed", level: "reversed" };
  const found = at(changes(sheets, ways), { scale: "All" });
  assert.deepEqual([found.n, found.floor_changed, found.excess_changed, found.p_excess], [
    23,
    null,
    null,
    null,
  ]);
  near(found.changed_share, 8 / 23), near(found.missing_level, 1 / 24);
  assert.throws(() => changes(sheets, { ...ways, level: "shuffled" }), /Nobody was asked/);
  const mixed = {
    ...sheets,
    sheets: sheets.sheets.withColumns(
      pl.Series("coding", sheets.sheets.getColumn("profile").toArray().map((_, i) => `c${i % 3}`)),
    ),
  };
  const twice = {
    ...mixed,
    sheets: pl.concat([mixed.sheets, sheets.sheets.withColumns(pl.lit("x").alias("coding"))]),
  };
  assert.throws(() => changes(twice, ways), /differ in coding as well/);
});

Deno.test("in cyclic orders each option stands once in each place", () => {
  const all = cyclicOrders(5).map((options) =>
    orders(bfi44, { items: "printed", options }, () => {
      throw new Error("Nothing is drawn");
    }).options
  );
  assert.deepEqual(all[2], [3, 4, 5, 1, 2]);
  for (const place of [0, 1, 2, 3, 4]) {
    assert.deepEqual(new Set(all.map((order) => order[place])), new Set([1, 2, 3, 4, 5]));
  }
  const plan = administrations({ instrument: bfi44, options: cyclicOrders(5) });
  assert.equal(plan.levels!.after.length, 4);
  assert.throws(
    () => administrations({ instrument: bfi44, options: "shifted 5" }),
    /options is printed, shifted 1, .*shifted 4, reversed, shuffled/,
  );
});

// R 4.2.2: t.test of the personas' shares, reference/places.json.
Deno.test("places that are taken too often are those that R's t.test has", () => {
  const shifts = cyclicOrders(4), four = { ...likert("mean", ["S"], ["S", "S", "S"]), highest: 4 };
  // By persona, item and shift.
  const answers = (shift: number) =>
    Array.from(
      { length: 9 },
      (_, persona) => [0, 1, 2].map((item) => r.answers[(persona * 3 + item) * 4 + shift]!),
    );
  const { sheets } = asked(shifts.map((way, at) => ({ way, answers: answers(at) })));
  const found = places(sheets, { instrument: four });
  assert.deepEqual(found.columns.filter((name) => !columnOf(name)?.meaning), []);
  for (const { place, share, se, lower, upper, p } of r.places) {
    const row = at(found, { scale: "All", place: `${place}` });
    assert.deepEqual([row.n, row.clusters, row.chance], [9 * 3 * 4, 9, 0.25]);
    near(row.share, share), near(row.estimate, share - 0.25), near(row.se, se);
    near(row.ci_lower, lower), near(row.ci_upper, upper), near(row.p, p);
  }
  // An item that is not answered in one of the orders counts in none.
  const gone = answers(2).map((row, g) =>
    row.map((answer, j) => g === 0 && j === 1 ? null : answer)
  );
  const { sheets: less } = asked(
    shifts.map((way, at) => ({ way, answers: at === 2 ? gone : answers(at) })),
  );
  assert.equal(at(places(less, { instrument: four }), { scale: "S", place: "1" }).n, 26 * 4);
  const { sheets: three } = asked(
    shifts.slice(0, 3).map((way, at) => ({ way, answers: answers(at) })),
  );
  assert.throws(() => places(three, { instrument: four }), /shifted 3: .*cyclicOrders\(4\)/);
});

const scores = of(
  "12 14 10 13 15 11 | 18 19 15 17 18 16 | 9 11 8 10 9 9 | 15 17 12 16 15 13 | 20 21 18 19 22 17 | 11 12 12 12 14 10",
);
const table = (() => {
  const instrument = { ...likert("sum", ["S"], ["S"]), lowest: 1, highest: 30 };
  const all = scores.flatMap((own, g) =>
    own.map((score, place) => ({
      profile: g + 1,
      option_order: `s${place % 3}`,
      repetition: Math.floor(place / 3) + 1,
      "answer 1": score,
      "score 1": score,
    }))
  );
  return {
    instrument,
    sheets: {
      items: frame([{ item: 1, scale: "S", key: null }], {
        item: "integer",
        scale: "text",
        key: "integer",
      }),
      sheets: frame(all, {
        profile: "integer",
        option_order: "text",
        repetition: "integer",
        "answer 1": "integer",
        "score 1": "integer",
      }),
    },
  };
})();

// R 4.2.2: aov, lme4, psych::ICC, on six subjects in three settings, twice.
Deno.test("components, coefficients, retest and the cheapest design of a table", () => {
  const inSettings = { instrument: table.instrument, settings: ["option_order"] };
  const found = components(table.sheets, inSettings);
  near(at(found, { variance_of: "persona" }).variance, 13.725);
  near(at(found, { variance_of: "persona × setting" }).variance, -0.025);
  near(at(found, { variance_of: "setting" }).variance_reml, 2.2028775209, 1e-6);
  assert.equal(at(found, { variance_of: "persona × setting" }).variance_reml, 0);
  near(at(found, { variance_of: "repeat" }).variance_reml, 0.8154761021, 1e-6);
  const parts = threats(table.sheets, inSettings);
  near(at(parts, { variance_of: "persona × option_order" }).variance, -0.025);
  const held = coefficients(table.sheets, { ...inSettings, draws: 200 });
  const both = at(held, { settings_used: 3 });
  near(both.erho2_lower, 0.960084998715945), near(both.erho2_upper, 0.998576462520367);
  assert.deepEqual([both.truncated, both.speaks_for, both.repeats_used], ["yes", "personas", 2]);
  const twice = at(retests(table.sheets, inSettings), { option_order: "s0" });
  near(twice.icc, 0.966216216216216), near(twice.smallest_change, 2.02424209901066);
  // 2,000 tokens in and 1,000 out are 1 cent.
  const paid = {
    ...model("simulated"),
    price: { input: 2, output: 6, as_of: "2026-11-21", source: "made up" },
  };
  const given = { personas: 60, models: [paid], tokens: { input: 2000, output: 1000 } };
  const design = (budget: number, target = 0.95, settings = 20) =>
    at(cheapest(found, { ...given, target, budget, most: { settings, repeats: 3 } }), {});
  // Φ of k settings, REML: 13.71965 / (13.71965 + (2.20288 + .81548) / k): 4 reach .947, 5 .958.
  const enough = design(100);
  assert.deepEqual([enough.settings_used, enough.repeats_used, enough.reached], [5, 1, "yes"]);
  near(enough.usd, 3), assert.equal(enough.price_as_of, "2026-11-21");
  const two = { ...paid, label: "dear", price: { ...paid.price, input: 20, output: 60 } };
  const most = { settings: 20, repeats: 3 };
  const dear = at(
    cheapest(found, { ...given, models: [paid, two], target: 0.95, budget: 12, most }),
    { model: "dear" },
  );
  assert.deepEqual([dear.settings_used, dear.reached], [2, "no"]);
  assert.throws(
    () =>
      cheapest(found, {
        ...given,
        models: [{ ...paid, price: null }],
        target: 0.9,
        budget: 1,
        most,
      }),
    /price of simulated is unknown/,
  );
  assert.deepEqual([design(2).settings_used, design(2).reached], [3, "no"]);
  assert.deepEqual([design(0.1).settings_used, design(0.1).reached], [null, "no"]);
  // With no more than 3 settings a second asking takes the place of more.
  const few = design(100, 0.93, 3);
  assert.deepEqual([few.settings_used, few.repeats_used], [3, 1]);
  assert.deepEqual([design(100, 0.945, 3).repeats_used, design(100, 0.945, 3).reached], [3, "no"]);
});

Deno.test("a fraction of many settings is even in every level and, where it can be, in every pair", () => {
  const factors = {
    prompt: ["a", "b", "c", "d", "e"],
    option_order: ["printed", "reversed", "shuffled"],
    coding: ["number", "label", "letter"],
    item_order: ["printed", "shuffled"],
  };
  const { settings, except, imbalance } = fraction(factors, { settings: 30, seed: 7 });
  assert.equal(settings.length, 30);
  assert.equal(new Set(settings.map((one) => JSON.stringify(one))).size, 30);
  assert.equal(imbalance.levels, 0);
  assert.ok(imbalance.pairs <= 2);
  assert.deepEqual(fraction(factors, { settings: 30, seed: 7 }).settings, settings);
  assert.equal(except({ ...settings[0]!, asked: "whole" }), false);
  assert.throws(() => fraction(factors, { settings: 91 }), /There are 90 settings/);
  const nine = fraction({ a: ["1", "2", "3"], b: ["1", "2", "3"], c: ["1", "2", "3"] }, {
    settings: 9,
  });
  assert.deepEqual(nine.imbalance, { levels: 0, pairs: 0 });
});

/** Counts of what is true. */
class Tally {
  readonly counts: Record<string, number> = {};
  count(what: string, is: boolean): void {
    this.counts[what] = (this.counts[what] ?? 0) + Number(is);
  }
  held(what: string, row: Record<string, unknown>, name: string, truth: number): void {
    const [lower, upper] = [row[`${name}_lower`], row[`${name}_upper`]].map(Number);
    this.count(what, lower! <= truth && truth <= upper!);
  }
  shares(studies: number): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.counts).map(([name, count]) => [name, count / studies]),
    );
  }
}

type Drawn = (random: { uniform: () => number }) => number;

/** Numbers of mean 0 and sd 1: normal, even, and of people many of whom lie at the lowest end. */
const SHAPES = {
  normal: ({ uniform }) =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  even: ({ uniform }) => Math.sqrt(3) * (2 * uniform() - 1),
  skewed: ({ uniform }) => -Math.log(1 - uniform()) - 1,
} as const satisfies Record<string, Drawn>;

const SDS = [1, 0.5, 0.4, 0.6] as const;

/** A balanced table of 40 subjects in settings, twice, with these standard deviations; only subjects are skewed. */
function drawnTable(seed: number, S: number, shape: keyof typeof SHAPES) {
  const random = seeded("recovery", S, seed), P = 40;
  const of = SHAPES[shape === "skewed" ? "normal" : shape];
  const p = Array.from({ length: P }, () => SDS[0] * SHAPES[shape](random));
  const s = Array.from({ length: S }, () => SDS[1] * of(random));
  return balancedOf(p.flatMap((a, i) =>
    s.flatMap((b, j) => {
      const both = SDS[2] * of(random);
      return [0, 1].map(() => ({
        subject: `${i}`,
        setting: `${j}`,
        value: a + b + both + SDS[3] * of(random),
      }));
    })
  ))!;
}

/**
 * In which share of so many tables the limits hold what was put in: Feldt's of Eρ², the bootstrap's of Eρ²(1) and
 * Φ(1), those of the ICC of two askings.
 */
function coverage(studies: number, draws: number, S: number, shape: keyof typeof SHAPES) {
  const [subject, setting, interaction, error] = SDS.map((one) => one ** 2) as [
    number,
    number,
    number,
    number,
  ];
  const truth = { subject, setting, interaction, error }, one = { settings: 1, repeats: 1 };
  const asked = designCoefficients(truth, { settings: S, repeats: 2 }).relative!;
  const { relative, absolute } = designCoefficients(truth, one);
  const found = new Tally();
  const holds = (name: string, { ciLower, ciUpper }: Limits, value: number) =>
    found.count(name, ciLower !== null && ciLower <= value && value <= ciUpper!);
  for (let seed = 1; seed <= studies; seed++) {
    const table = drawnTable(seed, S, shape);
    holds("feldt", observedReliability(settingComponents(table)!.squares), asked);
    const limits = bootstrapComponents(table, {
      uniform: seeded("bootstrap", seed).uniform,
      draws,
      statistics: (raw) => {
        const found = designCoefficients(truncatedComponents(raw).components, one);
        return [found.relative, found.absolute];
      },
    });
    holds("ranking", limits[0]!, relative!), holds("level", limits[1]!, absolute!);
    const own = subject + interaction;
    holds("retest", retest(table.values.map(([first]) => first!)).icc, own / (own + error));
  }
  return found.shares(studies);
}

// Of 200 studies 95 % ± 3.3 standard errors are 90 to 100 %.
Deno.test("limits of Eρ² and of asking twice hold what was put in", () => {
  const { feldt, retest } = coverage(200, 2, 10, "normal");
  assert.ok(feldt! >= 0.9 && retest! >= 0.9, `${feldt} ${retest}`);
});

// What misses 93 to 97 of 100 stands in notebook 51.
atNight(
  "limits of Eρ², Φ and asking twice hold what was put in as often as notebook 51 says",
  async () => {
    await Promise.resolve();
    const run = (S: number, shape: keyof typeof SHAPES) => {
      const found = coverage(2000, 500, S, shape);
      console.log(S, shape, JSON.stringify(found));
      return found;
    };
    const ten = run(10, "normal");
    assert.ok(Object.values(ten).every((share) => share >= 0.93 && share <= 0.97));
    const [thirty, even, skewed] = [run(30, "normal"), run(10, "even"), run(10, "skewed")];
    assert.ok(thirty.ranking! > 0.91 && thirty.level! > 0.91);
    assert.ok(even.ranking! > 0.96 && even.level! > 0.96);
    assert.ok(skewed.ranking! > 0.82 && skewed.level! > 0.85);
  },
);

/** Personas asked twice as printed and once reversed: a share of the answers is drawn anew each time, `first` of them first. */
function waysOf(seed: string, n: number, first: number) {
  const random = seeded("ways", seed);
  const own = Array.from({ length: n }, () => Array.from({ length: 4 }, () => 1 + random.int(5)));
  const answer = (meant: number, shown: number) =>
    random.uniform() < first ? shown : random.uniform() < 0.15 ? 1 + random.int(5) : meant;
  const way = (shown: number) => own.map((row) => row.map((meant) => answer(meant, shown)));
  return asked([
    { way: "printed", answers: way(1) },
    { way: "printed", repetition: 2, answers: way(1) },
    { way: "reversed", answers: way(5) },
  ]);
}

/**
 * In how many of so many studies the limits of answers and scores in two orders hold what was put in, and how many
 * tests reject at 5 %: of what is 0 where no first places are taken, and of equivalence at a bound that is the shift.
 */
function orderStudies(studies: number, first: number): Record<string, number> {
  const options = [1, 2, 3, 4, 5];
  const distribution = (meant: number, shown: number) =>
    options.map((k) =>
      first * Number(k === shown) + (1 - first) * (0.85 * Number(k === meant) + 0.15 / 5)
    );
  const differ = (a: number[], b: number[]) => 1 - a.reduce((sum, one, k) => sum + one * b[k]!, 0);
  const meanOf = (of: (meant: number) => number) =>
    options.reduce((sum, meant) => sum + of(meant) / 5, 0);
  const printed = (meant: number) => distribution(meant, 1);
  const reversed = (meant: number) => distribution(meant, 5);
  const expected = (of: number[]) => of.reduce((sum, one, k) => sum + one * options[k]!, 0);
  const noise = (of: number[]) =>
    of.reduce((sum, one, k) => sum + one * options[k]! ** 2, 0) - expected(of) ** 2;
  const changed = meanOf((meant) => differ(printed(meant), reversed(meant)));
  const floor = meanOf((meant) => differ(printed(meant), printed(meant)));
  const shift = 4 * first, agreed = ((1 - first) * 0.85) ** 2 * 2;
  const apart = meanOf((meant) => (noise(printed(meant)) + noise(reversed(meant))) / 2);
  const found = new Tally();
  for (let study = 0; study < studies; study++) {
    const { instrument, sheets } = waysOf(`${first} ${study}`, 40, first);
    const of = { instrument, factor: "option_order" };
    const answers = at(changes(sheets, { ...of, against: "printed", level: "reversed" }), {
      scale: "All",
    });
    found.held("changed", answers, "changed_share", changed);
    found.held("floor", answers, "floor_changed", floor);
    found.held("excess", answers, "excess_changed", changed - floor);
    // First places of both orders are 4 steps apart; (s + s′ − 6) / 2.
    found.held("place", answers, "place_shift", -2 * first);
    found.count("excess found", Number(answers.p_excess) < 0.05);
    const scores = at(shiftsOf(sheets, { ...of, bound: shift || 0.2 }), { scale: "S" });
    found.held("shift", scores, "ci", shift);
    found.held("ICC(C,1)", scores, "icc_consistency", agreed / (agreed + apart));
    found.count("shift found", Number(scores.p) < 0.05);
    found.count("equivalent found", Number(scores.p_equivalence) < 0.05);
    const all = at(omnibus(sheets, of), { scale: "S" });
    found.count("omnibus found", Number(all.p) < 0.05);
    found.count("Friedman found", Number(all.p_friedman) < 0.05);
  }
  return found.counts;
}

/** How often limits of the first of five places, in all cyclic orders, hold a share of first places, and p is small. */
function cyclic(studies: number, first: number): Record<string, number> {
  const found = new Tally();
  for (let study = 0; study < studies; study++) {
    const random = seeded("cyclic", first, study), any = () => 1 + random.int(5);
    const own = Array.from({ length: 40 }, () => [any(), any(), any(), any()]);
    const { instrument, sheets } = asked(
      cyclicOrders(5).map((way, by) => ({
        way,
        answers: own.map((row) =>
          row.map((meant) =>
            random.uniform() < first ? 1 + by : random.uniform() < 0.3 ? any() : meant
          )
        ),
      })),
    );
    const row = at(places(sheets, { instrument }), { scale: "All", place: "1" });
    found.held("held", row, "ci", 0.8 * first);
    found.count("found", Number(row.p) < 0.05);
  }
  return found.counts;
}

/** How often the test of places rejects, of yes and no, where places draw nobody and people differ. */
function placesFound(studies: number): number {
  const found = new Tally();
  for (let study = 0; study < studies; study++) {
    const random = seeded("places", study), yes = () => Number(random.uniform() < 0.25);
    const own = Array.from({ length: 40 }, () => Array.from({ length: 6 }, yes));
    const way = () => own.map((row) => row.map((meant) => random.uniform() < 0.3 ? yes() : meant));
    const { sheets } = asked(
      ["printed", "reversed"].map((name) => ({ way: name, answers: way() })),
    );
    const two = { ...likert("sum", ["S"], Array(6).fill("S")), lowest: 0, highest: 1 };
    const of = { instrument: two, factor: "option_order", against: "printed", level: "reversed" };
    found.count("place", Number(at(changes(sheets, of), { scale: "All" }).p_place) < 0.05);
  }
  return found.counts.place!;
}

Deno.test("limits in two orders hold a declared share of first places, and nothing is found where there is none", () => {
  const studies = nightly ? 2000 : 100;
  const biased = orderStudies(studies, 0.2), none = orderStudies(studies, 0);
  const twice = placesFound(nightly ? 2000 : 20);
  const [drawn, even] = [cyclic(studies, 0.1), cyclic(studies, 0)];
  console.log(JSON.stringify({ studies, biased, none, twice, drawn, even }));
  const reach = nightly ? [0.93, 0.97, 0.04, 0.06] : [0.86, 1, 0, 0.14];
  const within = (count: number, least: number, most: number) =>
    assert.ok(count >= least * studies && count <= most * studies, JSON.stringify(biased));
  for (const name of ["changed", "floor", "excess", "place", "shift", "ICC(C,1)"]) {
    within(biased[name]!, reach[0]!, reach[1]!);
    // Where few answers change F limits of the ICC are too narrow, as notebook 50 says.
    within(none[name]!, name === "ICC(C,1)" ? 0.83 : reach[0]!, reach[1]!);
  }
  for (const { held } of [drawn, even]) within(held!, reach[0]!, reach[1]!);
  within(even.found!, reach[2]!, reach[3]!);
  for (const name of ["excess found", "shift found", "omnibus found", "Friedman found"]) {
    within(none[name]!, reach[2]!, reach[3]!);
  }
  // Of a shift that is the bound 5 % are called equivalent; the exact test is of whole answers, and rejects less often.
  within(biased["equivalent found"]!, reach[2]!, nightly ? 0.07 : reach[3]!);
  if (nightly) within(twice, 0.03, 0.05);
  assert.ok(biased["excess found"]! > none["excess found"]!);
});

Deno.test("a study of the stand-in: declared first places and settings are found, and none where none are", async () => {
  const schema = "validity_order";
  const lab = await openStudy({ schema });
  await lab.population(
    Array.from({ length: 24 }, (_, at) => ({ sex: at % 2 ? "female" : "male", age: 21 + at })),
  );
  const told = { first: 0.15, persona: 0.8, setting: 0.6, both: 0.3 };
  const models = [told, { persona: 0.8 }].map((one) => orderedModel(one, bfi44));
  const asking = administrations({
    instrument: bfi44,
    of: "profiles",
    models,
    options: ["printed", "reversed"],
    coding: ["number", "label", "letter"],
    repetitions: 2,
    prompt: shippedPrompt("administration", "general"),
  });
  const { ended } = await lab.run(await lab.register(asking));
  assert.equal(ended, "finished");
  await lab.close();
  const study = await openDataset({ schema });
  const sheets = await study.sheets("bigfive");
  await study.close();
  assert.equal(sheets.sheets.height, 24 * 2 * 6 * 2);
  const ways = { instrument: bfi44, factor: "option_order", by: ["answering_model", "coding"] };
  const changed = changes(sheets, { ...ways, against: "printed", level: "reversed" });
  const settings = {
    instrument: bfi44,
    settings: ["option_order", "coding"],
    by: ["answering_model"],
  };
  const parts = components(sheets, settings);
  for (const frame of [changed, parts, threats(sheets, settings), retests(sheets, settings)]) {
    assert.deepEqual(frame.columns.filter((name) => !columnOf(name)?.meaning), []);
  }
  const biased = at(changed, { answering_model: models[0]!.label, coding: "label", scale: "All" });
  const none = at(changed, { answering_model: models[1]!.label, coding: "letter", scale: "All" });
  assert.ok(Number(biased.p_excess) < 1e-4, JSON.stringify(biased));
  // A first place of 5 is 2 steps from the middle, whatever is meant: −2 · first on average.
  assert.ok(Number(biased.place_shift_upper) < -0.2 && Number(biased.place_shift_lower) > -0.4);
  assert.ok(Number(none.place_shift_lower) < 0 && Number(none.place_shift_upper) > 0);
  const share = (answering_model: string, variance_of: string) =>
    Number(at(parts, { answering_model, variance_of, scale: "N" }).variance_reml);
  const truth = Number(at(declaredVariances(told), { variance_of: "persona" }).truth);
  assert.ok(share(models[0]!.label, "persona") > truth / 3);
  assert.ok(share(models[0]!.label, "persona") < truth * 3);
  assert.ok(share(models[1]!.label, "setting") < 0.01 && share(models[0]!.label, "setting") > 0.01);
});
