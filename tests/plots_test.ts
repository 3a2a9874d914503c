/** What each figure holds, read back from its SVG. */
import { epqra } from "lib/paper/instruments.ts";
import assert from "node:assert/strict";
import { DOMParser } from "linkedom";
import pl, { type DataFrame } from "polars";
import {
  agreement,
  alphas,
  dumbbells,
  forest,
  robustnessFigure,
  scatter,
  scores,
  shares,
  specifications,
  spreads,
} from "lib/paper/figures.ts";
import {
  answerBars,
  attrition,
  errors,
  fates,
  heatmap,
  histograms,
  keys,
  matrix,
  powers,
  theme,
} from "lib/plots.ts";
import { left, legible, LOOKS, top } from "./legible.ts";
import {
  AGREEMENT,
  ALPHAS,
  ANSWERED,
  answered,
  type Cell,
  cells,
  CHOICES,
  CONDITIONS,
  COUNTED,
  drawn,
  ERRORS,
  ESTIMATES,
  FAILURES,
  FATES,
  FIGURES,
  FLOW,
  FOREST,
  HEATMAP,
  HISTOGRAMS,
  KEYS,
  MATRIX,
  MEANS,
  measured,
  MODELS,
  PAIRED,
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
    const svg = figure(data)();
    assertXml(svg);
    assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert.match(svg, /^<svg [^>]*role="img"/);
    assert.match(svg, /^<svg [^>]*><title>[A-Z][^<]{10,}<\/title><desc>[A-Z][^<]{40,}<\/desc>/);
    assert.match(svg, /<rect [^>]*fill="white"[^>]*>/);
    assert.doesNotMatch(svg, /NaN|Infinity|null|="undefined"|<script|<image|<style|href=|url\(/);
    assert.equal(svg.match(/<svg/g)!.length, 1);
  });

  Deno.test(`${name}() is the same each time`, () => {
    assert.equal(figure(data)(), figure(data)());
  });

  Deno.test(`${name}() of no rows says so`, () => {
    const svg = figure(data.head(0))();
    assertXml(svg);
    assert.deepEqual(texts(svg), ["No rows to draw"]);
    assert.doesNotMatch(svg, /NaN|Infinity/);
  });

  Deno.test(`${name}() keeps its marks on the sheet`, () => {
    for (const look of LOOKS) {
      const svg = figure(data)(look);
      const all = marks(svg, "values", "*").filter((mark) => mark.localName !== "g");
      assert.ok(all.length > 0);
      all.forEach((mark) =>
        assert.ok(left(mark) >= 0 && left(mark) < look.across, `${look.mm} mm: ${left(mark)}`)
      );
    }
  });
}

for (const look of LOOKS) {
  const of = `${look.mm} mm${look.gray ? " in grey" : ""}`;

  Deno.test(`in figures of ${of} words stand apart, on the sheet, in letters of 7 pt at least`, () => {
    for (const [name, svg] of Object.entries(drawn(look))) legible(name, svg, look);
  });
}

Deno.test("in grey a figure has no colour, and its series differ by shade, shape or hatching", () => {
  const colours = (svg: string) =>
    [...svg.matchAll(/"(?:#(..)(..)(..)|rgb\((\d+), (\d+), (\d+)\))"/g)]
      .filter(([, ...parts]) => new Set(parts.filter((part) => part)).size > 1);
  for (const [name, svg] of Object.entries(drawn(theme({ gray: true })))) {
    assert.deepEqual(colours(svg).map(([colour]) => colour), [], name);
    const looks = [...parse(svg).querySelectorAll('.plot-legend[aria-label="dot"]')]
      .map((key) => `${key.getAttribute("fill")} ${key.innerHTML.match(/ (d|r)="[^"]*"/)?.[0]}`);
    // Tiles of correlations have the same grey on either side of 0; their sign is printed.
    if (name !== "heatmap" && name !== "matrix") {
      assert.equal(new Set(looks).size, looks.length, name);
    }
  }
  assert.ok(colours(drawn().forest!).length > 10);
});

Deno.test("a theme refuses letters that nobody can read, and widths that are none", () => {
  assert.throws(() => theme({ font: 6 }), /7 pt at least.*current value is 6/);
  assert.throws(() => theme({ width: "slide", font: 9 }), /slide have 12 pt at least.*value is 9/);
  assert.throws(() => theme({ font: NaN }), RangeError);
  assert.throws(() => theme({ width: "poster" as "page" }), /column, page, slide.*poster/);
  // Larger letters, fewer units.
  assert.ok(theme({ font: 14 }).across < theme().across / 1.5);
  for (const [name, svg] of Object.entries(drawn(theme({ font: 14 })))) {
    legible(name, svg, theme({ font: 14 }));
  }
});

Deno.test("dot figures have one dot per defined cell, and say which cells are undefined", () => {
  const expected: [string, string, number, string[]][] = [
    ["shares", shares(SHARES)(), 12, []],
    ["forest", forest(FOREST)(), 6, ["MaxP undefined", "MaxP undefined"]],
    ["alphas", alphas(ALPHAS)(), 6, ["MaxP undefined", "Base undefined"]],
    ["scores", scores(SCORES)(), 6, []],
  ];
  for (const [name, svg, dots, gaps] of expected) {
    assert.equal(marks(svg, "values", "path").length, dots, name);
    assert.deepEqual(marks(svg, "gap", "text").map((text) => text.textContent), gaps, name);
  }
});

Deno.test("forest() draws each estimate in the middle of its interval", () => {
  const svg = forest(FOREST)();
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
  const svg = robustnessFigure(SURVIVORS)();
  assert.deepEqual(legend(svg), [
    "Marker stands",
    "Marker vanishes",
    "Neither, or not tested",
  ]);
  assert.ok(texts(svg).includes("GPT-4o, MaxN") && !texts(svg).some((text) => /Base$/.test(text)));
  // In percentage points: 10, −90, 20, −80.
  const dots = marks(svg, "values", "path").map(left);
  assert.equal(dots.length, 4);
  assert.ok(Math.abs((dots[0]! - dots[1]!) - (dots[2]! - dots[3]!)) < 0.05);
  // One point per row and panel stands in the middle of its row, whatever its kind.
  const tops = marks(svg, "values", "path").map(top);
  assert.ok(Math.abs(tops[0]! - tops[2]!) < 0.01 && Math.abs(tops[1]! - tops[3]!) < 0.01);
});

Deno.test("alphas() draws intervals where the frame has them", () => {
  assert.equal(marks(alphas(ALPHAS)(), "whiskers", "line").length, 0);
  const limits = ALPHAS.withColumns(
    ALPHAS.getColumn("alpha").minus(0.1).rename("ci_lower"),
    ALPHAS.getColumn("alpha").plus(0.1).rename("ci_upper"),
  );
  assert.equal(marks(alphas(limits)(), "whiskers", "line").length, 6);
});

Deno.test("dots keep the distances of their values, on an axis that grows for outliers", () => {
  const records = [-3, 0, 0.5, 1].map((alpha, i) => ({ model: `m${i}`, trait: "O", alpha }));
  const svg = alphas(cells(records, ["alpha"]))();
  const [a, b, c, d] = marks(svg, "values", "path").map(left) as [number, number, number, number];
  assert.ok(Math.abs((b - a) / (d - b) - 3) < 0.01);
  assert.ok(Math.abs((c - b) / (d - b) - 0.5) < 0.01);
  const frameLeft = Number(
    parse(svg).querySelector('[aria-label="frame"] rect')!.getAttribute("x"),
  );
  assert.ok(a >= frameLeft && d < 640);
});

Deno.test("panels, rows and legend keep the order of the frame, in words", () => {
  const svg = shares(SHARES)();
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
    texts(scores(SCORES)()).filter((text) => ["Openness", "Extraversion"].includes(text)),
    ["Openness", "Extraversion"],
  );
});

Deno.test("the legend shows the colours of the dots, at the top edge", () => {
  const svg = forest(FOREST)();
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
  const svg = alphas(cells(records, ["alpha"]))();
  assert.deepEqual(legend(svg), conditions);
  const dots = marks(svg, "values", "path");
  const looks = dots.map((dot) => `${dot.getAttribute("fill")} ${dot.getAttribute("d")}`);
  assert.equal(new Set(looks).size, 10);
});

Deno.test("scores() sets the reference apart and draws its mean through each panel", () => {
  const svg = scores(SCORES)();
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
    const svg = figure(rename(data))();
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
  const svg = heatmap(HEATMAP)();
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
    !legend(heatmap(HEATMAP.filter(HEATMAP.getColumn("r").isNotNull()))()).includes(
      "— undefined",
    ),
  );
});

Deno.test("agreement() is a heat map by condition and scale, with whole percent in its tiles", () => {
  const svg = agreement(AGREEMENT)();
  // 2 models × 4 metrics × 2 conditions × 3 scales; precision on P is undefined.
  assert.equal(marks(svg, "values", "rect").length, 48);
  assert.equal(texts(svg).filter((text) => text === "—").length, 4);
  assert.ok(texts(svg).includes("Lie, MaxP") && texts(svg).includes("Specificity"));
  assert.equal(texts(svg).filter((text) => text === "23").length, 4);
});

Deno.test("matrix() prints its triangle, reliabilities bold, validities framed", () => {
  const svg = matrix(MATRIX)();
  assert.equal(marks(svg, "values", "rect").length, 6);
  const bold = [...parse(svg).querySelectorAll("text")]
    .filter((text) => text.parentElement!.outerHTML.split(">")[0]!.includes('weight="bold"'))
    .map((text) => text.textContent).filter((text) => /^(\.\d\d|—)$/.test(text));
  assert.deepEqual(bold, [".98", "—", ".98", "—"]);
  assert.equal(texts(svg).filter((text) => text === ".94").length, 2);
  assert.equal([...parse(svg).querySelectorAll('[stroke="black"] rect')].length, 2);
  assert.match(svg, /Undefined: Zeta-9, BFI-44 E with BFI-44 E; GPT-4o, BFI-44 E with BFI-44 E\./);
});

Deno.test("estimates() has a panel for each value of the column it names, limits or none", () => {
  const svg = measured(ESTIMATES)();
  assert.deepEqual(texts(svg).filter((text) => /^(Neuroticism|Extraversion)$/.test(text)), [
    "Neuroticism",
    "Extraversion",
  ]);
  assert.equal(marks(svg, "whiskers", "line").length, 6);
  const bare = measured(ESTIMATES.drop("ci_lower", "ci_upper"))();
  assert.equal(marks(bare, "whiskers", "line").length, 0);
  assert.equal(marks(bare, "values", "path").length, 6);
  assert.throws(() => measured(FOREST), /measure/);
});

Deno.test("histograms() draws the first source as bars and the others as lines, in percent of each", () => {
  const svg = histograms(HISTOGRAMS)();
  const bars = marks(svg, "values", "rect").map((bar) => Number(bar.getAttribute("height")));
  // Of two scales, three scores: n is 4 at score 0 and 10 at score 6.
  assert.equal(bars.length, 6);
  assert.ok(Math.abs(bars[2]! / bars[0]! - 10 / 4) < 0.01);
  assert.equal(marks(svg, "points", "path").length, 6);
  assert.deepEqual(legend(svg), ["Reference", "Random"]);
  assert.match(svg, /lowest 19\.0 \(|lowest 21\.1 \(/);
});

Deno.test("keys() stacks the items of a scale and prints how many", () => {
  const svg = keys(KEYS)();
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
  const svg = fates(FATES)();
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

Deno.test("attrition() adds up what became of the work, and says what was lost and why", () => {
  const svg = attrition({ flow: FLOW, failures: FAILURES })();
  const text = texts(svg);
  for (
    const box of [
      ...["Planned|1,200", "Asked|1,060", "Answered|1,050", "Complete|1,050"],
      ...["Not asked yet: 140", "Not answered: 10|Truncated: 9|Other: 1", "Items missing: 0"],
      ...["Planned|50", "Not answered: 10|Refusal: 10", "Complete|0", "Items missing: 40"],
    ]
  ) {
    assert.ok(text.includes(box), `${box} in ${text}`);
  }
  assert.ok(text.includes("Personas") && text.includes("EPQR-A sheets"), `${text}`);
  assert.ok(text.some((lines) => /^Not asked yet: 0\|and 7 that/.test(lines)), `${text}`);
  assert.equal(marks(svg, "values", "rect").length, 8);
  assert.match(svg, /<desc>[^<]*highest 1200 \(Personas, Planned\)/);
});

Deno.test("a figure names the column it misses", () => {
  assert.throws(() => forest(FOREST.drop("ci_lower")), /column ci_lower/);
});

Deno.test("the description names the extremes and every undefined cell", () => {
  const desc = forest(FOREST)().match(/<desc>([^<]*)<\/desc>/)![1]!;
  assert.match(desc, /6 values, lowest −0\.50 \(Neuroticism, Zeta-9, MaxP\)/);
  assert.match(desc, /highest 2\.50 \(Extraversion, GPT-4o, Base\)/);
  assert.match(
    desc,
    /Undefined: Neuroticism, GPT-4o, MaxP; Extraversion, GPT-4o, MaxP\./,
  );
});

Deno.test("curves have a dot per value, a gap where one is undefined, and their intervals", () => {
  const svg = errors(ERRORS)();
  assert.deepEqual(legend(svg), ["pooled z", "clustered"]);
  assert.equal(marks(svg, "values", "path, .plot-values circle").length, 10);
  // Two lines in each of two panels; the second starts anew behind its gap.
  const moves = marks(svg, "lines", "path").map((line) => line.getAttribute("d")!.match(/M/g)!);
  assert.deepEqual(moves.map((found) => found.length), [1, 1, 2, 2]);
  assert.equal(marks(svg, "intervals", "path").length, 4);
  assert.match(svg, /<desc>[^<]*10 values, lowest 5\.0 .*highest 25\.0 \(3 × 9, pooled z, 0\.20\)/);
  assert.match(svg, /Undefined: 5 × 2, clustered, 0\.10; 3 × 9, clustered, 0\.10\./);
  // From left to right, whatever the order of the rows.
  const first = marks(svg, "values", "circle").slice(0, 3).map(left);
  assert.deepEqual(first, first.toSorted((a, b) => a - b));
});

Deno.test("errors() marks 5 % ± 1, powers() do not", () => {
  assert.equal(marks(errors(ERRORS)(), "band", "rect").length, 2);
  assert.equal(marks(powers(ERRORS)(), "band", "rect").length, 0);
});

Deno.test("forest() has an axis for each scale, the zone of equivalence, and hollow marks for what is set", () => {
  const wide = FOREST.withColumns(
    ...[["bound_lower", -0.5], ["bound_upper", 0.5]].map(([name, value]) =>
      pl.lit(value as number).alias(name as string)
    ),
    pl.when(pl.col("scale").eq(pl.lit("N"))).then(pl.col("ci_upper").mul(4))
      .otherwise(pl.col("ci_upper")).alias("ci_upper"),
    pl.when(pl.col("condition").eq(pl.lit("Base"))).then(pl.lit("yes")).otherwise(pl.lit("no"))
      .alias("manipulated"),
  );
  const svg = forest(wide)();
  const zones = marks(svg, "zone", "rect").map((zone) => Number(zone.getAttribute("width")));
  assert.equal(zones.length, 2);
  assert.ok(zones[1]! > 2 * zones[0]!, `${zones}`);
  const ticks = marks(svg, "ticks", "text").map((tick) => tick.textContent);
  assert.ok(ticks.includes("10") && ticks.filter((tick) => /^0/.test(tick)).length > 1, `${ticks}`);
  const hollow = marks(svg, "values", "path").filter((mark) =>
    mark.getAttribute("fill") === "white"
  );
  assert.equal(hollow.length, 4);
  assert.match(texts(svg).join(), /hollow: set by the condition/);
});

Deno.test("dumbbells() join the conditions of a model in one line, beside the profiles", () => {
  const svg = dumbbells(MEANS)();
  assert.deepEqual(legend(svg), [...CONDITIONS, "Profiles"]);
  const joins = marks(svg, "joins", "line").map((line) =>
    Number(line.getAttribute("x2")) - Number(line.getAttribute("x1"))
  );
  // Of N: from 2.5 to 3.5 (the profiles have 3), and 5.5 alone, whose profiles are not known. E is alike.
  assert.equal(joins.length, 4);
  assert.ok(joins[0]! > 0 && Math.abs(joins[1]!) < 0.01 && Math.abs(joins[0]! - joins[2]!) < 0.03);
});

Deno.test("spreads() have the profiles as bars in the panels of every model, in the paper's order", () => {
  const svg = spreads(COUNTED)();
  assert.deepEqual(legend(svg), ["Profiles", ...CONDITIONS]);
  assert.equal(marks(svg, "values", "rect").length, 12);
  const order = texts(svg).filter((text) => [...MODELS, "Extraversion", "Lie"].includes(text));
  assert.deepEqual(order.slice(-2), ["GPT-4o", "Zeta-9"]);
  assert.ok(order.indexOf("Extraversion") < order.indexOf("Lie"));
});

Deno.test("scatter() has a dot for each pair, near its numbers, and the line of equals", () => {
  const svg = scatter(PAIRED)();
  const moves = marks(svg, "values", "path").map((
    path,
  ) => [...path.getAttribute("d")!.matchAll(/M([\d.]+),([\d.]+)/g)]);
  assert.deepEqual(moves.map(({ length }) => length), [4, 4]);
  // The two that are alike do not lie on each other; a scale point is further than both are moved.
  const [zero, three, again, six] = moves[0]!.map(([, x]) => Number(x));
  assert.ok(three !== again && zero! < three! && six! > again!);
  assert.equal(scatter(PAIRED)(), svg);
});

Deno.test("specifications() have panels and choices where something changes, and a mark for each change", () => {
  const svg = specifications(CHOICES)();
  assert.ok(texts(svg).includes("Table 4, mean") && !texts(svg).includes("Table 6, mean"));
  assert.deepEqual(legend(svg), ["As printed", "Keyed answers"]);
  assert.equal(marks(svg, "standing", "path").length, 3);
  assert.equal(marks(svg, "values", "path").length, 2);
  assert.equal(marks(svg, "choices", "path").length, 2);
  // In the order of what is printed: 1 and 3 are changed, which stand first and last.
  const [a, b] = marks(svg, "standing", "path").map(left).toSorted((x, y) => x - y)
    .filter((_, i) => i !== 1);
  const changed = marks(svg, "choices", "path").map(left).toSorted((x, y) => x - y);
  assert.ok(Math.abs(a! - changed[0]!) < 0.02 && Math.abs(b! - changed[1]!) < 0.02);
});

Deno.test("answerBars() stack to 100 %, in the words of answers, under the items' own words", () => {
  const svg = answered(ANSWERED)();
  assert.deepEqual(legend(svg), ["No", "Yes"]);
  const widths = marks(svg, "values", "rect").map((bar) => Number(bar.getAttribute("width")));
  // 25 and 75, then 100 and nothing.
  assert.equal(widths.length, 6);
  assert.ok(texts(svg).some((text) => text.includes("1 Does your mood")));
  assert.throws(() => answerBars(ANSWERED, { panel: "prompt", instrument: epqra }), /prompt/);
});

Deno.test("alphas() of few sheets off the commonest score are hollow, and their number is written", () => {
  const few = ALPHAS.withColumn(pl.lit(30).cast(pl.Int32).alias("off_mode"));
  assert.equal(marks(alphas(few)(), "notes", "text").length, 0);
  const fewer = ALPHAS.withColumn(pl.lit(12).cast(pl.Int32).alias("off_mode"));
  const svg = alphas(fewer)();
  assert.deepEqual(
    marks(svg, "notes", "text").map((note) => note.textContent),
    Array(6).fill("12"),
  );
  assert.ok(marks(svg, "values", "path").every((mark) => mark.getAttribute("fill") === "white"));
  assert.match(texts(svg).join(), /fewer than 20 sheets/);
});
