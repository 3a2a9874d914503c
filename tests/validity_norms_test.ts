/** Personas beside people: norms of the same form only, and what only scores can tell. */
import assert from "node:assert/strict";
import { join } from "node:path";
import pl, { type DataFrame } from "polars";
import { columnOf } from "lib/columns.ts";
import { ROOT } from "lib/config.ts";
import { frame } from "lib/frames.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { seeded } from "lib/random.ts";
import { glassDelta, mean, sd, smirnov, welch } from "lib/stats.ts";
import { instrumentFrom } from "lib/study.ts";
import { againstNorms, againstPeople, formOf, type Norm, normsFrom } from "lib/validity/norms.ts";
import { close, near } from "./near.ts";

type Row = Record<string, number> & Record<"scale" | "people_group" | "writer", string>;
const rowsOf = (of: DataFrame) => of.toRecords() as unknown as Row[];
const declared = (of: DataFrame) =>
  assert.deepEqual(of.columns.filter((name) => !columnOf(name)?.meaning), []);

/** Sheets of the EPQR-A in which everybody scores so much on each scale. */
function sheetsOf(
  of: readonly { profile: number; score: number; writer?: string; weight?: number }[],
) {
  const records = of.map(({ score, ...row }, at) => {
    const left = new Map(epqra.scales.map((scale) => [scale, score]));
    return {
      writer: "one",
      administration: at + 1,
      ...row,
      ...Object.fromEntries(epqra.items.flatMap(({ number, scale, keyed }) => {
        const scores = left.get(scale)! > 0 ? 1 : 0;
        left.set(scale, left.get(scale)! - 1);
        return [[`answer ${number}`, scores ? keyed! : 1 - keyed!], [`score ${number}`, scores]];
      })),
    };
  });
  const kinds = Object.keys(records[0]!).map((name) =>
    [name, name === "writer" ? "text" : name === "weight" ? "number" : "integer"] as const
  );
  return {
    items: frame(
      epqra.items.map(({ number, scale, keyed }) => ({ item: number, scale, key: keyed })),
      {
        item: "integer",
        scale: "text",
        key: "integer",
      },
    ),
    sheets: frame(records, Object.fromEntries(kinds)),
  };
}
const scores = [3, 4, 2, 5, 3, 3, 4, 6];
const people = sheetsOf(scores.map((score, at) => ({ profile: at + 1, score })));
const norm = (of: Partial<Norm> = {}): Norm => ({
  instrument: "epqra",
  form: "24 items 0-1 sum",
  group: "some people",
  scale: "E",
  n: 100,
  mean: 3.5,
  sd: 1.5,
  country: null,
  year: null,
  source: "typed in",
  ...of,
});

// dataset/paper/baselines.csv; PsychoBench's questionnaires.json at commit 1b80e64.
Deno.test("the shipped norms are those of the paper's profiles and of PsychoBench's crowd, each with its source", () => {
  const norms = normsFrom();
  assert.equal(norms.length, 9);
  const printed = Deno.readTextFileSync(join(ROOT, "dataset", "paper", "baselines.csv")).split(
    "\n",
  );
  for (const { scale, mean, sd } of norms.filter(({ instrument }) => instrument === "epqra")) {
    for (const [what, value] of [["mean", mean], ["sd", sd]] as const) {
      const line = printed.find((one) =>
        one.startsWith(`reference,epqra,${scale},score_${what},`)
      )!;
      assert.equal(Number(line.split(",")[4]), value, line);
    }
  }
  assert.deepEqual(
    norms.filter(({ instrument }) => instrument === "bigfive").map(({ scale, n, mean, sd }) => [
      scale,
      n,
      mean,
      sd,
    ]),
    [["E", 6076, 3.25, .9], ["N", 6076, 3.32, .82], ["A", 6076, 3.64, .72], [
      "C",
      6076,
      3.45,
      .73,
    ], ["O", 6076, 3.92, .66]],
  );
  assert.ok(norms.every(({ source }) => source.length > 20));
  assert.deepEqual([formOf(epqra), formOf(bfi44)], ["24 items 0-1 sum", "44 items 1-5 mean"]);
});

Deno.test("norms of another form, another instrument or another scoring are refused, saying which there are", () => {
  const refused = (norms: readonly Norm[], message: RegExp) =>
    assert.throws(() => againstNorms(people, epqra, { norms }), message);
  refused(
    [norm({ form: "100 items 0-1 sum" })],
    /those of epqra are of another form, 100 items 0-1 sum, and scores of another form do not compare/,
  );
  refused([norm({ instrument: "epq-r" })], /there are norms of epq-r \(24 items 0-1 sum\)/);
  refused([norm({ mean: 23 })], /mean 23 and sd 1.5, and EPQR-A is scored from 0 to 6/);
  refused([norm({ scale: "Q" })], /have a scale Q, and EPQR-A has none/);
  const mini = instrumentFrom(join(ROOT, "dataset", "instruments", "mini-ipip.csv"));
  assert.throws(() => againstNorms(people, mini), /there are norms of epqra .*; bigfive/);
  const file = Deno.makeTempFileSync({ suffix: ".csv" });
  Deno.writeTextFileSync(
    file,
    "instrument,form,group,scale,n,mean,sd,country,year,source\na,b,c,E,x,1,1,,,d\n",
  );
  assert.throws(() => normsFrom(file), /line 2: n is x: must be a number of 2 or more/);
  Deno.writeTextFileSync(file, "instrument,group\na,b\n");
  assert.throws(
    () => normsFrom(file),
    /has no column form, scale, n, mean, sd, country, year, source/,
  );
  Deno.removeSync(file);
});

Deno.test("againstNorms() is Welch and Glass of respondents, Holm's p over all rows", () => {
  const found = againstNorms(people, epqra, { norms: [norm(), norm({ scale: "N", mean: 1 })] });
  declared(found);
  const [e, n] = rowsOf(found);
  const own = { mean: mean(scores)!, sd: sd(scores)!, n: scores.length };
  const test = welch(own, norm()), glass = glassDelta(own, norm());
  assert.deepEqual([e!.n, e!.sheets, e!.people_group], [8, 8, "some people"]);
  near(e!.estimate, test.estimate, 1e-12);
  near(e!.p, test.p, 1e-12);
  near(e!.glass_lower, glass.ciLower, 1e-12);
  near(n!.p_holm, 2 * n!.p!, 1e-12);
  assert.ok(e!.sd_ratio! > 0 && e!.repeat_sd === null);
  const epqraAlone = rowsOf(againstNorms(people, epqra));
  assert.deepEqual(epqraAlone.map(({ scale }) => scale), ["E", "N", "P", "L"]);
});

Deno.test("one respondent asked ten times has repeat noise and no sd, no test and no ratio", () => {
  const again = sheetsOf(
    Array.from({ length: 10 }, (_, at) => ({ profile: 1, score: 3 + at % 2 })),
  );
  const [row] = rowsOf(againstNorms(again, epqra, { norms: [norm()] }));
  assert.deepEqual([row!.n, row!.sheets, row!.sd, row!.p, row!.sd_ratio, row!.glass], [
    1,
    10,
    ...Array(4).fill(null),
  ]);
  near(row!.repeat_sd, sd([3, 4, 3, 4, 3, 4, 3, 4, 3, 4]), 1e-12);
  near(row!.estimate, 0, 1e-12);
  // Two of each: a respondent counts once, and averages have no ratio.
  const twice = sheetsOf(
    scores.flatMap((score, at) => [{ profile: at, score }, { profile: at, score }]),
  );
  const [two] = rowsOf(againstNorms(twice, epqra, { norms: [norm()] }));
  assert.deepEqual([two!.n, two!.sheets, two!.repeat_sd, two!.sd_ratio], [8, 16, 0, null]);
  const weighted = sheetsOf(scores.map((score, at) => ({ profile: at, score, weight: 1 + at })));
  assert.throws(() => againstNorms(weighted, epqra, { norms: [norm()] }), /have different weights/);
});

Deno.test("againstPeople() tells distributions apart, with permutation p and the distance beyond chance", () => {
  const personas = sheetsOf([
    ...[3, 3, 3, 3, 3, 4].map((score, at) => ({ profile: at, score, writer: "narrow" })),
    ...scores.map((score, at) => ({ profile: at, score, writer: "same" })),
  ]);
  const found = againstPeople(personas, epqra, { people, by: ["writer"], draws: 500 });
  declared(found);
  const of = (writer: string) =>
    rowsOf(found).find((row) => row.writer === writer && row.scale === "E")!;
  const told = smirnov([3, 3, 3, 3, 3, 4], scores);
  near(of("narrow").ks, told.D, 1e-12);
  near(of("narrow").p_ks, told.p, 1e-12);
  assert.ok(of("narrow").sd_ratio! < 1 && of("narrow").sd_ratio_upper! < 1);
  close(of("narrow").w1_beyond, of("narrow").w1! - of("narrow").w1_null!, 1e-12);
  assert.deepEqual([of("same").ks, of("same").w1, of("same").p_ks], [0, 0, 1]);
  near(of("same").sd_ratio, 1, 1e-12);
  assert.ok(of("same").w1_beyond! < 0);
  assert.deepEqual(
    rowsOf(againstPeople(personas, epqra, { people, by: ["writer"], draws: 500 })),
    rowsOf(found),
  );
  const nobody = {
    ...personas,
    sheets: personas.sheets.withColumns(pl.lit(null).cast(pl.Int32).alias("answer 1")),
  };
  const none = rowsOf(againstPeople(nobody, epqra, { people, draws: 50 }))
    .find(({ scale }) => scale === epqra.items[0]!.scale)!;
  assert.deepEqual([none.n, none.ks, none.w1, none.estimate], [0, null, null, null]);
});

Deno.test("of personas drawn like people 5 % of tests reject, and of others intervals hold the truth", () => {
  const random = seeded("norms");
  const draw = (n: number, share: number) =>
    Array.from({ length: n }, (_, profile) => ({
      profile,
      score: Array.from({ length: 6 }, () => Number(random.uniform() < share))
        .reduce((sum, one) => sum + one, 0),
    }));
  const studies = 150, held = { glass: 0, estimate: 0 }, rejected = { p: 0 };
  const [truth, spread] = [6 * .6 - 6 * .4, Math.sqrt(6 * .4 * .6)];
  for (let study = 0; study < studies; study++) {
    const them = draw(200, .4).map(({ score }) => score);
    const norms = [norm({ n: 200, mean: mean(them)!, sd: sd(them)! })];
    const [row] = rowsOf(againstNorms(sheetsOf(draw(40, .6)), epqra, { norms }));
    held.estimate += Number(row!.ci_lower! <= truth && truth <= row!.ci_upper!);
    held.glass += Number(
      row!.glass_lower! <= truth / spread && truth / spread <= row!.glass_upper!,
    );
    rejected.p += Number(
      rowsOf(againstNorms(sheetsOf(draw(40, .4)), epqra, { norms }))[0]!.p! < .05,
    );
  }
  console.log(JSON.stringify({ held, rejected }));
  for (const count of Object.values(held)) {
    assert.ok(count / studies >= .9 && count / studies <= .99);
  }
  assert.ok(rejected.p / studies < .11, JSON.stringify(rejected));
});
