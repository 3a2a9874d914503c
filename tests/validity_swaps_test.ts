/** What a changed attribute does beside what a wording does: tables by hand, a declared truth, a study. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { openDataset } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { crossedMean, mcnemarExact } from "lib/stats.ts";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import { seeded } from "lib/random.ts";
import { administrations, instrumentFrom, openStudy } from "lib/study.ts";
import { swappedModel } from "lib/validity/simulated.ts";
import { swapChoices, swapEffects, swapVariation } from "lib/validity/swaps.ts";
import { z } from "zod";
import { atNight } from "./command.ts";
import { near } from "./near.ts";
import { likert, oneItem } from "./sheets.ts";

const one = likert("mean", ["S"], ["S"]);
const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

const D = [[0, -1, 0, -1], [0, 0, 0, 0], [-1, -1, 0, -1], [1, 0, 0, 0], [0, -1, -1, 0]];
/** Women first: for the last two, who are men, the change goes the other way. */
const asked = D.flatMap((row, profile) =>
  row.flatMap((difference, v) => {
    const man = profile > 2, before = 3 + Number(v === 1);
    const of = {
      profile: profile + 1,
      sex: man ? "male" : "female",
      administration_prompt: `w${v}`,
    };
    const pair = [before, before + difference];
    const [plain, changed] = man ? pair.toReversed() : pair;
    return [
      { ...of, change: "unchanged", answer: plain! },
      { ...of, change: "turned", answer: changed! },
    ];
  })
);
const from = { turned: { attribute: "sex", level: "female" } };

Deno.test("an effect is that of the differences of all respondents and wordings, each swap one way", () => {
  const [row] = rows(swapEffects(oneItem(asked), { instrument: one, from }), Row);
  const own = crossedMean(D);
  near(row!.estimate as number, own.estimate, 1e-12);
  near(row!.se as number, own.se, 1e-12);
  near(row!.effective_df as number, own.df, 1e-12);
  near(row!.p as number, own.p, 1e-12);
  assert.equal(row!.p_holm, row!.p);
  assert.deepEqual([row!.n, row!.wordings, row!.part_asked], [5, 4, 0]);
  // Means of wordings before: 3, 4, 3, 3; after: those and the mean differences.
  const after = [0, 1, 2, 3].map((v) => 3 + Number(v === 1) + D.reduce((s, r) => s + r[v]!, 0) / 5);
  const spread = (of: readonly number[]) => {
    const centre = of.reduce((s, x) => s + x, 0) / of.length;
    return of.reduce((s, x) => s + (x - centre) ** 2, 0) / (of.length - 1);
  };
  const noise = Math.sqrt((0.25 + spread(after)) / 2);
  near(row!.wording_noise as number, noise, 1e-9);
  near(row!.in_noise as number, own.estimate! / noise, 1e-9);
  near(row!.squared_excess as number, own.estimate! ** 2 - 0.5, 1e-9);
  // Without a side women and men cancel.
  const [both] = rows(swapEffects(oneItem(asked), { instrument: one }), Row);
  near(both!.estimate as number, (-5 + 1) / 20, 1e-12);
});

Deno.test("who lacks a wording is left out and counted; nothing changed is an error", () => {
  const gap = asked.map((row, at) => at === 1 ? { ...row, answer: null } : row);
  const [row] = rows(swapEffects(oneItem(gap), { instrument: one, from }), Row);
  assert.deepEqual([row!.n, row!.part_asked], [4, 1]);
  near(row!.estimate as number, crossedMean(D.slice(1)).estimate, 1e-12);
  const plain = oneItem(asked.filter(({ change }) => change === "unchanged"));
  assert.throws(() => swapEffects(plain, { instrument: one }), /Nothing is changed in change/);
  assert.throws(
    () => swapEffects(oneItem(asked), { instrument: one, from: { sex: from.turned } }),
    /change has no level sex: it has turned/,
  );
});

Deno.test("choices are counted by pairs under each wording, and between wordings", () => {
  const of = { items: [1], answers: [3], from };
  const made = rows(swapChoices(oneItem(asked), of), Row);
  const changed = made.filter(({ contrast }) => contrast === "change");
  assert.equal(changed.length, 4);
  // Under w0 the answers are 3 before, and after 3, 3, 2, 4, 3.
  assert.deepEqual([changed[0]!.only_before, changed[0]!.only_after, changed[0]!.n], [2, 0, 5]);
  assert.equal(changed[0]!.p, mcnemarExact(2, 0).p);
  const worded = made.filter(({ contrast }) => contrast === "wording");
  assert.equal(worded.length, 6);
  assert.deepEqual([worded[0]!.wording, worded[0]!.against], ["w0", "w1"]);
});

/** Scores from 1 to 5 with effects that differ between people and wordings; `effect` is their mean. */
function study(effect: number, seed: number, interplay: number) {
  const { uniform } = seeded("swapped study", effect, seed);
  const even = (spread: number) => spread * Math.sqrt(3) * (2 * uniform() - 1);
  const wordings = Array.from({ length: 8 }, () => ({ shift: even(0.2), more: even(interplay) }));
  return oneItem(
    Array.from({ length: 30 }, (_, at) => {
      const person = even(0.3), own = even(interplay);
      return wordings.flatMap(({ shift, more }, v) =>
        ["unchanged", "turned"].map((change) => {
          const moved = change === "turned" ? effect + own + more : 0;
          const score = 3 + person + shift + moved;
          const answer = Math.floor(score) + Number(uniform() < score % 1);
          return { profile: at + 1, sex: "female", change, administration_prompt: `w${v}`, answer };
        })
      );
    }).flat(),
  );
}

/** `interplay`: how far people, and wordings, differ in the effect. */
function campaign(studies: number, effect: number, interplay = 0.15) {
  let rejected = 0, held = 0, naive = 0;
  for (let seed = 0; seed < studies; seed++) {
    const [row] = rows(swapEffects(study(effect, seed, interplay), { instrument: one }), Row);
    rejected += Number((row!.p as number) < 0.05);
    naive += Number((row!.p_wordings as number) < 0.05);
    held += Number((row!.ci_lower as number) <= effect && effect <= (row!.ci_upper as number));
  }
  return { rejected: rejected / studies, held: held / studies, naive: naive / studies };
}

Deno.test("the interval holds a declared effect, and nothing is found where nothing is", () => {
  const { held } = campaign(60, 0.3);
  assert.ok(held >= 0.87, `${held}`);
  const { rejected } = campaign(100, 0);
  assert.ok(rejected <= 0.13, `${rejected}`);
});

atNight(
  "the interval of a swap holds its effect in 93 to 97 of 100; 5 ± 1 % of 2,000 reject",
  async () => {
    await Promise.resolve();
    const [found, none, same] = [campaign(2000, 0.3), campaign(2000, 0), campaign(2000, 0, 0)];
    console.log(JSON.stringify({ found, none, same }));
    assert.ok(found.held >= 0.93 && found.held <= 0.97, `${found.held}`);
    assert.ok(none.rejected >= 0.04 && none.rejected <= 0.06, `${none.rejected}`);
    // Where the effect is the same in all people and wordings the test rejects too seldom, as notebook 54 says.
    assert.ok(same.rejected <= 0.04, `${same.rejected}`);
  },
);

Deno.test("a stand-in with a declared effect: found in its scale, its size; the placebo is none", async () => {
  const mini = instrumentFrom(join(ROOT, "dataset/instruments/mini-ipip.csv"));
  const declared = {
    effects: { "sex: female": { A: 0.5 } },
    ...{ person: "person", people: 0.2, wordings: 0.2, interplay: 0, heeds: 0.5 },
  };
  const model = swappedModel(mini, declared);
  assert.throws(
    () => swappedModel(mini, { ...declared, people: 1.2 }),
    /moves them by up to/,
  );
  const general = shippedPrompt("administration", "general");
  const prompts = ["", "Be this person.", "Answer as they would."].map((more) =>
    editPrompt(general, { system: `${general.system}\n\n${more}`.trim() })
  );
  const lab = await openStudy({ schema: "swapped" });
  const people = Array.from({ length: 20 }, (_, at) => ({
    person: `P${at}`,
    sex: at % 2 ? "female" : "male",
    colour: at % 3 ? "blue" : "green",
  }));
  await lab.population(people, { instrument: null, name: "people" });
  const [sex, colour] = ["sex:male<->female", "colour:blue<->green"];
  const plan = administrations({
    ...{ instrument: mini, models: [model], of: "profiles", prompt: prompts },
    changes: ["unchanged", sex, colour],
  });
  await lab.run(await lab.register(plan));
  await lab.close();
  const opened = await openDataset({ schema: "swapped" });
  const sheets = await opened.sheets("mini-ipip", { with: ["sex", "colour"] });
  await opened.close();
  const sides = {
    [sex]: { attribute: "sex", level: "male" },
    [colour]: { attribute: "colour", level: "blue" },
  };
  const found = rows(swapEffects(sheets, { instrument: mini, from: sides }), Row);
  const of = (change: string, scale: string) =>
    found.find((row) => row.change === change && row.scale === scale)!;
  const own = of(sex, "A");
  assert.deepEqual([own.n, own.wordings], [20, 3]);
  assert.ok((own.ci_lower as number) < 0.5 && 0.5 < (own.ci_upper as number), JSON.stringify(own));
  assert.ok(Math.abs(of(colour, "A").estimate as number) < 0.2);
  const varied = rows(swapVariation(sheets, { instrument: mini, from: sides }), Row);
  assert.deepEqual(varied.map(({ scale }) => scale), [...mini.scales]);
  assert.ok(varied.every(({ variance_ratio }) => (variance_ratio as number) >= 0));
});
