/** How sheets are answered whatever is asked, and whether those who answer for one persona agree. */
import assert from "node:assert/strict";
import pl from "polars";
import { columnOf } from "lib/columns.ts";
import { rows } from "lib/frames.ts";
import { unscored } from "lib/instruments.ts";
import { epqra } from "lib/paper/instruments.ts";
import { seeded } from "lib/random.ts";
import { agreementAmong, answerStyles } from "lib/validity/style.ts";
import { z } from "zod";
import { nightly } from "./command.ts";
import { close } from "./near.ts";
import { administrations, likert } from "./sheets.ts";

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const at = (of: Parameters<typeof rows>[0], given: Readonly<Record<string, unknown>>) =>
  rows(of, Row).find((row) => Object.entries(given).every(([name, value]) => row[name] === value));
const near = (found: unknown, wanted: number, tolerance = 1e-12): void =>
  close(found as number, wanted, tolerance);

/** Three items each way, of five answers. */
const instrument = likert("mean", ["S"], ["S", "S", "S", "-S", "-S", "-S"]);

Deno.test("styles of single sheets are those that are counted by hand", () => {
  const sheets = administrations(instrument, [
    { profile: 1, model: "yea", answers: [5, 5, 4, 5, 4, 5] },
    { profile: 2, model: "trait", answers: [5, 4, 5, 1, 2, 1] },
    { profile: 3, model: "straight", answers: [3, 3, 3, 3, 3, 3] },
    { profile: 4, model: "gap", answers: [1, null, 2, 1, 1, 5] },
  ]);
  const found = answerStyles(sheets, { instrument, by: ["model"], desirable: { S: "low" } });
  const of = (model: string, measure: string) => at(found, { model, measure })!;
  // Heights (answer − 1) / 4: yea 1 1 .75 | 1 .75 1; trait 1 .75 1 | 0 .25 0.
  near(of("yea", "agreed").estimate, (11 / 12 + 11 / 12) / 2);
  near(of("trait", "agreed").estimate, (11 / 12 + 1 / 12) / 2);
  near(of("straight", "agreed").estimate, 0.5);
  // Low is better: to agree with items of the other keying.
  near(of("yea", "desirable").estimate, (1 / 12 + 11 / 12) / 2);
  near(of("yea", "desirable_agreeing").estimate, 11 / 12);
  near(of("yea", "desirable_denying").estimate, 1 / 12);
  near(of("trait", "desirable").estimate, 1 / 12);
  assert.equal(of("yea", "ends").estimate, 4 / 6);
  assert.equal(of("straight", "ends").estimate, 0);
  assert.equal(of("straight", "one_answer").estimate, 1);
  assert.equal(of("straight", "spread").estimate, 0);
  assert.equal(of("yea", "longest_run").estimate, 2 / 6);
  // sd of 5 4 5 1 2 1.
  near(of("trait", "spread").estimate, Math.sqrt(18 / 5));
  near(of("gap", "no_answer").estimate, 1 / 6);
  for (const measure of ["longest_run", "spread", "one_answer", "agreed", "desirable"]) {
    assert.deepEqual([of("gap", measure).n, of("gap", measure).estimate], [0, null], measure);
  }
  assert.equal(of("gap", "desirable_agreeing").n, 1, "the half that is whole");
  assert.equal(at(found, { measure: "declined" }), undefined, "nobody can decline");
  assert.equal(columnOf("measure")!.levels!.longest_run, "longest run of one answer");
});

// R 4.2: t.test(c(.25, .5, .75, 1)); sheets of one profile count as one cluster.
Deno.test("means of sheets have intervals by cluster, and weights count", () => {
  const answers = [[2, 2, 2, 2, 2, 2], [3, 3, 3, 3, 3, 3], [4, 4, 4, 4, 4, 4], [5, 5, 5, 5, 5, 5]];
  const sheets = administrations(
    instrument,
    answers.map((answers, at) => ({ profile: at + 1, answers })),
  );
  const row = at(answerStyles(sheets, { instrument }), { measure: "agreed" })!;
  near(row.estimate, 0.625), near(row.sd, 0.3227486121839514);
  near(row.ci_lower, 0.1114349358098698), near(row.ci_upper, 1.1385650641901301);
  const weighed = sheets.sheets.withColumns(pl.Series("weight", [0, 0, 1, 1]));
  const two = at(answerStyles({ ...sheets, sheets: weighed }, { instrument }), {
    measure: "agreed",
  })!;
  assert.deepEqual([two.n, two.estimate], [2, 0.875]);
  assert.throws(
    () => answerStyles(sheets, { instrument, desirable: { X: "high" } }),
    /has no scale X: it has S$/,
  );
});

Deno.test("who declines is not who leaves out, and items without an order have no ends", () => {
  const options = [
    { code: 1, label: "Red", position: null },
    { code: 2, label: "Blue", position: null },
    { code: 9, label: "Refused", position: null, role: "refusal" as const },
  ];
  const colours = unscored({
    name: "colours",
    questions: [1, 2].map((number) => ({ number, text: `Colour ${number}?`, options })),
  });
  const sheets = administrations(colours, [
    { profile: 1, answers: [1, 9] },
    { profile: 2, answers: [null, 2] },
  ]);
  const found = rows(answerStyles(sheets, { instrument: colours }), Row);
  assert.deepEqual(found.map(({ measure, estimate }) => [measure, estimate]), [
    ["no_answer", 0.25],
    ["declined", 0.25],
  ]);
});

// R 4.2 irr 0.84: kripp.alpha of the three coders and six units of methods §h, and of their first items.
Deno.test("raters agree as Krippendorff's alpha of the worked example says", () => {
  const coders = ["1 2 3 4 5 2", "2 2 3 4 4 1", "1 3 3 5 5 2"].map((row) =>
    row.split(" ").map(Number)
  );
  const sheets = administrations(
    likert("mean", ["S"], ["S", "S", "-S"]),
    coders.flatMap((own, rater) =>
      // Three items of two personas are the six units.
      [0, 1].map((persona) => ({
        profile: persona + 1,
        answers: own.slice(3 * persona, 3 * persona + 3),
        population: `${rater}`,
      }))
    ),
  );
  const asked = sheets.sheets.withColumns(
    pl.Series("answering_model", coders.flatMap((_, rater) => [`m${rater}`, `m${rater}`])),
  );
  const all = { ...sheets, sheets: asked };
  const given = { instrument: likert("mean", ["S"], ["S", "S", "-S"]), among: "answering_model" };
  for (
    const [metric, alpha] of [
      ["nominal", 0.3359375],
      ["ordinal", 0.856856046985497],
      ["interval", 0.851398601398601],
    ] as const
  ) {
    const row = at(agreementAmong(all, { ...given, metric }), { scale: "All" })!;
    near(row.estimate, alpha);
    assert.deepEqual([row.raters, row.units, row.n, row.clusters], [3, 6, 18, 2]);
  }
  const row = at(agreementAmong(all, { ...given, draws: 200 }), { scale: "S" })!;
  assert.deepEqual([row.metric, typeof row.ci_lower], ["ordinal", "number"]);
  assert.deepEqual(row, at(agreementAmong(all, { ...given, draws: 200 }), { scale: "S" }));
  const one = asked.filter(pl.col("answering_model").eq(pl.lit("m1")));
  assert.throws(
    () => agreementAmong({ ...sheets, sheets: one }, given),
    /answering_model has the level m1 only/,
  );
});

Deno.test("two answers agree by name, and the same model asked again is a rater of its own", () => {
  const answers = (...yes: number[]) =>
    epqra.items.map(({ number }) => Number(yes.includes(number)));
  const sheets = administrations(epqra, [
    { profile: 1, answers: answers(1, 2) },
    { profile: 1, answers: answers(1, 3) },
    { profile: 2, answers: answers(4) },
    { profile: 2, answers: answers(4) },
  ]);
  const again = sheets.sheets.withColumns(pl.Series("repetition", [1, 2, 1, 2]));
  const row = at(
    agreementAmong({ ...sheets, sheets: again }, {
      instrument: epqra,
      among: "repetition",
      draws: 0,
    }),
    { scale: "All" },
  )!;
  // By hand: 48 units, two with one Yes and one No, two with both Yes: n_yes 6 of 96.
  near(row.estimate, 1 - (4 / 96) / (2 * 6 * 90 / (96 * 95)));
  assert.deepEqual([row.metric, row.ci_lower], ["nominal", null]);
});

/** Forty personas whom two models answer for, and in which way sheets come to so much agreement. */
function rated(seed: string, personas: number) {
  const { uniform } = seeded("rated", seed);
  const answer = (meant: number) => {
    const given = meant + 1.5 * (2 * uniform() - 1);
    return Math.min(5, Math.max(1, Math.floor(given) + Number(uniform() < given % 1)));
  };
  const sheets = Array.from({ length: personas }, (_, at) => {
    const trait = 2 * uniform() - 1, yea = 0.5 * uniform();
    const meant = instrument.items.map(({ reverse }) => 3 + yea + (reverse ? -trait : trait));
    return ["a", "b"].map((model) => ({ profile: at + 1, model, answers: meant.map(answer) }));
  }).flat();
  const made = administrations(instrument, sheets);
  const models = pl.Series("answering_model", sheets.map(({ model }) => model));
  return { ...made, sheets: made.sheets.drop("model").withColumns(models) };
}

Deno.test("limits of styles and of agreement hold what other personas of the kind have", () => {
  const styles = ["ends", "spread", "longest_run", "agreed", "desirable"];
  const of = (seed: string, personas: number, draws: number) => {
    const sheets = rated(seed, personas);
    const found = rows(answerStyles(sheets, { instrument, desirable: { S: "low" } }), Row);
    const own = { instrument, among: "answering_model", draws };
    const agreed = at(agreementAmong(sheets, own), { scale: "All" })!;
    return {
      ...Object.fromEntries(styles.map((name) => [
        name,
        found.find(({ measure }) => measure === name)!,
      ])),
      agreement: agreed,
    };
  };
  const truth = of("truth", nightly ? 40000 : 2000, 0), studies = nightly ? 1000 : 15;
  const held: Record<string, number> = {};
  for (let study = 0; study < studies; study++) {
    for (const [name, row] of Object.entries(of(`${study}`, 40, nightly ? 500 : 100))) {
      const value = Number(truth[name as keyof typeof truth]!.estimate);
      held[name] = (held[name] ?? 0) +
        Number(Number(row.ci_lower) <= value && value <= Number(row.ci_upper));
    }
  }
  console.log(JSON.stringify({ studies, held }));
  const [least, most] = nightly ? [0.92, 0.97] : [0.7, 1];
  for (const count of Object.values(held)) {
    assert.ok(count >= least * studies && count <= most * studies, JSON.stringify(held));
  }
});
