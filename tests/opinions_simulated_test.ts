/** The stand-in whose opinions drift: what it was told to do is what comes out of a whole study. */
import assert from "node:assert/strict";
import pl from "polars";
import { openDataset } from "lib/db.ts";
import { frame } from "lib/frames.ts";
import { unscored } from "lib/instruments.ts";
import { alignment, alignmentOf } from "lib/opinions/alignment.ts";
import { answersOf, questionsOf } from "lib/opinions/answers.ts";
import { electionErrors, elections } from "lib/opinions/elections.ts";
import { shifts, trends } from "lib/opinions/ladder.ts";
import { opinionsIn } from "lib/opinions/replies.ts";
import { descriptive, LADDER, objective, subjective } from "lib/opinions/forms.ts";
import {
  declaredShares,
  declaredShifts,
  driftingModel,
  lapsing,
  leaningOf,
  sharesAt,
} from "lib/opinions/simulated.ts";
import { seeded } from "lib/random.ts";
import { administrations, openStudy, personas, populationFrom } from "lib/study.ts";
import { atNight } from "./command.ts";

const SCHEMA = "opinions_drift";
const DRIFT = 0.4;
const SEXES = ["Female", "Male"], RACES = ["Asian", "Black", "White"];
const STATES = ["Iowa", "Maine", "Ohio", "Texas", "Utah"],
  AGES = ["18-29", "30-44", "45-64", "65+"];

const PEOPLE = AGES.flatMap((age) =>
  SEXES.flatMap((sex) =>
    RACES.flatMap((race) => STATES.map((state) => ({ age, sex, race, state })))
  )
);

const item = (number: number, text: string, ...labels: string[]) => ({
  number,
  text,
  options: [
    ...labels.map((label, place) => ({ code: place + 1, label, position: place + 1 })),
    { code: 9, label: "Would rather not say", position: null, role: "refusal" as const },
  ],
});

const questions = unscored({
  name: "drift-questions",
  title: "Three questions",
  questions: [
    item(1, "Which of two names gets your vote?", "The first name", "The second name"),
    item(2, "Is the sum spent on clean water", "too small", "as it should be", "too large"),
    item(
      3,
      "Would you pay more for wind power?",
      "Certainly",
      "Perhaps",
      "Hardly",
      "Never",
      "No view",
    ),
  ],
  source: "written for this test",
});

// By hand: weights exp(±1.5 × 0.5) and 1.
Deno.test("shares follow the leaning, from one end of the options to the other", () => {
  const [low, middle, high] = sharesAt(0.5, [1, 2, 3]);
  const sum = Math.exp(-0.75) + 1 + Math.exp(0.75);
  assert.ok(Math.abs(low! - Math.exp(-0.75) / sum) < 1e-15);
  assert.ok(Math.abs(middle! - 1 / sum) < 1e-15);
  assert.ok(Math.abs(high! - Math.exp(0.75) / sum) < 1e-15);
  assert.deepEqual(sharesAt(0, [3, 1]), [0.5, 0.5]);
  assert.equal(leaningOf(["Ohio", "Male"]), leaningOf(["Male", "Ohio"]));
  const leanings = PEOPLE.map((person) => leaningOf(Object.values(person)));
  assert.ok(leanings.every((leaning) => Math.abs(leaning) <= 1));
  assert.throws(() => driftingModel(NaN), /A drift is a number: got NaN/);
});

Deno.test("a lapsing stand-in gives no answer as often as it is told, in several ways", async () => {
  const schema = "opinions_lapses";
  const lab = await openStudy({ schema });
  await lab.population(PEOPLE, { instrument: null, name: "people" });
  const models = [lapsing(driftingModel(0, questions), 0.4)];
  const plan = administrations({ instrument: questions, models, of: "profiles", coding: "label" });
  await lab.run(await lab.register(plan));
  await lab.close();
  const study = await openDataset({ schema });
  const made = await opinionsIn(study, questions);
  await study.close();
  const classes = made.getColumn("reply_class").toArray() as string[];
  const share = (of: string) => classes.filter((one) => one === of).length / classes.length;
  assert.equal(classes.length, 3 * PEOPLE.length);
  // Four standard errors of 360 draws.
  assert.ok(Math.abs(share("answer") - 0.6) < 4 * Math.sqrt(0.24 / classes.length));
  for (const one of ["refusal", "abstention", "both", "unreadable"]) {
    assert.ok(Math.abs(share(one) - 0.1) < 4 * Math.sqrt(0.09 / classes.length), one);
  }
  assert.throws(() => lapsing(models[0]!, 2), /A share is from 0 to 1: got 2/);
});

Deno.test("a study of four rungs gives back the drift that was put in, within its error", async () => {
  const lab = await openStudy({ schema: SCHEMA });
  await lab.population(PEOPLE, { instrument: null, name: "people" });
  const models = [driftingModel(DRIFT, questions)];
  const done = async (plan: Parameters<typeof lab.register>[0]) =>
    assert.deepEqual((await lab.run(await lab.register(plan))).failed, {});
  const asked = { instrument: questions, models };
  await done(administrations({ ...asked, of: "profiles", population: "people" }));
  for (const form of [objective, subjective, descriptive]) {
    await done(personas({ models, population: "people", form }));
    await done(administrations({ ...asked, form: form.name }));
  }
  await lab.close();

  const study = await openDataset({ schema: SCHEMA });
  const { sheets } = await study.sheets(questions.name);
  await study.close();
  const rows = sheets.toRecords() as Record<string, number | string | null>[];
  assert.equal(rows.length, LADDER.length * PEOPLE.length);
  /** How many standard errors the answers to an item lie above what a drift makes of these people. */
  const above = (rung: number, number: number, drift: number): number => {
    const { options } = questions.items[number - 1]!;
    const positions = options!.flatMap(({ position }) => position ?? []);
    let sum = 0, variance = 0;
    for (const row of rows.filter(({ form }) => (form ?? "meta") === LADDER[rung])) {
      const leaning = leaningOf(Object.values(PEOPLE[Number(row.profile) - 1]!)) + drift * rung;
      const shares = sharesAt(leaning, positions);
      const mean = shares.reduce((total, share, at) => total + share * positions[at]!, 0);
      sum += Number(row[`answer ${number}`]) - mean;
      variance += shares.reduce(
        (total, share, at) => total + share * (positions[at]! - mean) ** 2,
        0,
      );
    }
    return sum / Math.sqrt(variance);
  };
  for (const rung of LADDER.keys()) {
    for (const { number } of questions.items) {
      const z = above(rung, number, DRIFT);
      assert.ok(Math.abs(z) < 4, `rung ${rung}, item ${number}: ${z} standard errors`);
      if (rung) assert.ok(above(rung, number, 0) > z);
    }
  }
  const undrifted = questions.items.map(({ number }) => above(LADDER.length - 1, number, 0));
  assert.ok(Math.max(...undrifted) > 4, `${undrifted}`);
});

type Found = Record<string, number | string | null>;

/** People of these combinations, drawn with replacement and as many of each state, go up the ladder. */
async function climbed(seed: number) {
  const schema = `opinions_seed_${seed}`, { int } = seeded("seeds", seed);
  const people = STATES.flatMap((state) => {
    const own = PEOPLE.filter((one) => one.state === state);
    return own.map(() => ({ ...own[int(own.length)]!, stratum: state }));
  });
  const lab = await openStudy({ schema });
  await lab.population(people, { instrument: null, name: "people" });
  const models = [driftingModel(DRIFT, questions)], asked = { instrument: questions, models };
  const forms = [objective, subjective, descriptive];
  const runs = await lab.register([
    administrations({ ...asked, of: "profiles", population: "people" }),
    ...forms.map((form) => personas({ models, population: "people", form })),
    ...forms.map(({ name: form }) => administrations({ ...asked, form })),
  ]);
  assert.deepEqual((await lab.run(runs)).failed, {});
  await lab.close();
  const study = await openDataset({ schema });
  const sheets = await study.sheets(questions.name, { with: ["stratum"] });
  await study.close();
  return answersOf(sheets, questions).withColumns(pl.col("form").fillNull("meta"));
}

atNight("of 100 studies 93 or more find the drift that the simulated model was told", async () => {
  const whole = populationFrom(PEOPLE, { instrument: null });
  const asked = questionsOf(questions).map((one) => ({ ...one, direction: "first" as const }));
  const told = declaredShares(whole, asked, { drift: DRIFT }).toRecords() as Found[];
  const sharesOf = (question: string, group: string) =>
    told.filter((row) => row.question === question && row.group === group)
      .map(({ share }) => share as number);
  // What people are like is what bare profiles say.
  const reference = frame(
    told.filter(({ group }) => group === LADDER[0]).map(({ question, option, share }) => ({
      question,
      option,
      share,
    })),
    { question: "text", option: "text", share: "number" },
  );
  const mean = (of: readonly number[]) => of.reduce((a, b) => a + b) / of.length;
  const aligned = mean(asked.map(({ question, options }) =>
    alignmentOf(
      sharesOf(question, "descriptive"),
      sharesOf(question, "meta"),
      options.flatMap(({ position }) => position ?? []),
    )!
  ));
  const shiftTo = (level: typeof LADDER[number]) =>
    (declaredShifts(whole, asked, { drift: DRIFT, against: "meta", level })
      .toRecords() as Found[])[0]!.truth as number;
  const slope = LADDER.reduce((sum, rung, at) => sum + (at - 1.5) * shiftTo(rung), 0) / 5;
  const [vote] = asked;
  const shareIn = (state: string, rung: number) =>
    mean(
      PEOPLE.filter((one) => one.state === state).map((one) =>
        sharesAt(leaningOf(Object.values(one)) + DRIFT * rung, [1, 2])[0]!
      ),
    );
  const counted = frame(
    STATES.map((stratum) => ({ stratum, share: shareIn(stratum, 0), votes: 1e6 })),
    { stratum: "text", share: "number", votes: "number" },
  );
  const bias = mean(STATES.map((state) => shareIn(state, 3) - shareIn(state, 0)));
  const held = { alignment: 0, shift: 0, trend: 0, bias: 0 };
  const within = (row: Found, truth: number) =>
    Number((row.ci_lower as number) <= truth && truth <= (row.ci_upper as number));
  for (let seed = 0; seed < 100; seed++) {
    const answers = await climbed(seed), ladder = { questions: asked, factor: "form", flips: 99 };
    const all = alignment(answers, { questions: asked, reference, by: ["form"], draws: 0 })
      .toRecords() as Found[];
    held.alignment += within(
      all.find(({ form, question }) => form === "descriptive" && question === "All")!,
      aligned,
    );
    const ends = { against: "meta", level: "descriptive", draws: 0 };
    held.shift += within(
      shifts(answers, { ...ladder, ...ends }).toRecords()[0] as Found,
      shiftTo("descriptive"),
    );
    held.trend += within(
      trends(answers, { ...ladder, rungs: LADDER }).toRecords()[0] as Found,
      slope,
    );
    const texts = answers.filter(pl.col("form").eq(pl.lit("descriptive")));
    held.bias += within(
      electionErrors(elections(texts, { question: vote!, counted })).toRecords()[0] as Found,
      bias,
    );
  }
  console.log(JSON.stringify(held));
  for (const [what, count] of Object.entries(held)) {
    assert.ok(count >= 93, `${what}: ${count} of 100`);
  }
});
