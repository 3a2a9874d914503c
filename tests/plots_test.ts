/** What each figure holds, read back from its SVG. */
import "lib/paper/instruments.ts";
import assert from "node:assert/strict";
import { DOMParser } from "linkedom";
import type { DataFrame } from "polars";
import { agreement, alphas, forest, robustnessFigure, scores, shares } from "lib/paper/figures.ts";
import { attrition, errors, fates, heatmap, histograms, keys, matrix, powers } from "lib/plots.ts";
import {
  AGREEMENT,
  ALPHAS,
  type Cell,
  cells,
  CONDITIONS,
  ERRORS,
  ESTIMATES,
  FATES,
  FIGURES,
  FLOW,
  FOREST,
  HEATMAP,
  HISTOGRAMS,
  KEYS,
  MATRIX,
  measured,
  MODELS,
  SCORES,
  SHARES,
  SURVIVORS,
} from "./drawn.ts";

const parse = (svg: string) => new DOMParser().parseFromString(svg, "image/svg+xml");

/** Elements of the marks that carry the given label. */
function marks(svg: string, label: string, element: string) {
  return [...parse(svg).querySelectorAll(`.plot-${label} ${element}`)];
}

/** The texts of a figure, lines of one name joined. */
function texts(svg: string): string[] {
  return [...parse(svg).querySelectorAll("text")].map((text) => {
    const lines = [...text.querySelectorAll("tspan")].map((line) => line.textContent);
    return lines.length ? lines.join("|") : text.textContent;
  });
}

const legend = (svg: string): string[] =>
  marks(svg, "legend", "text").map((text) => text.textContent);

interface Mark {
  getAttribute(name: string): string | null;
  parentElement: Mark | null;
}

/** How far the mark stands from the left edge, by its own place and all shifts. */
function left(mark: Mark | null): number {
  if (!mark) return 0;
  const at = ["x", "x1", "cx"].map((name) => Number(mark.getAttribute(name) ?? 0));
  const shift = mark.getAttribute("transform")?.match(/translate\((-?[\d.]+)/)?.[1];
  return Number(shift ?? 0) + at.reduce((a, b) => a + b) + left(mark.parentElement);
}

/** How far a dot stands from the top edge, by all shifts. */
function top(mark: Mark | null): number {
  if (!mark) return 0;
  const shift = mark.getAttribute("transform")?.match(/translate\(-?[\d.]+,(-?[\d.]+)/)?.[1];
  return Number(shift ?? 0) + top(mark.parentElement);
}

/** Throws unless tags nest, attributes are quoted, and no bare & or < is left. */
function assertXml(svg: string): void {
  const open: string[] = [];
  const tag = /<(\/?)([a-zA-Z]+)((?:\s[\w:-]+="(?:[^<&"]|&[a-z#0-9]+;)*")*)\s*(\/?)>/g;
  const rest = svg.replace(tag, (_, end: string, name: string, _attributes, empty: string) => {
    if (end) assert.equal(open.pop(), name);
    else if (!empty) open.push(name);
    return "";
  });
  assert.deepEqual(open, []);
  assert.doesNotMatch(rest.replaceAll(/&(amp|lt|gt|quot|#\d+);/g, ""), /[<&]/);
}

for (const [name, [figure, data]] of Object.entries(FIGURES)) {
  Deno.test(`${name}() is one self-contained SVG with a title and a description`, () => {
    const svg = figure(data);
    assertXml(svg);
    assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert.match(svg, /^<svg [^>]*role="img"/);
    assert.match(svg, /^<svg [^>]*><title>[A-Z][^<]{10,}<\/title><desc>[A-Z][^<]{40,}<\/desc>/);
    assert.match(svg, /<rect [^>]*fill="white"[^>]*>/);
    assert.doesNotMatch(svg, /NaN|Infinity|null|="undefined"|<script|<image|<style|href=|url\(/);
    assert.equal(svg.match(/<svg/g)!.length, 1);
  });

  Deno.test(`${name}() is the same each time`, () => {
    assert.equal(figure(data), figure(data));
  });

  Deno.test(`${name}() of no rows says so`, () => {
    const svg = figure(data.head(0));
    assertXml(svg);
    assert.deepEqual(texts(svg), ["No rows to draw"]);
    assert.doesNotMatch(svg, /NaN|Infinity/);
  });

  Deno.test(`${name}() keeps its marks and its legend on the sheet`, () => {
    const svg = figure(data);
    const width = Number(parse(svg).querySelector("svg")!.getAttribute("width"));
    assert.equal(width, name === "keys" ? 320 : 640);
    const all = [...marks(svg, "values", "*"), ...marks(svg, "legend", "*")]
      .filter((mark) => mark.localName !== "g");
    assert.ok(all.length > 2);
    all.forEach((mark) => assert.ok(left(mark) >= 0 && left(mark) < width, `${left(mark)}`));
  });
}

Deno.test("dot figures have one dot per defined cell, and say which cells are undefined", () => {
  const expected: [string, string, number, string[]][] = [
    ["shares", shares(SHARES), 12, []],
    ["forest", forest(FOREST), 6, ["MaxP undefined", "MaxP undefined"]],
    ["alphas", alphas(ALPHAS), 6, ["MaxP undefined", "Base undefined"]],
    ["scores", scores(SCORES), 6, []],
    // The four percentages of 2 models × 2 conditions × 3 scales; precision on P is undefined.
    ["agreement", agreement(AGREEMENT), 44, Array(4).fill("Precision undefined")],
  ];
  for (const [name, svg, dots, gaps] of expected) {
    assert.equal(marks(svg, "values", "path").length, dots, name);
    assert.deepEqual(marks(svg, "gap", "text").map((text) => text.textContent), gaps, name);
  }
});

Deno.test("forest() draws each estimate in the middle of its interval", () => {
  const svg = forest(FOREST);
  const dots = marks(svg, "values", "path").map(left);
  const whiskers = marks(svg, "whiskers", "line").map((line) => {
    const length = Number(line.getAttribute("x2")) - Number(line.getAttribute("x1"));
    return { middle: left(line) + length / 2, length };
  });
  assert.equal(whiskers.length, 6);
  whiskers.forEach(({ middle, length }, i) => {
    assert.ok(Math.abs(middle - dots[i]!) < 0.02, `${middle} and ${dots[i]}`);
    assert.ok(Math.abs(length - whiskers[0]!.length) < 0.02 && length > 10);
  });
});

Deno.test("robustnessFigure() draws no Base, and what becomes of each marker in the legend's order", () => {
  const svg = robustnessFigure(SURVIVORS);
  assert.deepEqual(legend(svg), [
    "Marker stands",
    "Marker vanishes",
    "Neither",
    "Not tested: too few vary",
  ]);
  assert.ok(texts(svg).includes("GPT-4o, MaxN") && !texts(svg).some((text) => /Base$/.test(text)));
  // In percentage points: 10, −90, 20, −80.
  const dots = marks(svg, "values", "path").map(left);
  assert.equal(dots.length, 4);
  assert.ok(Math.abs((dots[0]! - dots[1]!) - (dots[2]! - dots[3]!)) < 0.01);
  // One point per row and panel stands in the middle of its row, whatever its kind.
  const tops = marks(svg, "values", "path").map(top);
  assert.ok(Math.abs(tops[0]! - tops[2]!) < 0.01 && Math.abs(tops[1]! - tops[3]!) < 0.01);
});

Deno.test("alphas() draws intervals where the frame has them", () => {
  assert.equal(marks(alphas(ALPHAS), "whiskers", "line").length, 0);
  const limits = ALPHAS.withColumns(
    ALPHAS.getColumn("alpha").minus(0.1).rename("ci_lower"),
    ALPHAS.getColumn("alpha").plus(0.1).rename("ci_upper"),
  );
  assert.equal(marks(alphas(limits), "whiskers", "line").length, 6);
});

Deno.test("dots keep the distances of their values, on an axis that grows for outliers", () => {
  const records = [-3, 0, 0.5, 1].map((alpha, i) => ({ model: `m${i}`, trait: "O", alpha }));
  const svg = alphas(cells(records, ["alpha"]));
  const [a, b, c, d] = marks(svg, "values", "path").map(left) as [number, number, number, number];
  assert.ok(Math.abs((b - a) / (d - b) - 3) < 0.01);
  assert.ok(Math.abs((c - b) / (d - b) - 0.5) < 0.01);
  const frameLeft = Number(
    parse(svg).querySelector('[aria-label="frame"] rect')!.getAttribute("x"),
  );
  assert.ok(a >= frameLeft && d < 640);
});

Deno.test("panels, rows and legend keep the order of the frame, in words", () => {
  const svg = shares(SHARES);
  assert.deepEqual(legend(svg), CONDITIONS);
  const order = ["Political orientation", "Gender", "Conservative", "Female", "Non-binary"];
  const found = texts(svg).filter((text) => order.includes(text));
  assert.deepEqual(found, [
    "Gender",
    "Political orientation",
    "Non-binary",
    "Female",
    "Conservative",
  ]);
  assert.deepEqual(texts(svg).filter((text) => MODELS.includes(text)), MODELS);
  assert.deepEqual(
    texts(scores(SCORES)).filter((text) => ["Openness", "Extraversion"].includes(text)),
    ["Openness", "Extraversion"],
  );
  assert.deepEqual(legend(agreement(AGREEMENT)), [
    "Accuracy",
    "Precision",
    "Recall",
    "Specificity",
  ]);
});

Deno.test("the legend shows the colours of the dots, at the top edge", () => {
  const svg = forest(FOREST);
  const [first, second] = marks(svg, "values", "path").map((dot) => dot.getAttribute("fill"));
  const keys = parse(svg).querySelectorAll('.plot-legend[aria-label="dot"]');
  assert.deepEqual([...keys].map((key) => key.getAttribute("fill")), [first, second]);
  const shift = Number(keys[0]!.getAttribute("transform")!.match(/,(-?[\d.]+)\)/)![1]);
  const y = shift + Number(keys[0]!.querySelector("circle")!.getAttribute("cy"));
  assert.ok(y > 5 && y < 15, `legend at ${y}`);
});

Deno.test("ten conditions look different from each other, by colour or by shape", () => {
  const conditions = ["Base", "MaxN", "MaxP", ...[0, 1, 2, 3, 4, 5, 6].map((n) => `N=${n}`)];
  const records = conditions.map((condition, i) => ({
    model: "m",
    condition,
    scale: "N",
    alpha: i / 10,
  }));
  const svg = alphas(cells(records, ["alpha"]));
  assert.deepEqual(legend(svg), conditions);
  const dots = marks(svg, "values", "path");
  const looks = dots.map((dot) => `${dot.getAttribute("fill")} ${dot.getAttribute("d")}`);
  assert.equal(new Set(looks).size, 10);
});

Deno.test("scores() sets the reference apart and draws its mean through each panel", () => {
  const svg = scores(SCORES);
  assert.deepEqual(legend(svg), ["Personas", "Reference"]);
  const dots = marks(svg, "values", "path");
  const black = dots.filter((dot) => dot.getAttribute("fill") === "#000000");
  assert.equal(black.length, 2);
  const dashed = [...parse(svg).querySelectorAll('[stroke-dasharray="4,3"] line')]
    .concat([...parse(svg).querySelectorAll('line[stroke-dasharray="4,3"]')]);
  assert.deepEqual(
    dashed.map(left),
    black.map(left),
  );
});

Deno.test("a new model appears under its whole name, however long, with & and < escaped", () => {
  const long = "anthropic/claude-sonnet-4-5-20250929-thinking-128k-context";
  const odd = `Qwen <3> & "Max"`;
  const rename = (data: DataFrame): DataFrame => {
    const names = [long, odd];
    const records = data.toRecords() as Cell[];
    const model = (cell: Cell) => names[MODELS.indexOf(cell.model as string)] ?? cell.model!;
    return cells(
      records.map((cell) => ({ ...cell, model: model(cell) })),
      Object.keys(records[0]!).filter((name) =>
        records.some((record) => typeof record[name] === "number")
      ),
    );
  };
  const withModels = ["shares", "forest", "alphas", "scores", "agreement", "heatmap"];
  for (const name of withModels) {
    const [figure, data] = FIGURES[name]!;
    const svg = figure(rename(data));
    assertXml(svg);
    const joined = texts(svg).map((text) => text.replaceAll("|", ""));
    assert.ok(joined.some((text) => text.includes(long)), `${name}: ${joined}`);
    assert.ok(
      joined.some((text) => text.replaceAll(" ", "") === odd.replaceAll(" ", "")),
      `${name}: ${joined}`,
    );
    assert.match(svg, /Qwen &lt;3&gt; &amp;/);
  }
});

Deno.test("heatmap() prints r in each tile in readable ink, and a dash where it is undefined", () => {
  const svg = heatmap(HEATMAP);
  const tiles = marks(svg, "values", "rect").map((tile) => tile.getAttribute("fill"));
  assert.equal(tiles.length, 12);
  const printed = [...parse(svg).querySelectorAll('[aria-label="text"] text')]
    .map((text) => [text.textContent, text.getAttribute("fill")])
    .filter(([text]) => /^(−?\d?\.\d\d|—)$/.test(text!));
  const panel = [
    [".98", "white"],
    ["−.41", "black"],
    ["1.00", "white"],
    ["—", "black"],
    [".00", "black"],
    [".00", "black"],
  ];
  assert.deepEqual(printed, [...panel, ...panel]);
  assert.equal(legend(svg).at(-1), "— undefined");
  assert.ok(
    !legend(heatmap(HEATMAP.filter(HEATMAP.getColumn("r").isNotNull()))).includes(
      "— undefined",
    ),
  );
});

Deno.test("matrix() prints its triangle, reliabilities bold, validities framed", () => {
  const svg = matrix(MATRIX);
  assert.equal(marks(svg, "values", "rect").length, 6);
  const bold = [...parse(svg).querySelectorAll("text")]
    .filter((text) => text.parentElement!.outerHTML.split(">")[0]!.includes('weight="bold"'))
    .map((text) => text.textContent).filter((text) => /^(\.\d\d|—)$/.test(text));
  assert.deepEqual(bold, [".98", "—", ".98", "—"]);
  assert.equal(texts(svg).filter((text) => text === ".94").length, 2);
  assert.equal([...parse(svg).querySelectorAll('[stroke="black"] rect')].length, 2);
  assert.match(svg, /Undefined: Zeta-9, alpha of BFI-44 E; GPT-4o, alpha of BFI-44 E\./);
});

Deno.test("estimates() has a panel for each value of the column it names, limits or none", () => {
  const svg = measured(ESTIMATES);
  assert.deepEqual(texts(svg).filter((text) => /^(Neuroticism|Extraversion)$/.test(text)), [
    "Neuroticism",
    "Extraversion",
  ]);
  assert.equal(marks(svg, "whiskers", "line").length, 6);
  const bare = measured(ESTIMATES.drop("ci_lower", "ci_upper"));
  assert.equal(marks(bare, "whiskers", "line").length, 0);
  assert.equal(marks(bare, "values", "path").length, 6);
  assert.throws(() => measured(FOREST), /measure/);
});

Deno.test("histograms() draws one bar per count, sources side by side, as high as the count", () => {
  const svg = histograms(HISTOGRAMS);
  const bars = marks(svg, "values", "rect").map((bar) => {
    const [width, height] = ["width", "height"].map((at) => Number(bar.getAttribute(at)));
    return { x: left(bar), width: width!, height: height! };
  });
  assert.equal(bars.length, 12);
  const first = bars.slice(0, 6).toSorted((a, b) => a.x - b.x);
  first.slice(1).forEach((bar, i) => assert.ok(bar.x >= first[i]!.x + first[i]!.width - 0.05));
  // n is 4 at score 0 and 10 at score 6.
  assert.ok(Math.abs(first[5]!.height / first[0]!.height - 10 / 4) < 0.01);
  assert.deepEqual(legend(svg), ["Reference", "Random"]);
});

Deno.test("keys() stacks the items of a scale and prints how many", () => {
  const svg = keys(KEYS);
  const bars = marks(svg, "values", "rect").map((bar) => ({
    x: Number(bar.getAttribute("x")),
    width: Number(bar.getAttribute("width")),
  }));
  assert.equal(bars.length, 3);
  assert.ok(Math.abs(bars[0]!.width - 5 * bars[1]!.width) < 0.05);
  assert.ok(Math.abs(bars[1]!.x - bars[0]!.x - bars[0]!.width) < 0.05);
  assert.ok(Math.abs(bars[2]!.width - bars[0]!.width - bars[1]!.width) < 0.05);
  assert.deepEqual(legend(svg), ["Keyed Yes", "Keyed No"]);
  const counts = [...parse(svg).querySelectorAll('[aria-label="text"] text')];
  assert.deepEqual(counts.slice(0, 3).map((text) => text.textContent), ["5", "1", "6"]);
});

Deno.test("fates() stacks what became of a table's markers and prints how many", () => {
  const svg = fates(FATES);
  assert.deepEqual(legend(svg), [
    "Marker stands",
    "Marker weakens",
    "Marker vanishes",
    "Not marked, and significant",
  ]);
  const widths = marks(svg, "values", "rect").map((bar) => Number(bar.getAttribute("width")));
  assert.equal(widths.length, 6);
  assert.ok(Math.abs(widths[0]! / widths[1]! - 23) < 0.2);
  assert.ok(texts(svg).includes("Table 4") && texts(svg).includes("44"));
});

Deno.test("attrition() adds up the cells of a model, stacks models, and prints each sum", () => {
  const svg = attrition(FLOW);
  const text = [...parse(svg).querySelectorAll('[aria-label="text"] text')]
    .map((text) => text.textContent);
  for (const sum of ["1,200", "1,060", "1,050", "50", "40", "0"]) {
    assert.ok(text.includes(sum), `${sum} in ${text}`);
  }
  assert.ok(text.includes("Personas") && text.includes("EPQR-A sheets"), `${text}`);
  assert.deepEqual(legend(svg), ["A", "B"]);
  const widths = marks(svg, "values", "rect").map((bar) => Number(bar.getAttribute("width")));
  assert.ok(Math.abs(widths[1]! / widths[0]! - 1000 / 200) < 0.05, `${widths}`);
  assert.match(svg, /<desc>[^<]*highest 1000 \(Personas, Planned, B\)/);
});

Deno.test("a figure names the column it misses", () => {
  assert.throws(() => forest(FOREST.drop("ci_lower")), /column ci_lower/);
});

Deno.test("the description names the extremes and every undefined cell", () => {
  const desc = forest(FOREST).match(/<desc>([^<]*)<\/desc>/)![1]!;
  assert.match(desc, /6 values, lowest −0\.50 \(Neuroticism, Zeta-9, MaxP\)/);
  assert.match(desc, /highest 2\.50 \(Extraversion, GPT-4o, Base\)/);
  assert.match(
    desc,
    /Undefined: Neuroticism, GPT-4o, MaxP; Extraversion, GPT-4o, MaxP\./,
  );
});

Deno.test("curves have a dot per value, a gap where one is undefined, and their intervals", () => {
  const svg = errors(ERRORS);
  assert.deepEqual(legend(svg), ["pooled z", "clustered"]);
  assert.equal(marks(svg, "values", "path").length, 10);
  // Two lines in each of two panels; the second starts anew behind its gap.
  const moves = marks(svg, "lines", "path").map((line) => line.getAttribute("d")!.match(/M/g)!);
  assert.deepEqual(moves.map((found) => found.length), [1, 2, 1, 2]);
  assert.equal(marks(svg, "intervals", "path").length, 4);
  assert.match(svg, /<desc>[^<]*10 values, lowest 5\.0 .*highest 25\.0 \(3 × 9, pooled z, 0\.20\)/);
  assert.match(svg, /Undefined: 5 × 2, clustered, 0\.10; 3 × 9, clustered, 0\.10\./);
  // From left to right, whatever the order of the rows.
  const first = marks(svg, "values", "path").slice(0, 3).map(left);
  assert.deepEqual(first, first.toSorted((a, b) => a - b));
});

Deno.test("errors() marks 5 % ± 1, powers() do not", () => {
  assert.equal(marks(errors(ERRORS), "band", "rect").length, 2);
  assert.equal(marks(powers(ERRORS), "band", "rect").length, 0);
});
