/** How tables, figures and verdicts read, as HTML and as plain text. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { DOMParser } from "linkedom";
import pl from "polars";
import { frame, series } from "lib/frames.ts";
import { condition } from "lib/paper/conditions.ts";
import { clock } from "lib/format.ts";
import { epqra } from "lib/paper/instruments.ts";
import { model } from "lib/llm.ts";
import {
  begin,
  compared,
  edits,
  ended,
  exchange,
  figure,
  figureHtml,
  save,
  show,
  studio,
  tableHtml,
  type TableOptions,
  tableText,
  verdict,
  verdictHtml,
  verdictText,
} from "lib/notebook.ts";
import { comparedHtml, comparedText } from "lib/notebook/compare.ts";
import { standingHtml, standingText } from "lib/notebook/status.ts";
import { editsHtml, editsText, exchangeHtml, exchangeText } from "lib/notebook/exchanges.ts";
import { editPrompt, type Prompt, shippedPrompt } from "lib/prompts.ts";
import { administrations, personas, type Progress, type Tried } from "lib/study.ts";
import { DIFFERENCES } from "lib/study/differences.ts";
import { evaluated } from "./command.ts";

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
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent)
  );
}

/** One column of fractions, shown. */
function shown(values: (number | null)[], options: TableOptions = {}, name = "value"): string[] {
  const column = frame(values.map((value) => ({ [name]: value })), { [name]: "number" });
  return body(tableHtml(column, "", options)).flat();
}

Deno.test("tableHtml() shows whole numbers whole, fractions with 2 decimals, p with 3", () => {
  assert.deepEqual(body(tableHtml(TABLE, "Scores")), [
    ["GPT-4o", "−0.12", "826", "0.050", "3.00"],
    ["Llama & <Co>", "—", "1000", "<0.001", "0.00"],
    ["—", "12.50", "—", "1.000", "—"],
  ]);
});

Deno.test("decimals hold for all fractions or for the columns named, p included", () => {
  assert.deepEqual(body(tableHtml(TABLE, "", { decimals: 1 }))[0], [
    "GPT-4o",
    "−0.1",
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
    ["0.12", "0.38", "3.62", "−0.12", "2.67", "0.99", "1000000.00"],
  );
  assert.deepEqual(shown([0.5, 1.5, 2.5, -2.5], { decimals: 0 }), ["0", "2", "2", "−2"]);
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
  assert.deepEqual(body(tableHtml(odd, "")), [["—", "1"], ["∞", "—"], ["−∞", "0"], ["—", "—"]]);
  assert.doesNotMatch(tableText(odd, ""), /NaN|null|Infinity|undefined/);
});

Deno.test("tableHtml() escapes names, heads and caption", () => {
  const html = tableHtml(TABLE.rename({ model: "a<b>" }), `"Q" & <script>`);
  assert.match(html, /<th scope="row"[^>]*>Llama &amp; &lt;Co&gt;<\/th>/);
  assert.match(html, /<th[^>]*>A&lt;b&gt;<\/th>/);
  assert.match(html, /<caption[^>]*>&quot;Q&quot; &amp; &lt;script&gt;<\/caption>/);
});

Deno.test("tableHtml() scopes its heads, aligns text left and numbers right, scrolls when wide", () => {
  const html = tableHtml(TABLE, "Scores");
  const document = new DOMParser().parseFromString(html, "text/html");
  const heads = [...document.querySelectorAll("thead th")];
  assert.deepEqual(heads.map((head) => head.textContent), [
    "Model",
    "95% CI lower",
    "n",
    "p",
    "Alpha",
  ]);
  assert.ok(heads.every((head) => head.getAttribute("scope") === "col"));
  const left = (cell: { getAttribute(name: string): string | null }) =>
    cell.getAttribute("style")?.startsWith("text-align:left") ?? false;
  assert.deepEqual(heads.map(left), [true, false, false, false, false]);
  assert.deepEqual(
    [...document.querySelectorAll("tbody tr")[0]!.querySelectorAll("th, td")].map(left),
    [true, false, false, false, false],
  );
  const table = document.querySelector("table")!.getAttribute("style")!;
  assert.match(table, /text-align:right/);
  assert.match(table, /font-variant-numeric:tabular-nums/);
  assert.match(html, /^<div class="tex2jax_ignore mathjax_ignore" style="overflow-x:auto">/);
  assert.doesNotMatch(html, /background(?!:none)|white(?!-space)|black|#[0-9a-f]{3}/);
});

Deno.test("numbers that belong together stay on one line, and so does a short caption", () => {
  const made = frame(
    [{ ci_lower: 0.1, ci_upper: 0.3, score: "2.16 ± 0.85†¶", name: "Ann Lee 3" }],
    { ci_lower: "number", ci_upper: "number", score: "text", name: "text" },
  );
  assert.deepEqual(body(tableHtml(made, "")), [[
    "[0.10,\u00a00.30]",
    "2.16\u00a0±\u00a00.85†¶",
    "Ann Lee 3",
  ]]);
  assert.match(tableText(made, ""), /\[0\.10, 0\.30\] {2}2\.16 ± 0\.85†¶/);
  assert.match(tableHtml(made, "x".repeat(60)), /<caption[^>]*nowrap/);
  assert.doesNotMatch(tableHtml(made, "x".repeat(61)), /<caption[^>]*nowrap/);
});

Deno.test("marks of the original's code become what they mean", () => {
  const marked = (value: string) => tableHtml(frame([{ value }], { value: "text" }), "");
  assert.match(marked("**-0.41**"), /<td[^>]*><strong>−0.41<\/strong><\/td>/);
  assert.match(marked("*0.12*"), /<td[^>]*><em>0.12<\/em><\/td>/);
  assert.match(marked("<u>0.07</u>"), /<td[^>]*><u>0.07<\/u><\/td>/);
  assert.match(marked("<u>b</u>"), /<td[^>]*>&lt;u&gt;b&lt;\/u&gt;<\/td>/);
  assert.match(marked("2.15 $\\pm$ 2.86"), />2.15&nbsp;±&nbsp;2.86</);
  assert.match(marked("2.15 ± 2.86*"), />2.15&nbsp;±&nbsp;2.86\*</);
});

Deno.test("a column of texts keeps room for them on a narrow page", () => {
  const kept = (value: string) =>
    /<td[^>]*nowrap|min-width:\d+em/.exec(
      tableHtml(frame([{ value }], { value: "text" }), ""),
    )?.[0].slice(-6);
  assert.deepEqual(
    ["E", "Simulated (no model)", "x".repeat(24), "x".repeat(25)].map(kept),
    ["nowrap", "nowrap", "nowrap", "h:14em"],
  );
});

Deno.test("tableText() aligns its columns", () => {
  assert.equal(
    tableText(TABLE, "Scores"),
    [
      "Scores",
      "Model         95% CI lower     n       p  Alpha",
      "------------  ------------  ----  ------  -----",
      "GPT-4o               −0.12   826   0.050   3.00",
      "Llama & <Co>             —  1000  <0.001   0.00",
      "—                    12.50     —   1.000      —",
    ].join("\n"),
  );
});

Deno.test("a lower and an upper limit side by side are shown as one column", () => {
  const limits = frame(
    [
      { d: 0.5, ci_lower: 0.1, ci_upper: 0.9, p_holm: 0.0001, alpha_lower: 1, bound_upper: 2 },
      { d: null, ci_lower: null, ci_upper: null, p_holm: null, alpha_lower: null, bound_upper: 2 },
      { d: 1, ci_lower: null, ci_upper: 3, p_holm: 0.5, alpha_lower: null, bound_upper: 2 },
    ],
    {
      d: "number",
      ci_lower: "number",
      ci_upper: "number",
      p_holm: "number",
      alpha_lower: "number",
      bound_upper: "number",
    },
  );
  assert.deepEqual(
    tableText(limits, "Limits").split("\n").map((line) => line.split(/ {2,}/)),
    [
      ["Limits"],
      ["", "d", "95% CI", "p Holm", "95% CI of alpha lower", "Bounds upper"],
      ["----", "------------", "------", "---------------------", "------------"],
      ["0.50", "[0.10, 0.90]", "<0.001", "1.00", "2.00"],
      ["", "—", "—", "—", "—", "2.00"],
      ["1.00", "[—, 3.00]", "0.500", "—", "2.00"],
    ],
  );
  assert.match(
    tableHtml(
      limits.select("ci_lower", "ci_upper").rename({
        ci_lower: "boot_lower",
        ci_upper: "boot_upper",
      }),
      "",
    ),
    /<th scope="col"[^>]*>95% CI \(bootstrap\)<\/th>/,
  );
});

Deno.test("a tall table scrolls in a box of its own", () => {
  assert.match(
    tableHtml(long(41), ""),
    /^<div class="[^"]*" style="overflow:auto scroll;max-height:36em;[^"]*" tabindex="0">/,
  );
  assert.match(
    tableHtml(long(41), ""),
    /<\/div>\n<p [^>]*>41 rows<span[^>]*>: the table scrolls<\/span><\/p>$/,
  );
  assert.match(
    tableHtml(long(40), ""),
    /^<div class="tex2jax_ignore mathjax_ignore" style="overflow-x:auto">/,
  );
});

const long = (height: number) =>
  frame(Array.from({ length: height }, (_, i) => ({ row: i + 1 })), { row: "integer" });

Deno.test("a table of more than 120 rows shows the first 120 and says so", () => {
  const html = tableHtml(long(121), "Long");
  assert.equal(body(html).length, 120);
  assert.deepEqual(body(html).at(-1), ["120"]);
  assert.match(html, /120 of 121 rows shown<span/);
  assert.match(tableText(long(121), "Long"), /\n120\n120 of 121 rows shown$/);
  assert.equal(body(tableHtml(long(120), "")).length, 120);
  assert.doesNotMatch(tableHtml(long(120), ""), /rows shown/);
});

Deno.test("an empty table is one line that says so", () => {
  const empty = TABLE.head(0);
  assert.equal(tableText(empty, "Cells that differ"), "Cells that differ: none");
  assert.equal(tableHtml(empty, "Cells that differ"), "<p>Cells that differ: none</p>");
});

Deno.test("a figure is an image with its description in words, above its caption", () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="640"><title>A &amp; "B"</title>' +
    "<desc>Two dots</desc><text>é</text></svg>";
  const html = figureHtml(svg, "A & B");
  const document = new DOMParser().parseFromString(html, "text/html");
  const [box, caption] = [...document.querySelector("figure")!.children];
  assert.deepEqual([box!.localName, caption!.localName], ["div", "figcaption"]);
  // What is wider than the cell scrolls, also by keyboard; letters do not shrink.
  assert.equal(box!.getAttribute("tabindex"), "0");
  const image = box!.children[0];
  assert.equal(image.getAttribute("alt"), 'A & "B". Two dots');
  assert.equal(image.getAttribute("style"), "max-width:none");
  const [type, data] = image.getAttribute("src").split(",");
  assert.equal(type, "data:image/svg+xml;base64");
  assert.equal(Buffer.from(data, "base64").toString(), svg);
  assert.equal(caption!.textContent, "A & B");
  assert.match(figureHtml("<svg></svg>", 'Its "name"'), /alt="Its &quot;name&quot;"/);
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

Deno.test("a verdict says what these data cannot be compared with", () => {
  const none = { agree: 0, printed: 0, absent: 108, differing: [] };
  assert.equal(
    verdictText(none),
    "None of the 108 printed cells can be compared: these data hold other models or conditions",
  );
  const some = { agree: 2, printed: 3, absent: 57, differing: ["a: paper 1, ours 2"] };
  assert.equal(
    verdictText(some).split("\n")[0],
    "2 of 3 printed cells agree; 57 more are not compared: these data hold other models or conditions",
  );
});

const PREVIEW = {
  messages: [
    { role: "system" as const, content: "\nBe <b>brief</b> & kind." },
    { role: "user" as const, content: 'question,answer\n"A, b?",True\n\n  end' },
  ],
  tokens: 1234,
  most: { gpt4o: 0.012345, mine: null },
  profile: 7,
  condition: "MaxN",
};
const STORED = {
  run: "r",
  model: "GPT-4o",
  condition: "Base",
  profile: 7,
  repetition: 1,
  messages: PREVIEW.messages,
  reply: '{"name": "</pre><script>alert(1)</script>"}',
  state: "done",
  milliseconds: 123.4,
  usd: 0.5,
};

/** The texts of a page's blocks, as a browser shows them: the line break after <pre> is none. */
const letters = (html: string): string[] =>
  [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("pre")]
    .map((pre) => pre.textContent.replace(/^\n/, ""));

Deno.test("exchangeHtml() shows every message and the reply as they are, under who says them", () => {
  const html = exchangeHtml(STORED, "One & all");
  assert.deepEqual(letters(html), [...STORED.messages.map(({ content }) => content), STORED.reply]);
  const heads = [...html.matchAll(/<strong>(.*?)<\/strong>/g)].map((match) => match[1]);
  assert.deepEqual(heads, ["System", "User", "Reply"]);
  assert.match(html, /^<p>One &amp; all<\/p>/);
  assert.doesNotMatch(html, /<script|<b>brief|#[0-9a-f]{3}|white;|black;/);
});

Deno.test("an exchange says its tokens and price, and why work failed", () => {
  const last = (text: string) => text.split("\n").at(-1);
  assert.equal(
    last(exchangeText(PREVIEW, "")),
    "1,234 tokens, as GPT-4o counts them · at most USD 0.0123 with gpt4o · " +
      "no price is known for mine",
  );
  const hello = { ...STORED, messages: [PREVIEW.messages[1]!], reply: "hello world" };
  assert.match(last(exchangeText(hello, ""))!, /^\d+ tokens asked, 2 replied, .* · USD 0\.50$/);
  const failed = { ...STORED, usd: null, state: "failed: refused" };
  assert.match(last(exchangeText(failed, ""))!, /its price is not known · failed: refused$/);
  // No clock: what is stored in a notebook is the same in every run of it.
  assert.doesNotMatch(exchangeText(STORED, ""), /123/);
});

Deno.test("exchangeText() indents what is said", () => {
  const text = "Asked\n\nSystem:\n\n  Be <b>brief</b> & kind.\n\nUser:\n  question,answer\n" +
    '  "A, b?",True\n\n    end\n\n1,234 tokens';
  assert.ok(exchangeText(PREVIEW, "Asked").startsWith(text));
});

Deno.test("edits are marked by signs and elements, and give both texts back", () => {
  const before = shippedPrompt("persona");
  const after = editPrompt(before, {
    system: before.system.replace("coherent paragraphs", "paragraphs in <i>plain</i> words"),
    user: before.user.replace("realistic ", ""),
  });
  const html = editsHtml(before, after, "Changes");
  const document = new DOMParser().parseFromString(html, "text/html");
  const texts = (tag: string) =>
    [...document.querySelectorAll(tag)].map((element) => element.textContent);
  assert.ok(texts("ins").every((text) => /^\{\+[^]*\+\}$/.test(text)), `${texts("ins")}`);
  assert.ok(texts("del").every((text) => /^\[-[^]*-\]$/.test(text)), `${texts("del")}`);
  const without = (text: string, gone: RegExp, signs: RegExp) =>
    text.replace(gone, "").replace(signs, "$1");
  const [system, user] = letters(html) as [string, string];
  for (const [text, part] of [[system, "system"], [user, "user"]] as const) {
    assert.equal(without(text, /\{\+[^]*?\+\}/g, /\[-([^]*?)-\]/g), before[part]);
    assert.equal(without(text, /\[-[^]*?-\]/g, /\{\+([^]*?)\+\}/g), after[part]);
  }
  assert.match(html, /From version 1 to 1\+[0-9a-f]{8}: /);
  assert.match(editsText(before, after, "Changes"), /\[-realistic -\]/);
});

Deno.test("a prompt that was not changed is one line", () => {
  const written = shippedPrompt("administration");
  const same = editPrompt(written, { user: written.user });
  const line = "Ours: nothing is changed: this is the administration prompt 1 as it stands";
  assert.equal(editsText(written, same, "Ours"), line);
  assert.equal(editsHtml(written, same, "Ours"), `<p>${line}</p>`);
});

/** A trial of one profile by two models, typed in. */
function trial(
  after: Prompt | null = editPrompt(shippedPrompt("persona"), { user: "{{table}} Be brief." }),
): Tried {
  const before = shippedPrompt("persona");
  const of = { model: "A & B", condition: "Base", profile: 7 };
  const other = { ...of, model: "Simulated" };
  const reply = { ...of, state: "done", tokens_in: 500, tokens_out: 90, usd: 0.00123 };
  const levels = { prompt: "text", model: "text", condition: "text", profile: "integer" } as const;
  const prompts = after ? [before, after] : [before];
  const at = (prompt: Prompt) => <R extends object>(rows: readonly R[]) =>
    rows.map((row) => ({ prompt: prompt.version, ...row }));
  const two = after !== null;
  return {
    prompts,
    factors: after
      ? { prompt: prompts.map(({ version }) => version), model: ["A & B", "Simulated"] }
      : {},
    by: after ? "prompt" : null,
    simulated: ["Simulated"],
    replies: frame(
      [
        ...at(before)([
          { ...reply, reply: "{<b>1</b>}" },
          ...two ? [{ ...other, state: "done", reply: "" }] : [],
        ]),
        ...after ? at(after)([{ ...reply, reply: "{2}" }, { ...other, state: "not asked" }]) : [],
      ],
      {
        ...levels,
        state: "text",
        tokens_in: "integer",
        tokens_out: "integer",
        usd: "number",
        reply: "text",
      },
    ),
    fields: frame(
      [
        ...at(before)([
          { ...of, field: "name", value: "<i>Ana</i>" },
          { ...of, field: "location", value: "Chicago" },
          ...two ? [{ ...other, field: "name", value: "Luis" }] : [],
        ]),
        ...after
          ? at(after)([
            { ...of, field: "name", value: "<i>Ana</i>", reference: "<i>Ana</i>", changed: "no" },
            {
              ...of,
              field: "location",
              value: "Madrid,\nSpain",
              reference: "Chicago",
              changed: "yes",
            },
            { ...other, field: "name", reference: "Luis" },
          ])
          : [],
      ],
      { ...levels, field: "text", value: "text", reference: "text", changed: "text" },
    ),
    scores: frame([], { ...levels, scale: "text", score: "number", difference: "number" }),
    differences: frame(
      after
        ? [{
          factor: "prompt",
          level: after.version,
          against: "1",
          measure: "differing",
          n: 2,
          clusters: 1,
          estimate: 0.5,
        }]
        : [],
      DIFFERENCES,
    ),
    left: frame(
      [{ prompt: "1", model: "sim", calls: 1, usd_most: 0 }, { model: "all", calls: 1 }],
      {
        prompt: "text",
        model: "text",
        calls: "integer",
        tokens_in: "number",
        tokens_out: "number",
        usd: "number",
        usd_most: "number",
      },
    ),
  };
}

Deno.test("a trial shows what differs, what is not asked, and what not to conclude", () => {
  const tried = trial();
  const { version } = tried.prompts[1]!;
  const html = comparedHtml(tried, "One < two");
  const tables = [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("table")];
  const lines = (index: number) =>
    [...tables[index]!.querySelectorAll("tr")].map((row) =>
      [...row.querySelectorAll("th, td")].map((cell) => cell.textContent)
    );
  assert.match(html, /^<p><strong>One &lt; two<\/strong><\/p>/);
  assert.match(html, /Compared by prompt, against 1: 1 of 2 fields differ/);
  assert.match(html, /≠ is what differs from the column with prompt 1 and all else the same/);
  assert.match(html, /Still to ask: 1 call\. Nothing is asked without a budget/);
  assert.match(html, /Simulated reads no instructions: .*so what differs is chance/);
  assert.match(html, /A model may answer the same question otherwise the next time/);
  assert.deepEqual(tables.length, 4);
  assert.deepEqual(lines(1).at(-1)!.slice(0, 6), ["prompt", version, "1", "differing", "2", "1"]);
  assert.deepEqual(lines(1).at(-1)!.slice(8), ["0.50", "—", "—", "—", "—"]);
  // What differs in the prompt alone stands side by side.
  assert.deepEqual(lines(2), [
    [
      "field",
      "prompt 1 · A & B",
      `prompt ${version} · A & B`,
      "prompt 1 · Simulated",
      `prompt ${version} · Simulated: not asked`,
    ],
    ["name", "<i>Ana</i>", "<i>Ana</i>", "Luis", "—"],
    ["location", "Chicago", "≠ Madrid,\nSpain", "—", "—"],
  ]);
  assert.deepEqual(lines(3)[2], ["1", "A & B", "7", "done", "500", "90", "0.0012"]);
  assert.match(html, /profile 7 under Base: 1 of 2 fields differ/);
  assert.match(html, /<details.*As it came: profile 7 under Base<\/summary>/);
  assert.ok(html.includes("{&lt;b&gt;1&lt;/b&gt;}"));
  assert.doesNotMatch(html, /<b>|<i>Ana/);

  const text = comparedText(tried, "One");
  assert.match(text, /^One\n {2}Compared by prompt, against 1: /);
  assert.ok(text.includes(
    "profile 7 under Base: 1 of 2 fields differ\n  ≠ location\n" +
      "    prompt 1 · A & B: Chicago\n" +
      `    ≠ prompt ${version} · A & B: Madrid, Spain\n` +
      "    prompt 1 · Simulated: —\n" +
      `    prompt ${version} · Simulated: not asked: —\n`,
  ));
});

Deno.test("where nothing is varied each reply is shown, and none differs", () => {
  const tried = trial(null);
  const html = comparedHtml(tried, "One");
  assert.match(html, /Nothing is varied: this is what the persona prompt 1 brings as it stands/);
  assert.doesNotMatch(html, /≠|reads no instructions/);
  const text = comparedText(tried, "One");
  assert.match(
    text,
    /\nA & B, profile 7 under Base\n {2}name: <i>Ana<\/i>\n {2}location: Chicago\n/,
  );
});

Deno.test("of replies that are not there it is not said that 0 of 0 differ", () => {
  const tried = trial();
  const fields = tried.fields.withColumns(pl.lit(null).cast(pl.Utf8).alias("changed"));
  const text = comparedText({ ...tried, fields }, "One");
  assert.match(
    text,
    /^One\n {2}Compared by prompt, against 1: no field of both can be compared/,
  );
  assert.doesNotMatch(text, /0 of 0/);
});

Deno.test("where nothing is compared, that is said and no success", async () => {
  assert.equal(
    verdictText({ agree: 0, printed: 0, differing: [] }),
    "Nothing is compared: there are no printed cells",
  );
  const { out, err, code } = await evaluated(`
    import { differences } from "lib/notebook.ts";
    import { frame } from "lib/frames.ts";
    const kinds = { model: "text", paper: "text", ours: "text", agrees: "text" } as const;
    const cell = { model: "a", paper: "1", ours: "2" };
    const of = (agrees: string) => frame([{ ...cell, agrees }], kinds);
    await differences({ cells: of("no data"), agree: 0, printed: 0, absent: 60, differing: [] });
    await differences({ cells: of("yes"), agree: 1, printed: 1, absent: 0, differing: [] });
    await differences({ cells: of("no"), agree: 0, printed: 1, differing: ["a: paper 1, ours 2"] });`);
  assert.equal(code, 0, err);
  assert.equal(
    out,
    [
      "None of the 60 printed cells can be compared: these data hold other models or conditions",
      "1 of 1 printed cells agree",
      "Cells that differ from the paper, of 1 compared",
      "Model  Paper  Ours  Agrees",
      "-----  -----  ----  ------",
      "a          1     2  no",
      "",
    ].join("\n"),
  );
});

const STANDING = {
  run: "personas-1",
  to_do: 11234,
  claimed: 40,
  submitted: 0,
  held_usd: 0,
  done: 1118,
  failed: 7,
  calls: 1131,
  tokens: 1034567,
  usd: 4.8712,
  lost_usd: 0,
  stopping: "no" as const,
  budget_calls: null,
  budget_tokens: 2e6,
  budget_usd: 25,
  reasons: { "not <JSON>": 2, "truncated at 1000 tokens": 5 },
};
const PROGRESS: Progress = {
  done: 500,
  failed: {},
  planned: 12000,
  perSecond: 8.53,
  concurrency: { gpt4o: 24, mine: 3 },
  calls: 500,
  tokens: 1,
  usd: 1,
  stored: 12,
  waitingUntil: null,
  over: 0,
};

Deno.test("while a run goes on, its standing says how far, how fast, and what is spent", () => {
  assert.equal(
    standingText(STANDING, PROGRESS, null),
    [
      "personas-1: 1,118 of 12,399 done, 7 failed, 11,274 left",
      "  8.5 per second · at most in flight: gpt4o 24, mine 3 · 12 replies were stored already · " +
      "about 22 min left",
      "  Spent: 1,131 calls · 1,034,567 tokens of 2,000,000 · USD 4.87 of USD 25.00",
      "  5 failed: truncated at 1000 tokens",
      "  2 failed: not <JSON>",
    ].join("\n"),
  );
  const html = standingHtml(STANDING, PROGRESS, null);
  assert.match(html, /<progress value="1125" max="12399" aria-label="personas-1"/);
  assert.match(html, /<li>2 failed: not &lt;JSON&gt;<\/li>/);
  assert.match(standingText(STANDING, null, null), /\n {2}It has begun\n/);
  const stopping = standingText({ ...STANDING, stopping: "yes" }, PROGRESS, null);
  assert.match(stopping, /\n {2}Stopping: what is in flight comes in\n/);
  const slow = { ...PROGRESS, perSecond: 0.5 };
  assert.match(standingText(STANDING, slow, null), /^ {2}0\.50 per second .* about 6\.3 h left$/m);
});

Deno.test("a run that is made to wait says until when, also for hours", () => {
  const day = (hours: number) =>
    new Date(performance.timeOrigin + performance.now() + hours * 3.6e6);
  const wait = (until: Date) => standingText(STANDING, { ...PROGRESS, waitingUntil: until }, null);
  const time = /\n {2}The provider asks to wait until (\d+ \w+, )?\d\d:\d\d\n/;
  assert.match(wait(day(0)), time);
  assert.match(wait(day(50)), /wait until \d+ \w+, \d\d:\d\d\n/);
  assert.doesNotMatch(wait(day(1)), /per second/);
  assert.equal(clock(new Date(2026, 10, 3, 14, 5), new Date(2026, 10, 3, 9)), "14:05");
  assert.equal(clock(new Date(2026, 10, 4, 0, 5), new Date(2026, 10, 3, 23)), "4 Nov, 00:05");
  assert.doesNotMatch(
    standingText(STANDING, { ...PROGRESS, waitingUntil: day(1) }, "stopped"),
    /wait/,
  );
  assert.match(
    standingText(STANDING, { ...PROGRESS, over: 3 }, null),
    /longer than max_tokens: 3\./,
  );
});

Deno.test("what a function of the notebook cannot take is refused with what it wanted", async () => {
  const none = {} as never;
  const written = shippedPrompt("persona");
  const refused: [() => Promise<unknown>, RegExp][] = [
    [() => show(TABLE, none), /takes a caption in quotation marks: got an object without anything/],
    [() => show([{ a: 1 }] as never, "x"), /takes a frame .*: got a list of 1 element/],
    [() => show(Promise.resolve(TABLE) as never, "x"), /an `await` is missing before it/],
    [() => show(TABLE, "x", 3 as never), /takes options in braces.*: got the number 3/],
    [() => figure(none, "x"), /takes a drawing, which/],
    [
      () => figure(() => "<svg/>", "x", { theme: { width: "column" } as never }),
      /takes a theme .*: got an object with width/,
    ],
    [() => figure(() => "<svg/>", { name: "x" } as never), /a caption .*: got an object with name/],
    [() => exchange(none, "x"), /`await lab.preview\(plan\)` returns/],
    [() => edits(written, "text" as never, "x"), /takes a prompt .*: got the string "text"/],
    [() => compared(none, "x"), /what `await lab.tried\(plan, trial\)` returns, or a function/],
    [() => studio(none, none), /takes a study/],
    [() => begin(none, "run"), /takes a study/],
    [
      () => begin(LAB, { kind: "personas" } as never),
      /the name of a run.*: got an object with kind/,
    ],
    [() => begin(LAB, "run", 5 as never), /takes options in braces/],
    [() => ended(LAB, undefined as never), /the name of a run.*: got undefined/],
    [() => save(none), /takes a name for the files/],
    [() => verdict(none), /what `compare\(name, table\)` returns/],
  ];
  for (const [call, message] of refused) {
    await assert.rejects(call, (error: Error) => {
      assert.match(error.message, message);
      // No stack of ours buries it in a notebook.
      return error instanceof RangeError;
    });
  }
});

const LAB = { schema: "made", tried() {}, register() {} } as never;

Deno.test("a plan that is given something else says what it wanted", () => {
  const models = [model("simulated")];
  const refused: [() => unknown, RegExp][] = [
    [
      () => personas({} as never),
      /A plan names models, such as \[model\("simulated"\)\]: got none/,
    ],
    [() => personas({ models: "gpt4o" as never }), /models is a list, .*: got the string "gpt4o"/],
    [() => personas({ models: ["gpt4o"] as never }), /models holds entries of the registry/],
    [() => personas({ models, conditions: "MaxN" as never }), /conditions is a list/],
    [
      () => personas({ models, conditions: [{ name: "x" }] as never }),
      /x with a set that is undefined/,
    ],
    [
      () => personas({ models, conditions: [{ name: "x", set: { N: "high" } }] as never }),
      /"keyed", "unkeyed", a number of items or { unkeyed: NUMBER } by scale; .*: got x with N: the string "high"/,
    ],
    [
      () => personas({ models, conditions: [7] as never }),
      /A condition is a name.*: got the number 7/,
    ],
    [() => personas({ models, prompt: "Write" as never }), /A plan takes a prompt/],
    [() => personas({ models, repetitions: "2" as never }), /repetitions is a whole number/],
    [
      () => administrations({ instrument: "epqra" as never }),
      /instrument is one that a package brings, .*"epqra"/,
    ],
    [
      () => administrations({ instrument: epqra, items: "random" as never }),
      /items is printed, shuffled: got the string "random"/,
    ],
    [
      () => administrations({ instrument: epqra, options: "up" as never }),
      /options is printed, shifted 1, reversed, shuffled/,
    ],
    [() => administrations({ instrument: epqra, personas: 2 as never }), /personas is a list/],
  ];
  for (const [call, message] of refused) assert.throws(call, { name: "RangeError", message });
  const calm = { name: "MinN", set: { N: "unkeyed" } } as const;
  assert.deepEqual(condition(calm), calm);
  assert.deepEqual(personas({ models, conditions: ["Base", calm] }).conditions[1], calm);
});

Deno.test("what stays at the end of a run holds no time and no speed", () => {
  for (const outcome of ["finished", "stopped", "budget spent", "limit reached"] as const) {
    const end = standingText(STANDING, PROGRESS, outcome);
    assert.equal(end, standingText(STANDING, { ...PROGRESS, perSecond: 99, stored: 0 }, outcome));
    assert.doesNotMatch(end, /per second|in flight|stored| min | h left/);
    assert.doesNotMatch(standingHtml(STANDING, PROGRESS, outcome), /<progress/);
  }
  const error = new Error("gpt4o: the key was refused");
  assert.match(standingText(STANDING, PROGRESS, error), /\n {2}gpt4o: the key was refused\n/);
  const over = { ...STANDING, to_do: 0, claimed: 0, reasons: {} };
  assert.match(
    standingText(over, null, "finished"),
    /^personas-1: 1,118 of 1,125 done, 7 failed\n {2}Finished: nothing is left to do\n/,
  );
});

Deno.test("outside a notebook, show(), figure() and verdict() print plain text and no banner", async () => {
  const code = `
    import { figure, show, verdict } from "lib/notebook.ts";
    import { frame } from "lib/frames.ts";
    await show(frame([{ model: "a", r: null }], { model: "text", r: "number" }), "Table 5");
    await figure(() => "<svg></svg>", "Table 5 drawn");
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
      "Model  r",
      "-----  -",
      "a      —",
      "Figure: Table 5 drawn",
      "1 of 2 printed cells agree",
      "  a: paper 1, ours 2",
      "",
    ].join("\n"),
  );
});
