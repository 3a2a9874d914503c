/** What survives: small tables against R, what must not matter, families and verdicts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DataFrame } from "polars";
import { migrate, openDataset } from "lib/db.ts";
import { layout, type Marks, TABLE_NAMES, type TableName } from "lib/paper/design.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { printed } from "lib/paper/print.ts";
import { robustCorrelation } from "lib/stats.ts";
import { build, itemReliability, robustness } from "lib/paper/tables.ts";
import { judged, verdict } from "lib/paper/tables/family.ts";
import { as, restored, SMALL } from "./data.ts";
import { close, each, near } from "./near.ts";
import { cell, type Person, reads, type Row, rows } from "./reads.ts";
import { administrations, extravert, type Sheet } from "./sheets.ts";
import r from "./reference/survival.json" with { type: "json" };

type Kind = Exclude<TableName, "baselines">;
const NAMES = TABLE_NAMES.filter((name) => name !== "baselines") as Kind[];

const GENDER = { model: "GPT-4o", condition: "MaxN", category: "Gender", subcategory: "Female" };
const E = { model: "GPT-4o", condition: "Base", scale: "E" };

const PEOPLE: Person[] = r.shares.rows.map(([profile, max, hit]) => ({
  profile: profile!,
  condition: max ? "MaxN" : "Base",
  gender: hit ? "female" : "male",
}));

// lm(hit ~ max) with CR2 by its definition, prop.test, fisher.test.
Deno.test("robustness() of Table 1 agrees with R within 1e-10", async () => {
  const row = cell(await robustness("table1", reads({ people: PEOPLE }), { draws: 200 }), GENDER);
  near(row.estimate, r.shares.cluster.estimate, 1e-12);
  near(row.p_cluster, r.shares.cluster.p, 1e-10);
  near(row.p_naive, r.shares.naive, 1e-10);
  close(row.ci_lower, r.shares.cluster.limits[0], 1e-11);
  close(row.ci_upper, r.shares.cluster.limits[1], 1e-11);
  assert.deepEqual([row.clusters, row.marker, row.p_fisher], [12, "†", null]);
  assert.equal(row.in_paper, "yes");
  near(row.risk_ratio, r.shares.risk_ratio[0], 1e-12);
  near(row.risk_ratio_lower, r.shares.risk_ratio[1], 1e-12);
  near(row.risk_ratio_upper, r.shares.risk_ratio[2], 1e-12);
  near(row.design_effect, r.shares.design_effect, 1e-12);
  near(row.n_effective, r.shares.n_effective, 1e-12);
  assert.ok(row.effect_lower! < row.effect! && row.effect! < row.effect_upper!);
  const { count, n, fisher } = r.shares.rare;
  const rare = count.flatMap((of, group) =>
    Array.from({ length: n[group]! }, (_, i) => ({
      profile: i,
      condition: group ? "Base" : "MaxN",
      gender: i < of ? "female" : "male",
    }))
  );
  near(
    cell(await robustness("table1", reads({ people: rare }), { draws: 50 }), GENDER).p_fisher,
    fisher,
    1e-12,
  );
});

const PROFILES: Sheet[] = [
  ...new Map(r.scores.rows.map(([profile, , before]) => [profile, before])),
]
  .map(([profile, before]) => ({ profile: profile!, answers: extravert(before!) }));
const SHEETS: Sheet[] = r.scores.rows.map(([profile, own]) => ({
  profile: profile!,
  answers: extravert(own!),
}));

// t.test of the profiles' means and of all sheets; noncentral limits by pt, right to 1e-9.
Deno.test("robustness() of Table 4 agrees with R within 1e-10", async () => {
  const given = reads({ epqra: SHEETS, reference: PROFILES });
  const row = cell(await robustness("table4", given), E);
  near(row.estimate, r.scores.estimate, 1e-12);
  near(row.ci_lower, r.scores.limits[0], 1e-10);
  near(row.ci_upper, r.scores.limits[1], 1e-10);
  near(row.p_cluster, r.scores.p, 1e-10);
  near(row.p_naive, r.scores.naive, 1e-10);
  near(row.effect, r.scores.d, 1e-12);
  near(row.effect_lower, r.scores.d_limits[0], 1e-7);
  near(row.effect_upper, r.scores.d_limits[1], 1e-7);
  near(row.d_av, r.scores.d_av, 1e-12);
  near(row.p_equivalence, r.scores.equivalence, 1e-10);
  near(row.p_wilcoxon, r.scores.wilcoxon, 1e-12);
  near(row.r, r.scores.r, 1e-12);
  const intervals = (name: "icc_a1" | "icc_c1") =>
    [row[name], row[`${name}_lower`], row[`${name}_upper`]] as const;
  for (const name of ["icc_a1", "icc_c1"] as const) {
    intervals(name).forEach((value, at) => near(value, r.scores[name][at], 1e-10));
  }
  near(row.loa_lower, r.scores.loa[0], 1e-11);
  near(row.loa_upper, r.scores.loa[1], 1e-11);
  assert.deepEqual([row.n, row.clusters], [SHEETS.length, 9]);
  assert.deepEqual([row.bound_lower, row.bound_upper, row.effect_name], [-0.5, 0.5, "d_z"]);
});

/** A BFI sheet with these scores on the items of E and 3 elsewhere. */
function outgoing(scores: readonly number[]): number[] {
  const items = bfi44.items.filter(({ scale }) => scale === "E");
  const at = new Map(items.map(({ number }, index) => [number, scores[index]!]));
  return bfi44.items.map(({ number, reverse }) => {
    const score = at.get(number) ?? 3;
    return reverse ? 6 - score : score;
  });
}
const BFI: Sheet[] = r.bfi.rows.map(([profile, ...scores]) => ({
  profile: profile!,
  answers: outgoing(scores),
}));

// cor.test of the profiles' means; psych::alpha, qf; CR2 of the mean.
Deno.test("robustness() of Tables 5, A4 and A5 agrees with R within 1e-10", async () => {
  const given = reads({ epqra: SHEETS, bigfive: BFI });
  const five = await robustness("table5", given, { draws: 300 });
  const both = cell(five, { model: "GPT-4o", epqra_scale: "E", bfi_trait: "E" });
  near(both.estimate, r.correlation.r, 1e-11);
  near(both.p_pearson, r.correlation.p, 1e-10);
  near(both.fisher_lower, r.correlation.limits[0], 1e-10);
  near(both.fisher_upper, r.correlation.limits[1], 1e-10);
  // Nine profiles are too few for the robust test.
  assert.deepEqual([both.p_cluster, both.ci_lower, both.verdict], [null, null, null]);
  assert.ok(both.boot_lower! < both.estimate! && both.estimate! < both.boot_upper!);
  const own = { model: "GPT-4o", trait: "E" };
  const four = cell(await robustness("tableA4", given), own);
  near(four.estimate, r.bfi.mean.estimate, 1e-12);
  near(four.se, r.bfi.mean.se, 1e-11);
  near(four.ci_lower, r.bfi.mean.limits[0], 1e-10);
  assert.deepEqual([four.n, four.clusters, four.verdict, four.family], [18, 9, null, null]);
  const table = await robustness("tableA5", given, { draws: 300 });
  const alpha = cell(table, own);
  near(alpha.estimate, r.bfi.alpha, 1e-11);
  near(alpha.feldt_lower, r.bfi.feldt[0], 1e-9);
  near(alpha.feldt_upper, r.bfi.feldt[1], 1e-9);
  assert.ok(alpha.ci_lower! < alpha.estimate! && alpha.estimate! < alpha.ci_upper!);
  assert.deepEqual([alpha.items, alpha.constant_items], [8, 0]);
  // psych::fa ends its search at 1e-5 of a loading.
  near(alpha.omega, r.bfi.omega, 1e-4);
  assert.equal(alpha.omega_undefined, null);
  const flat = cell(table, { ...own, trait: "N" });
  assert.deepEqual([flat.estimate, flat.ci_lower, flat.constant_items], [null, null, 8]);
  assert.deepEqual([flat.omega, flat.omega_undefined], [null, "constant item"]);
  assert.deepEqual([flat.lowest_item, flat.lowest_item_rest], [null, null]);
});

// psych::alpha: item.stats, alpha.drop.
Deno.test("itemReliability() agrees with R's psych::alpha within 1e-11", async () => {
  const given = administrations(bfi44, BFI);
  const all = rows(itemReliability(given, "tableA5"));
  assert.equal(all.length, 6 * 44);
  const own = all.filter(({ model, trait }) => model === "GPT-4o" && trait === "E");
  assert.deepEqual(own.map(({ item }) => item), [1, 6, 11, 16, 21, 26, 31, 36]);
  own.forEach((row, at) => {
    const [mean, sd, item_rest, alpha_dropped] = r.bfi.items[at]!;
    near(row.mean, mean, 1e-12);
    near(row.sd, sd, 1e-12);
    near(row.item_rest, item_rest, 1e-11);
    near(row.alpha_dropped, alpha_dropped, 1e-11);
    near(row.alpha, r.bfi.alpha, 1e-11);
    assert.deepEqual([row.n, row.flagged], [18, "no"]);
  });
  const table = await robustness("tableA5", reads({ bigfive: BFI }), { draws: 50 });
  const { lowest_item, lowest_item_rest } = cell(table, { model: "GPT-4o", trait: "E" });
  const lowest = Math.min(...own.map(({ item_rest }) => item_rest!));
  assert.equal(lowest_item_rest, lowest);
  assert.equal(lowest_item, own.find(({ item_rest }) => item_rest === lowest)!.item);
});

Deno.test("an item turned round runs against its scale, one that is constant does neither", () => {
  const sheets = [0, 0, 1, 2, 3, 4, 5, 6, 6].map((points, profile) => {
    const answers = extravert(points);
    answers[1] = 1 - answers[1]!; // item 2: opposite
    answers[3] = 1; // item 4: the same for all
    return { profile, answers };
  });
  const items = rows(itemReliability(administrations(epqra, sheets), "table6"))
    .filter(({ model, condition, scale }) =>
      model === "GPT-4o" && condition === "Base" && scale === "E"
    );
  assert.deepEqual(items.map(({ item }) => item), [2, 4, 13, 15, 20, 23]);
  assert.deepEqual(items.map(({ flagged }) => flagged), ["yes", null, "no", "no", "no", "no"]);
  assert.deepEqual([items[1]!.sd, items[1]!.item_rest], [0, null]);
  assert.ok(items[0]!.alpha_dropped! > items[0]!.alpha!);
  assert.ok(items[2]!.alpha_dropped! < items[2]!.alpha!);
});

// CR2 of lm(hit ~ 1) on the answers that count; psych::cohen.kappa.
Deno.test("robustness() of Table A6 agrees with R within 1e-10", async () => {
  const items = epqra.items.filter(({ scale }) => scale === "E").map(({ number }) => number);
  const answers = (of: readonly number[]) => {
    const sheet: number[] = epqra.items.map(() => 0);
    items.forEach((item, at) => sheet[item - 1] = of[at]!);
    return sheet;
  };
  const sheets: Sheet[] = [], before = new Map<number, Sheet>();
  for (let at = 0; at < r.agreement.rows.length; at += 6) {
    const six = r.agreement.rows.slice(at, at + 6), profile = six[0]![0]!;
    sheets.push({ profile, answers: answers(six.map(([, given]) => given!)) });
    before.set(profile, { profile, answers: answers(six.map(([, , own]) => own!)) });
  }
  const given = reads({ epqra: sheets, reference: [...before.values()] });
  const table = await robustness("tableA6", given, { draws: 300 });
  for (const metric of ["accuracy", "precision", "recall"] as const) {
    const row = cell(table, { ...E, metric });
    near(row.estimate, 100 * r.agreement[metric].estimate, 1e-11);
    near(row.ci_lower, 100 * r.agreement[metric].limits[0]!, 1e-10);
    near(row.ci_upper, 100 * r.agreement[metric].limits[1]!, 1e-10);
  }
  // The t interval would end at 102 %: Wilson's, at p(1 − p) / se² answers, does not.
  const { estimate: p, se, limits } = r.agreement.specificity;
  assert.ok(limits[1]! > 1);
  const n = p * (1 - p) / se ** 2, z = 1.959963984540054;
  const half = z * Math.sqrt(p * (1 - p) / n + z ** 2 / (4 * n ** 2));
  const specificity = cell(table, { ...E, metric: "specificity" });
  near(specificity.estimate, 100 * p, 1e-11);
  near(specificity.ci_lower, 100 * (p + z ** 2 / (2 * n) - half) / (1 + z ** 2 / n), 1e-9);
  near(specificity.ci_upper, 100 * (p + z ** 2 / (2 * n) + half) / (1 + z ** 2 / n), 1e-9);
  const accuracy = cell(table, { ...E, metric: "accuracy" });
  near(accuracy.effect, r.agreement.kappa, 1e-12);
  near(accuracy.mcc, r.agreement.mcc, 1e-12);
  near(accuracy.balanced, 100 * r.agreement.balanced, 1e-12);
  assert.ok(accuracy.mcc_lower! < accuracy.mcc! && accuracy.mcc! < accuracy.mcc_upper!);
  assert.ok(accuracy.balanced_lower! < accuracy.balanced!);
  assert.ok(accuracy.balanced! < accuracy.balanced_upper!);
  assert.equal(cell(table, { ...E, metric: "precision" }).mcc, null);
  assert.ok(accuracy.effect_lower! < accuracy.effect! && accuracy.effect! < accuracy.effect_upper!);
  // All answers on L are No, as the profile's: right without a look, and kappa undefined.
  const lie = cell(table, { ...E, scale: "L", metric: "accuracy" });
  assert.deepEqual([lie.estimate, lie.majority, lie.chance, lie.effect], [100, 100, 100, null]);
  assert.deepEqual([lie.mcc, lie.mcc_lower, lie.balanced, lie.balanced_upper], [
    null,
    null,
    null,
    null,
  ]);
  const mae = cell(table, { ...E, metric: "mae" }), rmse = cell(table, { ...E, metric: "rmse" });
  const away = sheets.map(({ profile, answers }) => {
    const sum = (of: Sheet["answers"]) => of.reduce<number>((total, value) => total + value!, 0);
    return sum(answers) - sum(before.get(profile)!.answers);
  });
  const average = (of: number[]) => of.reduce((total, value) => total + value, 0) / of.length;
  near(mae.estimate, average(away.map(Math.abs)), 1e-12);
  near(rmse.estimate, Math.sqrt(average(away.map((value) => value ** 2))), 1e-12);
});

Deno.test("every sheet twice: p_cluster stays as it is, p_naive shrinks", async () => {
  const twice = <T>(of: readonly T[]): T[] => [...of, ...of];
  const [one, two] = await Promise.all([
    robustness("table4", reads({ epqra: SHEETS, reference: PROFILES })),
    robustness("table4", reads({ epqra: twice(SHEETS), reference: PROFILES })),
  ]);
  near(cell(two, E).p_cluster, cell(one, E).p_cluster, 1e-12);
  near(cell(two, E).effect_upper, cell(one, E).effect_upper, 1e-12);
  assert.ok(cell(two, E).p_naive! < cell(one, E).p_naive! / 10);
  const options = { draws: 200 };
  const [few, many] = await Promise.all([
    robustness("table1", reads({ people: PEOPLE }), options),
    robustness("table1", reads({ people: twice(PEOPLE) }), options),
  ]);
  near(cell(many, GENDER).p_cluster, cell(few, GENDER).p_cluster, 1e-11);
  near(cell(many, GENDER).effect_upper, cell(few, GENDER).effect_upper, 1e-12);
  assert.ok(cell(many, GENDER).p_naive! < cell(few, GENDER).p_naive! / 10);
  const [alone, pair] = await Promise.all([
    robustness("tableA5", reads({ bigfive: BFI }), options),
    robustness("tableA5", reads({ bigfive: twice(BFI) }), options),
  ]);
  const of = (table: DataFrame) => cell(table, { model: "GPT-4o", trait: "E" });
  const width = ({ feldt_lower, feldt_upper }: Row) => feldt_upper! - feldt_lower!;
  // Alpha's divisor n − 1 cancels, so the draws of profiles give the same limits.
  near(of(pair).ci_lower, of(alone).ci_lower, 1e-10);
  assert.ok(width(of(pair)) < 0.8 * width(of(alone)));
});

Deno.test("the order of the rows does not matter, the seed does", async () => {
  const given = { epqra: SHEETS, bigfive: BFI, reference: PROFILES, people: PEOPLE };
  const turned = {
    epqra: SHEETS.toReversed(),
    bigfive: BFI.toReversed(),
    reference: PROFILES.toReversed(),
    people: PEOPLE.toReversed(),
  };
  for (const name of NAMES) {
    const options = { draws: 60 };
    const [one, two] = await Promise.all([
      robustness(name, reads(given), options),
      robustness(name, reads(turned), options),
    ]);
    const others = rows(two);
    rows(one).forEach((row, at) => {
      for (const [key, value] of Object.entries(row as Record<string, unknown>)) {
        const other = others[at]![key];
        if (typeof value === "number") close(other, value, 1e-9, { name, key, row });
        else assert.equal(other, value, `${name} ${key}`);
      }
    });
  }
  const limits = async (seed?: number) =>
    cell(await robustness("table1", reads(given), { draws: 60, ...(seed ? { seed } : {}) }), GENDER)
      .effect_lower;
  assert.equal(await limits(), await limits());
  assert.notEqual(await limits(), await limits(1));
});

const MARKS: Marks = [[0.001, "‡"], [0.01, "†"], [0.05, "*"]];

Deno.test("judged() takes the defined p for one family, and agrees with R's p.adjust", () => {
  const cells = [...r.family.p, null].map((p, at) => ({
    key: `${at}`,
    n: 1,
    clusters: 1,
    p_cluster: p,
    marker: ["‡", "†", "†", "", "‡", ""][at]!,
  }));
  const found = rows(judged(cells, { key: "text" }, {}, MARKS));
  r.family.p.forEach((_, at) => {
    near(found[at]!.p_holm, r.family.holm[at], 1e-14);
    near(found[at]!.p_bh, r.family.bh[at], 1e-14);
  });
  assert.deepEqual(found.map(({ family }) => family), [5, 5, 5, 5, 5, null]);
  // Holm: .002, .036, .06, .016, .7.
  assert.deepEqual(found.map(({ verdict }) => verdict), [
    "weakens",
    "weakens",
    "vanishes",
    "appears",
    "vanishes",
    null,
  ]);
});

Deno.test("verdict() asks for less than the marker's level, not for the level", () => {
  const cases: [string, number | null, string | null][] = [
    ["‡", 0.0009, "stands"],
    ["‡", 0.001, "weakens"],
    ["†", 0.0001, "stands"],
    ["*", 0.0499, "stands"],
    ["*", 0.05, "vanishes"],
    ["", 0.05, "—"],
    ["", 0.0499, "appears"],
    ["*", null, null],
  ];
  each(cases, ([marker, p, expected]) => assert.equal(verdict(marker, p, MARKS), expected));
});

Deno.test("rows that the paper does not print have no marker, and count in the family", async () => {
  const given = Array.from({ length: 40 }, (_, profile) => [
    { profile, race: "white" },
    { profile, condition: "MaxN", race: profile < 30 ? "elf" : "white" },
  ]).flat();
  const table = await robustness("table1", reads({ people: given }), { draws: 50 });
  const other = cell(table, { ...GENDER, category: "Race", subcategory: "Other" });
  assert.deepEqual([other.marker, other.verdict, other.estimate], ["", "appears", 0.75]);
  assert.deepEqual([other.in_paper, other.risk_ratio], ["no", null]);
  assert.ok(other.p_naive! < 1e-10);
  const white = cell(table, { ...GENDER, category: "Race", subcategory: "White" });
  assert.deepEqual([white.marker, white.verdict], ["‡", "stands"]);
  // Race alone differs; all else is constant, which no test can judge.
  assert.equal(white.family, 2);
});

Deno.test("where every profile does the same there is no test and no verdict", async () => {
  const given = [0, 1, 2, 3].flatMap((profile) => [
    ...Array.from({ length: 5 }, (_, repetition) => ({ profile, repetition: repetition + 1 })),
    ...Array.from({ length: 5 }, (_, repetition) => ({
      profile,
      repetition: repetition + 1,
      condition: "MaxN",
      gender: "female",
    })),
  ]);
  const row = cell(await robustness("table1", reads({ people: given }), { draws: 50 }), GENDER);
  assert.deepEqual([row.estimate, row.marker], [1, "‡"]);
  assert.deepEqual(
    [row.p_cluster, row.p_holm, row.verdict, row.ci_lower, row.ci_upper, row.effect_lower],
    [null, null, null, null, null, null],
  );
  // Four coins that fall alike.
  assert.deepEqual([row.informative, row.p_sign_flip], [4, 0.125]);
  const shifted = [0, 1, 2, 3, 4, 5].map((profile) => ({
    profile,
    answers: extravert(profile % 3),
  }));
  const own = shifted.map(({ profile }) => ({ profile, answers: extravert(profile % 3 + 2) }));
  const four = cell(await robustness("table4", reads({ epqra: own, reference: shifted })), E);
  assert.deepEqual(
    [four.estimate, four.p_cluster, four.p_equivalence, four.ci_lower, four.equivalence],
    [2, null, null, null, null],
  );
  assert.deepEqual([four.verdict, four.effect, four.loa_lower], [null, null, 2]);
});

Deno.test("what a handful of profiles changed is tested by their signs, beside t", async () => {
  const given = Array.from({ length: 60 }, (_, profile) => [
    { profile },
    { profile, condition: "MaxN", gender: profile < 5 ? "female" : "male" },
  ]).flat();
  const row = cell(await robustness("table1", reads({ people: given }), { draws: 50 }), GENDER);
  assert.ok(row.p_cluster! < 0.05);
  assert.deepEqual([row.informative, row.p_sign_flip], [5, 0.0625]);
  // One half changes: enough to go by.
  const many = Array.from({ length: 100 }, (_, profile) => [
    { profile },
    { profile, condition: "MaxN", gender: profile < 50 ? "female" : "male" },
  ]).flat();
  const other = cell(await robustness("table1", reads({ people: many }), { draws: 50 }), GENDER);
  assert.deepEqual([other.informative, other.p_sign_flip], [50, null]);
});

Deno.test("a correlation on the floor is judged by its own error, and not by a few profiles", async () => {
  // On E all but `off` of 80 profiles score 0, and those go with the trait.
  const pairs = (off: number) =>
    Array.from({ length: 80 }, (_, profile) => ({
      epqra: { profile, answers: extravert(profile < off ? 1 + profile % 6 : 0) },
      bigfive: {
        profile,
        answers: outgoing(
          Array.from({ length: 8 }, () => profile < off ? 4 + profile % 2 : 2 + profile % 3),
        ),
      },
    }));
  const of = async (off: number) => {
    const given = pairs(off);
    const table = await robustness(
      "table5",
      reads({
        epqra: given.map(({ epqra }) => epqra),
        bigfive: given.map(({ bigfive }) => bigfive),
      }),
      { draws: 50 },
    );
    const found = cell(table, { model: "GPT-4o", epqra_scale: "E", bfi_trait: "E" });
    const [x, y] = [
      given.map((_, at) => at < off ? 1 + at % 6 : 0),
      given.map((_, at) => 8 * (at < off ? 4 + at % 2 : 2 + at % 3)),
    ];
    return { found, expected: robustCorrelation(x, y) };
  };
  const { found, expected } = await of(30);
  near(found.estimate, expected.estimate, 1e-12);
  near(found.p_cluster, expected.p, 1e-9);
  near(found.ci_lower, expected.ciLower, 1e-11);
  near(found.effect_upper, expected.ciUpper, 1e-11);
  near(found.least, expected.ciLower, 1e-11);
  near(found.most, expected.ciUpper, 1e-11);
  assert.ok(found.p_pearson! < 1e-6 && found.fisher_lower! > 0);
  assert.deepEqual([found.off_mode, found.undefined_draws], [30, 0]);
  const few = (await of(19)).found;
  assert.deepEqual([few.off_mode, few.p_cluster, few.ci_lower, few.verdict], [
    19,
    null,
    null,
    null,
  ]);
  assert.ok(few.p_pearson! < 1e-6);
});

Deno.test("a verdict on means says within which bounds, by tests that are a family", async () => {
  const before = Array.from({ length: 40 }, (_, profile) => ({
    profile,
    answers: extravert(1 + profile % 4),
  }));
  // Of every four profiles one moves up by `up` and one down by one.
  const own = (up: number) =>
    before.map(({ profile }) => ({
      profile,
      answers: extravert(1 + profile % 4 + [up, -1, 0, 0][Math.floor(profile / 4) % 4]!),
    }));
  const of = async (up: number) => {
    const table = await robustness("table4", reads({ epqra: own(up), reference: before }));
    return { row: cell(table, E), table };
  };
  const { row, table } = await of(1);
  assert.deepEqual([row.equivalence, row.manipulated], ["equivalent", "no"]);
  // N, P and L are constant in persona and profile, so that E is the whole family.
  assert.equal(row.p_equivalence_holm, row.p_equivalence);
  assert.equal(rows(table).filter(({ manipulated }) => manipulated === "yes").length, 10);
  assert.ok(
    rows(table).every(({ manipulated, condition, scale }) =>
      (manipulated === "yes") === (condition === `Max${scale}`)
    ),
  );
  assert.equal((await of(2)).row.equivalence, "open");
});

Deno.test("draws without the statistic are counted, and above 1 % of them there are no limits", async () => {
  // One profile of nine answers an item of E otherwise: a draw without it has no alpha.
  const sheets = Array.from({ length: 9 }, (_, profile) => ({
    profile,
    answers: extravert(profile ? 0 : 3),
  }));
  const table = await robustness("table6", reads({ epqra: sheets }), { draws: 400 });
  const row = cell(table, E);
  assert.ok(row.estimate! > 0);
  assert.equal(row.off_mode, 1);
  // (8/9)⁹ = .346 of the draws; five errors of 400.
  assert.ok(Math.abs(row.undefined_draws! / 400 - 0.3465) < 0.12);
  assert.deepEqual([row.ci_lower, row.ci_upper], [null, null]);
  const healthy = cell(await robustness("table6", reads({ epqra: SHEETS }), { draws: 100 }), E);
  assert.equal(healthy.undefined_draws, 0);
  assert.ok(healthy.ci_lower! < healthy.ci_upper!);
});

Deno.test("a missing answer leaves the cell; a persona without profile is a cluster", async () => {
  const gap = SHEETS.map((sheet, at) => ({
    ...sheet,
    answers: sheet.answers.map((answer, item) => at === 0 && item === 1 ? null : answer),
  }));
  const table = await robustness("table4", reads({ epqra: gap, reference: PROFILES }));
  assert.equal(cell(table, E).n, SHEETS.length - 1);
  const lost = PEOPLE.map((person, at) => at < 2 ? { ...person, profile: null } : person);
  const shares = await robustness("table1", reads({ people: lost }), { draws: 50 });
  assert.equal(cell(shares, GENDER).clusters, 12 + 2);
});

Deno.test("without data every number is undefined, in every table", async () => {
  const nothing = reads({ epqra: [], bigfive: [], reference: [] });
  for (const name of NAMES) {
    const table = await robustness(name, nothing);
    assert.ok(table.height >= layout(name).cells.length, name);
    for (const row of rows(table)) {
      assert.deepEqual([row.n, row.estimate, row.p_cluster, row.verdict], [0, null, null, null]);
    }
  }
});

Deno.test("robustness() marks what the printed table marks, on a restored database", async () => {
  await restored("survival_small", join(SMALL, "csv"));
  const study = await openDataset({ schema: "survival_small" });
  for (const name of ["table1", "table2", "table3", "table4", "table5"] as const) {
    const keys = layout(name).keys;
    const key = (row: Row) => keys.map((column) => row[column]).join("|");
    const paper = new Map(
      rows(printed(name, await build(name, study))).map((row) => [key(row), row]),
    );
    const marked = rows(await robustness(name, study, { draws: 50 }));
    for (const row of marked) {
      const cell = paper.get(key(row));
      if (name !== "table5") {
        const lost = row.category === "Race" && row.subcategory === "Other" ||
          row.category === "Relig. Beli." && row.subcategory === "Others";
        assert.equal(row.marker, lost ? "" : cell?.marker ?? "", key(row));
      } else {
        const face = ["", "p<0.05", "p<0.01", "p<0.001"].indexOf(row.marker!);
        assert.match(cell!.printed!, [/^[^*<]/, /^<u>/, /^\*[^*]/, /^\*\*/][face]!, key(row));
      }
    }
    const tests = marked.filter(({ p_cluster }) => p_cluster !== null);
    // So few profiles have both questionnaires that no correlation is tested.
    assert.equal(tests.length > 0, name !== "table5", name);
    assert.ok(tests.every(({ family }) => family === tests.length), name);
  }
  await study.close();
});

Deno.test("Study.personas() has a row for each persona that demographics() counts", async () => {
  await restored("survival_small", join(SMALL, "csv"));
  await migrate("survival_study", "study");
  for (const schema of ["survival_small", "survival_study"]) {
    const study = await openDataset({ schema });
    const [personas, counts] = await Promise.all([study.personas(), study.demographics()]);
    const genders = rows(counts).filter(({ attribute }) => attribute === "gender");
    assert.equal(personas.height, genders.reduce((total, { n }) => total + n!, 0));
    assert.equal(personas.height > 0, schema === "survival_small");
    await study.close();
  }
  const [row] = await as("reader", (sql) =>
    sql`
    select ref_personality_id as profile, gender from survival_small.personas order by id limit 1`);
  const study = await openDataset({ schema: "survival_small" });
  const [first] = rows(await study.personas());
  assert.deepEqual([first!.profile, first!.gender], [row!.profile, row!.gender]);
  await study.close();
});
