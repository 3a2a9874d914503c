/**
 * The evaluation on the stand-in itself: alignment, election bias and the ladder's trend that were put in
 * are within their intervals, and where nothing drifts no trend is found too often.
 */
import assert from "node:assert/strict";
import { frame } from "lib/frames.ts";
import { alignment, alignmentOf } from "lib/opinions/alignment.ts";
import { electionErrors, elections } from "lib/opinions/elections.ts";
import { LADDER } from "lib/opinions/forms.ts";
import { trends } from "lib/opinions/ladder.ts";
import { slopeOnPlaces } from "lib/stats.ts";
import { atNight } from "./command.ts";
import {
  instrumentOf,
  laddered,
  ordered,
  type Person,
  questionsIn,
  toldShares,
} from "./drifting.ts";

const STATES = ["Iowa", "Maine", "Ohio", "Utah"];
const people = (each: number): Person[] =>
  STATES.flatMap((state, place) =>
    Array.from({ length: each }, (_, at) => ({
      age: String(20 + (7 * at + place) % 60),
      sex: at % 2 ? "Male" : "Female",
      race: ["Asian", "Black", "White"][at % 3]!,
      state,
    }))
  );

const INSTRUMENT = instrumentOf(
  ordered(1, "Which of two names gets your vote?", "The first name", "The second name"),
  ordered(2, "Is the sum spent on water", "too small", "as it should be", "too large"),
  ordered(3, "Would you pay more for wind?", "Certainly", "Perhaps", "Hardly", "Never"),
);
const QUESTIONS = questionsIn(INSTRUMENT);
const REFERENCE = [[.55, .45], [.5, .3, .2], [.4, .3, .2, .1]];
const COUNTED = STATES.map((stratum, at) => ({ stratum, share: .4 + .05 * at, votes: 1e6 }));
const DRIFT = 0.3, TOP = LADDER.length - 1;

type Row = Record<string, number | string | null>;
const within = (row: Row, truth: number): boolean =>
  row.ci_lower !== null && (row.ci_lower as number) <= truth && truth <= (row.ci_upper as number);
const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
const column = (shares: readonly (readonly number[])[], at: number) =>
  mean(shares.map((own) => own[at]!));

/** In how many seeds each number that was put in is within its interval. */
async function recovered(each: number, seeds: number) {
  const who = people(each), truth = truthsOf(who);
  const reference = frame(
    QUESTIONS.flatMap(({ question, options }, at) =>
      options.map(({ option }, place) => ({ question, option, share: REFERENCE[at]![place] }))
    ),
    { question: "text", option: "text", share: "number" },
  );
  const counted = frame(COUNTED, { stratum: "text", share: "number", votes: "number" });
  const held = { alignment: 0, bias: 0, trend: 0, all: 0 };
  for (let seed = 0; seed < seeds; seed++) {
    const answers = await laddered(who, INSTRUMENT, { drift: DRIFT, seed });
    const aligned = alignment(answers, {
      questions: QUESTIONS,
      reference,
      by: ["form"],
      draws: 0,
    }).toRecords() as Row[];
    const top = aligned.find((row) => row.form === LADDER[TOP] && row.question === "All")!;
    const ladder = { questions: QUESTIONS, factor: "form", rungs: LADDER, flips: 99 };
    const rows = trends(answers, ladder).toRecords() as Row[];
    const errors = electionErrors(
      elections(answers, { question: QUESTIONS[0]!, counted, by: ["form"] }),
      { by: ["form"] },
    ).toRecords() as Row[];
    held.alignment += Number(within(top, truth.alignment));
    held.bias += Number(within(errors.find(({ form }) => form === LADDER[TOP])!, truth.bias));
    held.trend += Number(within(rows[0]!, truth.slopes[0]!));
    held.all += Number(within(rows.at(-1)!, mean(truth.slopes)));
  }
  return held;
}

/** What was put in for these very people. */
function truthsOf(who: readonly Person[]) {
  const told = (number: number, rung: number) =>
    toldShares(who, INSTRUMENT, number, { drift: DRIFT, rung });
  const slopes = INSTRUMENT.items.map(({ number, options }) =>
    slopeOnPlaces(LADDER.map((_, rung) => {
      const shares = told(number, rung), last = options!.length - 1;
      return options!.reduce((sum, _, at) => sum + column(shares, at) * at / last, 0);
    }))!
  );
  const vote = told(1, TOP);
  return {
    slopes,
    alignment: mean(INSTRUMENT.items.map(({ number, options }) => {
      const shares = told(number, TOP);
      return alignmentOf(
        options!.map((_, at) => column(shares, at)),
        REFERENCE[number - 1]!,
        options!.map(({ position }) => position!),
      )!;
    })),
    bias: mean(
      COUNTED.map(({ stratum, share }) =>
        column(vote.filter((_, at) => who[at]!.state === stratum), 0) - share
      ),
    ),
  };
}

Deno.test("what the stand-in was told is within the intervals of all three evaluations", async () => {
  const held = await recovered(8, 10);
  for (const [what, count] of Object.entries(held)) {
    assert.ok(count >= 8, `${what}: ${count} of 10`);
  }
});

atNight("what the stand-in was told is within the intervals in 93 of 100 seeds", async () => {
  const held = await recovered(15, 100);
  console.log(JSON.stringify(held));
  for (const [what, count] of Object.entries(held)) {
    assert.ok(count >= 93, `${what}: ${count} of 100`);
  }
});

const WORDS = ["too little", "little", "enough", "much", "too much"];
const NULL = instrumentOf(
  ...Array.from(
    { length: 10 },
    (_, at) =>
      ordered(at + 1, `How much is done about matter ${at + 1}?`, ...WORDS.slice(0, 2 + at % 4)),
  ),
);

/** Of tests of an undrifted ladder, question by question, how many reject, study by study. */
async function rejecting(studies: number, first = 0): Promise<number[]> {
  const counts: number[] = [], who = people(6);
  for (let study = 0; study < studies; study++) {
    const answers = await laddered(who, NULL, { drift: 0, seed: first + study });
    const rows = trends(answers, {
      questions: questionsIn(NULL),
      factor: "form",
      rungs: LADDER,
      flips: 99,
    }).toRecords() as Row[];
    counts.push(rows.filter(({ question, p }) => question !== "All" && (p as number) < .05).length);
  }
  return counts;
}

Deno.test("without a drift of the stand-in a trend is seldom found, with one it is", async () => {
  const counts = await rejecting(8, 5000), total = counts.reduce((a, b) => a + b);
  // Of 80 at 5 % more than 10 are seen once in 400 times.
  assert.ok(total <= 10, `${total} of 80`);
  const answers = await laddered(people(6), NULL, { drift: 0.5, seed: 1 });
  const rows = trends(answers, {
    questions: questionsIn(NULL),
    factor: "form",
    rungs: LADDER,
    flips: 99,
  }).toRecords() as Row[];
  assert.ok(rows.filter(({ p }) => p !== null && (p as number) < .05).length >= 8);
});

atNight(
  "without a drift of the stand-in Page's test rejects in 5 ± 3 of 100, 100 times",
  async () => {
    const counts = await rejecting(1000);
    const blocks = Array.from(
      { length: 100 },
      (_, at) => counts.slice(10 * at, 10 * at + 10).reduce((a, b) => a + b),
    );
    const total = blocks.reduce((a, b) => a + b);
    console.log(
      `${total} of 10,000; of 100 at least ${Math.min(...blocks)}, at most ${Math.max(...blocks)}`,
    );
    assert.ok(total >= 200 && total <= 800, `${total} of 10,000`);
  },
);
