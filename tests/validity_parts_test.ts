/** Parts of a respondent left out one by one: by hand, in drawn studies, and of personas of a stand-in. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { columnOf } from "lib/columns.ts";
import { ROOT } from "lib/config.ts";
import { openDataset } from "lib/db.ts";
import type { Form } from "lib/forms.ts";
import { model } from "lib/llm.ts";
import { type Random, seeded } from "lib/random.ts";
import { clusteredMean } from "lib/stats.ts";
import { administrations, instrumentFrom, openStudy, personas } from "lib/study.ts";
import { changes } from "lib/validity/order.ts";
import { swappedModel } from "lib/validity/simulated.ts";
import { parts } from "lib/validity/swaps.ts";
import { atNight } from "./command.ts";
import { near } from "./near.ts";
import { likert, oneItem } from "./sheets.ts";

const one = likert("mean", ["S"], ["S"]);
type Row = Record<string, number> & Record<"change" | "scale", string>;
const rowsOf = (of: ReturnType<typeof parts>) => of.toRecords() as unknown as Row[];

const table = (of: Readonly<Record<string, readonly (readonly (number | null)[])[]>>) =>
  oneItem(
    Object.entries(of).flatMap(([change, people]) =>
      people.flatMap((scores, at) => scores.map((answer) => ({ profile: at + 1, change, answer })))
    ),
  );

const WHOLE = [[3, 4], [2, 2], [5, 4], [3]];
const WITHOUT = [[2, 2], [4, 3], [4, 4], [5, 1]];

Deno.test("a move is of means, and what is carried the product of two moves; by hand", () => {
  const sheets = table({ unchanged: WHOLE, "-name": WITHOUT, "-sex": [[3, 4], [2, null]] });
  const [name, sex] = rowsOf(parts(sheets, { instrument: one }));
  const own = clusteredMean([[-1.5], [1.5], [-.5], [0]]);
  near(name!.estimate, -.125, 1e-12);
  near(name!.ci_lower, own.ciLower, 1e-12);
  near(name!.p, own.p, 1e-12);
  assert.deepEqual([name!.n, name!.n_twice, sex!.n, sex!.n_twice], [4, 3, 2, 1]);
  // Moves −1 and −2, 2 and 1, −1 and 0; half squares .5, 0; 0, .5; .5, 0.
  near(name!.carried, 4 / 3, 1e-12);
  near(name!.p_carried, clusteredMean([[2], [2], [0]]).p, 1e-12);
  near(name!.noise, 1.5 / 6, 1e-12);
  // Nothing moves in the second, and one respondent is no test.
  assert.deepEqual([sex!.estimate, sex!.p, sex!.carried, sex!.p_carried], [0, null, 0, null]);
  assert.equal(name!.p_holm, name!.p);
  assert.deepEqual(
    parts(sheets, { instrument: one }).columns.filter((column) => !columnOf(column)?.meaning),
    [],
  );
  assert.throws(
    () => parts(table({ unchanged: WHOLE }), { instrument: one }),
    /Nothing is left out in change: there are unchanged/,
  );
});

/** Parts that move all by a step, each by a step of its own, and nobody; scores with noise. */
function study(random: Random) {
  const even = (spread: number) => spread * Math.sqrt(3) * (2 * random.uniform() - 1);
  const moves: Record<string, () => number> = {
    unchanged: () => 0,
    all: () => .3,
    each: () => random.uniform() < .5 ? .4 : -.4,
    none: () => 0,
  };
  const people = Array.from({ length: 40 }, () => even(.5));
  return table(
    Object.fromEntries(
      Object.entries(moves).map(([change, move]) => [
        change,
        people.map((person) => {
          const level = 3 + person + move();
          return [level + even(.4), level + even(.4)];
        }),
      ]),
    ),
  );
}

const TRUTH = { all: [.3, .09], each: [0, .16], none: [0, 0] } as const;

function campaign(studies: number) {
  const random = seeded("parts campaign"), held: Record<string, number> = {};
  let moved = 0, carried = 0;
  for (let at = 0; at < studies; at++) {
    for (const row of rowsOf(parts(study(random), { instrument: one }))) {
      const [mean, square] = TRUTH[row.change as keyof typeof TRUTH];
      const within = (truth: number, lower?: number, upper?: number) =>
        Number(lower! <= truth && truth <= upper!) / studies;
      held[row.change] = (held[row.change] ?? 0) + within(mean, row.ci_lower, row.ci_upper);
      const name = `${row.change} carried`;
      held[name] = (held[name] ?? 0) + within(square, row.carried_lower, row.carried_upper);
      if (row.change !== "none") continue;
      moved += Number(row.p! < .05) / studies;
      carried += Number(row.p_carried! < .05) / studies;
    }
  }
  return { held, moved, carried };
}

Deno.test("intervals hold what each part moves, also where the mean stays; of none nothing is found", () => {
  const { held, moved, carried } = campaign(60);
  assert.ok(Object.values(held).every((share) => share >= .85), JSON.stringify(held));
  assert.ok(moved <= .15 && carried <= .15, JSON.stringify({ moved, carried }));
});

atNight("93 to 97 of 100 intervals of parts hold the truth; 5 ± 1 % of 2,000 reject", async () => {
  await Promise.resolve();
  const found = campaign(2000);
  console.log(found);
  assert.ok(
    Object.values(found.held).every((share) => share >= .93 && share <= .97),
    JSON.stringify(found),
  );
  assert.ok([found.moved, found.carried].every((share) => Math.abs(share - .05) <= .01));
});

const mini = instrumentFrom(join(ROOT, "dataset/instruments/mini-ipip.csv"));

/** A form of which each part is a line. */
const LINES: Form = {
  name: "lines",
  title: "Lines",
  language: "en",
  fields: [
    { name: "name", label: "Name", kind: "text", asks: "a first name" },
    {
      name: "sex",
      label: "Sex",
      kind: "choice",
      choices: ["female", "male"],
      asks: "the person's sex",
    },
    {
      name: "town",
      label: "Town",
      kind: "choice",
      choices: ["a village", "a city"],
      asks: "the size of the place",
    },
    { name: "story", label: "Story", kind: "text", asks: "a sentence about the person" },
  ],
  shown: "{{#name}}- Name: {{name}}\n{{/name}}{{#sex}}- Sex: {{sex}}\n{{/sex}}" +
    "{{#town}}- Town: {{town}}\n{{/town}}{{story}}",
  source: "a test",
};

Deno.test("of personas of a stand-in each part carries what it was told to, and the placebo nothing", async () => {
  const lab = await openStudy({ schema: "validity_parts" });
  const people = Array.from({ length: 40 }, (_, at) => ({ person: `P${at}` }));
  await lab.population(people, { instrument: null, name: "people" });
  const answering = swappedModel(mini, {
    effects: { "sex: female": { A: .8, N: -.4 } },
    ...{ person: "name", people: 0.3, wordings: 0, interplay: 0, heeds: 1 },
  });
  const writing = personas({ models: [model("simulated")], form: LINES });
  await lab.run(await lab.register(writing));
  const asking = administrations({
    instrument: mini,
    models: [answering],
    form: "lines",
    changes: [
      "unchanged",
      "-sex",
      "-town",
      { name: "demographics", values: { sex: { omit: true }, town: { omit: true } } } as never,
    ],
    repetitions: 2,
  });
  await lab.run(await lab.register(asking));
  await lab.close();
  const opened = await openDataset({ schema: "validity_parts" });
  const sheets = await opened.sheets(mini.name);
  const written = await opened.personas("lines");
  await opened.close();
  const women = written.toRecords().filter(({ sex }) => sex === "female").length / written.height;
  assert.ok(women > .2 && women < .8, `${women}`);

  const found = rowsOf(parts(sheets, { instrument: mini }));
  const of = (change: string, scale: string) =>
    found.find((row) => row.change === change && row.scale === scale)!;
  for (const change of ["-sex", "demographics"]) {
    for (const [scale, effect] of [["A", .8], ["N", -.4]] as const) {
      const row = of(change, scale);
      assert.deepEqual([row.n, row.n_twice], [40, 40]);
      // Women lose the effect, and men nothing.
      const mean = -women * effect, square = women * effect ** 2;
      assert.ok(row.ci_lower! <= mean && mean <= row.ci_upper!, JSON.stringify({ mean, row }));
      assert.ok(
        row.carried_lower! <= square && square <= row.carried_upper!,
        JSON.stringify({ square, row }),
      );
    }
    assert.ok(of(change, "A").p_holm! < .01 && of(change, "A").p_carried_holm! < .05);
  }
  assert.ok(mini.scales.every((scale) => of("-town", scale).p_holm! > .05));
  // Answers: more of them change than when the same is asked again, with one part only.
  const answers = (level: string) =>
    changes(sheets, { instrument: mini, factor: "change", against: "unchanged", level })
      .toRecords() as unknown as Row[];
  const [sex, town] = ["-sex", "-town"].map((level) =>
    answers(level).find(({ scale }) => scale === "A")!
  );
  assert.ok(sex!.p_excess! < .05 && sex!.excess_changed! > 0, JSON.stringify(sex));
  assert.ok(town!.p_excess! > .01, JSON.stringify(town));
});
