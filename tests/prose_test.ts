/** What the notebooks say follows the data that they show. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import type { DataFrame } from "polars";
import { open } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { reads as readsOf } from "lib/paper/published.ts";
import {
  acquiescenceReading,
  choiceReading,
  faultReading,
  shareReading,
  survivingReading,
} from "lib/paper/readings.ts";
import {
  acquiescence,
  faults,
  markers,
  sensitivity,
  sensitivitySummary,
  survival,
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

const study = async () => {
  await restored("personality_trap");
  return await open({ schema: "personality_trap" });
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
        [name, await survival(name, data, { draws: 50 })] as const
      ),
    ),
  );
  const personas = all(await data.personas());
  await data.close();
  const cells = Object.values(tables).flatMap(all);
  const count = (verdict: string) => cells.filter((row) => row.verdict === verdict).length;
  const [counts, unprinted] = survivingReading(markers(tables), tables);
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

Deno.test("32: Yes, and what a count of 0 leaves possible", async () => {
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
