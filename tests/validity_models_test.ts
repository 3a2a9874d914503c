/** Models that R fits: the data and scripts written, and declared truths found where R is. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { columnOf } from "lib/columns.ts";
import { rows } from "lib/frames.ts";
import type { Instrument } from "lib/instruments.ts";
import { seeded } from "lib/random.ts";
import { normalQuantile } from "lib/stats/special.ts";
import { fitModel, type Modelled, writeModel } from "lib/validity/models.ts";
import { z } from "zod";
import { administrations, likert, type Sheet } from "./sheets.ts";

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** Eight items of five answers, two of them reversed; and the same asked for yes and no. */
const graded = likert("sum", ["S"], ["S", "S", "-S", "S", "S", "-S", "S", "S"]);
const yesNo: Instrument = {
  ...graded,
  lowest: 0,
  highest: 1,
  items: graded.items.map((item) => ({ ...item, keyed: 1, reverse: false })),
};

const TRUTH = { shift: 0.8, sd: 1.2, item: 2, dif: 1.5 };

/** Answers of a logistic model: item difficulties from −1 to 1, groups that differ, one item that does besides. */
function drawn(instrument: Instrument, n: number, of: { dif?: number } = {}) {
  const { uniform } = seeded("models", instrument.highest!);
  const normal = () => normalQuantile(uniform());
  const cuts = instrument.highest === 1 ? [0] : [-1.5, -0.5, 0.5, 1.5];
  const group = (name: string, mean: number, dif: number): Sheet[] =>
    Array.from({ length: n }, (_, at) => {
      const trait = mean + TRUTH.sd * normal();
      return {
        profile: at + 1 + (name === "a" ? 0 : n),
        model: name,
        answers: instrument.items.map(({ number, reverse }) => {
          const own = trait - (number - 4.5) / 3.5 + (number === TRUTH.item ? dif : 0);
          const chance = uniform(), latent = own + Math.log(chance / (1 - chance));
          const score = cuts.filter((cut) => latent > cut).length + instrument.lowest!;
          return reverse ? 6 - score : score;
        }),
      };
    });
  return administrations(instrument, [
    ...group("a", 0, 0),
    ...group("b", TRUTH.shift, of.dif ?? 0),
  ]);
}

async function inFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const written = (folder: string, of: Modelled, n = 100, given = {}) =>
  writeModel(folder, drawn(of.instrument, n, given), of);

/** What R finds; a line and null where it or a package is not here. */
const found = (of: Modelled, n?: number, given = {}) =>
  inFolder(async (folder) => {
    const { estimates, note } = await fitModel(written(folder, of, n, given));
    if (estimates) {
      for (const name of estimates.columns) assert.ok(columnOf(name), name);
      return rows(estimates, Row);
    }
    assert.match(note, /^Not fitted: .* (is not found|has no )/, note);
    console.log(`  nothing is checked of ${of.model} here: ${note}`);
    return null;
  });

/** Within three of its standard errors, which are no wider than said. */
function recovered(row: z.infer<typeof Row> | undefined, truth: number, widest: number): void {
  const [estimate, se] = [Number(row?.estimate), Number(row?.se)];
  assert.ok(se > 0 && se < widest, `se ${se}`);
  assert.ok(Math.abs(estimate - truth) < 3 * se, `${estimate} (${se}) is not ${truth}`);
}

const named = (all: z.infer<typeof Row>[], parameter: string) =>
  all.find((row) => row.parameter === parameter);

Deno.test("a crossed logit finds what groups, personas and items were made to differ by", async () => {
  const all = await found({ instrument: yesNo, model: "crossed logit", factor: "model" }, 100);
  if (!all) return;
  recovered(named(all, "groupb"), TRUTH.shift, 0.3);
  const [personas, items] = ["persona", "item"].map((name) =>
    Number(named(all, `SD of ${name}.(Intercept)`)!.estimate)
  );
  assert.ok(Math.abs(personas! - TRUTH.sd) < 0.25, `${personas}`);
  // The SD of −1, −5/7 … 1.
  assert.ok(Math.abs(items! - 0.65) < 0.25, `${items}`);
});

Deno.test("a crossed ordinal model finds them and the thresholds", async () => {
  const all = await found({ instrument: graded, model: "crossed ordinal", factor: "model" }, 50);
  if (!all) return;
  recovered(named(all, "groupb"), TRUTH.shift, 0.4);
  const steps = ["1|2", "2|3", "3|4", "4|5"].map((name) => Number(named(all, name)!.estimate));
  steps.slice(1).forEach((step, at) =>
    assert.ok(Math.abs(step - steps[at]! - 1) < 0.4, `${steps}`)
  );
});

Deno.test("invariance holds of groups that differ in the trait alone, and not where an item does", async () => {
  for (const instrument of [graded, yesNo]) {
    const of = { instrument, model: "invariance", factor: "model" } as const;
    const same = await found(of, 250), other = await found(of, 250, { dif: 3 });
    if (!same || !other) return;
    const last = (all: z.infer<typeof Row>[]) => all.filter((row) => row.cfi !== null).at(-1)!;
    assert.ok(Number(last(same).p_change) > 0.01, `${last(same).p_change}`);
    assert.ok(Number(last(other).p_change) < 0.001, `${last(other).p_change}`);
    // In units of the first item: of a logistic one 1.7 normal ones; of five answers less than their steps.
    const mean = named(same, "mean of b")!;
    if (instrument === yesNo) recovered(mean, TRUTH.shift / 1.702, 0.15);
    else assert.ok(Number(mean.z) > 4 && Number(mean.estimate) < TRUTH.shift);
    assert.equal(same.length, instrument === graded ? 4 : 3);
  }
});

Deno.test("DIF is found in the item that has it, by as much, and in hardly any other", async () => {
  for (const instrument of [graded, yesNo]) {
    const all = await found({ instrument, model: "DIF", factor: "model" }, 300, { dif: TRUTH.dif });
    if (!all) return;
    assert.equal(all.length, 2 * instrument.items.length);
    const uniform = all.filter((row) => row.functioning === "uniform");
    const [own] = uniform.filter((row) => row.item === TRUTH.item);
    // The score that is matched on has the item in it, so that some of the difference goes there.
    assert.ok(Number(own!.estimate) > 0.7 && Number(own!.estimate) < 1.8, `${own!.estimate}`);
    assert.ok(Number(own!.p_holm) < 1e-6);
    const others = uniform.filter((row) => row.item !== TRUTH.item);
    assert.ok(others.every((row) => Number(row.chi2_dif) < Number(own!.chi2_dif) / 2));
  }
});

Deno.test("what is written is what is said: rows, groups, keying, the same twice", () =>
  inFolder((folder) => {
    const sheets = administrations(graded, [
      { profile: 1, answers: [1, 2, 3, 4, 5, 1, 2, 3] },
      { profile: 1, answers: [5, 5, 5, 5, 5, 5, 5, 5] },
      { profile: 2, answers: [1, null, 3, 4, 5, 1, 2, 3] },
    ]);
    const people = administrations(graded, [{ profile: 1, answers: [5, 4, 3, 2, 1, 1, 1, 1] }]);
    const wide = writeModel(folder, sheets, { instrument: graded, model: "invariance", people });
    const csv = readFileSync(join(folder, "data.csv"), "utf8");
    assert.equal(
      csv,
      `group,persona,${graded.items.map(({ number }) => `item${number}`).join()}\n` +
        "people,people 1,5.0,4.0,3.0,2.0,1.0,5.0,1.0,1.0\n" +
        "personas,1,1.0,2.0,3.0,4.0,5.0,5.0,2.0,3.0\n",
    );
    assert.match(wide.script, /groups <- c\("people", "personas"\)/);
    const long = writeModel(folder, sheets, {
      instrument: graded,
      model: "crossed ordinal",
      people,
    });
    assert.equal(long.data.height, 4 * 8 - 1);
    assert.equal(readFileSync(join(folder, "model.R"), "utf8"), long.script);
    assert.equal(long.run, "Rscript model.R (needs ordinal)");
    return Promise.resolve();
  }));

Deno.test("without R, or a package, that is said with how to get it, and nothing fails", () =>
  inFolder(async (folder) => {
    const of = written(folder, { instrument: yesNo, model: "crossed logit", factor: "model" }, 5);
    const none = await fitModel(of, { rscript: "no-such-rscript" });
    assert.equal(none.estimates, null);
    assert.match(
      none.note,
      /^Not fitted: no-such-rscript is not found\. R is at https.* r-cran-lme4\); then, in .*: Rscript model\.R/,
    );
    // A program that answers as R does where the package is not installed, and one that fails.
    if (Deno.build.os === "windows") return;
    const program = async (text: string) => {
      const path = join(folder, "rscript");
      await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o700 });
      return (await fitModel(of, { rscript: path })).note;
    };
    assert.match(
      await program("printf 'R version 4\\nnone\\n'"),
      /^Not fitted: R version 4 has no "lme4": install\.packages\(c\("lme4"\)\) in R, or .* r-cran-lme4; then/,
    );
    assert.match(
      await program(
        "[ \"$1\" = -e ] && printf 'R version 4\\n1.0\\n' || { echo no memory >&2; exit 1; }",
      ),
      /^Not fitted: R says: no memory$/,
    );
  }));

Deno.test("models refuse what they are not of", () =>
  inFolder((folder) => {
    const of = (given: Modelled) => () => written(folder, given, 5);
    assert.throws(
      of({ instrument: graded, model: "crossed logit" }),
      /scale S of Short have 5 scores, and a logit is of 0 and 1: write the model "crossed ordinal"/,
    );
    assert.throws(
      of({ instrument: yesNo, model: "DIF" }),
      /DIF compares two groups, and there is personas: give `people`, or a `factor`/,
    );
    const none = { ...graded, scales: [], items: graded.items.map((i) => ({ ...i, scale: null })) };
    assert.throws(of({ instrument: none, model: "invariance" }), /Short has no scales/);
    // deno-lint-ignore no-explicit-any
    assert.throws(of({ instrument: graded, model: "rasch" as any }), /`model` is one of crossed/);
    return Promise.resolve();
  }));
