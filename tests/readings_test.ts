/** Sentences follow their frames: what is not in the data is not said. */
import assert from "node:assert/strict";
import type { DataFrame } from "polars";
import { frame } from "lib/frames.ts";
import * as readings from "lib/paper/readings.ts";
import {
  agreementReading,
  coverageReading,
  diversityReading,
  errorReading,
  faultReading,
  foundReading,
  limitsReading,
  methodsReading,
  precisionReading,
  robustnessReading,
  sampleSizeReading,
  sheetReading,
  sureReading,
  verdictReading,
  wholeStudyReading,
} from "lib/paper/readings.ts";
import { proseHtml } from "lib/press.ts";
import { wilson } from "lib/stats.ts";

const rate = (rejected: number, studies = 400) => {
  const { estimate, ciLower, ciUpper } = wilson({ count: rejected, n: studies });
  return { studies, rejection: estimate, rejection_lower: ciLower, rejection_upper: ciUpper };
};

/** Records as a frame, with their kinds from the first. */
const frameOf = (records: readonly Record<string, unknown>[]): DataFrame =>
  frame(
    records,
    Object.fromEntries(
      Object.entries(records[0]!).map(([name, value]) =>
        [name, typeof value === "string" ? "text" : "number"] as const
      ),
    ),
  );

const design = (design: string, pooled: number, clustered: number) => [
  { design, method: "pooled z", icc: 0.1, ...rate(pooled) },
  { design, method: "clustered", icc: 0.1, ...rate(clustered) },
];

Deno.test("error rates: too often, too seldom and kept are said of what is so", () => {
  const something = frameOf([...design("a", 300, 200), ...design("b", 200, 220)]);
  const mixed = errorReading(
    frameOf([...design("a", 60, 20), ...design("b", 4, 20)]),
    something,
    0.1,
  );
  const text = mixed.join("\n");
  assert.match(text, /rejects too often in 15\.0 % \[11\.8, 18\.8\] \(a\); too seldom in 1\.0 %/);
  assert.match(text, /too many or too few/);
  assert.match(
    text,
    /rejects in 5\.0 % of the 400 studies of each design: 5 % ± 1 is kept in all 2/,
  );
  assert.match(text, /Of its 2 single cells 0 have a 95 % interval without 5 %/);
  assert.match(text, /75\.0 % against 50\.0 % of the clustered test \(a\)/);
  assert.match(text, /finds as much or more in b\./);

  const broken = errorReading(
    frameOf([...design("a", 20, 40), ...design("b", 20, 20)]),
    something,
    0.1,
  ).join("\n");
  assert.match(broken, /too often in none; too seldom in none/);
  assert.doesNotMatch(broken, /too many or too few|no power of its own/);
  assert.match(broken, /does not keep 5 % ± 1 in a \(10\.0 % \[7\.4, 13\.3\]\)/);
});

Deno.test("tests of scores: the unit that errs is named with its rate", () => {
  const rates = (profiles: number) =>
    frameOf([
      { test: "mean difference", unit: "sheets", icc: 0.5, ...rate(100) },
      { test: "mean difference", unit: "sheets", icc: 0, ...rate(20) },
      { test: "mean difference", unit: "profiles", icc: 0.5, ...rate(profiles) },
      { test: "correlation", unit: "sheets", icc: 0.5, ...rate(60) },
      { test: "correlation", unit: "profiles", icc: 0.5, ...rate(20) },
    ]);
  const [good] = sheetReading(rates(20));
  assert.match(good!, /mean difference rejects in up to 25\.0 % .* and that of a correlation/);
  assert.match(good!, /it is 5\.0 %, and every interval holds 5 %/);
  assert.match(sheetReading(rates(60))[0]!, /5\.0 to 15\.0 %, and 1 of 2 intervals leave out 5 %/);
});

Deno.test("coverage: counts by verdict, and what chance would give", () => {
  const row = (interval: string, holds: string, covered: number, studies = 400) => {
    const { estimate, ciLower, ciUpper } = wilson({ count: covered, n: studies });
    return {
      population: "p",
      interval,
      holds,
      studies,
      coverage: 100 * estimate!,
      coverage_lower: 100 * ciLower!,
      coverage_upper: 100 * ciUpper!,
    };
  };
  const [counts, narrow, wide] = coverageReading(
    frameOf([row("a", "yes", 380), row("b", "too narrow", 320), row("c", "open", 374)]),
  );
  assert.match(counts!, /Of 3, 1 were found within 95 % ± 1, 1 outside .* 1 are too narrow and 0/);
  // scipy.stats.binom: 0.300950 of 400 studies at .95 lie outside of .94 to .96; three rows.
  assert.match(counts!, /95 %, 0\.9 would be found outside by chance, and 0\.0 called/);
  assert.equal(narrow, "Too narrow: b (p) 80.0 % [75.8, 83.6].");
  assert.equal(wide, "Too wide: none.");
});

Deno.test("precision: what so many studies can tell", () => {
  const [text] = precisionReading({ studies: 2000, slow: 500 });
  assert.match(text!, /2,000 studies .* 5 % is then found at 4\.0 to 6\.0 % .* 94\.0 to 96\.0 %/);
  assert.match(text!, /500 studies at 93\.1 to 96\.9 %/);
});

Deno.test("sample size and whole study: counted, not stated", () => {
  const [size] = sampleSizeReading(frameOf(
    [[80, 81, 78, 84], [80, 70, 67, 73]].map(([formula, found, found_lower, found_upper]) => ({
      groups: "g",
      difference: 0.1,
      icc: 0.1,
      repetitions: 5,
      profiles: 1200,
      formula,
      found,
      found_lower,
      found_upper,
    })),
  ));
  assert.match(
    size!,
    /in 1 of 2 cells drawn: 80\.0 % promised, 81\.0 \[78\.0, 84\.0\] found with 1,200/,
  );
  const names = [
    "cells",
    "held",
    "cells_null",
    "naive_null",
    "cluster_null",
    "cells_true",
    "cluster_true",
    "holm_true",
  ];
  const [study] = wholeStudyReading(frameOf(
    [["table1", 28, 27, 22, 3, 1, 6, 5, 4], ["table6", 24, 23, 0, 0, 0, 0, 0, 0]]
      .map(([table, ...counts]) => ({
        table,
        ...Object.fromEntries(names.map((name, at) => [name, counts[at]])),
      })),
  ));
  assert.match(study!, /27 of 28 intervals \(Table 1\) and 23 of 24 intervals \(Table 6\)/);
  assert.match(study!, /paper's test marks 3 of 22 \(Table 1\), the clustered test 1 of 22\./);
  assert.match(study!, /marks 5 of 6 \(Table 1\), and after Holm 4 of 6\./);
});

Deno.test("paragraphs are HTML, and nothing in them is taken for it", () => {
  assert.equal(
    proseHtml(["**A.** 1 < 2, `p_holm` and _so on_", "b_c_d"]),
    "<p><strong>A.</strong> 1 &lt; 2, <code>p_holm</code> and <em>so on</em></p>\n<p>b_c_d</p>",
  );
});

/** A frame without rows. */
const empty = (text: string, numbers: string): DataFrame =>
  frame([], {
    ...Object.fromEntries(text.split(" ").map((name) => [name, "text"] as const)),
    ...Object.fromEntries(numbers.split(" ").map((name) => [name, "number"] as const)),
  });

const CELL = "model condition scale trait epqra_scale bfi_trait category subcategory attribute " +
  "instrument metric measure fault manipulated equivalence verdict effect_name against item " +
  "population interval holds groups table rows variant cell at pair design method test unit " +
  "marker in_paper source statistic";
const NUMBERS = "n count estimate ci_lower ci_upper effect effect_lower effect_upper least most " +
  "family chance majority mean sd p_equivalence bound_upper icc_a1 icc_a1_lower icc_a1_upper " +
  "loa_lower loa_upper r_max feldt_lower feldt_upper constant_items relative validity comparisons " +
  "larger clearly largest base_n base_count markers stands weakens vanishes appears cells differ " +
  "markers_changed printed variant_value difference icc studies rejection rejection_lower " +
  "rejection_upper coverage coverage_lower coverage_upper repetitions profiles formula found " +
  "value found_lower found_upper held cells_null naive_null cluster_null cells_true cluster_true holm_true";

/** Readings that are made of no cells, or of several tables. */
const OTHERWISE = [
  "precisionReading",
  "publishedReading",
  "foundReading",
  "limitsReading",
  "methodsReading",
  "testsReading",
];

Deno.test("of nothing nothing is said: no reading takes a count of 0 for a finding", () => {
  const none = empty(CELL, NUMBERS);
  const given: Record<string, readonly unknown[]> = {
    errorReading: [none, none, 0.1],
    robustnessReading: [none, { table1: none }],
    sureReading: [none, { table1: none }],
    reliabilityReading: [none, "scale"],
    verdictReading: [none, ["model"]],
  };
  const said = Object.entries(readings).filter(([name]) =>
    /Reading$/.test(name) && !OTHERWISE.includes(name)
  ).map((
    [name, reading],
  ) => [
    name,
    (reading as (...given: readonly unknown[]) => string[])(...given[name] ?? [none, none]),
  ]);
  assert.ok(said.length >= 17, `${said.length}`);
  for (const [name, sentences] of said) {
    assert.ok(sentences!.length, `${name} says nothing at all`);
    for (const sentence of sentences!) {
      assert.match(sentence, /^Nothing (can be said of|is tested)/, `${name}: ${sentence}`);
    }
  }
});

Deno.test("a part that is not there is left out, or said to be none", () => {
  const cell = {
    model: "a",
    metric: "accuracy",
    n: 9,
    estimate: 90,
    majority: 80,
    chance: null,
    effect: null,
    effect_lower: null,
    effect_upper: null,
  };
  const manipulated = agreementReading(
    frameOf([{ ...cell, condition: "MaxN", scale: "N" }]),
  ).join("\n");
  assert.match(manipulated, /^The manipulated scales, .*a MaxN N 90\.0 %/);
  assert.doesNotMatch(manipulated, /Every one|all 0|none/);
  // A kappa that is undefined is not one of .4 or more.
  const undefinedKappa = agreementReading(
    frameOf([{ ...cell, condition: "Base", scale: "N" }]),
  ).join("\n");
  assert.match(undefinedKappa, /above what the majority answer/);
  assert.doesNotMatch(undefinedKappa, /Kappa is/);

  const verdict = {
    model: "a",
    verdict: "—",
    effect_name: "h",
    effect: null,
    effect_lower: null,
    effect_upper: null,
    least: null,
    most: null,
    family: 12,
  };
  const unmarked = verdictReading(frameOf([verdict]), ["model"]);
  assert.deepEqual(unmarked, [
    "None of the 12 cells that can be tested has a marker that could stand or vanish.",
  ]);

  const alone = frameOf([{ model: "a", condition: "MaxN", attribute: "race", estimate: 2 }]);
  assert.match(diversityReading(alone)[0]!, /No condition can be compared with Base\.$/);

  const fault = { instrument: "bfi", model: "a", condition: "Base", fault: "any" };
  const faults = frameOf([{ ...fault, n: 10, count: 0, ci_upper: 0.3 }]);
  assert.match(faultReading(faults)[0]!, /^No sheet of 1 cells is missing or faulty\./);

  const counted = frameOf(
    [{ table: "table1", rows: "all", markers: 0, stands: 0, weakens: 0, vanishes: 0, appears: 1 }],
  );
  const table1 = frameOf([{ verdict: "appears", effect_name: "h", effect: 1, most: 2 }]);
  assert.match(robustnessReading(counted, { table1 })[0]!, /^No cell of these tables has a marker/);
});

/** Tables with one model, each number of which is said somewhere. */
const OPENED = (
  made: { share: number; score: number; r: number; alpha: number; same: number },
) => ({
  shares: frameOf([
    { model: "a", condition: "Base", category: "c", subcategory: "s", mean: 0.1, n: 9 },
    { model: "a", condition: "MaxP", category: "c", subcategory: "s", mean: made.share, n: 9 },
  ]),
  table4: frameOf([
    { model: "a", condition: "Base", scale: "E", mean: 3, estimate: made.score },
    { model: "a", condition: "MaxN", scale: "N", mean: 5.5, estimate: 2 },
  ]),
  table5: frameOf([
    { model: "a", epqra_scale: "E", bfi_trait: "E", r: made.r },
    { model: "a", epqra_scale: "E", bfi_trait: "A", r: -made.r },
  ]),
  table6: frameOf([{ model: "a", condition: "Base", scale: "P", alpha: made.alpha, n: 9 }]),
  tableA5: frameOf([{ model: "a", trait: "E", alpha: 0.9, n: 9 }]),
  tableA6: frameOf([
    { model: "a", condition: "Base", scale: "E", metric: "accuracy", value: made.same, n: 9 },
  ]),
});

Deno.test("what was found follows the tables, and is said of nothing that is not there", () => {
  const one = foundReading(OPENED({ share: 0.8, score: -0.2, r: 0.6, alpha: 0.5, same: 91 }));
  assert.equal(one.length, 5);
  assert.match(one[0]!, /Tables 1–3.*a s \(c\) 10\.0 % → 80\.0 % under MaxP/);
  assert.match(
    one[1]!,
    /a −0\.20 \(extraversion\)\. .* comes to a mean of 5\.50 \(neuroticism under MaxN\)/,
  );
  assert.match(one[2]!, /a 91\.0 %\./);
  assert.match(
    one[3]!,
    /correlate at 0\.60 \(extraversion\) and — \(neuroticism\), .* 1 of 1 at 0\.5 or more/,
  );
  assert.match(
    one[4]!,
    /EPQR-A is 0\.50, and below 0\.7 in 1 of 1 cells \(psychoticism 1\)\. .* BFI is 0\.90/,
  );
  const other = foundReading(OPENED({ share: 0.3, score: 0.4, r: 0.2, alpha: 0.8, same: 55 }));
  assert.match(
    other.join("\n"),
    /30\.0 %[\s\S]* 0\.40 \(extraversion\)[\s\S]*55\.0 %[\s\S]*0 of 1 at[\s\S]*0 of 1 cells/,
  );
  const none = Object.fromEntries(
    Object.entries(OPENED({ share: 0, score: 0, r: 0, alpha: 0, same: 0 }))
      .map(([name, table]) => [name, table.head(0)]),
  ) as ReturnType<typeof OPENED>;
  for (const said of foundReading(none)) assert.match(said, /\*\* Nothing can be said of /);
});

Deno.test("how sure follows what survives; a table that was not computed is not spoken of", () => {
  const counted = frameOf([{
    ...{ table: "table4", rows: "all", cells: 3, markers: 2, stands: 1, weakens: 0, vanishes: 1 },
    ...{ appears: 0, unmarked: 1, not_tested: 0, family: 3 },
  }]);
  const cell = { manipulated: "no", verdict: "stands", effect_name: "d_z", effect: 0.5, most: 0.6 };
  const table4 = (icc: number) =>
    frameOf([
      { ...cell, equivalence: "equivalent", icc_a1: icc, bound_upper: 0.5 },
      { ...cell, verdict: "vanishes", equivalence: "different", icc_a1: 0.9, bound_upper: 0.5 },
    ]);
  const said = sureReading(counted, { table4: table4(0.5) }).join("\n");
  assert.match(
    said,
    /Of the paper’s 2 markers in these 1 tables 1 stands, 0 weaken and 1 vanishes/,
  );
  assert.match(
    said,
    /In 1 of the 2 cells .* within ±0\.5 points .* in 1 of these a single persona/,
  );
  assert.match(sureReading(counted, { table4: table4(0.8) }).join(), /in 0 of these a single/);
  assert.doesNotMatch(said, /A6/);
  const tableA6 = frameOf([
    { metric: "accuracy", n: 9, estimate: 80, majority: 85, effect: 0.3 },
    { metric: "accuracy", n: 9, estimate: 95, majority: 85, effect: 0.8 },
  ]);
  assert.match(sureReading(counted, { tableA6 }).join(), /in 1 of 2 cells, and accuracy .* in 1\./);
});

Deno.test("of a reconstruction nothing may be concluded about models, and that is said first", () => {
  const [first] = limitsReading({ source: "reconstruction" });
  assert.match(first!, /^\*\*Anything about a model\.\*\*/);
  assert.doesNotMatch(limitsReading({ source: "zenodo" }).join(), /Anything about a model/);
});

Deno.test("methods say what is given, and of what is not known that it is not", () => {
  const said = methodsReading(
    { profiles: 826, made: { personas: 41300 } },
    { Deno: "2.9.6", PostgreSQL: "18.1" },
  ).join("\n");
  assert.match(
    said,
    /\*\*Respondents and design\.\*\* 826 respondents .* Conditions: Base, MaxN, MaxP\./,
  );
  assert.match(
    said,
    /\*\* GPT-4o \(`gpt-4o-2024-11-20`, OpenAI\), .* were asked on days that are not recorded\./,
  );
  assert.match(said, /They were not published with the data\./);
  assert.match(said, /There are 41,300 personas\. What else .* is not recorded\./);
  assert.match(said, /Persona Audit, on Deno 2\.9\.6 and PostgreSQL 18\.1\. Seed: 826\.$/);
});
