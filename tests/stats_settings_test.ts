/** Order, wordings and settings: what answers and scores change by, and how far they hold. */
import assert from "node:assert/strict";
import reference from "./reference/settings.json" with { type: "json" };
import {
  balancedOf,
  bootstrapComponents,
  changedByChance,
  clusteredMean,
  designCoefficients,
  equivalence,
  friedman,
  intraclass,
  mcnemarExact,
  mean,
  type Measured,
  observedReliability,
  pairedT,
  remlComponents,
  repeatedAnova,
  retest,
  sd,
  settingComponents,
  truncatedComponents,
  verdict,
} from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { close } from "./near.ts";

const near = (found: number | null | undefined, wanted: number, tolerance = 1e-9): void =>
  close(found, wanted, tolerance * Math.max(1, Math.abs(wanted)));

const sheet = (text: string): number[][] =>
  text.split("|").map((row) => row.trim().split(/\s+/).map(Number));

// Eight personas, three items, five answers: computed with R 4.2.2 (psych, base), as are all numbers below.
const A = sheet("4 2 5 | 3 3 4 | 5 1 4 | 2 2 2 | 4 4 3 | 1 5 5 | 3 2 4 | 4 3 1");
const B = sheet("4 3 5 | 3 3 3 | 4 1 4 | 2 1 1 | 4 4 3 | 2 5 4 | 3 2 4 | 3 3 2");
const C = sheet("5 2 5 | 3 4 4 | 5 2 4 | 2 2 3 | 5 4 3 | 2 5 5 | 4 2 4 | 4 3 2");
const others: Readonly<Record<string, number>> = { "0,1": 3, "3,2": 1, "7,0": 3 };
const again = A.map((row, g) => row.map((answer, j) => others[`${g},${j}`] ?? answer));
const traits = (of: number[][]) => of.map((row) => mean(row)!);
const pairs = (b: number[][], of: (x: number, y: number) => number) =>
  A.map((row, g) => row.map((answer, j) => of(answer, b[g]![j]!)));

Deno.test("flips, their floor, what exceeds it, chance and position as R has them", () => {
  const differ = (x: number, y: number) => Number(x !== y);
  const flips = clusteredMean(pairs(B, differ));
  near(flips.estimate, 0.375), near(flips.se, 0.0983494740586804);
  near(flips.ciLower, 0.142440448509449), near(flips.ciUpper, 0.607559551490551);
  const chance = [0, 1, 2].map((j) => changedByChance(A.map((row, g) => [row[j], B[g]![j]])));
  [0.734375, 0.796875, 0.765625].forEach((wanted, j) => near(chance[j], wanted));
  near(1 - flips.estimate! / mean(chance as number[])!, 0.510204081632653);
  near(clusteredMean(pairs(B, (x, y) => Math.abs(x - y))).estimate, 0.375);
  const shift = clusteredMean(pairs(B, (x, y) => (x + 6 - y - 6) / 2));
  near(shift.estimate, 0.0625), near(shift.se, 0.0539832057952888);
  near(shift.ciLower, -0.0651499976022641), near(shift.ciUpper, 0.190149997602264);
  const floor = clusteredMean(pairs(again, differ));
  near(floor.estimate, 0.125), near(floor.se, 0.0609937545592833);
  const excess = clusteredMean(
    A.map((row, g) => row.map((a, j) => differ(a, B[g]![j]!) - differ(a, again[g]![j]!))),
  );
  near(excess.estimate, 0.25), near(excess.se, 0.0833333333333333);
  near(excess.ciLower, 0.0529479790339346), near(excess.ciUpper, 0.447052020966065);
  near((14 - 5) / 120, 0.075), near(mcnemarExact(14, 5).p, 0.063568115234375);
  assert.equal(changedByChance([]), null);
});

Deno.test("the shift of a trait, its equivalence, and the verdict of both", () => {
  const [a, b] = [traits(A), traits(B)];
  const away = a.map((one, g) => b[g]! - one);
  const summary = { mean: mean(away)!, sd: sd(away)!, n: 8 };
  const test = pairedT(summary);
  near(test.estimate, -0.125), near(summary.sd, 0.305375127104301);
  near(test.t, -1.15776747748194), near(test.p, 0.284931380842322);
  const tost = equivalence(summary, { lower: -0.5, upper: 0.5 });
  near(tost.pLower, 0.00517977619210136), near(tost.pUpper, 0.000335577108496717);
  const narrow = pairedT(summary, 0.9);
  near(narrow.ciLower, -0.32955085346785), near(narrow.ciUpper, 0.0795508534678502);
  assert.equal(verdict(tost.p, test.p), "equivalent");
  assert.equal(verdict(0.01, 0.01), "small");
  assert.equal(verdict(0.2, 0.01), "different");
  assert.equal(verdict(0.2, 0.2), "open");
  assert.equal(verdict(null, null), "open");
});

Deno.test("agreement of traits and cells in two and three wordings", () => {
  const rows = (...of: number[][]) => of[0]!.map((_, g) => of.map((column) => column[g]!));
  const two = intraclass(rows(traits(A), traits(B)));
  near(two.agreement.estimate, 0.90595009596929), near(two.agreement.ciLower, 0.635354673089397);
  near(two.agreement.ciUpper, 0.980045164318839), near(two.consistency.estimate, 0.909441233140655);
  near(two.consistency.ciLower, 0.616955043640989);
  near(two.consistency.ciUpper, 0.981188543959058);
  const cells = intraclass(rows(A.flat(), B.flat())).agreement;
  near(cells.estimate, 0.877296976882039), near(cells.ciLower, 0.740389811886127);
  near(cells.ciUpper, 0.944710146011749);
  const three = rows(traits(A), traits(B), traits(C)), all = intraclass(three);
  near(all.agreement.estimate, 0.837209302325581), near(all.agreement.ciLower, 0.352838820952187);
  near(all.agreement.ciUpper, 0.965916798890272), near(all.consistency.estimate, 0.932374100719424);
  near(all.consistency.ciLower, 0.79357746362825), near(all.consistency.ciUpper, 0.984748222372215);
  const ranks = friedman(three);
  near(ranks.chi2, 12.6666666666667), near(ranks.p, 0.00177610354573438);
  const F = repeatedAnova(three);
  near(F.F, 14.4468085106383), near(F.p, 0.00039459, 1e-5);
  assert.deepEqual([F.df1, F.df2], [2, 14]);
});

Deno.test("Friedman's test and Greenhouse and Geisser's correction agree with R", () => {
  const F = repeatedAnova(reference.repeated), ranks = friedman(reference.repeated);
  near(F.F, reference.anova.F), near(F.epsilon, reference.anova.epsilon);
  near(F.p, reference.anova.p), near(F.pCorrected, reference.anova.p_corrected);
  near(ranks.chi2, reference.friedman.chi2), near(ranks.p, reference.friedman.p);
});

Deno.test("where conditions do not vary there is no test", () => {
  const alike = [[1, 1], [2, 2], [3, 3]];
  assert.equal(friedman(alike).p, null);
  assert.equal(repeatedAnova(alike).F, null);
  assert.equal(repeatedAnova([[1, 2], [2, 3], [5, 6]]).p, null);
  assert.equal(repeatedAnova([[1, 2]]).p, null);
  assert.throws(() => friedman([[1, 2], [1]]), /2 or more conditions/);
});

const scores: Record<string, [number[], number[]]> = {
  p1: [[12, 14, 10], [13, 15, 11]],
  p2: [[18, 19, 15], [17, 18, 16]],
  p3: [[9, 11, 8], [10, 9, 9]],
  p4: [[15, 17, 12], [16, 15, 13]],
  p5: [[20, 21, 18], [19, 22, 17]],
  p6: [[11, 12, 12], [12, 14, 10]],
};
const measured = (repeats: readonly number[] = [0, 1]): Measured[] =>
  Object.entries(scores).flatMap(([subject, own]) =>
    repeats.flatMap((r) => own[r]!.map((value, s) => ({ subject, setting: `${s}`, value })))
  );

Deno.test("components and coefficients of six subjects in three settings, asked twice", () => {
  const { squares, components } = settingComponents(balancedOf(measured())!)!;
  near(squares.subject, 83.1333333333333), near(squares.setting, 27.25);
  near(squares.interaction, 0.783333333333333), near(squares.error, 0.833333333333333);
  near(components.subject, 13.725), near(components.setting, 2.20555555555556);
  near(components.interaction, -0.025), near(components.error, 0.833333333333333);
  for (
    const [settings, repeats, relative, absolute] of [
      [1, 1, 0.944380733944954, 0.819946896780617],
      [3, 2, 0.990577385725742, 0.940665059017642],
      [5, 1, 0.988358137301968, 0.957929430011632],
      [10, 1, 0.994144987022394, 0.978512724032082],
    ] as const
  ) {
    const found = designCoefficients(components, { settings, repeats });
    near(found.relative, relative), near(found.absolute, absolute);
  }
  const observed = observedReliability(squares);
  near(observed.estimate, 0.990577385725742);
  near(observed.ciLower, 0.960084998715945), near(observed.ciUpper, 0.998576462520367);
  const { components: kept, truncated } = truncatedComponents(components);
  assert.deepEqual([kept.interaction, truncated], [0, true]);
  // Only these settings: the interaction is part of what is measured, and settings are no error.
  const fixed = designCoefficients(
    { subject: 4, setting: 9, interaction: 2, error: 3 },
    { settings: 2, repeats: 3, fixed: true },
  );
  near(fixed.relative, 5 / 5.5),
    near(fixed.absolute, 5 / 5.5),
    near(fixed.semAbsolute, Math.SQRT1_2);
});

Deno.test("without repeats the interaction and error are one", () => {
  const { squares, components } = settingComponents(balancedOf(measured([0]))!)!;
  near(squares.subject, 44.8888888888889), near(squares.setting, 15.0555555555556);
  near(squares.interaction, 0.922222222222222);
  assert.equal(components.interaction, null);
  const one = designCoefficients(components, { settings: 1, repeats: 1 });
  const icc = intraclass(Object.values(scores).map(([first]) => first));
  near(one.relative, 0.940798858773181), near(one.absolute, 0.817224287484511);
  near(icc.consistency.ciLower, 0.777621119488956), near(icc.consistency.ciUpper, 0.99074603444777);
  near(icc.agreement.ciLower, 0.232542650093242), near(icc.agreement.ciUpper, 0.971766077690479);
  assert.equal(designCoefficients(components, { settings: 3, repeats: 2 }).relative, null);
  const table = [[1, 3, 2], [3, 1, 2], [2, 2, 2], [3, 2, 1]], odd = intraclass(table);
  const flat = settingComponents(
    balancedOf(
      table.flatMap((row, subject) =>
        row.map((value, setting) => ({ subject: `${subject}`, setting: `${setting}`, value }))
      ),
    )!,
  )!.squares;
  near(flat.subject, 0), near(flat.setting, 0.25), near(flat.interaction, 0.916666666666667);
  near(odd.consistency.estimate, -0.5), near(odd.agreement.estimate, -0.6875);
  assert.equal(odd.agreement.ciLower, null);
});

Deno.test("retest: agreement, standard error of measurement, smallest detectable change", () => {
  const found = retest(Object.values(scores).map(([a, b]) => [a[0]!, b[0]!]));
  near(found.icc.estimate, 0.966216216216216), near(found.icc.ciLower, 0.808841544870124);
  near(found.icc.ciUpper, 0.99510636813722), near(found.sem, 0.730296743340221);
  near(found.smallestChange, 2.02424209901066);
});

Deno.test("REML agrees with lme4: at the edge, unbalanced, with and without repeats", () => {
  const edge = remlComponents(measured())!;
  near(edge.subject, 13.7196499903, 1e-6), near(edge.setting, 2.2028775209, 1e-6);
  near(edge.error, 0.8154761021, 1e-6), assert.equal(edge.interaction, 0);
  const rows = reference.crossed.map(({ p, s, r, y }) => ({
    subject: `${p}`,
    setting: `${s}`,
    value: y,
    r,
  }));
  assert.equal(balancedOf(rows), null);
  const full = remlComponents(rows)!, { p, s, "p:s": ps, Residual } = reference.full;
  near(full.subject, p, 1e-6), near(full.setting, s, 1e-6);
  near(full.interaction, ps, 1e-6), near(full.error, Residual, 1e-6);
  const single = remlComponents(rows.filter(({ r }) => r === 1))!;
  near(single.subject, reference.single.p, 1e-6), near(single.setting, reference.single.s, 1e-6);
  near(single.error, reference.single.Residual, 1e-6), assert.equal(single.interaction, null);
  assert.equal(remlComponents(rows.slice(0, 1)), null);
  assert.equal(remlComponents(rows.map((row) => ({ ...row, value: 2 }))), null);
});

Deno.test("what is drawn of a table is on average what the table is: subjects, and settings too", () => {
  const random = seeded("components");
  const level = (n: number) => Array.from({ length: n }, () => random.uniform());
  for (const settings of [4, 8]) {
    const [p, s] = [level(12), level(settings)];
    const table = balancedOf(p.flatMap((a, i) =>
      s.flatMap((b, j) => {
        const both = random.uniform();
        return [0, 1].map(() => ({
          subject: `${i}`,
          setting: `${j}`,
          value: 3 * a + b + both + random.uniform(),
        }));
      })
    ))!;
    const { components } = settingComponents(table)!;
    const seen = { subject: 0, setting: 0, interaction: 0, error: 0 }, draws = 6000;
    const [limits] = bootstrapComponents(table, {
      uniform: seeded("draws", settings).uniform,
      draws,
      statistics: (drawn) => {
        for (const name of Object.keys(seen) as (keyof typeof seen)[]) {
          seen[name] += drawn[name]! / draws;
        }
        return [drawn.subject];
      },
    });
    for (const name of Object.keys(seen) as (keyof typeof seen)[]) {
      near(seen[name], components[name]!, 0.02);
    }
    assert.ok(limits!.ciLower! < components.subject && components.subject < limits!.ciUpper!);
  }
});
