/** Judges: what they are asked and what that costs, whom they reject, and whether two of them agree. */
import assert from "node:assert/strict";
import pl from "polars";
import { openDataset } from "lib/db.ts";
import { frame, rows } from "lib/frames.ts";
import {
  judgeAgreement,
  JUDGING,
  judging,
  rejectionDifferences,
  rejections,
  verdictsIn,
} from "lib/opinions/judges.ts";
import { CENSUS, designFrom, draw, implausible, suspects } from "lib/opinions/sample.ts";
import { judgingModel } from "lib/opinions/simulated.ts";
import { cohenKappa } from "lib/stats.ts";
import { openStudy } from "lib/study.ts";
import { z } from "zod";
import { provider } from "./llm_server.ts";
import { near } from "./near.ts";
import { served } from "./study_worker.ts";

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const VERDICTS = { profile: "integer", model: "text", people: "text", option: "text" } as const;

/** So many people with these verdicts of judges a and b. */
const judged = (...of: [n: number, a: string | null, b: string | null, people?: string][]) => {
  let profile = 0;
  return frame(
    of.flatMap(([n, a, b, people = "placebo"]) =>
      Array.from({ length: n }, () => {
        profile += 1;
        return [{ profile, model: "a", people, option: a }, {
          profile,
          model: "b",
          people,
          option: b,
        }];
      }).flat()
    ),
    VERDICTS,
  );
};

// R 4.2 psych 2.2.9: cohen.kappa(matrix(c(40, 10, 15, 85), 2, byrow = TRUE)), se √var.kappa.
Deno.test("kappa of two judges is R's, of whom both judged, with an interval like that of its se", () => {
  const [row] = rows(
    judgeAgreement(
      judged([40, "2", "2"], [10, "2", "1"], [15, "1", "2"], [85, "1", "1"], [7, null, "2"]),
    ),
    Row,
  );
  assert.deepEqual([row!.model, row!.against, row!.n, row!.clusters], ["a", "b", 150, 150]);
  near(row!.kappa as number, 0.634146341463415, 1e-12);
  near(row!.same_verdict as number, 125 / 150, 1e-12);
  near(row!.share as number, 50 / 150, 1e-12);
  near(row!.share_against as number, 55 / 150, 1e-12);
  const { ciLower, ciUpper, se } = cohenKappa({
    truePositive: 40,
    falsePositive: 10,
    falseNegative: 15,
    trueNegative: 85,
  });
  near(se!, 0.0661558080829818, 1e-12);
  near(row!.kappa_lower as number, ciLower!, 0.06);
  near(row!.kappa_upper as number, ciUpper!, 0.06);
  const [none] = rows(judgeAgreement(judged([5, "1", "1"])), Row);
  assert.deepEqual([none!.same_verdict, none!.kappa, none!.kappa_lower], [1, null, null]);
});

// R 4.2: prop.test(31.2, 39, correct = FALSE) and of 5.9 of 59, at the effective n of 40 and 60 clusters, n − 1;
// Newcombe's limits of these two.
Deno.test("rejections have Wilson's limits, and their difference from the placebo Newcombe's", () => {
  const verdicts = judged(
    [32, "2", "1", "implausible"],
    [8, "1", "1", "implausible"],
    [3, null, "1", "implausible"],
    [6, "2", "1"],
    [54, "1", "1"],
  );
  const own = rows(rejections(verdicts, { by: ["model", "people"] }), Row);
  const [seen, wronged] = own;
  assert.deepEqual([seen!.people, seen!.n, seen!.missing, seen!.count], ["implausible", 40, 3, 32]);
  near(seen!.ci_lower as number, 0.650338754531911, 1e-9);
  near(seen!.ci_upper as number, 0.895861133243546, 1e-9);
  near(wronged!.ci_lower as number, 0.046352251810475, 1e-9);
  near(wronged!.ci_upper as number, 0.202551244610956, 1e-9);
  assert.equal(own[2]!.share, 0, "who rejects nobody has a row");
  const of = { factor: "people", against: "placebo", by: ["model"] };
  const [row] = rows(rejectionDifferences(verdicts, of), Row);
  assert.deepEqual(
    [row!.model, row!.people, row!.against, row!.n, row!.n_against],
    ["a", "implausible", "placebo", 40, 60],
  );
  near(row!.estimate as number, 0.7, 1e-12);
  near(row!.ci_lower as number, 0.518574405977780, 1e-9);
  near(row!.ci_upper as number, 0.809851890072695, 1e-9);
});

Deno.test("one judge, one who judges twice, and a level that is not there are refused", () => {
  const verdicts = judged([3, "2", "1"]);
  assert.throws(
    () => judgeAgreement(verdicts.filter(pl.col("model").eq(pl.lit("a")))),
    /There is one model, a: agreement is of two judges or more/,
  );
  assert.throws(() => judgeAgreement(pl.concat([verdicts, verdicts])), /a judged somebody twice/);
  assert.throws(
    () => rejectionDifferences(verdicts, { factor: "people", against: "nobody" }),
    /people has no level nobody: it has placebo/,
  );
});

Deno.test("two judges are asked over HTTP, after the cost is known, once, and stopped halfway", async () => {
  const schema = "opinions_judges";
  const systems = new Set<string>();
  // One sees a contradiction; the other, besides, has something against the old.
  await using server = Object.assign(
    provider({
      answer({ model, system, user }) {
        systems.add(`${system}\n${user}`);
        const age = Number(/- Age: (\d+)/.exec(system)![1]);
        const odd = /- State: Widowed/.test(system) && age < 18;
        const answer = odd || (model === "strict" && age > 80) ? "Implausible" : "Plausible";
        return { text: JSON.stringify({ 1: { reason: `aged ${age}`, answer } }) };
      },
    }),
    { [Symbol.asyncDispose]: async () => await server.close() },
  );
  const people = [8, 12, 40, 50, 85, 90].map((age) => ({ age, state: "Widowed" }));
  const lab = await openStudy({ schema });
  await lab.population(people, {
    instrument: null,
    codebook: [
      { name: "age", label: "Age", kind: "number" },
      { name: "state", label: "State", kind: "text" },
    ],
  });
  const models = [
    served(server.url, 1, { id: "mild", label: "Mild", model: "mild" }),
    served(server.url, 1, { id: "strict", label: "Strict", model: "strict" }),
  ];
  const plan = judging({ models });
  const calls = async () =>
    rows((await lab.estimate(plan)).filter(pl.col("model").eq(pl.lit("all"))), Row)[0]!.calls;
  const requests = () => server.tally().requests;
  assert.equal(await calls(), 12);
  const run = await lab.register(plan);
  await assert.rejects(lab.run(run), /budget/);
  assert.equal(requests(), 0, "nothing is asked without a budget");
  await lab.run(run, { budget: { calls: 5 } });
  assert.equal(requests(), 5);
  assert.equal(await calls(), 7);
  await lab.run(run, { budget: { calls: 100 } });
  assert.equal(requests(), 12);
  assert.equal(await lab.register(judging({ models })), run);
  await lab.run(run, { budget: { calls: 100 } });
  assert.equal(requests(), 12, "what was judged is not bought again");
  await lab.close();
  assert.equal(server.tally().repeated, 0);
  for (const text of systems) {
    assert.match(text, /You are not the person described/);
    assert.doesNotMatch(text, /Take on the part|placebo/);
  }

  const study = await openDataset({ schema });
  const verdicts = await verdictsIn(study, { with: ["age"] });
  await study.close();
  const all = rows(verdicts, Row);
  assert.equal(all.length, 12);
  assert.ok(all.every(({ reply_reason, age }) => reply_reason === `aged ${age}`));
  const shares = rows(rejections(verdicts, { by: ["model"] }), Row);
  assert.deepEqual(shares.map(({ model, count, n }) => [model, count, n]), [
    ["Mild", 2, 6],
    ["Strict", 4, 6],
  ]);
  // By hand: both reject 2 and pass 2 of 6, so that p_o = 4/6 and p_e = (2·4 + 4·2) / 36.
  const [agreed] = rows(judgeAgreement(verdicts, { draws: 0 }), Row);
  near(agreed!.kappa as number, (4 / 6 - 16 / 36) / (1 - 16 / 36), 1e-12);
});

Deno.test("stand-ins err as they were told: what is overlooked, rejected without reason, and of whom", async () => {
  const schema = "opinions_judges_told";
  const design = designFrom(`${CENSUS}/us-2018-apart.json`);
  const drawn = draw(design, { total: 600, strata: ["CA"], seed: 3 });
  // Common enough to be met, as if they could not be.
  const rules = [
    { rule: "woman, never married", where: { sex: ["Female"], marital: ["never"] } },
    { rule: "man, divorced", where: { sex: ["Male"], marital: ["divorced"] } },
  ];
  const arms = suspects(drawn, { rules });
  const counted = rows(implausible(drawn, { rules }), z.object({ n: z.number() }));
  assert.equal(
    rows(arms, Row).filter(({ people }) => people === "implausible").length,
    counted.reduce((sum, { n }) => sum + n, 0),
  );
  const { codebook } = drawn.population;
  const told = { instrument: JUDGING, codebook: codebook!, rules };
  const models = [
    judgingModel(told, { name: "fair", overlooks: 0.2, rejects: 0.1 }),
    judgingModel(told, {
      name: "unfair",
      overlooks: 0.3,
      rejects: 0.05,
      wrongs: { where: { sex: ["Male"] }, rejects: 0.4 },
    }),
  ];
  assert.throws(
    () => judgingModel(told, { name: "no", overlooks: 2, rejects: 0 }),
    /from 0 to 1: got 2/,
  );
  const lab = await openStudy({ schema });
  await lab.population(drawn.population);
  await lab.run(await lab.register(judging({ models })));
  await lab.close();
  const study = await openDataset({ schema });
  const verdicts = (await verdictsIn(study, { with: ["sex"] }))
    .join(arms, { on: "profile", how: "left" });
  await study.close();
  const [fair, unfair] = models.map(({ label }) => label);
  const within = (row: Record<string, unknown>, truth: number, what: string) =>
    assert.ok(
      (row.ci_lower as number) <= truth && truth <= (row.ci_upper as number),
      `${what}: ${row.ci_lower} to ${row.ci_upper}, not ${truth}`,
    );
  const found = rows(rejections(verdicts, { by: ["model", "people"] }), Row);
  const share = (model: string, people: string) =>
    found.find((row) => row.model === model && row.people === people)!;
  within(share(fair!, "implausible"), 0.8, "seen");
  within(share(fair!, "placebo"), 0.1, "rejected without reason");
  within(share(unfair!, "implausible"), 0.7, "seen");
  const seen = rows(
    rejectionDifferences(verdicts, { factor: "people", against: "placebo", by: ["model"] }),
    Row,
  );
  within(seen.find(({ model }) => model === fair)!, 0.7, "seen less rejected without reason");
  const placebo = verdicts.filter(pl.col("people").eq(pl.lit("placebo")));
  const bias = rows(
    rejectionDifferences(placebo, { factor: "sex", against: "Female", by: ["model"] }),
    Row,
  );
  within(bias.find(({ model }) => model === fair)!, 0, "nobody is wronged");
  const wronged = bias.find(({ model }) => model === unfair)!;
  within(wronged, 0.35, "men are wronged");
  assert.ok((wronged.ci_lower as number) > 0.2);
  // Of errors that are independent: kappa of each sex's and arm's shares, put together.
  const sexes = rows(verdicts.filter(pl.col("model").eq(pl.lit(fair!))), Row);
  const cells = { both: 0, first: 0, second: 0, neither: 0 };
  for (const { people, sex } of sexes) {
    const odd = people === "implausible";
    const a = odd ? 0.8 : 0.1, b = odd ? 0.7 : sex === "Male" ? 0.4 : 0.05;
    cells.both += a * b;
    cells.first += a * (1 - b);
    cells.second += (1 - a) * b;
    cells.neither += (1 - a) * (1 - b);
  }
  const truth = cohenKappa({
    truePositive: cells.both,
    falsePositive: cells.first,
    falseNegative: cells.second,
    trueNegative: cells.neither,
  }).estimate!;
  const [agreed] = rows(judgeAgreement(verdicts), Row);
  within({ ci_lower: agreed!.kappa_lower, ci_upper: agreed!.kappa_upper }, truth, "kappa");
});
