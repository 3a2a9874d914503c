/** Rules and conditional redraws: who is implausible is drawn anew, and what that does to the margins. */
import assert from "node:assert/strict";
import { rows } from "lib/frames.ts";
import {
  calibrated,
  CENSUS,
  designFrom,
  draw,
  fitted,
  implausible,
  reweighted,
} from "lib/opinions/sample.ts";
import { z } from "zod";

const apart = designFrom(`${CENSUS}/us-2018-apart.json`);
const design = designFrom(`${CENSUS}/us-2018.json`);
const rules = apart.rules.filter(({ rule }) => /18–24|18–19/.test(rule));
const Fit = z.object({ stratum: z.string(), variable: z.string(), tv: z.number() });
const Rule = z.object({ combination: z.string(), n: z.number() });

Deno.test("implausible people are drawn anew until no rule describes them, and keep what the joint table says", () => {
  const drawn = draw(apart, { total: 4000, strata: ["CA", "TX"], seed: 5 });
  const before = rows(implausible(drawn, { rules }), Rule);
  assert.ok(before.some(({ n }) => n > 0));
  const made = calibrated(drawn, { rules, seed: 5 });
  assert.ok(rows(implausible(made.drawn, { rules }), Rule).every(({ n }) => n === 0));
  const rejected = rows(
    made.rejected,
    z.object({ round: z.string(), combination: z.string(), n: z.number() }),
  );
  assert.deepEqual(
    rejected.filter(({ round }) => round === "0").map(({ n }) => n),
    before.map(({ n }) => n),
  );
  assert.ok(rejected.slice(-rules.length).every(({ n }) => n === 0));
  const [old, now] = [drawn, made.drawn].map(({ population }) => [...population.profiles]);
  assert.equal(now!.length, old!.length, "nobody is dropped");
  let changed = 0;
  now!.forEach((profile, at) => {
    const { values } = profile, was = old![at]!.values!;
    for (const name of ["age", "sex", "race", "state"]) assert.equal(values![name], was[name]);
    changed += Number(JSON.stringify(values) !== JSON.stringify(was));
  });
  // Only who was rejected is drawn anew.
  assert.ok(changed > 0 && changed <= before.reduce((sum, { n }) => sum + n, 0));
  assert.deepEqual(
    calibrated(drawn, { rules, seed: 5 }).drawn.population.profiles,
    made.drawn.population.profiles,
  );
});

Deno.test("what redrawing does to the margins is seen, and no round is no change", () => {
  const drawn = draw(design, { total: 2000, strata: ["CA"], seed: 5 });
  const rare = design.rules.filter(({ rule }) => rule === "widowed, 85 and over");
  const made = calibrated(drawn, { rules: rare, seed: 1 });
  const tv = (of: typeof drawn, name: string) =>
    rows(fitted(of), Fit).find((row) => row.stratum === "all" && row.variable === name)!.tv;
  // To call what is common impossible moves the margin away from the tables, and no other.
  assert.ok(tv(made.drawn, "marital") > tv(drawn, "marital") + 0.004);
  assert.equal(tv(made.drawn, "age"), tv(drawn, "age"));
  const none = calibrated(drawn, { rules: rare, rounds: 0 });
  assert.deepEqual(none.drawn.population.profiles, drawn.population.profiles);
  assert.ok(rows(none.rejected, Rule)[0]!.n > 0);
  assert.throws(
    () => calibrated(reweighted(drawn, ["age"]), { rules: rare }),
    /Weights were raked to who was drawn: calibrate first/,
  );
});
