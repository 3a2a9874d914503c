/** How tables, figures and verdicts read, as HTML and as plain text. */
import assert from "node:assert/strict";
import { DOMParser } from "linkedom";
import pl from "polars";
import { frame, series } from "lib/frames.ts";
import {
  figureHtml,
  tableHtml,
  type TableOptions,
  tableText,
  verdictHtml,
  verdictText,
} from "lib/notebook.ts";

const TABLE = frame(
  [
    { model: "GPT-4o", ci_lower: -0.1234, n: 826, p: 0.04999, alpha: 3 },
    { model: "Llama & <Co>", ci_lower: null, n: 1000, p: 0.00049, alpha: -0.001 },
    { model: null, ci_lower: 12.5, n: null, p: 1, alpha: null },
  ],
  { model: "text", ci_lower: "number", n: "integer", p: "number", alpha: "number" },
);

/** The cells of a table's body, row by row. */
function body(html: string): string[][] {
  const document = new DOMParser().parseFromString(html, "text/html");
  return [...document.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("td")].map((cell) => cell.textContent)
  );
}

/** One column of fractions, shown. */
function shown(values: (number | null)[], options: TableOptions = {}, name = "value"): string[] {
  const column = frame(values.map((value) => ({ [name]: value })), { [name]: "number" });
  return body(tableHtml(column, "", options)).flat();
}

Deno.test("tableHtml() shows whole numbers whole, fractions with 2 decimals, p with 3", () => {
  assert.deepEqual(body(tableHtml(TABLE, "Scores")), [
    ["GPT-4o", "-0.12", "826", "0.050", "3.00"],
    ["Llama & <Co>", "—", "1000", "<0.001", "0.00"],
    ["—", "12.50", "—", "1.000", "—"],
  ]);
});

Deno.test("decimals hold for all fractions or for the columns named, p included", () => {
  assert.deepEqual(body(tableHtml(TABLE, "", { decimals: 1 }))[0], [
    "GPT-4o",
    "-0.1",
    "826",
    "0.050",
    "3.0",
  ]);
  assert.deepEqual(body(tableHtml(TABLE, "", { decimals: { ci_lower: 0, p: 5, n: 1 } }))[0], [
    "GPT-4o",
    "0",
    "826.0",
    "0.04999",
    "3.00",
  ]);
});

Deno.test("decimals for a column that is not there are refused", () => {
  assert.throws(
    () => tableHtml(TABLE, "", { decimals: { alhpa: 3 } }),
    /Decimals are given for alhpa: the table has model, ci_lower/,
  );
});

// Python 3.11.7: [f"{x:.2f}" for x in (0.125, 0.375, 3.625, -0.125, 2.675, 0.995, 1e6)], and .0f
Deno.test("exact ties go to the even digit, as in the paper's own numbers", () => {
  assert.deepEqual(
    shown([0.125, 0.375, 3.625, -0.125, 2.675, 0.995, 1e6]),
    ["0.12", "0.38", "3.62", "-0.12", "2.67", "0.99", "1000000.00"],
  );
  assert.deepEqual(shown([0.5, 1.5, 2.5, -2.5], { decimals: 0 }), ["0", "2", "2", "-2"]);
});

Deno.test("p turns to <0.001 exactly below 0.001", () => {
  assert.deepEqual(shown([0, 0.000999, 0.001, 0.0015001, null], {}, "p"), [
    "<0.001",
    "<0.001",
    "0.001",
    "0.002",
    "—",
  ]);
});

Deno.test("undefined and infinite numbers never print as NaN, null or Infinity", () => {
  const odd = pl.DataFrame([
    pl.Series("value", [NaN, Infinity, -Infinity, null], pl.Float64),
    series("n", [1, null, 0, null], "integer"),
  ]);
  assert.deepEqual(body(tableHtml(odd, "")), [["—", "1"], ["∞", "—"], ["-∞", "0"], ["—", "—"]]);
  assert.doesNotMatch(tableText(odd, ""), /NaN|null|Infinity|undefined/);
});

Deno.test("tableHtml() escapes names, heads and caption", () => {
  const html = tableHtml(TABLE.rename({ model: "a<b>" }), `"Q" & <script>`);
  assert.match(html, /<td[^>]*>Llama &amp; &lt;Co&gt;<\/td>/);
  assert.match(html, /<th[^>]*>a&lt;b&gt;<\/th>/);
  assert.match(html, /<caption[^>]*>&quot;Q&quot; &amp; &lt;script&gt;<\/caption>/);
});

Deno.test("tableHtml() scopes its heads, aligns text left and numbers right, scrolls when wide", () => {
  const html = tableHtml(TABLE, "Scores");
  const document = new DOMParser().parseFromString(html, "text/html");
  const heads = [...document.querySelectorAll("thead th")];
  assert.deepEqual(heads.map((head) => head.textContent), ["model", "ci lower", "n", "p", "alpha"]);
  assert.ok(heads.every((head) => head.getAttribute("scope") === "col"));
  const left = (cell: { getAttribute(name: string): string | null }) =>
    cell.getAttribute("style") === "text-align:left";
  assert.deepEqual(heads.map(left), [true, false, false, false, false]);
  assert.deepEqual(
    [...document.querySelectorAll("tbody tr")[0]!.querySelectorAll("td")].map(left),
    [true, false, false, false, false],
  );
  const table = document.querySelector("table")!.getAttribute("style")!;
  assert.match(table, /text-align:right/);
  assert.match(table, /font-variant-numeric:tabular-nums/);
  assert.match(html, /^<div style="overflow-x:auto">/);
  assert.doesNotMatch(html, /background|white|black|#[0-9a-f]{3}/);
});

Deno.test("tableText() aligns its columns", () => {
  assert.equal(
    tableText(TABLE, "Scores"),
    [
      "Scores",
      "model         ci lower     n       p  alpha",
      "------------  --------  ----  ------  -----",
      "GPT-4o           -0.12   826   0.050   3.00",
      "Llama & <Co>         —  1000  <0.001   0.00",
      "—                12.50     —   1.000      —",
    ].join("\n"),
  );
});

const long = (height: number) =>
  frame(Array.from({ length: height }, (_, i) => ({ row: i + 1 })), { row: "integer" });

Deno.test("a table of more than 80 rows shows the first 80 and says so", () => {
  const html = tableHtml(long(81), "Long");
  assert.equal(body(html).length, 80);
  assert.deepEqual(body(html).at(-1), ["80"]);
  assert.match(html, /80 of 81 rows shown/);
  assert.match(tableText(long(81), "Long"), /\n 80\n80 of 81 rows shown$/);
  assert.equal(body(tableHtml(long(80), "")).length, 80);
  assert.doesNotMatch(tableHtml(long(80), ""), /rows shown/);
});

Deno.test("an empty table is one line that says so", () => {
  const empty = TABLE.head(0);
  assert.equal(tableText(empty, "Cells that differ"), "Cells that differ: none");
  assert.equal(tableHtml(empty, "Cells that differ"), "<p>Cells that differ: none</p>");
});

Deno.test("figureHtml() holds the figure, fitted to the page, above its caption", () => {
  const html = figureHtml('<svg xmlns="http://www.w3.org/2000/svg" width="640"></svg>', "A & B");
  const document = new DOMParser().parseFromString(html, "text/html");
  const parts = [...document.querySelector("figure")!.children].map((part) => part.localName);
  assert.deepEqual(parts, ["svg", "figcaption"]);
  assert.equal(document.querySelector("svg")!.getAttribute("style"), "max-width:100%;height:auto");
  assert.match(html, /<figcaption>A &amp; B<\/figcaption>/);
});

Deno.test("a verdict starts with its count", () => {
  const checked = { agree: 60, printed: 60, differing: [] };
  assert.equal(verdictText(checked), "60 of 60 printed cells agree");
  assert.equal(verdictHtml(checked), "<p><strong>60 of 60 printed cells agree</strong></p>");
});

Deno.test("a verdict lists at most 10 differing cells and counts the rest", () => {
  const differing = Array.from({ length: 12 }, (_, i) => `cell ${i + 1}: paper <0.01, ours 1`);
  const checked = { agree: 48, printed: 60, differing };
  const lines = verdictText(checked).split("\n");
  assert.equal(lines[0], "48 of 60 printed cells agree");
  assert.deepEqual(lines.slice(10), ["  cell 10: paper <0.01, ours 1", "  … and 2 more"]);
  const html = verdictHtml(checked);
  assert.equal(html.match(/<li>/g)!.length, 11);
  assert.match(html, /<li>cell 1: paper &lt;0\.01, ours 1<\/li>/);
  const eleven = verdictText({ ...checked, differing: differing.slice(0, 10) });
  assert.doesNotMatch(eleven, /more/);
});

Deno.test("outside a notebook, show(), figure() and verdict() print plain text and no banner", async () => {
  const code = `
    import { figure, show, verdict } from "lib/notebook.ts";
    import { frame } from "lib/frames.ts";
    await show(frame([{ model: "a", r: null }], { model: "text", r: "number" }), "Table 5");
    await figure("<svg></svg>", "Table 5 drawn");
    await verdict({ agree: 1, printed: 2, differing: ["a: paper 1, ours 2"] });`;
  const run = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code],
    cwd: new URL("..", import.meta.url),
  });
  const { stdout, stderr, success } = await run.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(
    new TextDecoder().decode(stdout),
    [
      "Table 5",
      "model  r",
      "-----  -",
      "a      —",
      "Figure: Table 5 drawn",
      "1 of 2 printed cells agree",
      "  a: paper 1, ours 2",
      "",
    ].join("\n"),
  );
});
