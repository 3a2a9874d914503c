/** What a paper takes in: read back, compiled where pdfLaTeX is installed, and measured. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { basename, join } from "node:path";
import { inflateSync } from "node:zlib";
import { create } from "fontkit";
import pl from "polars";
import { z } from "zod";
import { ROOT } from "lib/config.ts";
import { frame } from "lib/frames.ts";
import { measure } from "lib/plots/text.ts";
import {
  codebook,
  csv,
  figureFiles,
  figureLatex,
  type Grid,
  gridOf,
  html,
  keepAll,
  latex,
  markdown,
  PREAMBLE,
  prosePlain,
  proseTex,
  sourceLatex,
  sourceOf,
} from "lib/press.ts";
import { font, lettersOf, STYLES } from "lib/press/fonts.ts";
import { tex } from "lib/press/tex.ts";
import { evaluated } from "./command.ts";
import { drawn } from "./drawn.ts";
import { Folder } from "./made.ts";

/** Whether files of LaTeX are here; a program that is not there throws at once. */
async function installed(args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command("kpsewhich", { args }).output()).success;
  } catch {
    return false;
  }
}

const found = await installed(["siunitx.sty", "booktabs.sty"]);
const compiling = { ignore: !found };
const why = found ? "" : " (left out: pdfLaTeX with siunitx and booktabs is not installed)";

/** Compiles a document; throws on an error, a letter without a glyph, and lines that stick out. */
async function compiled(folder: string, file: string): Promise<void> {
  const args = ["-interaction=nonstopmode", "-halt-on-error", file];
  const { success } = await new Deno.Command("pdflatex", { args, cwd: folder }).output();
  const log = await Deno.readTextFile(join(folder, file.replace(".tex", ".log")));
  assert.ok(success, log.split("\n").filter((line) => /^(!|l\.\d)/.test(line)).join("\n"));
  const faults = /^(Missing character|Overfull|LaTeX Warning: Command .* invalid).*$/m;
  assert.doesNotMatch(log, faults);
}

async function compiles(...bodies: string[]): Promise<void> {
  using folder = new Folder();
  const document = [
    "\\documentclass[a4paper]{article}",
    PREAMBLE,
    "\\usepackage[margin=2.5cm]{geometry}",
    "\\begin{document}",
    ...bodies,
    "\\end{document}",
  ].join("\n");
  await Deno.writeTextFile(join(folder.path, "test.tex"), document);
  await compiled(folder.path, "test.tex");
}

const SURVIVAL = frame(
  [
    ["A", "Base", 826, -0.09, -0.126, -0.061, "d_z", -0.2, 2e-8, 7e-7, "†¶", "stands"],
    ["A", "MaxN", 826, null, null, null, null, null, null, null, "", null],
    ["B", "Base", 24, 12.5, 3, 22, "d_z", 1.5, 0.0412, 1, "*§", "vanishes"],
  ].map(([model, condition, n, estimate, ci_lower, ci_upper, effect_name, effect, ...rest]) => ({
    ...{ model, condition, n, estimate, ci_lower, ci_upper, effect_name, effect },
    ...{ p_naive: rest[0], p_holm: rest[1], marker: rest[2], verdict: rest[3] },
  })),
  {
    model: "text",
    condition: "text",
    n: "integer",
    estimate: "number",
    ci_lower: "number",
    ci_upper: "number",
    effect_name: "text",
    effect: "number",
    p_naive: "number",
    p_holm: "number",
    marker: "text",
    verdict: "text",
  },
);

Deno.test("columns that belong together share a heading, in words", () => {
  const heads = (...names: string[]) => {
    const columns = Object.fromEntries(names.map((name) => [name, "number" as const]));
    const { side, head } = gridOf(frame([{}], columns), "");
    assert.deepEqual(side, []);
    const labels = head.at(-1)!;
    return labels.map((label, i) =>
      head.length > 1 && head[0]![i] ? `${head[0]![i]}: ${label}` : label
    );
  };
  assert.deepEqual(heads("clusters", "n", "ci_lower", "ci_upper", "p_naive", "p_holm", "p_mine"), [
    "Clusters",
    "n",
    "95% CI",
    "p: naive",
    "p: Holm",
    "p: mine",
  ]);
  assert.deepEqual(heads("effect", "effect_lower", "effect_upper", "p_cluster"), [
    "Effect",
    "95% CI of effect",
    "p cluster",
  ]);
  assert.deepEqual(heads("GPT-4o Base", "GPT-4o MaxN", "Llama 3 Base", "Llama 3 MaxN", "sd"), [
    "GPT-4o: Base",
    "GPT-4o: MaxN",
    "Llama 3: Base",
    "Llama 3: MaxN",
    "SD",
  ]);
  assert.deepEqual(heads("d_z", "d_av", "feldt_lower", "feldt_upper", "usd", "mine_lower"), [
    "d_z",
    "d_av",
    "95% CI (Feldt)",
    "Cost (USD)",
    "Mine lower",
  ]);
  assert.deepEqual(heads("my_own_lower", "my_own_upper", "n_more", "share_a"), [
    "95% CI of my own",
    "n more",
    "Share a",
  ]);
});

Deno.test("latex() aligns numbers at the decimal mark, words and undefined numbers in braces", () => {
  const notes = ["† p < .01; * p < .05."];
  const made = latex({ ...gridOf(SURVIVAL, "Table 4. What survives"), notes }, "t4").split("\n");
  const from = made.findIndex((line) => line.includes("\\toprule"));
  assert.match(
    made[from - 1]!,
    /^\\resizebox.*\{@\{\}llS\[table-format=3\.0\]S\[table-format=-2\.2\]/,
  );
  assert.match(made[from - 1]!, /S\[table-format=-2\.2\]rlS/);
  assert.match(made[from - 1]!, /S\[table-format=1\.3,table-space-text-pre=\{\$<\$\}\]/);
  assert.deepEqual(made.slice(from + 1, from + 8), [
    " &  &  &  &  &  &  & \\multicolumn{2}{c}{\\textit{p}} &  &  \\\\ \\cmidrule(lr){8-9}",
    "Model & Condition & \\multicolumn{1}{c}{\\textit{n}} & \\multicolumn{1}{c}{Estimate} & " +
    "\\multicolumn{1}{c}{95\\% CI} & Effect size & \\multicolumn{1}{c}{Effect} & " +
    "\\multicolumn{1}{c}{naive} & \\multicolumn{1}{c}{Holm} & Marker & Verdict \\\\",
    "\\midrule",
    "A & Base & 826 & -0.09 & {[}$-$0.13, $-$0.06{]} & Cohen's d (paired) & -0.20 & " +
    "{$<$}0.001 & {$<$}0.001 & $\\dagger$\\P{} & stands \\\\",
    " & MaxN & 826 & {---} & --- & --- & {---} & {---} & {---} &  & --- \\\\",
    "\\addlinespace",
    "B & Base & 24 & 12.50 & {[}3.00, 22.00{]} & Cohen's d (paired) & 1.50 & 0.041 & 1.000 & " +
    "{*}\\S{} & vanishes \\\\",
  ]);
  assert.ok(made.includes("\\caption{What survives}"));
  assert.match(made.join("\n"), /\\textit\{Note\.\} \$\\dagger\$ p \\textless\{\} \.01; \{\*\} p/);
});

Deno.test("latex() sets mean ± SD in two columns, and keeps the paper's emphasis", () => {
  const grid: Grid = {
    title: "Scores",
    side: ["model"],
    head: [["A", "A", "B"], ["E", "N", "E"]],
    body: [
      { keys: ["x"], cells: ["4.67 ± 0.79‡", "1.00 ± —", "**-0.98**"] },
      { keys: ["y"], cells: ["—", "-12.00 $\\pm$ 3.10", "<u>0.10</u>"] },
    ],
  };
  const made = latex(grid, "scores");
  assert.ok(made.includes(
    "{@{}lS[table-format=1.2]@{$\\,\\pm\\,$}S[table-format=1.2,table-space-text-post={$\\ddagger$}]" +
      "S[table-format=-2.2]@{$\\,\\pm\\,$}S[table-format=1.2]r@{}}",
  ));
  assert.ok(made.includes(" & \\multicolumn{4}{c}{A} & \\multicolumn{1}{c}{B} \\\\"));
  assert.ok(made.includes("\\cmidrule(lr){2-5} \\cmidrule(lr){6-6}"));
  assert.ok(made.includes("x & 4.67 & 0.79{$\\ddagger$} & 1.00 & {---} & \\textbf{$-$0.98} \\\\"));
  assert.ok(made.includes(
    "y & \\multicolumn{2}{c}{---} & -12.00 & 3.10 & \\underline{0.10} \\\\",
  ));
});

Deno.test("from 46 rows on a table goes over pages and repeats its keys", () => {
  const rows = (n: number) =>
    frame(Array.from({ length: n }, (_, i) => ({ model: "m", item: `i${i}`, r: 0.5 })), {
      model: "text",
      item: "text",
      r: "number",
    });
  assert.match(latex(gridOf(rows(45), "T"), "t"), /\\begin\{table\}/);
  const long = latex(gridOf(rows(46), "T"), "t");
  assert.match(long, /\\begin\{longtable\}/);
  // Every so many rows the key is said again, and only before such a row may a page end.
  const lines = long.split("\n").filter((line) => /^(m)? & i\d+ /.test(line));
  assert.equal(lines.length, 46);
  const stated = lines.flatMap((line, i) => line.startsWith("m ") ? [i] : []);
  assert.deepEqual(stated, [0, 15, 30, 45]);
  const ends = lines.flatMap((line, i) => line.endsWith("0.50 \\\\") ? [i + 1] : []);
  assert.deepEqual(ends, [15, 30, 45, 46]);
});

const HOSTILE =
  String.raw`\input{/etc/passwd} {$x_1^2$} 100% & #1 ~ "a" 'b' <c> |d| [e] * -- --- ,, '' ?` +
  "` !` ^^M\n\t† ‡ ¶ § − ± α κ χ² Δ ≤ ≥ … – — “q” ‘r’ ° × Zoë Łódź Šárka naïve œ ß ñ 中 д 🙂\u0007\u200b";

Deno.test("tex() escapes whatever LaTeX would read", () => {
  assert.equal(tex("100% & a_b #1 {$}"), "100\\% \\& a\\_b \\#1 \\{\\$\\}");
  assert.equal(tex("† ‡ ¶ § − ± α"), "$\\dagger$ $\\ddagger$ \\P{} \\S{} $-$ $\\pm$ $\\alpha$");
  assert.equal(tex("-1.5 a--b"), "$-$1.5 a-{}-b");
  assert.equal(tex("Zoe\u0308 中"), "Zoë {[}U+4E2D{]}");
  assert.equal(tex("[1] *"), "{[}1{]} {*}");
});

Deno.test({
  name: `every letter from U+0020 to U+2300 compiles${why}`,
  ...compiling,
  fn: async () => {
    const letters = Array.from({ length: 0x2300 - 0x20 }, (_, i) => String.fromCodePoint(i + 0x20))
      .map((letter) => tex(`${letter}${letter}`)).filter((text) => !text.startsWith("{[}U+"));
    assert.ok(letters.length > 350, `${letters.length}`);
    await compiles("\\raggedright", letters.join(" "), tex(HOSTILE));
  },
});

const WIDE =
  "A sentence that is longer than any column of text may be in print, so that it is broken. ";

Deno.test({
  name: `tables of every shape compile: short, long, wide, mixed, hostile${why}`,
  ...compiling,
  fn: async () => {
    const hostile = frame(
      [HOSTILE, "[a", "*", "0123456789abcdef".repeat(8), WIDE.repeat(2)].map((text, i) => ({
        [HOSTILE]: text,
        note: text,
        p: i / 1000,
        r: i ? -i / 3 : null,
      })),
      { [HOSTILE]: "text", note: "text", p: "number", r: "number" },
    );
    const long = pl.concat(Array(30).fill(SURVIVAL));
    const odd = pl.DataFrame([
      pl.Series("n", [1, 20000], pl.Float64),
      pl.Series("infinite", [Infinity, NaN], pl.Float64),
      pl.Series("printed", ["1.20E-05", "0.00"], pl.Utf8),
    ]);
    const more = Array.from({ length: 9 }, (_, i) => pl.lit(1234.5).alias(`x${i}_y`));
    const wide = long.withColumns(...more);
    const notes = [HOSTILE, WIDE];
    const grids = [SURVIVAL, hostile, odd, long, wide, hostile.select("note"), long.head(0)]
      .map((frame) => ({ ...gridOf(frame, HOSTILE), source: HOSTILE, notes }));
    await compiles(...grids.map((grid, i) => latex(grid, `t${i}`) + "\\clearpage"));
  },
});

/** Classes of journals, and what one must say of a paper for each. */
const CLASSES: Record<string, { options: readonly string[]; about: string }> = {
  acmart: {
    options: ["manuscript,nonacm", "sigconf,nonacm"],
    about: String.raw`\title{T}\author{A}\affiliation{\institution{I}\country{C}}`,
  },
  apa7: {
    options: ["man", "jou"],
    about: String.raw`\title{T}\shorttitle{T}\authorsnames{A}\authorsaffiliations{I}`,
  },
};

for (const [name, { options, about }] of Object.entries(CLASSES)) {
  const has = found && await installed([`${name}.cls`]);
  const lacks = has ? "" : ` (left out: LaTeX with ${name}.cls is not installed)`;
  Deno.test({
    name: `tables, figures and paragraphs compile in ${name}${lacks}`,
    ignore: !has,
    fn: async () => {
      for (const option of options) {
        using folder = new Folder();
        const source = "Data: somewhere. Code: abc.";
        const shown = { n: "24–826", source, notes: ["† p < .01; * p < .05."] };
        const grid = { ...gridOf(SURVIVAL, "What survives", { style: "apa" }), ...shown };
        const columns = /jou|sigconf/.test(option);
        const long = { ...grid, body: Array(30).fill(grid.body).flat() };
        const { pdf, mm } = await figureFiles(FIGURES.shares!, { title: "t" });
        await Deno.writeFile(join(folder.path, "a.pdf"), pdf);
        await Deno.writeTextFile(
          join(folder.path, "test.tex"),
          [
            `\\documentclass[${option}]{${name}}`,
            PREAMBLE,
            "\\begin{document}",
            about,
            "\\maketitle",
            proseTex(["**Sample.** Of 300 personas 298 (`0123456789ab`)."]),
            latex(grid, "short", "all"),
            ...columns ? ["\\onecolumn"] : [],
            latex(long, "long", "all"),
            figureLatex({ title: "F", ...shown }, "a.pdf", "a", mm, "all"),
            sourceLatex(source, "all"),
            "\\end{document}",
          ].join("\n"),
        );
        await compiled(folder.path, "test.tex");
      }
    },
  });
}

Deno.test("html() shares headings down and across, and says what each stands over", () => {
  const made = html({
    title: "A <b>",
    n: "826",
    notes: ["* p < .05."],
    side: ["Model", "Scale"],
    head: [["GPT", "GPT", "", ""], ["MaxN", "MaxP", "d_z", "verdict"]],
    body: [
      { keys: ["A", "E"], cells: ["1.00 ± 0.10*", "**0.981**", "0.2", "stands"] },
      { keys: ["A", "N"], cells: ["0.79 ≠ -0.80", "<u>0.072</u> ≠ *0.08*", "—", "—"] },
      { keys: ["B", "E"], cells: ["<0.001", "NaN", "-1", "vanishes"] },
    ],
  });
  assert.equal(
    made,
    `<div class="box" role="group" tabindex="0" aria-label="A &lt;b&gt;">
<table>
<caption><span>A &lt;b&gt;</span></caption>
<thead>
<tr><th scope="col" rowspan="2" class="words">Model</th><th scope="col" rowspan="2" class="words">Scale</th>` +
      `<th scope="colgroup" colspan="2">GPT</th><th scope="col" rowspan="2"><i>d</i><sub>z</sub></th>` +
      `<th scope="col" rowspan="2" class="words">verdict</th></tr>
<tr><th scope="col">MaxN</th><th scope="col">MaxP</th></tr>
</thead>
<tbody>
<tr><th scope="row" rowspan="2">A</th><th scope="row">E</th><td>1.00&nbsp;±&nbsp;0.10*</td>` +
      `<td><strong>0.981</strong></td><td>0.2</td><td class="words">stands</td></tr>
<tr><th scope="row">N</th><td><mark>0.79 ≠ −0.80</mark></td><td><mark><u>0.072</u> ≠ <em>0.08</em></mark></td><td>—</td><td class="words">—</td></tr>
</tbody>
<tbody>
<tr><th scope="row">B</th><th scope="row">E</th><td>&lt;0.001</td><td>NaN</td><td>−1</td>` +
      `<td class="words">vanishes</td></tr>
</tbody>
</table>
</div>
<p class="note">* p &lt; .05.</p>
<p class="note">n = 826.</p>`,
  );
});

Deno.test("signs alone are words and stand left; words for an undefined number are none", () => {
  const aligned = (...cells: string[]) =>
    markdown({
      title: "",
      side: [],
      head: [["A"]],
      body: cells.map((cell) => ({ keys: [], cells: [cell] })),
    }).includes("| --- |");
  assert.ok(aligned("†¶", "") && aligned("*", "—") && aligned("x", "1"));
  assert.ok(!aligned("NaN", "1") && !aligned("—", "-", "−∞") && !aligned("1 $\\pm$ 2*"));
});

Deno.test("markdown() keeps one line per row, and shows what it is given", () => {
  const made = markdown({
    ...gridOf(SURVIVAL.select("model", "n", "p_naive", "p_holm", "verdict"), "A | *b*"),
    n: "826",
    source: "Data: x_y.",
    notes: ["* p < .05."],
  });
  assert.equal(
    made,
    `### A \\| \\*b\\*

| Model | *n* | *p* naive | *p* Holm | Verdict |
| --- | ---: | ---: | ---: | --- |
| A | 826 | \\<0.001 | \\<0.001 | stands |
| A | 826 | — | — | — |
| B | 24 | 0.041 | 1.000 | vanishes |

\\* p \\< .05.

_n = 826. Data: x_y._
`,
  );
  const rows = markdown(gridOf(frame([{ a: "1|2\n3" }], { a: "text" }), "T")).split("\n");
  assert.equal(rows.filter((line) => line.startsWith("|")).length, 3);
});

Deno.test("an interval without limits, or with one, is set as one", () => {
  const limits = frame(
    [
      { a: "x", ci_lower: -1, ci_upper: 12 },
      { a: "y", ci_lower: null, ci_upper: 3 },
      { a: "z", ci_lower: null, ci_upper: null },
    ],
    { a: "text", ci_lower: "number", ci_upper: "number" },
  );
  const lines = latex(gridOf(limits, "T"), "t").split("\n");
  for (const line of ["x & {[}$-$1.00, 12.00{]}", "y & {[}---, 3.00{]}", "z & ---"]) {
    assert.ok(lines.includes(`${line} \\\\`), lines.join("\n"));
  }
});

const APA = frame(
  [{
    p: 0.0004,
    alpha: 0.812,
    ci_lower: -0.05,
    ci_upper: 1,
    mean: 0.5,
    r: -0.041,
    loa_lower: -0.5,
    loa_upper: 0.5,
  }],
  {
    p: "number",
    alpha: "number",
    ci_lower: "number",
    ci_upper: "number",
    mean: "number",
    r: "number",
    loa_lower: "number",
    loa_upper: "number",
  },
);

Deno.test("in the style of the APA what cannot pass 1 has no 0 before its point", () => {
  const cells = (style?: "apa") => gridOf(APA, "T", { style }).body[0]!.cells;
  assert.deepEqual(cells(), [
    "<0.001",
    "0.81",
    "[-0.05, 1.00]",
    "0.50",
    "-0.04",
    "[-0.50, 0.50]",
  ]);
  assert.deepEqual(cells("apa"), [
    "<.001",
    ".81",
    "[-.05, 1.00]",
    "0.50",
    "-.04",
    "[-0.50, 0.50]",
  ]);
  const made = latex(gridOf(APA, "T", { style: "apa" }), "t");
  assert.ok(
    made.includes(
      "\\textless{}.001 & .81 & {[}$-$.05, 1.00{]} & 0.50 & $-$.04 & {[}$-$0.50, 0.50{]} \\\\",
    ),
    made,
  );
  assert.match(markdown(gridOf(APA, "T", { style: "apa" })), /\| −\.04 \|/);
});

Deno.test("limits of an estimate have its decimals, ids their words", () => {
  const data = frame(
    [{
      effect_name: "kappa",
      alpha: 0.5,
      ci_lower: 0.1,
      ci_upper: 0.9,
      loa_lower: 1,
      loa_upper: 2,
    }],
    {
      effect_name: "text",
      alpha: "number",
      ci_lower: "number",
      ci_upper: "number",
      loa_lower: "number",
      loa_upper: "number",
    },
  );
  const shown = (decimals: Parameters<typeof gridOf>[2]) => gridOf(data, "", decimals).body[0]!;
  assert.deepEqual(shown({ decimals: { alpha: 4 } }), {
    keys: ["Cohen's kappa"],
    cells: ["0.5000", "[0.1000, 0.9000]", "[1.00, 2.00]"],
  });
  assert.deepEqual(
    shown({ decimals: { alpha: 4, ci_lower: 1, ci_upper: 1 } }).cells.slice(0, 2),
    ["0.5000", "[0.1, 0.9]"],
  );
});

/** The records of a CSV, every cell as text. */
const csvRows = (text: string): Record<string, string>[] =>
  pl.readCSV(text, { inferSchemaLength: 0 }).toRecords() as Record<string, string>[];

Deno.test("an interval is one of the estimate, whatever stands between them", () => {
  const data = frame([{ estimate: -0.1, t: 5, p: 0.0001, ci_lower: -0.2, ci_upper: 0 }], {
    estimate: "number",
    t: "number",
    p: "number",
    ci_lower: "number",
    ci_upper: "number",
  });
  assert.deepEqual(gridOf(data, "", { decimals: { estimate: 3 } }).body[0]!.cells, [
    "-0.100",
    "5.00",
    "<0.001",
    "[-0.200, 0.000]",
  ]);
});

Deno.test("a codebook says of every column what it is", () => {
  const data = frame([{ usd: 1, effect_name: "h", mine: 1, n: 2, ci_lower: 1 }], {
    usd: "number",
    effect_name: "text",
    mine: "integer",
    n: "integer",
    ci_lower: "number",
  });
  const rows = csvRows(codebook(data, true));
  assert.deepEqual(
    rows.map(({ column, label, kind, unit, decimals }) => [column, label, kind, unit, decimals]),
    [
      ["usd", "cost", "number", "USD", "4"],
      ["effect_name", "effect size", "text", null, null],
      ["mine", "mine", "integer", null, "0"],
      ["n", "n", "integer", null, "0"],
      ["ci_lower", "95% CI lower", "number", null, "2"],
      ["data", "data", "text", null, null],
    ],
  );
  assert.match(rows[1]!.levels!, /h = Cohen's h/);
  assert.match(rows[4]!.meaning!, /^Lower limit: 95 % confidence interval/);
});

Deno.test("csv() keeps every digit and every column, undefined empty, with the banner", () => {
  const data = frame([{ a: 0.1 + 0.2, b: null, c: 'x "y", z' }], {
    a: "number",
    b: "number",
    c: "text",
  });
  assert.equal(csv(data, "D"), 'a,b,c,data\n0.30000000000000004,,"x ""y"", z",D\n');
  assert.equal(csv(data, null), 'a,b,c\n0.30000000000000004,,"x ""y"", z"\n');
});

Deno.test("with a table go n, where its data come from, and the version of the code", () => {
  const source = "Data: d. Code: abc.";
  assert.deepEqual(sourceOf(SURVIVAL, "Data: d", "abc"), { n: "24–826", source });
  assert.deepEqual(sourceOf(SURVIVAL.head(1), null, null), { n: "826" });
  assert.deepEqual(sourceOf(SURVIVAL.drop("n"), "Data: d", null), { source: "Data: d." });
  assert.deepEqual(sourceOf(null, null, "abc"), { source: "Code: abc." });
});

Deno.test("LaTeX says the source once for a document, and each file says it to whoever opens it", () => {
  const grid = { ...gridOf(SURVIVAL, "T"), n: "24–826", source: "Data: d_e.", notes: ["So."] };
  const alone = latex(grid, "t"), together = latex(grid, "t", "all");
  for (const made of [alone, together]) assert.match(made, /^% Data: d_e\.\n\\begin/);
  assert.match(alone, /\\textit\{Note\.\} \\textit\{n\}~=~24--826\. So\. Data: d\\_e\.\}/);
  assert.match(together, /So\. Data and code: page~\\pageref\{source:all\}\.\}/);
  assert.doesNotMatch(together.replace(/^%.*/, ""), /d\\_e/);
  assert.match(sourceLatex("Data: d_e.", "all"), /\\label\{source:all\} Data: d\\_e\./);
});

Deno.test("paragraphs are the same words as HTML, LaTeX and plain text", () => {
  const said = ["**A.** 1 < 2, `p_holm` and _so on_ (50 %)", "b_c_d"];
  assert.equal(
    proseTex(said),
    "\\textbf{A.} 1 \\textless{} 2, \\texttt{p\\_holm} and \\emph{so on} (50 \\%)\n\nb\\_c\\_d\n",
  );
  assert.equal(prosePlain(said), "A. 1 < 2, p_holm and so on (50 %)\n\nb_c_d\n");
  assert.match(proseTex(["`" + "a1".repeat(20) + "`"]), /a\\allowbreak\{\}1/);
});

/** What a PDF draws, from the second operator on: the first turns the page upside down. */
function contentOf(file: Uint8Array): string {
  const pdf = Buffer.from(file), from = pdf.indexOf("stream\n") + 7;
  const drawn = inflateSync(pdf.subarray(from, pdf.indexOf("endstream", from))).toString();
  return drawn.slice(drawn.indexOf("\n") + 1);
}

const ODD = "† ‡ ¶ § − – — ± × ≤ ≥ α β κ χ ² ° … é ñ ł ő ß œ ğ д Ω ∞";

/** Every kind of figure, and one that shows letters of all kinds in all styles. */
const FIGURES: Record<string, string> = {
  ...drawn(),
  letters:
    `<svg xmlns="http://www.w3.org/2000/svg" width="175mm" height="16mm" viewBox="0 0 640 58.5" ` +
    `font-family="'DejaVu Sans', sans-serif" font-size="11"><title>t</title>` +
    [`font-weight="bold"`, `font-style="italic"`, `font-weight="700" font-style="italic"`, ``]
      .map((style, i) => `<g ${style}><text y="${12 * i + 12}">${ODD} &lt;&amp;&#176;</text></g>`)
      .join("") +
    "</svg>",
};

for (const [name, svg] of Object.entries(FIGURES)) {
  Deno.test(`${name} as SVG holds the glyphs of its letters, as PDF its fonts, as PNG its pixels`, async () => {
    const about = { title: `A figure -- ${name}`, source: "n = 1. Data: ours." };
    const files = await figureFiles(svg, about, { width: "85 mm", dpi: 600 });

    const faces = [...files.svg.matchAll(
      /@font-face\{font-family:"DejaVu Sans";font-weight:(\w+);font-style:(\w+);src:url\(data:font\/woff;base64,([^)]+)\)/g,
    )];
    const letters = lettersOf(svg);
    assert.ok(letters.size >= 1);
    assert.equal(faces.length, letters.size);
    for (const [style, own] of letters) {
      const { weight, slope } = STYLES[style];
      const face = faces.find(([, w, s]) => w === weight && s === slope)!;
      const held = create(Buffer.from(face[3]!, "base64"));
      const missing = [...own].filter((letter) =>
        letter.trim() && !held.hasGlyphForCodePoint(letter.codePointAt(0)!)
      );
      assert.deepEqual(missing, [], style);
    }
    assert.equal(files.missing, "");
    assert.match(files.svg, /<!-- A figure - - \w+ n = 1\. Data: ours\. -->/);
    assert.ok(files.svg.includes(svg.replace(/^<svg [^>]*>/, "")), "the figure itself is changed");

    const pdf = Buffer.from(files.pdf).toString("latin1");
    assert.equal(pdf.match(/\/BaseFont \/[A-Z]{6}\+DejaVuSans/g)!.length, 2 * letters.size);
    assert.equal(pdf.match(/\/FontFile2 /g)!.length, letters.size);
    assert.equal(pdf.match(/\/Type \/Page\b/g)!.length, 1);
    const width = Number(/^<svg [^>]*\bwidth="([\d.]+)mm"/.exec(svg)![1]);
    const page = /\/MediaBox \[0 0 ([\d.]+) /.exec(pdf)![1];
    assert.ok(Math.abs(Number(page) / 72 * 25.4 - width) < 0.01, page);
    // Drawn from the upper left corner on, as wide as the page.
    const drawn = /0\.75 0 0 0\.75 0 0 cm\nq\n0 0 m\n([\d.]+) 0 l\n/.exec(contentOf(files.pdf));
    assert.ok(Math.abs(Number(drawn?.[1]) * 0.75 - Number(page)) < 0.01, "not to scale");

    const png = Buffer.from(files.png);
    // 85 mm at 600 dpi.
    assert.equal(png.readUInt32BE(16), 2008);
    assert.equal(png.toString("latin1", 37, 41), "pHYs");
    assert.equal(png.readUInt32BE(41), 23622);
    assert.ok(png.includes("Data: ours."));
  });
}

Deno.test("letters that the font does not hold are named", async () => {
  const svg = FIGURES.letters!.replaceAll("κ", "κ中");
  assert.equal((await figureFiles(svg, { title: "t" })).missing, "中");
});

Deno.test("a figure is the same file each time", async () => {
  const [once, again] = [
    await figureFiles(FIGURES.keys!, { title: "t" }),
    await figureFiles(
      FIGURES.keys!,
      { title: "t" },
    ),
  ];
  assert.deepEqual(once, again);
});

Deno.test("a PNG has the width asked for, in mm or px, or else the figure's own", async () => {
  const width = async (png: Parameters<typeof figureFiles>[2]) =>
    Buffer.from((await figureFiles(FIGURES.keys!, { title: "t" }, png)).png).readUInt32BE(16);
  assert.equal(await width({ width: "1234 px" }), 1234);
  assert.equal(await width({ width: "25.4 mm", dpi: 100 }), 100);
  // 175 mm at 300 dpi.
  assert.equal(await width(undefined), 2067);
  await assert.rejects(() => width({ width: "0 px" }), /1 to 20,000 px wide.*"0 px"/);
  await assert.rejects(() => width({ width: "9 cm" as "9 mm" }), /"85 mm" or "2000 px"/);
  await assert.rejects(() => width({ dpi: -1 }), RangeError);
});

Deno.test("letters in a halo are drawn over it", async () => {
  const text = (halo: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="64mm" height="20mm"><g fill="black" ${halo}>` +
    `<text y="12">a</text></g></svg>`;
  const fonts = async (svg: string) =>
    Buffer.from((await figureFiles(svg, { title: "t" })).pdf).length;
  const plain = await fonts(text(""));
  const halo = await fonts(text(`paint-order="stroke" stroke="white" stroke-width="4"`));
  const covered = await fonts(text(`stroke="white" stroke-width="4"`));
  assert.ok(halo > covered && covered > plain, `${plain}, ${covered}, ${halo}`);
  // Also where each text has an outline of its own colour: what is drawn last is filled only.
  const own = text(`paint-order="stroke" stroke-width="4"`).replace(
    "<text",
    `<text stroke="white"`,
  );
  const { pdf } = await figureFiles(own, { title: "t" });
  assert.deepEqual(contentOf(pdf).match(/\d(?= Tr\n)/g), ["2", "0"]);
});

Deno.test("figures are laid out with the widths of the font that is embedded", async () => {
  for (const bold of [false, true]) {
    const held = create(Buffer.from(await font(bold ? "bold" : "regular")));
    const ascii = String.fromCodePoint(...Array.from({ length: 95 }, (_, i) => i + 32));
    for (const letter of `${ascii}−±×≤≥–—…∞°éñőŠ`) {
      const advance = held.glyphForCodePoint(letter.codePointAt(0)!).advanceWidth;
      const real = 11 * advance / held.unitsPerEm;
      assert.ok(Math.abs(measure(letter, bold) - real) < 0.01, `${letter}: ${real}`);
    }
  }
});

Deno.test("what an earlier writing left goes away, what others put there stays", async () => {
  using folder = new Folder();
  const at = join(folder.path, "a", "b");
  const names = () => [...Deno.readDirSync(at)].map(({ name }) => name).toSorted();
  await keepAll(at, new Map([["one.csv", "1"], ["two.csv", "2"]]));
  await Deno.writeTextFile(join(at, "mine.tex"), "mine");
  await keepAll(
    at,
    new Map<string, string | Uint8Array>([["two.csv", "3"], ["x.pdf", new Uint8Array(2)]]),
  );
  assert.deepEqual(names(), ["files.json", "mine.tex", "two.csv", "x.pdf"]);
  assert.equal(await Deno.readTextFile(join(at, "two.csv")), "3");
  // A list that names what is elsewhere deletes nothing there.
  await Deno.writeTextFile(join(folder.path, "a", "kept"), "");
  await Deno.writeTextFile(join(at, "files.json"), `["../kept", "..", 1, "two.csv"]`);
  await keepAll(at, new Map([["one.csv", "1"]]));
  assert.deepEqual(names(), ["files.json", "mine.tex", "one.csv", "x.pdf"]);
  assert.ok(await Deno.stat(join(folder.path, "a", "kept")));
});

const NOTEBOOK = `
  import { figure, save, say, show } from "lib/notebook.ts";
  import { frame } from "lib/frames.ts";
  import { keys, theme } from "lib/plots.ts";
  const data = frame([{ scale: "E", keyed: "yes", n: 5 }], { scale: "text", keyed: "text", n: "integer" });
  await show(data, "Items & keys", { notes: "A note." });
  await figure(keys(data), "Items & keys", { data, theme: theme({ width: "column" }) });
  await figure(keys(data), "Without data", { name: "plain" });
  await show(data, "Main");
  await say(["**Sample.** 50 % & more, by \`p_holm\`."], { name: "methods" });
  await say(["Not for a paper."]);
  const one = frame([{ scale: "E", p: 0.0412, n: 5 }], { scale: "text", p: "number", n: "integer" });
  await show(one, "Table A6. A caption that is long");
  await show(one, "Shares of personas by model and prompt, printed");
  await show(one, "Shares of personas by model and prompt, corrected");
  await show(data.head(0), "Nothing");`;

Deno.test("save() writes everything shown, in one call and one line", async () => {
  using folder = new Folder();
  const env = { OUT_DIR: folder.path };
  const at = join(folder.path, "papers", "mine");
  const names = () => [...Deno.readDirSync(at)].map(({ name }) => name).toSorted();
  const { out, err, code } = await evaluated(
    `${NOTEBOOK}
    await show(data, "Items & keys", { notes: "Another note." });
    await save("mine", { png: { width: "100 px" } });
    await save("../mine").catch((error) => console.log(error.message));`,
    env,
  );
  assert.equal(code, 0, err);
  const [said, refused] = out.trimEnd().split("\n").slice(-2);
  assert.equal(
    said,
    `For a paper: 5 tables, 2 figures and 1 text in ${basename(folder.path)}/papers/mine`,
  );
  assert.match(refused!, /named with letters, digits, _ and -: current value is "\.\.\/mine"/);
  const endings = (name: string, ...all: string[]) => all.map((ending) => `${name}.${ending}`);
  assert.deepEqual(
    names(),
    [
      ...endings("items-keys-figure", "codebook.csv", "csv", "pdf", "png", "svg", "tex"),
      ...endings("items-keys", "codebook.csv", "csv", "md", "tex"),
      "files.json",
      "main.tex",
      ...endings("main-table", "codebook.csv", "csv", "md", "tex"),
      ...endings("methods", "md", "tex", "txt"),
      ...endings("plain", "pdf", "png", "svg", "tex"),
      "source.tex",
      ...["tableA6", "shares-personas-model", "shares-personas-model-prompt"]
        .flatMap((name) => endings(name, "codebook.csv", "csv", "md", "tex")),
    ].toSorted(),
  );
  const read = (name: string) => Deno.readTextFileSync(join(at, name));
  const noted = String.raw`\textit{Note.} \textit{n}~=~5. Another note. Data and code: ` +
    String.raw`page~\pageref{source:mine}.`;
  assert.ok(read("items-keys.tex").includes(noted), read("items-keys.tex"));
  assert.match(read("items-keys-figure.tex"), /\\caption\{Items \\& keys\}/);
  assert.match(read("source.tex"), /\\textbf\{Data and code\.\}\\label\{source:mine\} Code: /);
  assert.match(
    read("methods.tex"),
    /^\\textbf\{Sample\.\} 50 \\% \\& more, by \\texttt\{p\\_holm\}/,
  );
  assert.match(read("methods.txt"), /^Sample\. 50 % & more, by p_holm\.\n\nCode: /);
  // As the APA writes it in LaTeX, with all digits in the CSV.
  assert.match(read("tableA6.tex"), /& \.041 &/);
  assert.match(read("tableA6.csv"), /E,0\.0412,5/);
  assert.match(read("items-keys-figure.tex"), /\\begin\{figure\}/);
  assert.match(read("items-keys-figure.tex"), /\\includegraphics\{mine\/items-keys-figure\.pdf\}/);
  assert.match(
    read("items-keys.codebook.csv"),
    /^column,label,kind,unit,decimals,meaning,levels\nscale,scale,text,,,Scale of the instrument/,
  );
  if (found) {
    await compiled(at, "main.tex");
    // The page is known when it is read again.
    await compiled(at, "main.tex");
    assert.doesNotMatch(Deno.readTextFileSync(join(at, "main.log")), /undefined/);
    // Letters are outlines: a font of pixels is made on the way, and named.
    assert.doesNotMatch(Deno.readTextFileSync(join(at, "main.log")), /\.\d+pk>/);
  }

  const again = await evaluated(
    `${NOTEBOOK.replace(`"plain"`, `"plain-one"`)}
    await save("mine", { theme: theme({ width: "slide", gray: true }) });`,
    env,
  );
  assert.equal(again.code, 0, again.err);
  assert.ok(!names().includes("plain.pdf") && names().includes("plain-one.pdf"), `${names()}`);
  // What was shown for a column is written for the slide that was asked for, and without a colour.
  const slide = read("items-keys-figure.svg");
  assert.match(slide, /^<svg [^>]*width="338\.67mm"/);
  assert.ok(!slide.includes("#0072B2") && slide.includes("#4d4d4d"));
});

Deno.test("save() of data of several kinds leaves it to each part to say of which it is", async () => {
  using folder = new Folder();
  const shows = (...data: string[]) =>
    `import { save, show } from "lib/notebook.ts";
     import { frame } from "lib/frames.ts";
     const table = frame([{ n: 5 }], { n: "integer" });
     ${
      data.map((of, at) => `await show(table, "Table ${at}", { data: ${of}, name: "t${at}" });`)
        .join("")
    }
     await save("some");`;
  const noted = async (...data: string[]) => {
    const { err, code } = await evaluated(shows(...data), { OUT_DIR: folder.path });
    assert.equal(code, 0, err);
    const read = (name: string) =>
      Deno.readTextFileSync(join(folder.path, "papers", "some", `${name}.tex`));
    const notes = data.map((_, at) => /~5\. (.*)\}$/m.exec(read(`t${at}`))![1]!);
    return { notes, source: read("source") };
  };
  const one = await noted(`"census"`, "null");
  assert.match(one.notes[0]!, /^Data and code: page/);
  assert.match(one.notes[1]!, /^Code: \S+\.$/);
  assert.match(one.source, /Data: census\. Code: /);
  const two = await noted(`"census"`, `"survey"`);
  assert.match(two.notes[0]!, /^Data: census\. Code: /);
  assert.match(two.notes[1]!, /^Data: survey\. Code: /);
  assert.match(two.source, /Data: census\. Data: survey\. Code: /);
});

Deno.test("save() of nothing says what to do", async () => {
  const { err, code } = await evaluated(`
    import { save } from "lib/notebook.ts";
    await save("nothing");`);
  assert.notEqual(code, 0);
  assert.match(err, /Nothing was shown here yet: run the notebook's cells first/);
});

Deno.test({
  name: `figureLatex() shows the PDF of a figure, shrunk where it is too wide${why}`,
  ...compiling,
  fn: async () => {
    using folder = new Folder();
    const { pdf } = await figureFiles(FIGURES.shares!, { title: "t" });
    await Deno.writeFile(join(folder.path, "a.pdf"), pdf);
    const made = figureLatex(
      { title: HOSTILE, source: HOSTILE, notes: [HOSTILE] },
      "a.pdf",
      "b/a",
      175,
    );
    const document =
      `\\documentclass[twocolumn]{article}\n${PREAMBLE}\n\\begin{document}\n${made}\\end{document}`;
    assert.match(made, /\\begin\{figure\*\}[^]*\\end\{figure\*\}/);
    await Deno.writeTextFile(join(folder.path, "test.tex"), document);
    await compiled(folder.path, "test.tex");
  },
});

Deno.test("nothing loads the converters before the first figure is written", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "lib/notebook.ts"],
    cwd: ROOT,
  });
  const { stdout } = await command.output();
  const Graph = z.object({
    modules: z.array(z.object({
      specifier: z.string(),
      dependencies: z.array(z.object({
        isDynamic: z.boolean().default(false),
        code: z.object({ specifier: z.string().optional() }).optional(),
      })).default([]),
    })),
  });
  const { modules } = Graph.parse(JSON.parse(new TextDecoder().decode(stdout)));
  const importing = modules.flatMap(({ specifier, dependencies }) =>
    dependencies.filter(({ code }) => code?.specifier?.endsWith("/press/figure.ts"))
      .map(({ isDynamic }) => [basename(specifier), isDynamic])
  );
  assert.deepEqual(importing, [["press.ts", true]]);
});
