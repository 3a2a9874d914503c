/** Truths that are computed, and coverage that is counted against them. */
import assert from "node:assert/strict";
import { frame, rows } from "lib/frames.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { score } from "lib/instruments.ts";
import { seeded } from "lib/random.ts";
import {
  expectedDemographics,
  normalCoverage,
  scoreCoverage,
  scored,
  sheetCoverage,
  sheetErrorRates,
  simulator,
  type Specification,
  truths,
  verdictOf,
} from "lib/validation/simulate.ts";
import { alias, countProbabilities, pairProbabilities } from "lib/validation/simulate/counts.ts";
import { estimators } from "lib/validation/simulate/rates.ts";
import { Tallies } from "lib/validation/simulate/tally.ts";
import {
  alphaOf,
  confusionTruth,
  jointScores,
  ofMoments,
  pairTruth,
} from "lib/validation/simulate/truth.ts";
import { Urn } from "lib/validation/simulate/urn.ts";
import {
  clusteredDifference,
  correlationLimits,
  cronbachAlpha,
  mean,
  pearson,
  wilson,
} from "lib/stats.ts";
import { demographics } from "lib/paper/tables.ts";
import { z } from "zod";
import { close, each, near } from "./near.ts";
import python from "./reference/power_python.json" with { type: "json" };

/** |count − n·p| within 4.5 standard errors of a binomial. */
function binomial(count: number, n: number, p: number): void {
  const reach = 4.5 * Math.sqrt(n * p * (1 - p));
  assert.ok(Math.abs(count - n * p) <= reach, `${count} of ${n} is not ${p} within ${reach / n}`);
}

Deno.test("counts of a profile are scipy's beta-binomial", () => {
  each(python.counts, ({ pmf, ...of }) => {
    const found = countProbabilities(of.share, of);
    pmf.forEach((p, count) => near(found[count], p, 1e-12, of));
  });
  assert.deepEqual(countProbabilities(0, { repetitions: 2, icc: 0.5 }), [1, 0, 0]);
  // Alike throughout, or not at all: (1 − p, 0, p), and the binomial.
  countProbabilities(0.3, { repetitions: 2, icc: 1 })
    .forEach((p, count) => close(p, [0.7, 0, 0.3][count], 1e-11));
  countProbabilities(0.3, { repetitions: 2, icc: 0 })
    .forEach((p, count) => near(p, [0.49, 0.42, 0.09][count], 1e-12));
});

Deno.test("counts of a profile in two conditions are what its urn draws", () => {
  const of = { repetitions: 3, icc: 0.4 };
  const pairs = pairProbabilities({ low: 0.2, high: 0.5 }, of);
  near(pairs.reduce((a, b) => a + b), 1, 1e-12);
  // Either margin is the beta-binomial.
  const low = countProbabilities(0.2, of), high = countProbabilities(0.5, of);
  low.forEach((p, at) => near(pairs.slice(4 * at, 4 * at + 4).reduce((a, b) => a + b), p, 1e-12));
  high.forEach((p, at) =>
    near(pairs.filter((_, place) => place % 4 === at).reduce((a, b) => a + b), p, 1e-12)
  );
  const urn = new Urn(of.icc, 6, seeded("pairs"));
  const found = pairs.map(() => 0), n = 100_000;
  for (let profile = 0; profile < n; profile++) {
    urn.empty();
    const draws = Array.from({ length: 6 }, () => urn.draw());
    const below = (cut: number, from: number) =>
      draws.slice(from, from + 3).filter((draw) => draw < cut).length;
    found[4 * below(0.2, 0) + below(0.5, 3)]! += 1;
  }
  found.forEach((count, at) => binomial(count, n, pairs[at]!));
});

Deno.test("alias() draws each number as often as it should", () => {
  const wanted = [0.5, 0, 0.3, 0.15, 0.05];
  const draw = alias(wanted, seeded("alias"));
  const found = wanted.map(() => 0);
  for (let at = 0; at < 100_000; at++) found[draw()]! += 1;
  assert.equal(found[1], 0);
  found.forEach((count, at) => binomial(count, 100_000, wanted[at]!));
});

Deno.test("error rates judge what clusteredDifference() says of the personas", () => {
  const random = seeded("personas");
  const counts = [0.4, 0.5].map((share) =>
    Uint32Array.from(
      { length: 30 },
      () => Array.from({ length: 8 }, random.uniform).filter((draw) => draw < share).length,
    )
  );
  const personas = counts.map((group) =>
    Array.from(group, (yes) => Array.from({ length: 8 }, (_, at) => Number(at < yes)))
  );
  const [a, b] = personas as [number[][], number[][]];
  const empty = a.map(() => []);
  for (
    const [groups, whole] of [
      ["same profiles", clusteredDifference(a, b)],
      ["different profiles", clusteredDifference([...a, ...empty], [...empty, ...b])],
    ] as const
  ) {
    const of = { groups, profiles: 30, repetitions: 8, share: 0.4, icc: 0 };
    const { clustered } = estimators(of, 0.95)(counts[0]!, counts[1]!);
    near(clustered.p, whole.p, 1e-11, groups);
    near(clustered.ciLower, whole.ciLower, 1e-11, groups);
    near(clustered.ciUpper, whole.ciUpper, 1e-11, groups);
  }
});

// Every pattern of answers, and scipy's adaptive quadrature over the latent.
Deno.test("truths of scores are those of all patterns of answers", () => {
  each(python.scores, ({ scale, classes, mae, rmse, alpha, ...pair }) => {
    const found = pairTruth(jointScores(scale));
    for (const [name, value] of Object.entries(pair)) {
      near(found[name as keyof typeof found], value, 1e-11, [scale, name]);
    }
    const yes = pairTruth(jointScores(scale, "yes"));
    near(yes.mae, mae, 1e-11, scale);
    near(yes.rmse, rmse, 1e-11, scale);
    near(alphaOf(scale), alpha, 1e-11, scale);
    Object.values(confusionTruth(scale)).forEach((share, at) => near(share, classes[at], 1e-11));
  });
  const normal = ofMoments({ difference: 0.5, before: 1, after: 4, covariance: 1 });
  // Variance 3; |N(0.5, 3)| has the mean 1.43916… (mpmath, by quadrature).
  near(normal.r, 0.5, 1e-15);
  near(normal.consistency, 0.4, 1e-15);
  near(normal.agreement, 1 / 2.625, 1e-15);
  near(normal.mae, 1.4391623863209511, 1e-12);
});

const SPECIFICATION: Specification = {
  profiles: { n: 40_000, yes: epqra.items.map((_, at) => 0.2 + 0.6 * at / 23), reliability: 0.6 },
  conditions: ["Base", "MaxN"],
  repetitions: 1,
  models: [{
    id: "a",
    label: "A",
    fidelity: { E: 0.8, N: 0.6, P: 0, L: 1 },
    otherwise: 0.7,
    ceiling: { E: 4 },
    floor: { L: 2 },
    bfi: { loadings: { E: { E: 0.8 }, A: { P: 0.9 }, N: { N: -0.6 } }, mean: 3.4, sd: 1.2 },
    demographics: {
      gender: { rates: { female: 0.5, male: 0.5 }, conditions: { MaxN: { female: 1 } } },
    },
  }],
};

Deno.test("a large study has the truths of its specification", () => {
  const study = simulator(SPECIFICATION)(1);
  const [base, maxN] = study.cells;
  const items = (answers: Uint8Array, scale: string) => {
    const places = epqra.items.keys().filter((at) => epqra.items[at]!.scale === scale).toArray();
    return Array.from(
      { length: study.n },
      (_, row) => places.map((at) => Number(answers[row * 24 + at] === epqra.items[at]!.keyed)),
    );
  };
  const total = (answers: Uint8Array, scale: string) =>
    items(answers, scale).map((row) => row.reduce((sum, value) => sum + value, 0));
  const truth = (table: "table4" | "table5" | "table6", keys: Record<string, string>) =>
    rows(truths(SPECIFICATION, table), z.record(z.string(), z.unknown()))
      .find((row) => Object.entries(keys).every(([key, value]) => row[key] === value))!
      .truth as number;
  for (const scale of epqra.scales) {
    for (const [condition, cell] of [["Base", base!], ["MaxN", maxN!]] as const) {
      const own = total(study.profiles, scale), its = total(cell.sheets, scale);
      const away = mean(its.map((value, at) => value - own[at]!))!;
      close(away, truth("table4", { condition, scale }), 4.5 * 2 / 200, [scale, condition]);
      const { alpha } = cronbachAlpha(items(cell.sheets, scale)) as { alpha: number };
      close(alpha, truth("table6", { condition, scale }), 0.04, [scale, condition]);
    }
  }
  const bfi = Array.from(
    { length: study.n },
    (_, row) => score(bfi44, [...base!.bfi!.subarray(row * 44, (row + 1) * 44)]),
  );
  const traitScores = (trait: string) =>
    bfi.map((sheet) => sheet.find(({ scale }) => scale === trait)!.score!);
  for (const [epqra_scale, bfi_trait] of [["E", "E"], ["N", "N"], ["P", "A"], ["L", "O"]]) {
    const { r } = pearson(total(base!.sheets, epqra_scale!), traitScores(bfi_trait!));
    const expected = truth("table5", { epqra_scale: epqra_scale!, bfi_trait: bfi_trait! });
    close(r, expected, 4.5 / 200, [epqra_scale, bfi_trait]);
  }
  assert.ok(truth("table5", { epqra_scale: "E", bfi_trait: "E" }) > 0.4);
  // No fidelity, nothing of the profile left.
  assert.equal(truth("table5", { epqra_scale: "P", bfi_trait: "A" }), 0);
});

Deno.test("what is expected of the demographics has the true shares", () => {
  const study = simulator({ ...SPECIFICATION, profiles: { n: 50 } })(1);
  const table = rows(
    demographics(expectedDemographics(study), "table1", { mode: "corrected" }),
    z.object({ condition: z.string(), subcategory: z.string(), mean: z.number().nullable() })
      .loose(),
  );
  const of = (condition: string) =>
    table.find((row) =>
      row.model === "A" && row.condition === condition && row.subcategory === "Female"
    )!.mean!;
  near(of("Base"), 0.5, 1e-9);
  near(of("MaxN"), Math.E / (Math.E + 1), 1e-8);
});

Deno.test("truths are refused where none is known", () => {
  const dose = { ...SPECIFICATION, conditions: ["Base", { name: "N=3", set: { N: 3 } }] };
  assert.throws(() => truths(dose, "table4"), /N=3 sets some items of N/);
  assert.throws(
    () => truths({ ...SPECIFICATION, repetitions: 2, sheets: 2 }, "table4"),
    /Truths are of 1 sheet per profile: got 2/,
  );
});

Deno.test("an interval that is too narrow, and one at another level, are noticed", () => {
  const random = seeded("broken");
  const tallies = new Tallies(0.95);
  const n = 2000;
  for (let study = 0; study < n; study++) {
    const count = Array.from({ length: 100 }, random.uniform).filter((draw) => draw < 0.5).length;
    const whole = wilson({ count, n: 100 }), ninety = wilson({ count, n: 100 }, 0.9);
    tallies.interval("95", whole, 0.5);
    tallies.interval("90", ninety, 0.5);
    tallies.interval("none", { ciLower: null, ciUpper: null }, 0.5);
  }
  const [good, bad, none] = tallies.rates();
  // Counts are discrete: of 100 at ½, 41–59 are held at 0.95 and 42–58 at 0.9 (scipy's binom).
  binomial(good!.covered, n, 0.9431);
  binomial(bad!.covered, n, 0.9114);
  assert.equal(none!.covered, 0);
  assert.equal(none!.width, null);
  assert.ok(good!.width! > bad!.width!);
});

Deno.test("verdicts tell what chance may have done from what it has not", () => {
  const of = (coverage: number, half: number) =>
    verdictOf({ coverage, coverageLower: coverage - half, coverageUpper: coverage + half });
  assert.equal(of(0.94, 0.01), "yes");
  assert.equal(of(0.935, 0.01), "open");
  assert.equal(of(0.92, 0.01), "too narrow");
  assert.equal(of(0.965, 0.01), "open");
  assert.equal(of(0.99, 0.005), "too wide");
});

Deno.test("intervals of normal scores cover as stated, and a 90 % one does not", () => {
  const of = { profiles: 60, alpha: 0.7, r: 0.6, difference: 0.3 };
  const found = normalCoverage(of, { seed: 1, studies: 600, slow: { studies: 60, draws: 200 } });
  const wide = ["ICC(A,1): F"];
  for (const row of found.filter(({ studies }) => studies === 600)) {
    if (!wide.includes(row.interval)) binomial(row.coverage * 600, 600, 0.95);
  }
  assert.equal(found.length, 11);
  assert.equal(found.filter(({ studies }) => studies === 60).length, 5);
  // The mean width of Fisher's interval is that of the true r, to a few per cent.
  const fisher = found.find(({ interval }) => interval === "r: Fisher")!;
  const typical = correlationLimits({ r: 0.6, n: 60 });
  near(fisher.width, typical.ciUpper! - typical.ciLower!, 0.05);
});

Deno.test("coverage depends on its seed only", () => {
  const sheets: Specification = {
    ...SPECIFICATION,
    profiles: { n: 40 },
    repetitions: 2,
    sheets: 2,
  };
  const [model] = sheets.models;
  const free = { ...sheets, models: [{ id: "a", label: "A", fidelity: model!.fidelity! }] };
  const draw = (seed: number) => [
    normalCoverage({ profiles: 30, alpha: 0.7, r: 0.6, difference: 0.3 }, { seed, studies: 20 }),
    sheetCoverage(free, ["E"], { seed, studies: 20, slow: { studies: 3, draws: 50 } }),
    scoreCoverage({ profiles: 30, sheets: 3, icc: 0.3 }, { seed, studies: 20 }),
    sheetErrorRates({ profiles: 30, sheets: 3, icc: 0.3 }, { seed, studies: 20 }),
  ];
  assert.deepEqual(draw(1), draw(1));
  draw(2).forEach((part, at) => assert.notDeepEqual(part, draw(1)[at]));
});

Deno.test("sheets taken for respondents err too often, profiles do not", () => {
  const rates = sheetErrorRates({ profiles: 60, sheets: 5, icc: 0.5 }, { seed: 1, studies: 600 });
  const of = (method: string) => rates.find((rate) => rate.method === method)!.rejected;
  // The variances are 1 + 4 · .5 = 3 and 1 + 4 · .25 = 2 times what is supposed: 2 Φ(−1.96 / √v).
  binomial(of("t of sheets"), 600, 0.2578);
  binomial(of("r of sheets"), 600, 0.1658);
  binomial(of("t of profiles"), 600, 0.05);
  binomial(of("r of profiles"), 600, 0.05);
});

Deno.test("a table beside its truth is counted", () => {
  const columns = ["truth", "ci_lower", "ci_upper", "p_naive", "p_cluster", "p_holm"];
  const cells = [
    [0, -1, 1, 0.01, 0.2, 1],
    [0, 0.1, 1, 0.001, 0.04, 0.2],
    [0.5, 0, 1, 0.2, 0.01, 0.03],
    [0.5, 0.6, 1, 0.2, 0.01, 0.09],
    [null, 0, 1, 0.01, 0.01, 0.01],
    [0.3, 0, 1, null, null, null],
    // Nobody in the category, here and in Base.
    [0, 0, 0, null, null, null],
  ].map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])));
  const table = frame(cells, Object.fromEntries(columns.map((name) => [name, "number"])));
  assert.deepEqual(scored(table), {
    cells: 5,
    held: 3,
    cells_null: 2,
    naive_null: 2,
    cluster_null: 1,
    holm_null: 0,
    cells_true: 2,
    naive_true: 0,
    cluster_true: 2,
    holm_true: 1,
  });
});
