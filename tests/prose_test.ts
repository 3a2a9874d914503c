/** What the notebooks say follows the data that they show. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import type { DataFrame } from "polars";
import { openDataset, type Provenance } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { reads as readsOf } from "lib/paper/published.ts";
import {
  acquiescenceReading,
  choiceReading,
  faultReading,
  publishedReading,
  robustnessReading,
  shareReading,
} from "lib/paper/readings.ts";
import {
  acquiescence,
  faults,
  markers,
  robustness,
  sensitivity,
  sensitivitySummary,
} from "lib/paper/tables.ts";
import { epqra } from "lib/paper/instruments.ts";
import { z } from "zod";
import { type Cell, type Output, read, source, text } from "../scripts/jupyter/notebook.ts";
import { find } from "../scripts/notebooks.ts";
import { restored } from "./data.ts";

/**
 * Numbers that texts may hold without an output: levels and limits of tests, formulas, definitions, and
 * what the paper or the literature says. Everything else that has a decimal or a percent sign is made of
 * the data, in a cell.
 */
const CONSTANTS: Readonly<Record<string, string>> = {
  ".001": "level of a marker",
  ".01": "level of a marker",
  ".05": "level of a marker and of Holm",
  "1.96": "the paper's interval",
  "0.5": "bound of equivalence; range of a figure",
  "95 %": "level of intervals",
  "5 %": "level of tests",
  "80": "power",
  "90 %": "power; the paper: accuracies above 90 %",
  ".6": "the paper: alphas above .6; questionable alphas",
  ".7": "the paper: r of N .7 to .9; acceptable alphas",
  ".8": "the paper: alphas above .8; good alphas",
  ".9": "the paper: r of E above .9; excellent alphas",
  ".5": "balanced share of Yes without a habit",
  "5.5": "near the ceiling of 6",
};

/** Definitions of one notebook. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  "31_known_truth": [
    "40 %",
    "44 %",
    "2 %",
    "8 %",
    "60 %",
    "0.7",
    "0.6",
    "0.3",
    "0.8",
    "50 %",
    "45",
  ],
};

const NUMBER = /(?<![\w.])(?:\d+\.\d+|\.\d+|\d+(?= ?%))(?: ?%)?/g;

const numbersOf = (markdown: string): string[] =>
  [...markdown.replace(/`[^`]*`|\]\([^)]*\)|arXiv \S+/g, " ").matchAll(NUMBER)]
    .map(([number]) => number.replace(/\s+%/, " %").replace(/(\d)%/, "$1 %"));

const shown = (cell: Cell): string =>
  (cell.outputs ?? []).flatMap((output: Output) =>
    "data" in output
      ? Object.entries(output.data).filter(([type]) => type.startsWith("text/"))
        .map(([, value]) => text(value as string | string[]))
      : []
  ).join("\n").replace(/base64,[\w+/=]+/g, "");

/** Numbers of a notebook's Markdown that neither its outputs nor the lists hold. */
function loose(cells: readonly Cell[], own: readonly string[] = []): string[] {
  const outputs = cells.map(shown).join("\n").replace(/<[^>]+>/g, " ");
  const known = new Set([...outputs.matchAll(/\d*\.?\d+/g)].map(([number]) => Number(number)));
  return cells.filter((cell) => cell.cell_type === "markdown")
    .flatMap((cell) => numbersOf(source(cell)))
    .filter((number) => !(number in CONSTANTS) && !own.includes(number))
    .filter((number) => !known.has(Number(number.replace(/ ?%/, ""))));
}

Deno.test("texts of notebooks hold no number that their outputs do not, but sourced constants", () => {
  const found = find([]).flatMap((path) => {
    const name = basename(path, ".ipynb");
    const numbers = loose(read(path).cells, OWN[name]);
    return numbers.length ? [`${name}: ${numbers.join(", ")}`] : [];
  });
  assert.deepEqual(found, []);
});

Deno.test("a number typed into a text is found", () => {
  const made = (markdown: string, output: string): Cell[] => [
    { cell_type: "markdown", metadata: {}, source: markdown },
    {
      cell_type: "code",
      metadata: {},
      source: "1;",
      execution_count: 1,
      outputs: [{
        output_type: "display_data",
        data: { "text/html": `<td>${output}</td>` },
        metadata: {},
      }],
    },
  ];
  assert.deepEqual(loose(made("Of all 82.1 % are so, p < .05", "82.1")), []);
  assert.deepEqual(loose(made("Of all 80 % and .42 are so", "82.1 0.41")), ["80 %", ".42"]);
  assert.deepEqual(loose(made("`0.42` in code, [a](b_1.2)", "")), []);
});

/** Notebooks that show whatever study their line `openDataset(…)` names. */
const OF_ANY = /^(1[1-6]|2[4-7]|30|32)_/;

/** Counts that texts of these may hold: what is drawn, and a group that the paper's code has. */
const COUNTS = ["2,000", "372"];

/** Whole numbers of three digits and more, but years of what is cited, and what is typed in code. */
const countsOf = (prose: string): string[] =>
  [
    ...prose.replace(/`[^`]*`|\]\([^)]*\)|arXiv \S+/g, " ")
      .matchAll(/(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d{3,})(?![\w.]\d)/g),
  ].map(([number]) => number)
    .filter((number) => !COUNTS.includes(number) && !/^(19|20)\d\d$/.test(number));

/** What a cell says of itself, in Markdown or in the strings of its code. */
const said = (cell: Cell): string =>
  cell.cell_type === "markdown"
    ? source(cell)
    : [...source(cell).matchAll(/"([^"\n]*)"|`([^`]*)`/g)]
      .map(([, plain, template]) => plain ?? template!.replace(/\$\{[^}]*\}/g, " ")).join("\n");

/** `44 of 51`, `Of the 51 markers`: a result, whatever its size. */
const RESULT = /\b\d[\d,.]* of (?:the |all |its )?\d+|\b[Oo]f (?:the|all|its)(?: \w+’s)? \d+/g;

/** What reads like a result and is none. */
const NONE: Readonly<Record<string, string>> = {
  "5.5 of 6": "near the ceiling: what would contradict the paper",
  "of the 8": "items of a trait",
};

/** What a notebook says of one dataset, whichever it shows. */
const ofOne = (cells: readonly Cell[]): string[] =>
  cells.flatMap((cell) => {
    const words = cell.cell_type === "markdown"
      ? source(cell).match(/\b(?:reconstruction|shipped)\b/g) ?? []
      : [];
    const decimals = cell.cell_type === "code"
      ? numbersOf(said(cell)).filter((number) => !(number in CONSTANTS))
      : [];
    const results = cell.cell_type === "markdown"
      ? (source(cell).match(RESULT) ?? []).filter((result) => !(result in NONE))
      : [];
    return [...words, ...countsOf(said(cell)), ...decimals, ...results];
  });

Deno.test("notebooks that show any study say nothing of their own about one dataset", () => {
  const paths = find([]).filter((path) => OF_ANY.test(basename(path)));
  assert.equal(paths.length, 12);
  const found = paths.flatMap((path) => {
    const words = ofOne(read(path).cells);
    return words.length ? [`${basename(path)}: ${words.join(", ")}`] : [];
  });
  assert.deepEqual(found, []);
});

Deno.test("a count or a finding of one dataset in a text or a caption is found", () => {
  const cell = (type: "markdown" | "code", source: string): Cell => ({
    cell_type: type,
    metadata: {},
    source,
  });
  const of = (type: "markdown" | "code", text: string) => ofOne([cell(type, text)]);
  assert.deepEqual(of("markdown", "826 profiles × 5 = 4,130, as (1959) has it, of 2,000 draws"), [
    "826",
    "4,130",
  ]);
  assert.deepEqual(of("markdown", "In the shipped reconstruction it is arbitrary"), [
    "shipped",
    "reconstruction",
  ]);
  assert.deepEqual(
    of("code", 'await show(t, "means over halves of 413 sheets, 82.1 % of them");'),
    [
      "413",
      "82.1 %",
    ],
  );
  assert.deepEqual(
    of("markdown", "Of the 51 markers 44 stand; add up to 59 of 60; 24 items of 6"),
    [
      "Of the 51",
      "59 of 60",
    ],
  );
  assert.deepEqual(of("code", "const n = 826; await show(t, `Of ${n * 413} sheets`);"), []);
});

Deno.test("what is about the published data is said of them only", () => {
  const of = (source: Provenance["source"]) => ({
    provenance: { source, restoredAt: null, files: [], simulated: [], reconstructed: true },
  });
  for (
    const name of [
      "counts",
      "shares",
      "scores",
      "convergence",
      "reliability",
      "surviving",
      "multitrait",
      "acquiescence",
      "copying",
      "duplicates",
      "faults",
      "collapse",
      "diversity",
    ] as const
  ) {
    assert.ok(publishedReading(name, of("reconstruction")).length, name);
    assert.doesNotMatch(publishedReading(name, of("zenodo")).join(), /reconstruction/, name);
    // A study made from the reconstruction's profiles is another study.
    for (const other of ["study", "other"] as const) {
      assert.deepEqual(publishedReading(name, of(other)), [], name);
    }
  }
  assert.match(publishedReading("scores", of("zenodo"))[0]!, /^With as many pairs/);
});

const study = async () => {
  await restored("personality_trap");
  return await openDataset({ schema: "personality_trap" });
};

type Row = Record<string, unknown>;
const all = (frame: DataFrame): Row[] => rows(frame, z.record(z.string(), z.unknown()));

Deno.test("30: how far manipulations were followed, counted from the sheets", async () => {
  const data = await study();
  const panel = await sensitivity(readsOf(data));
  const [said] = choiceReading(panel, sensitivitySummary(panel));
  await data.close();
  // Yes to N items under MaxN is what was set: GPT-3.5 about two thirds, Claude all.
  assert.match(said!, /Claude-3\.5-s MaxN N 100\.0 %/);
  const [, part] = said!.split("followed in part only, in ");
  assert.match(
    part!,
    /^GPT-3\.5 MaxN N 67\.\d % .*GPT-3\.5 MaxP P 52\.\d % .*Llama3\.2-3B MaxP P 45\.8 %/,
  );
  const of = all(panel).find((row) =>
    row.variant === "manipulated profile" && row.measure === "accuracy" &&
    row.cell === "GPT-3.5 MaxP P"
  )!;
  assert.ok(said!.includes(`GPT-3.5 MaxP P ${(of.variant_value as number).toFixed(1)} %`));
});

Deno.test("30 and 11 to 13: verdicts and shares are those of the frames", async () => {
  const data = await study();
  const tables = Object.fromEntries(
    await Promise.all(
      (["table1", "table2", "table3"] as const).map(async (name) =>
        [name, await robustness(name, data, { draws: 50 })] as const
      ),
    ),
  );
  const personas = all(await data.personas());
  await data.close();
  const cells = Object.values(tables).flatMap(all);
  const count = (verdict: string) => cells.filter((row) => row.verdict === verdict).length;
  const [counts, unprinted] = robustnessReading(markers(tables), tables);
  assert.ok(counts!.includes(`${count("stands")} stand, ${count("weakens")} weaken`), counts);
  assert.ok(counts!.includes(`${count("vanishes")} vanish`), counts);
  // Counted from the personas: no race of the four that the paper prints.
  const own = personas.filter((row) =>
    /claude/i.test(`${row.model} ${row.model_print}`) &&
    /max[-_ ]?p/i.test(`${row.population} ${row.population_print}`) &&
    (row.repetition as number) <= 5
  );
  const printed = ["white", "black", "asian", "latin", "latino", "hispanic"];
  const other = own.filter((row) =>
    !printed.some((name) => String(row.race).toLowerCase().startsWith(name))
  );
  const share = (100 * other.length / own.length).toFixed(1);
  assert.ok(unprinted!.includes(`Claude-3.5-s MaxP Race Other: ${share} %`), unprinted);
  assert.ok(shareReading(tables.table3!).join("\n").includes(`→ ${share} %`));
});

Deno.test("33, 36: Yes, and what a count of 0 leaves possible", async () => {
  const data = await study();
  const sheets = await data.sheets("epqra"), profiles = await data.profiles("reference");
  const [raw] = acquiescenceReading(acquiescence(sheets, epqra, profiles));
  const [said] = faultReading(faults(await data.administered()));
  await data.close();
  assert.match(raw!, /GPT-3\.5 MaxN N 0\.67 \[0\.6\d, 0\.\d\d\] against 1\.00/);
  // Wilson's upper limit of 0 of 826, and the chance of none of 826 at that rate.
  const upper = 1.959963985 ** 2 / (826 + 1.959963985 ** 2);
  assert.ok(said!.includes(`${(100 * upper).toFixed(2)} %`), said);
  assert.ok(said!.includes(`in ${(100 * (1 - upper) ** 826).toFixed(0)} % of such samples`), said);
});
