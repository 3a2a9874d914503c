import assert from "node:assert/strict";
import { openDataset } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { score } from "lib/instruments.ts";
import { said, sourcesOf } from "lib/provenance.ts";
import { seeded } from "lib/random.ts";
import {
  byProfile,
  type Comparison,
  type Demographic,
  type ErrorRate,
  errorRates,
  shareCoverage,
  type Simulated,
  type SimulatedModel,
  simulator,
  type Specification,
  written,
} from "lib/validation/simulate.ts";
import {
  itemCovariance,
  latentCorrelation,
  reliabilityAt,
} from "lib/validation/simulate/latent.ts";
import { Urn } from "lib/validation/simulate/urn.ts";
import { clusteredDifference, cronbachAlpha, dependence, mean, pearson } from "lib/stats.ts";
import { openStudy } from "lib/study.ts";
import { build } from "lib/paper/tables.ts";
import { z } from "zod";
import { as } from "./data.ts";
import { near } from "./near.ts";

/** h, k, r and the covariance: ∫ φ(x) Φ((k − r x) / √(1 − r²)) dx − Φ(h) Φ(k) by mpmath, 30 digits. */
const COVARIANCES: readonly (readonly [number, number, number, number])[] = [
  [-0.5, 0.3, 0.2, 0.026564379698639586],
  [1, 1, 0.5, 0.037342605109608716],
  [-1.2, 0.8, 0.7, 0.023877347450704571],
  [0.25, -0.84, 0.9, 0.080017901651174125],
  [1.5, -1.5, 0.35, 0.0037552701567978081],
];

const MODEL = { id: "made", label: "Made" };

/** A study of one model. */
const of = (model: Partial<SimulatedModel>, more: Partial<Specification> = {}): Specification => ({
  profiles: { n: 200 },
  models: [{ ...MODEL, ...model }],
  conditions: ["Base", "MaxN"],
  ...more,
});

const GENDER: Demographic = {
  rates: { female: 0.5, male: 0.4, "non-binary": 0.1 },
  conditions: { MaxN: { female: 0.5 } },
  icc: 1 / 6,
};

/** |count − n·p| within 4.5 standard errors of a binomial: one in 150,000 is not. */
function binomial(count: number, n: number, p: number, inflation = 1): void {
  const reach = 4.5 * Math.sqrt(n * p * (1 - p) * inflation);
  assert.ok(Math.abs(count - n * p) <= reach, `${count} of ${n} is not ${p} within ${reach / n}`);
}

/** Within 4.5 standard errors of the mean of many studies. */
function onAverage(values: readonly number[], truth: number): void {
  const centre = mean(values)!;
  const squares = values.reduce((total, value) => total + (value - centre) ** 2, 0);
  const se = Math.sqrt(squares / (values.length - 1) / values.length);
  assert.ok(Math.abs(centre - truth) <= 4.5 * se, `${centre} ± ${se} is not ${truth}`);
}

/** Scale scores of all sheets of a cell. */
function scores(answers: Uint8Array, instrument: typeof epqra, scale: string): number[] {
  const width = instrument.items.length;
  return Array.from(
    { length: answers.length / width },
    (_, at) =>
      score(instrument, [...answers.subarray(at * width, (at + 1) * width)])
        .find((one) => one.scale === scale)!.score!,
  );
}

const everything = ({ profiles, latents, cells }: Simulated) => [
  profiles,
  latents,
  cells.map((cell) => [cell.shown, cell.sheets, cell.bfi, cell.demographic("gender").values]),
];

Deno.test("a seed is a study", () => {
  const model = {
    bfi: { loadings: { E: { E: 0.7 } } },
    fidelity: 0.8,
    demographics: { gender: GENDER },
  };
  const draw = simulator(of(model));
  assert.deepEqual(everything(draw(1)), everything(draw(1)));
  everything(draw(2)).forEach((part, at) => assert.notDeepEqual(part, everything(draw(1))[at]));

  // A second model leaves the first as it was, whatever is drawn before.
  const more = simulator({
    ...of(model),
    models: [{ ...MODEL, ...model }, { id: "b", label: "B" }],
  })(1);
  more.cells[3]!.sheets;
  assert.deepEqual(everything({ ...more, cells: more.cells.slice(0, 2) }), everything(draw(1)));
});

Deno.test("an urn cut at a share is a beta-binomial", () => {
  // ICC 1/6 and share 2/5: Beta(2, 3). P(k of 4) = C(4, k) (k+1)! (6−k)! 4! / (1! 2! 8!).
  const factorial = (n: number): number => n < 2 ? 1 : n * factorial(n - 1);
  const expected = [0, 1, 2, 3, 4].map((k) =>
    [1, 4, 6, 4, 1][k]! * factorial(k + 1) * factorial(6 - k) * 24 / (2 * factorial(8))
  );
  near(expected.reduce((a, b) => a + b), 1, 1e-12);
  const urn = new Urn(1 / 6, 4, seeded("urn"));
  const found = [0, 0, 0, 0, 0];
  const n = 100_000;
  for (let profile = 0; profile < n; profile++) {
    urn.empty();
    let count = 0;
    for (let draw = 0; draw < 4; draw++) count += Number(urn.draw() < 0.4);
    found[count]! += 1;
  }
  found.forEach((count, k) => binomial(count, n, expected[k]!));
});

Deno.test("an ICC of 0 makes draws independent, one of 1 makes them all alike", () => {
  const draws = (icc: number) => {
    const urn = new Urn(icc, 50, seeded("edge", icc));
    return new Set(Array.from({ length: 50 }, () => urn.draw())).size;
  };
  assert.equal(draws(0), 50);
  assert.equal(draws(1), 1);
});

Deno.test("rates and intraclass correlations of demographics are the stated ones", () => {
  const draw = simulator(of({ demographics: { gender: GENDER } }, { profiles: { n: 300 } }));
  const studies = Array.from({ length: 60 }, (_, seed) => draw(seed));
  // MaxN: .5 e^.5 / (.5 e^.5 + .4 + .1) = .62246, the rest in the ratio 4 to 1.
  const truths = [
    { female: 0.5, male: 0.4, "non-binary": 0.1 },
    { female: 0.6224593312018546, male: 0.3020325350385163, "non-binary": 0.0755081337596291 },
  ];
  truths.forEach((truth, at) => {
    const drawn = studies.map((study) => study.cells[at]!.demographic("gender"));
    Object.entries(truth).forEach(([category, rate], place) => {
      drawn.forEach(({ rates }) => near(rates[place]!, rate, 1e-12));
      const clusters = studies.map((study, one) => byProfile(study, drawn[one]!, category));
      const count = clusters.flat(2).reduce((total, value) => total + value, 0);
      // Five personas of a profile: the variance grows by 1 + 4 / 6.
      binomial(count, 60 * 300 * 5, rate, 1 + 4 / 6);
      onAverage(clusters.map((one) => dependence(one).icc!), 1 / 6);
    });
  });
});

Deno.test("what a profile favours is common to the conditions, or each condition's own", () => {
  const between = (profileEffect: "common" | "own") => {
    const gender = { rates: { female: 0.5, male: 0.5 }, icc: 0.5, profileEffect };
    const study = simulator(of({ demographics: { gender } }, { profiles: { n: 2000 } }))(1);
    const [base, maxN] = study.cells.map((cell) =>
      byProfile(study, cell.demographic("gender"), "female").map((cluster) => mean(cluster)!)
    );
    return pearson(base!, maxN!).r!;
  };
  // Shares of 5 with ICC ½: variance ¼ (½ + ½ / 5) each, covariance ¼ · ½: a correlation of 5/6.
  near(between("common"), 5 / 6, 0.02);
  assert.ok(Math.abs(between("own")) < 0.1);
});

Deno.test("a trait moves the odds by its slope", () => {
  const race: Demographic = { rates: { White: 0.5, Black: 0.5 }, traits: { N: { Black: 2 } } };
  const study = simulator(of({ demographics: { race } }, {
    profiles: { n: 3000, yes: 0.5 },
    repetitions: 10,
  }))(3);
  const drawn = study.cells[0]!.demographic("race");
  const clusters = byProfile(study, drawn, "Black");
  const byScore = Map.groupBy(
    scores(study.profiles, epqra, "N").entries(),
    ([, score]) => score,
  );
  for (const [score, own] of byScore) {
    const values = own.flatMap(([profile]) => clusters[profile]!);
    const rate = 1 / (1 + Math.exp(-2 * (score / 6 - 0.5)));
    binomial(values.reduce((total, value) => total + value, 0), values.length, rate);
  }
  assert.equal(byScore.size, 7);
  // Under MaxN every profile has all of the trait.
  near(study.cells[1]!.demographic("race").rates[1]!, 1 / (1 + Math.exp(-1)), 1e-12);
});

Deno.test("the covariance of two items is the bivariate normal's", () => {
  // At medians: asin(r) / 2π, exactly (Sheppard 1899).
  for (const r of [0, 0.3, 0.6, 0.9, 0.99]) {
    near(itemCovariance(0, 0, r), Math.asin(r) / (2 * Math.PI), 1e-12);
  }
  COVARIANCES.forEach(([h, k, r, covariance]) => near(itemCovariance(h, k, r), covariance, 1e-8));
});

Deno.test("scales have the reliability that is stated", () => {
  const reliability = { E: 0.85, N: 0.7, P: 0.3, L: 0 };
  const yes = epqra.items.map((_, place) => 0.2 + 0.6 * place / 23);
  const study = simulator(of({}, { profiles: { n: 20_000, yes, reliability } }))(1);
  for (const [scale, stated] of Object.entries(reliability)) {
    const items = epqra.items.flatMap((item, place) =>
      item.scale === scale ? [{ item, place }] : []
    );
    const keyed = Array.from(
      { length: study.n },
      (_, profile) =>
        items.map(({ item, place }) => Number(study.profiles[profile * 24 + place] === item.keyed)),
    );
    items.forEach(({ item, place }, at) => {
      const rate = item.keyed === 1 ? yes[place]! : 1 - yes[place]!;
      binomial(keyed.reduce((total, row) => total + row[at]!, 0), study.n, rate);
    });
    const { alpha } = cronbachAlpha(keyed) as { alpha: number };
    // Feldt's standard error of alpha is about (1 − α) √(2 k / (n (k − 1))).
    assert.ok(Math.abs(alpha - stated) < 4.5 * (1 - stated) * Math.sqrt(2.4 / study.n), scale);
  }
  near(reliabilityAt([0.3, 0.5, 0.6], latentCorrelation("X", [0.3, 0.5, 0.6], 0.6)), 0.6, 1e-8);
});

Deno.test("floor and ceiling bound the scale scores, and leave the others", () => {
  const bounds = { floor: { E: 2 }, ceiling: { N: 3 } };
  const [free, bound] = [{}, bounds].map((model) => simulator(of(model))(1).cells[0]!.sheets);
  const all = (scale: string) => [free!, bound!].map((sheets) => scores(sheets, epqra, scale));
  const [e, clippedE] = all("E");
  assert.deepEqual(clippedE, e!.map((score) => Math.max(2, score)));
  const [n, clippedN] = all("N");
  assert.deepEqual(clippedN, n!.map((score) => Math.min(3, score)));
  assert.ok(Math.min(...e!) < 2 && Math.max(...n!) > 3);
  assert.deepEqual(all("L")[0], all("L")[1]);
});

Deno.test("the BFI follows the latents by its loadings", () => {
  const bfi = { loadings: { E: { E: 0.8 }, A: { P: -0.6 } }, item: 0.7 };
  const study = simulator(of({ bfi }, { profiles: { n: 4000 } }))(1);
  const [base, maxN] = study.cells.map((cell) => cell.bfi!);
  const latent = (scale: string) =>
    Array.from(
      { length: study.n },
      (_, profile) => study.latents[profile * 4 + epqra.scales.indexOf(scale)]!,
    );
  const correlation = (scale: string, trait: string) =>
    pearson(latent(scale), scores(base!, bfi44, trait)).r!;
  // Loading × √reliability of the trait's score: k r² / (1 + (k − 1) r²); rounding takes a little.
  const root = (k: number) => Math.sqrt(k * 0.49 / (1 + (k - 1) * 0.49));
  near(correlation("E", "E"), 0.8 * root(8), 0.04);
  near(correlation("P", "A"), -0.6 * root(9), 0.06);
  assert.ok(Math.abs(correlation("N", "N")) < 0.07);
  const average = (answers: Uint8Array, trait: string) => mean(scores(answers, bfi44, trait))!;
  near(average(base!, "E"), 3, 0.02);

  const loaded = { loadings: { N: { N: 0.9 } } };
  const moved = simulator(of({ bfi: loaded }))(1).cells.map((cell) => average(cell.bfi!, "N"));
  assert.ok(moved[1]! > moved[0]! + 0.4, `MaxN does not raise N: ${moved}`);
  assert.equal(simulator(of({}))(1).cells[0]!.bfi, null);
  assert.ok(maxN!.every((answer) => answer >= 1 && answer <= 5));
});

const rate = (rates: readonly ErrorRate[], method: string): ErrorRate =>
  rates.find((one) => one.method === method)!;

/** Within 4.5 binomial standard errors of a stated rate. */
const about = ({ rejected, studies }: ErrorRate, share: number): void =>
  binomial(rejected, studies, share);

const DESIGN: Comparison = {
  groups: "different profiles",
  profiles: 200,
  repetitions: 10,
  share: 0.4,
  icc: 1 / 6,
};

// 20.8 %, 5.0 %, 3.0 %, 4.9 %: an independent simulation in numpy, shares from Beta(2, 3).
Deno.test("different profiles: the naive z rejects four times too often, profiles' tests do not", () => {
  const rates = errorRates(DESIGN, { seed: 1, studies: 600 });
  about(rate(rates, "pooled z"), 0.208);
  about(rate(rates, "clustered"), 0.05);
  about(rate(rates, "profile level"), 0.05);
  assert.ok(rate(rates, "pooled z").rejectionLower > 0.1);
  assert.ok(rate(rates, "pooled z").coverageUpper < 0.9);
  assert.ok(rate(rates, "clustered").coverageUpper > 0.95);
});

Deno.test("same profiles: the naive z is too cautious, and less powerful than the paired test", () => {
  const design = { ...DESIGN, groups: "same profiles" as const };
  const rates = errorRates(design, { seed: 1, studies: 600 });
  about(rate(rates, "pooled z"), 0.03);
  about(rate(rates, "clustered"), 0.049);

  // Profiles' differences vary by .482775 (½ + ½ / 10) − 2 · ½ (.4 − .166) = .0315: se .00628 of the
  // mean, against .00777 of the pooled z.
  const power = errorRates(
    { ...design, profiles: 800, icc: 0.5, difference: 0.015 },
    { seed: 1, studies: 400 },
  );
  about(rate(power, "clustered"), 0.665);
  about(rate(power, "pooled z"), 0.486);
  assert.ok(rate(power, "clustered").rejectionLower > rate(power, "pooled z").rejectionUpper);
  binomial(rate(power, "clustered").covered, 400, 0.95);

  // Where a profile's effect is each condition's own, the naive z is too bold here as well.
  const own = errorRates({ ...design, profileEffect: "own" }, { seed: 1, studies: 600 });
  about(rate(own, "pooled z"), 0.208);
  about(rate(own, "clustered"), 0.05);
});

Deno.test("without intraclass correlation all tests hold their level", () => {
  for (const groups of ["same profiles", "different profiles"] as const) {
    const rates = errorRates({ ...DESIGN, groups, icc: 0 }, { seed: 2, studies: 500 });
    assert.equal(rates.length, 3);
    rates.forEach((one) => {
      about(one, 0.05);
      binomial(one.covered, one.studies, 0.95);
    });
  }
});

Deno.test("the cluster bootstrap's intervals hold as the clustered one", () => {
  for (const groups of ["same profiles", "different profiles"] as const) {
    const design = { ...DESIGN, groups, profiles: 100, difference: 0.05 };
    const rates = errorRates(design, { seed: 1, studies: 200, draws: 400 });
    assert.equal(rates.length, 6);
    for (const method of ["bootstrap percentile", "bootstrap BCa"]) {
      const own = rate(rates, method);
      binomial(own.covered, own.studies, 0.945);
      near(own.width, rate(rates, "clustered").width, 0.05, method);
      assert.ok(own.rejected > 30);
    }
  }
});

Deno.test("one share: Wilson's interval covers too seldom, the clustered one as stated", () => {
  const rates = shareCoverage(DESIGN, { seed: 1, studies: 500 });
  // The variance is 2.5 of what Wilson takes it for: 2 Φ(1.96 / √2.5) − 1 = .785.
  binomial(rate(rates, "Wilson").covered, 500, 0.785);
  binomial(rate(rates, "clustered").covered, 500, 0.95);
});

Deno.test("error rates depend on their seed only", () => {
  const [a, b, c] = [1, 1, 2].map((seed) => errorRates(DESIGN, { seed, studies: 50 }));
  assert.deepEqual(a, b);
  assert.notDeepEqual(a, c);
});

Deno.test("profiles with as many rows each: shares have the clustered numbers of their rows", () => {
  const random = seeded("rows");
  const groups = [0.4, 0.5].map((share) =>
    Array.from(
      { length: 30 },
      () => Array.from({ length: 10 }, () => Number(random.uniform() < share)),
    )
  );
  const shares = groups.map((group) => group.map((cluster) => [mean(cluster)!]));
  const [whole, short] = [groups, shares].map(([a, b]) => clusteredDifference(a!, b!));
  for (const key of ["estimate", "se", "p", "ciLower", "ciUpper"] as const) {
    near(short![key], whole![key], 1e-12, key);
  }
});

Deno.test("a specification that contradicts itself is refused", () => {
  const cases: [Specification, RegExp][] = [
    [of({}, { profiles: { n: 0 } }), /profiles\.n is a whole number of 1 or more/],
    [of({}, { profiles: { n: 5, yes: [0.5] } }), /EPQR-A has 24 items: got 1 yes-rates/],
    [of({}, { profiles: { n: 5, yes: 1 } }), /above 0 and below 1: got 1/],
    [of({}, { profiles: { n: 5, reliability: 0.999 } }), /reliability from 0 to 0\.\d+/],
    [of({}, { profiles: { n: 5, instrument: bfi44 } }), /keyed items: BFI-44 has others/],
    [of({}, { profiles: { n: 5, reliability: { Z: 0.5 } } }), /names Z: there are E, N, P, L/],
    [of({ fidelity: 1.2 }), /models\.made\.fidelity lies between 0 and 1/],
    [of({ floor: { E: 5 }, ceiling: { E: 4 } }), /floor and ceiling of E rise from 0 to 6/],
    [of({ bfi: { loadings: { E: { E: 0.9, N: 0.9 } } } }), /the sum of their squares/],
    [
      of({ demographics: { race: { rates: { Black: 0.5 } } } }),
      /race\.rates add up to 1: they are 0\.5/,
    ],
    [
      of({ demographics: { race: { rates: { black: 1 } } } }),
      /race names black: there are Asian, Black/,
    ],
    [
      of({ demographics: { race: { rates: { Black: 1 }, conditions: { MaxP: { Black: 1 } } } } }),
      /names MaxP: there are Base, MaxN/,
    ],
    [of({}, { sheets: 6 }), /Of 5 personas at most as many answer: got sheets 6/],
    [of({}, { models: [MODEL, MODEL] }), /each model once/],
    [of({}, { conditions: [] }), /each condition once, and at least one/],
  ];
  cases.forEach(([given, message]) => assert.throws(() => simulator(given), message));
  const study = simulator(of({ demographics: { gender: GENDER } }))(1);
  assert.throws(() => study.cells[0]!.demographic("race"), /no race: there are gender/);
  assert.throws(
    () => byProfile(study, study.cells[0]!.demographic("gender"), "None"),
    /there are female, male, non-binary/,
  );
  assert.throws(() => errorRates({ ...DESIGN, icc: 2 }, { seed: 1 }), /icc lies between 0 and 1/);
  assert.throws(
    () => errorRates({ ...DESIGN, difference: 0.7 }, { seed: 1 }),
    /share \+ difference lies between/,
  );
});

Deno.test("a simulated study is read as any other", async (t) => {
  const schema = "simulated_whole";
  const specification: Specification = {
    profiles: { n: 120, yes: 0.4 },
    repetitions: 3,
    sheets: 2,
    models: [
      {
        id: "faithful",
        label: "Faithful",
        fidelity: { E: 0.9, N: 0.6, P: 0.3, L: 1 },
        otherwise: 0.7,
        bfi: { loadings: { E: { E: 0.8 } } },
        demographics: { gender: GENDER, race: { rates: { White: 1, Black: 0 } } },
      },
      { id: "wild", label: "Wild", fidelity: 0 },
    ],
  };
  const study = simulator(specification)(7);
  const counted = await written(study, { schema });
  // Two models in three conditions; the BFI of the first model only.
  assert.deepEqual(counted, { profiles: 120, personas: 2160, sheets: 1440 + 720 });
  const read = await openDataset({ schema });
  const value = z.object({ value: z.number().nullable(), n: z.number() });
  try {
    await t.step("under a banner that says what it is", () => {
      assert.deepEqual(read.provenance.simulated, ["Faithful", "Wild"]);
      assert.match(
        said(sourcesOf(read)).line!,
        /own study.*simulated, no model was asked: Faithful, Wild/,
      );
    });
    await t.step("Table 1 has the drawn shares", async () => {
      const shape = z.object({
        model: z.string(),
        condition: z.string(),
        subcategory: z.string(),
        category: z.string(),
        count: z.number(),
        n: z.number(),
      });
      const table = rows(await build("table1", read, { mode: "corrected" }), shape);
      const drawn = study.cells[1]!.demographic("gender");
      drawn.categories.forEach((category, place) => {
        const name = { female: "Female", male: "Male", "non-binary": "Non-bin." }[category];
        const cell = table.find((row) =>
          row.model === "Faithful" && row.condition === "MaxN" && row.subcategory === name
        )!;
        assert.deepEqual(
          [cell.count, cell.n],
          [drawn.values.filter((value) => value === place).length, 360],
        );
      });
      const rest = table.filter((row) => row.model === "Wild" && row.count > 0);
      assert.deepEqual(new Set(rest.map(({ subcategory }) => subcategory)), new Set(["Unmapped"]));
    });
    await t.step("Tables 4, 5 and 6 have its scores", async () => {
      const found = await Promise.all(
        (["table4", "table5", "table6"] as const).map((name) => build(name, read)),
      );
      for (const table of found) {
        assert.ok(table.getColumn("model").toArray().includes("Faithful"));
      }
      const scale = rows(
        found[0]!,
        z.object({ model: z.string(), condition: z.string(), scale: z.string() }).loose(),
      ).find((row) => row.model === "Faithful" && row.condition === "Base" && row.scale === "E")!;
      near(scale.mean as number, mean(scores(study.cells[0]!.sheets, epqra, "E")), 1e-12);
    });
    await t.step("Table A6 has the fidelity", async () => {
      const shape = value.extend({ model: z.string(), scale: z.string(), metric: z.string() });
      const table = rows(await build("tableA6", read), shape).filter(({ model, metric }) =>
        model === "Faithful" && metric === "accuracy"
      );
      assert.equal(table.length, 4);
      for (const { scale, value, n } of table) {
        // Right when it is the profile's answer, or when the other answer (Yes in 0.7) happens to be.
        const f = { E: 0.9, N: 0.6, P: 0.3, L: 1 }[scale]!;
        const places = epqra.items.keys().filter((at) => epqra.items[at]!.scale === scale)
          .toArray();
        const yes = mean(
          places.flatMap((place) =>
            Array.from({ length: 120 }, (_, profile) => study.profiles[profile * 24 + place]!)
          ),
        )!;
        const accuracy = f + (1 - f) * (0.7 * yes + 0.3 * (1 - yes));
        assert.equal(n, 120 * 2 * 6);
        binomial(Math.round(value! / 100 * n), n, accuracy);
      }
    });
    await t.step("the study knows its runs", async () => {
      const lab = await openStudy({ schema });
      try {
        const { flow } = await lab.quality();
        const whole = z.object({ planned: z.number(), stored: z.number(), complete: z.number() });
        const cells = rows(flow, whole);
        assert.equal(cells.length, 6 + 6 + 3);
        cells.forEach((cell) => assert.equal(cell.stored, cell.planned));
        assert.match(await lab.banner(), /simulated/);
        // Cleaning finds every category to be what it is.
        assert.deepEqual(new Set(Object.values(await lab.clean())), new Set([0]));
      } finally {
        await lab.close();
      }
    });
    await t.step("a second one takes its place where that is wanted", async () => {
      const again = simulator({ ...specification, profiles: { n: 30, yes: 0.4 } })(8);
      assert.equal((await written(again, { schema, replace: true })).personas, 540);
      assert.deepEqual(await written(study, { schema, replace: true }), counted);
      const [row] = await as(
        "owner",
        (sql) =>
          sql`select min(id)::int as first, count(*)::int as n from simulated_whole.personas`,
      );
      // The same ids as the first time.
      assert.deepEqual([row!.first, row!.n], [1, 2160]);
    });
    await t.step("but never that of anything else", async () => {
      await as(
        "owner",
        (sql) =>
          sql`update simulated_whole.populations set origin = 'file' where role = 'reference'`,
      );
      await assert.rejects(
        written(study, { schema, replace: true }),
        /simulated_whole holds a study that was not simulated as a whole/,
      );
    });
    await t.step("a second one needs another schema", async () => {
      await assert.rejects(written(study, { schema }), /simulated_whole holds a study/);
      const [row] = await as(
        "owner",
        (sql) => sql`select count(*)::int as n from simulated_whole.personas`,
      );
      assert.equal(row!.n, 2160);
    });
  } finally {
    await read.close();
  }
});
