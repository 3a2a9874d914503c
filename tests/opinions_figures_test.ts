/** Figures of opinions, read back from their SVG; and the words that stand in results for codes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DOMParser } from "linkedom";
import { ROOT } from "lib/config.ts";
import { frame, rows } from "lib/frames.ts";
import { labelled, questionsIn } from "lib/opinions/answers.ts";
import { alignments, electionMaps } from "lib/opinions/figures.ts";
import { LADDER } from "lib/opinions/forms.ts";
import { instrumentOf, questionsFrom } from "lib/opinions/original.ts";
import { linksIn, surveyQuestions, tiles } from "lib/opinions/reference.ts";
import { CENSUS, designFrom, draw, fitted } from "lib/opinions/sample.ts";
import { declaredShares, declaredShifts, leaningOf, sharesAt } from "lib/opinions/simulated.ts";
import { recovered, theme } from "lib/plots.ts";
import { missingIn, pdfFile } from "lib/press/figure.ts";
import { z } from "zod";
import { legible, LOOKS } from "./legible.ts";
import { near } from "./near.ts";

const parse = (svg: string) => new DOMParser().parseFromString(svg, "image/svg+xml");
const marks = (svg: string, label: string, element: string) => [
  ...parse(svg).querySelectorAll(`.plot-${label} ${element}`),
];
const texts = (svg: string): string[] =>
  [...parse(svg).querySelectorAll("text")].map(({ textContent }) => textContent);

const asked = instrumentOf(
  questionsFrom(join(ROOT, "dataset", "opinions", "example_context.json")),
  { name: "twelve" },
);

/** Two rungs of three states, of which one is certain on each rung; and one state nobody was asked in. */
const STATES = [
  ["meta", "OR", 0.9, "yes", 0.57],
  ["meta", "WY", 0.4, "no", 0.27],
  ["meta", "TX", 0.5, "no", 0.43],
  ["texts", "OR", 0.4, "no", 0.57],
  ["texts", "WY", 0.1, "yes", 0.27],
  ["texts", "TX", null, null, 0.43],
] as const;

const mapped = () => maps()();
const maps = () =>
  electionMaps(
    frame(
      STATES.map(([form, stratum, share, certain, counted]) => ({
        form,
        stratum,
        share,
        certain,
        counted,
      })),
      { form: "text", stratum: "text", share: "number", certain: "text", counted: "number" },
    ),
    { by: "form", tiles: tiles(), title: "Who wins", side: "The first" },
  );

Deno.test("a map for each rung and one of the result: a share has one colour in all of them", () => {
  // On a slide all stand in one row.
  const svg = maps()(theme({ width: "slide" }));
  const drawn = marks(svg, "values", "rect").map((one) => one.getAttribute("fill")!);
  assert.equal(drawn.length, 9);
  const shown = texts(svg);
  for (const title of ["Meta", "Texts", "As counted"]) assert.ok(shown.includes(title), title);
  assert.equal(shown.filter((text) => text === "WY").length, 3);
  const colours = new Map<number | null, Set<string>>();
  const shares = [...STATES.map(([, , share]) => share), 0.57, 0.27, 0.43];
  // Plot keeps the order of rows within a panel, and panels in order.
  assert.equal(parse(svg).querySelectorAll(".plot-values").length, 3);
  drawn.forEach((fill, at) => {
    const share = shares[at]!;
    colours.set(share, (colours.get(share) ?? new Set()).add(fill));
  });
  assert.ok([...colours.values()].every((of) => of.size === 1), JSON.stringify([...colours]));
  // Beyond the ends of the scale colours stay; one half is neither blue nor red.
  assert.notDeepEqual(colours.get(0.9), colours.get(0.1));
  const [, r, g, b] = /(\d+), (\d+), (\d+)/.exec([...colours.get(0.5)!][0]!)!.map(Number);
  assert.ok(Math.max(r!, g!, b!) - Math.min(r!, g!, b!) < 6, `${r} ${g} ${b}`);
});

Deno.test("maps are legible at each width: what is narrow has fewer of them in a row", () => {
  for (const look of LOOKS) legible("maps", maps()(look), look);
});

Deno.test("hatched are the tiles whose winner is not certain, and no others", async () => {
  const svg = mapped();
  // Five lines across each of three tiles; of the result, and where nothing is known, none.
  const perPanel = [...parse(svg).querySelectorAll(".plot-hatching")]
    .map((panel) => panel.querySelectorAll("path, line").length);
  assert.deepEqual(perPanel, [10, 5]);
  assert.doesNotMatch(svg, /<pattern|url\(#/);
  assert.match(svg, /<desc>[^<]*in 3 tiles it is not certain who wins/);
  assert.match(svg, /Undefined: texts, TX/);
  assert.equal(await missingIn(svg), "");
  assert.ok((await pdfFile(svg, { title: "Map" })).length > 1000);
});

Deno.test("what was put in is drawn beside what was found, with ticks where they are wanted", () => {
  const table = frame(
    [[.4, .5], [-.2, null]].map(([estimate, truth], at) => ({
      measure: "shift",
      question: `Question ${at}`,
      estimate,
      truth,
      ci_lower: estimate! - .1,
      ci_upper: estimate! + .1,
    })),
    {
      measure: "text",
      question: "text",
      estimate: "number",
      truth: "number",
      ci_lower: "number",
      ci_upper: "number",
    },
  );
  const of = { title: "T", xLabel: "X", panel: "measure", row: "question" } as const;
  const wanted = recovered(table, { ...of, range: [-.5, 1], ticks: [-.5, 0, 1] })();
  const numbers = (svg: string) => texts(svg).filter((text) => /^[−\d.]+$/.test(text));
  assert.deepEqual(numbers(wanted), ["−0.5", "0.0", "1.0"]);
  assert.ok(numbers(recovered(table, { ...of, range: [-.5, 1] })()).length > 3);
  // Two found, one put in, and whiskers of what was found.
  assert.equal(marks(wanted, "values", "path").length, 3);
  assert.equal(marks(wanted, "whiskers", "line").length, 2);
});

Deno.test("alignment is drawn by question and series, with one black mark for what chance leaves", () => {
  const svg = alignments(
    frame(
      ["meta", "texts"].flatMap((form, at) =>
        ["Schools", "Press"].map((question) => ({
          form,
          question,
          estimate: 0.8 - at / 10,
          ci_lower: 0.7 - at / 10,
          ci_upper: 0.9 - at / 10,
          null_level: 0.97,
        }))
      ),
      {
        form: "text",
        question: "text",
        estimate: "number",
        ci_lower: "number",
        ci_upper: "number",
        null_level: "number",
      },
    ),
    { series: "form" },
  )();
  assert.equal(marks(svg, "values", "path").length, 6);
  assert.equal(marks(svg, "whiskers", "line").length, 4);
  const black = marks(svg, "values", "path")
    .filter((one) => /^#000000$|^black$/.test(one.getAttribute("fill") ?? ""));
  assert.equal(black.length, 2);
  assert.ok(texts(svg).includes("What chance alone leaves"));
});

Deno.test("questions are shown as they are called, and joined by their ids", () => {
  const questions = questionsIn(asked);
  assert.ok(questions.every(({ label, question }) => label && label !== question));
  const result = frame(
    [{ question: "pa_mood" }, { question: "All" }, { question: null }],
    { question: "text" },
  );
  assert.deepEqual(
    labelled(result, questions).getColumn("question").toArray(),
    ["Days as a whole", "All", null],
  );
  assert.deepEqual(result.getColumn("question").toArray(), ["pa_mood", "All", null]);
});

Deno.test("the links that a file of questions declares are to questions that the survey has", () => {
  const links = linksIn(asked, "gss_toplines_2016_2018.csv");
  assert.deepEqual(links.map(({ question }) => question), [
    "pa_env_budget",
    "pa_edu_budget",
    "pa_trust_press",
    "pa_mood",
  ]);
  const there = surveyQuestions({ year: 2018 }).map(({ question }) => question);
  assert.ok(links.every(({ reference }) => there.includes(reference)));
  assert.deepEqual(linksIn(asked, "election_two_party.csv").map(({ reference }) => reference), [
    "election_2016",
    "election_2020",
    "election_2024",
  ]);
});

Deno.test("target against drawn says levels, variables and strata in words, and keeps the codes", () => {
  const design = { ...designFrom(`${CENSUS}/us-2018.json`), fields: [] };
  const fit = rows(
    fitted(draw(design, { each: 30, strata: ["AZ", "WY"] })),
    z.object({
      stratum: z.string(),
      stratum_label: z.string(),
      variable: z.string(),
      variable_label: z.string(),
      largest_level: z.string(),
    }),
  );
  const joint = fit.filter(({ variable }) => variable === "age × sex × race");
  assert.deepEqual(joint.map(({ stratum, stratum_label }) => [stratum, stratum_label]), [
    ["all", "all"],
    ["AZ", "Arizona"],
    ["WY", "Wyoming"],
  ]);
  assert.equal(joint[0]!.variable_label, "Age × Sex × Race and ethnicity");
  const { levels } = design.codebook.find(({ name }) => name === "race")!;
  const codes = levels!.map(({ value }) => String(value)),
    labels = levels!.map(({ label }) => label);
  for (const { largest_level } of joint) {
    assert.ok(labels.some((label) => largest_level.endsWith(label)), largest_level);
    assert.ok(!codes.some((code) => largest_level.endsWith(code)), largest_level);
  }
});

Deno.test("what the stand-in is told is the mean over people, on each rung", () => {
  const people = {
    codebook: [{ name: "town", label: "Town", kind: "text" as const }],
    profiles: ["a", "b", "c"].map((town, at) => ({ id: at + 1, answers: [], values: { town } })),
  };
  const leanings = ["a", "b", "c"].map((town) => leaningOf([town]));
  const questions = questionsIn(asked).filter(({ question }) => question === "pa_mood");
  const told = rows(
    declaredShares(people as never, questions, { drift: -0.2 }),
    z.object({ group: z.string(), option: z.string(), share: z.number() }),
  );
  assert.deepEqual([...new Set(told.map(({ group }) => group))], [...LADDER]);
  LADDER.forEach((rung, at) => {
    const by = leanings.map((leaning) => sharesAt(leaning - 0.2 * at, [1, 2, 3]));
    told.filter(({ group }) => group === rung).forEach(({ share }, option) => {
      near(share, (by[0]![option]! + by[1]![option]! + by[2]![option]!) / 3, 1e-12);
    });
  });
  // The shift is of their means: 1 at the first option, ½ in the middle.
  const of = (rung: string) => {
    const [first, middle] = told.filter(({ group }) => group === rung).map(({ share }) => share);
    return first! + middle! / 2;
  };
  const [shift] = rows(
    declaredShifts(people as never, questions, {
      drift: -0.2,
      against: "meta",
      level: "descriptive",
    }),
    z.object({ truth: z.number() }),
  );
  near(shift!.truth, of("descriptive") - of("meta"), 1e-12);
});
