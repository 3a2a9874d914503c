/** How much sheets vary, beside people and other levels, and how many kinds of people there are. */
import assert from "node:assert/strict";
import pl from "polars";
import { columnOf } from "lib/columns.ts";
import { frame, rows } from "lib/frames.ts";
import { unscored } from "lib/instruments.ts";
import { seeded } from "lib/random.ts";
import { effectiveKinds, sheetVariety } from "lib/validity/collapse.ts";
import { z } from "zod";
import { nightly } from "./command.ts";
import { close } from "./near.ts";
import { administrations, likert, type Sheet } from "./sheets.ts";
import r from "./reference/kinds.json" with { type: "json" };
import python from "./reference/neighbours.json" with { type: "json" };

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const at = (of: Parameters<typeof rows>[0], given: Readonly<Record<string, unknown>>) =>
  rows(of, Row).find((row) => Object.entries(given).every(([name, value]) => row[name] === value))!;

const MEASURES = ["distinct", "distance", "dimension", "hopkins", "answers", "coverage", "density"];

const instrument = likert("mean", ["S"], ["S", "S", "-S", "S", "S", "-S"]);

/** Sheets whose answers have nothing to do with each other, of `kinds` different ones where that is given. */
function random(seed: string, n: number, { from = 1, kinds = n, model = seed } = {}): Sheet[] {
  const { int } = seeded("collapse_test", seed);
  const all = Array.from({ length: kinds }, () => instrument.items.map(() => 1 + int(5)));
  return Array.from({ length: n }, (_, at) => ({
    profile: from + at,
    model,
    answers: all[at % kinds]!,
  }));
}

Deno.test("copies of people are as varied as they are, one sheet for all is none, wherever nobody is met twice", () => {
  const people = random("people", 40);
  const sheets = administrations(instrument, [
    ...people.map((one) => ({ ...one, model: "copies" })),
    ...people.map((one) => ({ ...one, model: "one", answers: [1, 2, 3, 4, 5, 1] })),
    ...random("few", 40, { kinds: 4 }),
    ...random("three", 3),
  ]);
  const of = { instrument, by: ["model"], people: administrations(instrument, people), draws: 40 };
  const table = sheetVariety(sheets, of);
  for (const measure of ["distinct", "distance", "dimension", "answers", "coverage", "density"]) {
    const row = at(table, { model: "copies", measure });
    // The same people are drawn of both.
    assert.deepEqual([row.estimate, row.to_reference], [row.reference_value, 1], measure);
    assert.deepEqual([row.n, row.clusters, row.drawn_size, row.undefined_draws], [40, 40, 20, 0]);
    assert.equal(
      at(table, { model: "three", measure }).estimate,
      null,
      "nothing is drawn of three",
    );
  }
  const one = (measure: string) => at(table, { model: "one", measure });
  close(one("distinct").estimate as number, 1 / 20, 1e-15);
  assert.deepEqual([one("distance").estimate, one("answers").estimate], [0, 1]);
  assert.deepEqual([one("dimension").estimate, one("dimension").undefined_draws], [null, 40]);
  assert.equal(one("distinct").ci_lower, null, "nothing varies");
  assert.ok(Number(one("coverage").to_reference) < 0.5);
  const few = (measure: string) => at(table, { model: "few", measure });
  assert.ok(Number(few("hopkins").estimate) > 0.9);
  assert.ok(
    Math.abs(Number(at(table, { model: "copies", measure: "hopkins" }).estimate) - 0.5) < 0.1,
  );
  close(few("distinct").to_reference as number, 4 / 20, 1e-2);
  assert.ok(Number(few("coverage").to_reference_upper) < 1);
  assert.deepEqual(rows(sheetVariety(sheets, of), Row), rows(table, Row));
  for (const name of table.columns) assert.ok(columnOf(name), name);
});

// numpy's eigenvalues and scipy's pdist, of neighbours.json: draws of half of the sheets lie about those of all.
Deno.test("distance and dimension are scipy's, of answers on a scale from 0 to 1", () => {
  const { points, distance } = python.spread[0]!;
  const binary = { ...instrument, lowest: 0, highest: 1 };
  const wide = {
    ...binary,
    items: Array.from({ length: 24 }, (_, at) => ({ ...binary.items[0]!, number: at + 1 })),
  };
  const answers = (points as string[]).map((point) => [...point].map(Number));
  const of = (sheets: number[][], instrument: typeof wide) =>
    at(
      sheetVariety(
        administrations(instrument, sheets.map((answers, at) => ({ profile: at + 1, answers }))),
        { instrument, draws: 400 },
      ),
      { measure: "distance" },
    );
  const found = of(answers, wide);
  // The mean distance of two of a half is on average that of two of all; 400 halves come near it.
  assert.ok(Math.abs(Number(found.estimate) - distance) < 0.1, `${found.estimate} ${distance}`);
  assert.ok(Number(found.ci_lower) < distance && distance < Number(found.ci_upper));
  // Two ends of five answers are as far apart as no and yes.
  const ends = of(answers.map((one) => one.map((code) => 1 + 4 * code)), {
    ...wide,
    lowest: 1,
    highest: 5,
  });
  close(ends.estimate as number, found.estimate as number, 1e-12);
});

Deno.test("answers without an order differ or do not, and who declines has no whole sheet", () => {
  const options = ["Red", "Blue", "Green"].map((label, at) => ({
    code: at + 1,
    label,
    position: null,
  }));
  const colours = unscored({
    name: "colours",
    questions: [1, 2].map((number) => ({
      number,
      text: `Colour ${number}?`,
      options: [...options, { code: 9, label: "No", position: null, role: "refusal" as const }],
    })),
  });
  const answers = [[1, 1], [2, 1], [3, 1], [1, 1], [2, 1], [3, 1], [9, 1], [1, null]];
  const table = sheetVariety(
    administrations(colours, answers.map((answers, at) => ({ profile: at + 1, answers }))),
    { instrument: colours, draws: 400 },
  );
  const distance = at(table, { measure: "distance" });
  assert.deepEqual([distance.n, distance.drawn_size], [6, 3]);
  // Of the 15 pairs 12 differ, in one item; the mean over all halves is that.
  assert.ok(Math.abs(Number(distance.estimate) - 12 / 15) < 0.05, `${distance.estimate}`);
  assert.equal(at(table, { measure: "coverage" }).estimate, null, "there is no reference");
});

Deno.test("a level is the reference of the others, within the other factors", () => {
  const population = (name: string, sheets: Sheet[]) =>
    sheets.map((one) => ({ ...one, population: name }));
  const sheets = administrations(instrument, [
    ...population("x", random("base", 30)),
    ...population("x", random("flat", 30, { kinds: 2, model: "flat" })),
    ...population("y", random("base2", 30, { model: "base" })),
  ]);
  const of = { instrument, by: ["population"], factor: "model", draws: 30 };
  const table = sheetVariety(sheets, { ...of, against: "base" });
  assert.deepEqual(table.columns.slice(0, 3), ["population", "model", "measure"]);
  const row = (population: string, model: string, measure: string) =>
    at(table, { population, model, measure });
  close(row("x", "flat", "distinct").to_reference as number, 2 / 15, 1e-3);
  for (const name of ["x", "y"]) {
    assert.equal(row(name, "base", "distance").to_reference, 1);
    assert.ok(Number(row(name, "base", "coverage").estimate) > 0.6);
  }
  assert.throws(() => sheetVariety(sheets, { ...of, against: "none" }), /model has no level none/);
  const weighed = sheets.sheets.withColumns(
    pl.Series("weight", sheets.sheets.getColumn("profile").toArray().map(Number)),
  );
  assert.throws(
    () => sheetVariety({ ...sheets, sheets: weighed }, { instrument }),
    /30 respondents have different weights: variety is counted/,
  );
});

/** People whose answers go with a trait that they have in common, and some of whom are alike. */
function traited(seed: string): Sheet[] {
  const { uniform } = seeded("traited", seed);
  return Array.from({ length: 40 }, (_, at) => {
    const trait = uniform();
    return {
      profile: at + 1,
      answers: instrument.items.map(() => 1 + Math.floor(5 * (0.6 * trait + 0.4 * uniform()))),
    };
  });
}

// The mean of draws of one size is without bias for that size: what studies have on average is the truth.
Deno.test("limits hold what other personas of the same kind have", () => {
  const studies = nightly ? 1000 : 20;
  const found = Array.from({ length: studies }, (_, study) =>
    rows(
      sheetVariety(administrations(instrument, traited(`${study}`)), {
        instrument,
        people: administrations(
          instrument,
          traited(`people ${study}`).map((one) => ({
            ...one,
            profile: one.profile + 100,
          })),
        ),
        draws: nightly ? 100 : 40,
        seed: study,
      }),
      Row,
    ));
  const shares = Object.fromEntries(MEASURES.map((name) => {
    const own = found.map((all) => all.find(({ measure }) => measure === name)!);
    const truth = own.reduce((sum, { estimate }) => sum + Number(estimate), 0) / studies;
    const limited = own.filter(({ ci_lower }) => ci_lower !== null);
    const held = limited.filter(({ ci_lower, ci_upper }) =>
      Number(ci_lower) <= truth && truth <= Number(ci_upper)
    );
    return [name, { limited: limited.length / studies, held: held.length / limited.length }];
  }));
  console.log(JSON.stringify(shares));
  // As notebook 51 says: 918 of 1,000 of the distance, too wide those of coverage, density and Hopkins' statistic.
  for (const [name, { limited, held }] of Object.entries(shares)) {
    assert.ok(held >= (nightly ? 0.9 : 0.75), `${name} ${held}`);
    if (name !== "distinct" && name !== "coverage") assert.equal(limited, 1);
  }
  assert.ok(shares.distance!.held <= (nightly ? 0.97 : 1));
});

const people = (counts: readonly number[]) =>
  frame(
    counts.flatMap((count, kind) => Array.from({ length: count }, () => ({ kind: `k${kind}` }))),
    { kind: "text" },
  );

// scipy's entropy, of neighbours.json; Zahl's jackknife by R's t.test of pseudo-values, of kinds.json.
Deno.test("effective kinds are scipy's and R's, and a weight counts", () => {
  const of = { of: ["kind"] };
  for (const { counts, value } of python.effective) {
    const row = at(effectiveKinds(people(counts), of), { variable: "kind" });
    close(row.kinds_seen as number, value, 1e-12);
    assert.equal(row.kinds, counts.filter((count) => count > 0).length);
    if (row.kinds === 1) assert.equal(row.ci_lower, null);
  }
  for (const { counts, seen, estimate, lower, upper } of r.kinds) {
    const row = at(effectiveKinds(people(counts), of), { variable: "kind" });
    close(row.kinds_seen as number, seen, 1e-12);
    close(row.estimate as number, estimate, 1e-9 * estimate);
    // There is never less than one kind.
    close(row.ci_lower as number, Math.max(1, lower), 1e-9 * lower);
    close(row.ci_upper as number, upper, 1e-9 * upper);
  }
  const data = frame(
    [
      { profile: 1, sex: "f", weight: 3, group: "a" },
      { profile: 2, sex: "m", weight: 1, group: "a" },
      { profile: 3, sex: "m", weight: 1, group: "a" },
      { profile: 4, sex: "m", weight: 1, group: "a" },
      { profile: 5, sex: null, weight: 1, group: "a" },
    ],
    { profile: "integer", sex: "text", weight: "number", group: "text" },
  );
  const row = at(effectiveKinds(data, { of: ["sex"] }), { variable: "sex" });
  assert.deepEqual([row.kinds_seen, row.n, row.kinds], [2, 4, 2]);
});

Deno.test("limits of effective kinds hold how many there are", () => {
  const studies = nightly ? 2000 : 40, shares = [8, 4, 2, 1, 1, 1, 1, 1].map((one) => one / 19);
  const truth = Math.exp(-shares.reduce((sum, one) => sum + one * Math.log(one), 0));
  let held = 0;
  for (let study = 0; study < studies; study++) {
    const { uniform } = seeded("kinds", study), counts = shares.map(() => 0);
    for (let one = 0; one < 40; one++) {
      let left = uniform();
      const kind = shares.findIndex((share) => (left -= share) < 0);
      counts[kind < 0 ? 7 : kind]! += 1;
    }
    const row = at(effectiveKinds(people(counts), { of: ["kind"] }), { variable: "kind" });
    held += Number(Number(row.ci_lower) <= truth && truth <= Number(row.ci_upper));
  }
  console.log(held);
  const [least, most] = nightly ? [0.93, 0.97] : [0.8, 1];
  assert.ok(held >= least * studies && held <= most * studies, `${held}`);
});
