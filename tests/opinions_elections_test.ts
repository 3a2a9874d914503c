/** Elections by state against the worked example and R; the shipped results. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import pl, { type DataFrame } from "polars";
import { columnOf } from "lib/columns.ts";
import { records } from "lib/csv.ts";
import { frame, rows } from "lib/frames.ts";
import type { Question } from "lib/opinions/answers.ts";
import { electionErrors, elections } from "lib/opinions/elections.ts";
import {
  aggregates,
  electionResults,
  matched,
  surveyed,
  surveyQuestions,
  tiles,
} from "lib/opinions/reference.ts";
import { alignment, baselineSummary, groupBaselines } from "lib/opinions/alignment.ts";
import { sourcesOf } from "lib/provenance.ts";
import { wilson } from "lib/stats.ts";
import { z } from "zod";
import { close, each, near } from "./near.ts";
import r from "./reference/opinions_r.json" with { type: "json" };
import strata from "./reference/strata.json" with { type: "json" };

const VOTE: Question = {
  question: "vote",
  options: [
    { option: "A", label: "Democrat", position: 1 },
    { option: "B", label: "Republican", position: 2 },
  ],
};

/** Votes for A and B and replies without one, each of another respondent. */
const votes = (counts: Record<string, readonly [number, number, number]>, more: object = {}) => {
  let respondent = 0;
  return Object.entries(counts).flatMap(([stratum, [a, b, invalid]]) =>
    ([["A", a], ["B", b], [null, invalid]] as const).flatMap(([option, n]) =>
      Array.from({ length: n }, () => ({
        respondent: respondent++,
        stratum,
        question: "vote",
        option: option as string | null,
        reply_class: option ? "answer" : "refusal",
        ...more,
      }))
    )
  );
};
const KINDS = {
  respondent: "integer",
  stratum: "text",
  question: "text",
  option: "text",
  reply_class: "text",
} as const;
const COUNTED = frame([
  { stratum: "AA", share: .47, votes: 4e6 },
  { stratum: "BB", share: .55, votes: 9e6 },
  { stratum: "CC", share: .49, votes: 1e6 },
], { stratum: "text", share: "number", votes: "number" });

type Found = Record<string, number | string | null>;
const found = (table: DataFrame) => table.toRecords() as Found[];

Deno.test("the worked election: every winner wrong, none certain, and a bias near 0", () => {
  const answers = frame(
    votes({ AA: [520, 470, 10], BB: [480, 500, 20], CC: [505, 495, 0] }),
    KINDS,
  );
  const states = elections(answers, { question: VOTE, counted: COUNTED });
  const [aa, bb, cc] = found(states) as [Found, Found, Found];
  each([[aa, 520, 990], [bb, 480, 980], [cc, 505, 1000]] as const, ([own, count, n]) => {
    const { estimate, ciLower, ciUpper } = wilson({ count, n });
    near(own.share as number, estimate, 1e-12);
    near(own.ci_lower as number, ciLower, 1e-12);
    near(own.ci_upper as number, ciUpper, 1e-12);
    assert.deepEqual([own.n, own.effective_n], [n, n]);
  });
  const printed = (own: Found, ...names: string[]) =>
    names.map((name) => (own[name] as number).toFixed(3));
  assert.deepEqual(printed(aa, "share", "ci_lower", "ci_upper"), ["0.525", "0.494", "0.556"]);
  assert.deepEqual(printed(bb, "share", "ci_lower", "ci_upper"), ["0.490", "0.459", "0.521"]);
  assert.deepEqual(printed(cc, "share", "ci_lower", "ci_upper"), ["0.505", "0.474", "0.536"]);
  assert.deepEqual([aa.winner, aa.counted_winner, aa.certain, aa.right, aa.invalid], [
    "Democrat",
    "Republican",
    "no",
    "no",
    10,
  ]);
  near(aa.if_answered_lower as number, .52, 1e-12);
  near(aa.if_answered_upper as number, .53, 1e-12);
  const [all] = found(electionErrors(states));
  near(all!.estimate as number, (520 / 990 - .47 + 480 / 980 - .55 + .505 - .49) / 3, 1e-12);
  assert.deepEqual(
    ["estimate", "mae", "rmse"].map((name) => (all![name] as number).toFixed(4)),
    ["0.0033", "0.0435", "0.0480"],
  );
  assert.deepEqual([all!.states_right, all!.states_certain, all!.states], [0, 0, 3]);
  assert.deepEqual(
    ["national", "national_unweighted", "national_counted"].map((name) =>
      (all![name] as number).toFixed(4)
    ),
    ["0.5010", "0.5067", "0.5229"],
  );
  const se = Math.sqrt(
    [[520, 990], [480, 980], [505, 1000]]
      .reduce((sum, [x, n]) => sum + (x! / n!) * (1 - x! / n!) / (n! - 1), 0),
  ) / 3;
  near(all!.se as number, se, 1e-12);
  // scipy, by definition.
  const [once, nation] = strata.election;
  const counted = (.47 + .55 + .49) / 3;
  close(all!.ci_lower as number, once!.limits[0]! - counted, 1e-9);
  close(all!.ci_upper as number, once!.limits[1]! - counted, 1e-9);
  close(all!.national_lower as number, nation!.limits[0]!, 1e-9);
  close(all!.national_upper as number, nation!.limits[1]!, 1e-9);
  for (const table of [states, electionErrors(states)]) {
    assert.deepEqual(table.columns.filter((name) => !columnOf(name)?.meaning), []);
  }
});

// R: prop.test(correct = FALSE).
Deno.test("intervals of states are R's; a winner is certain where they exclude one half", () => {
  const counts = Object.fromEntries(
    r.states.map(({ yes, n }, at) => [`S${at}`, [yes, n - yes, 0] as const]),
  );
  const counted = frame(
    r.states.map((_, at) => ({ stratum: `S${at}`, share: .4, votes: 1 })),
    { stratum: "text", share: "number", votes: "number" },
  );
  const states = found(elections(frame(votes(counts), KINDS), { question: VOTE, counted }));
  r.states.forEach(({ limits: [lower, upper] }, at) => {
    near(states[at]!.ci_lower as number, lower, 1e-9);
    near(states[at]!.ci_upper as number, upper, 1e-9);
    assert.equal(states[at]!.certain, lower! > .5 || upper! < .5 ? "yes" : "no");
  });
  // The published shares of four forms at n = 1,000.
  const printed = states.slice(3).map((own) =>
    [own.ci_lower, own.ci_upper].map((limit) => (limit as number).toFixed(3))
  );
  assert.deepEqual(printed, [["0.447", "0.509"], ["0.466", "0.528"], ["0.510", "0.572"], [
    "0.672",
    "0.729",
  ]]);
});

Deno.test("weights and repeated voters reach shares, and refusals do not", () => {
  const weighted = frame(
    [...votes({ AA: [2, 1, 1] }).map((row, at) => ({ ...row, weight: [1, 3, 2, 9][at]! }))],
    { ...KINDS, weight: "number" },
  );
  const [own] = found(elections(weighted, { question: VOTE, counted: COUNTED }));
  near(own!.share as number, 4 / 6, 1e-12);
  near(own!.if_answered_lower as number, 4 / 15, 1e-12);
  assert.deepEqual([own!.n, own!.invalid], [3, 1]);
  assert.ok((own!.effective_n as number) < 3);
  // The same voters asked twice know no more than asked once.
  const once = votes({ AA: [60, 40, 0] });
  const twice = frame([...once, ...once], KINDS);
  const [again] = found(elections(twice, { question: VOTE, counted: COUNTED }));
  assert.deepEqual([again!.n, again!.clusters, again!.share], [200, 100, .6]);
  const { ciLower } = wilson({ count: 60, n: 100 });
  close(again!.ci_lower as number, ciLower, 1e-3);
  // One half has no winner, and nobody asked has no share.
  const [half] = found(
    elections(frame(votes({ AA: [5, 5, 0] }), KINDS), { question: VOTE, counted: COUNTED }),
  );
  assert.deepEqual([half!.winner, half!.right, half!.certain], [null, null, "no"]);
  const [none] = found(
    elections(frame(votes({ AA: [0, 0, 5] }), KINDS), { question: VOTE, counted: COUNTED }),
  );
  assert.deepEqual([none!.share, none!.winner, none!.invalid, none!.certain], [
    null,
    null,
    5,
    null,
  ]);
  assert.throws(
    () => elections(twice, { question: VOTE, counted: COUNTED.drop("votes") }),
    /What was counted has no column votes/,
  );
  assert.throws(
    () => elections(twice, { question: VOTE, counted: pl.concat([COUNTED, COUNTED]) }),
    /has stratum AA twice: choose one election/,
  );
  const three = { ...VOTE, options: [...VOTE.options, { option: "C", label: "C", position: 3 }] };
  assert.throws(
    () => elections(twice, { question: three, counted: COUNTED }),
    /between two: question vote has 3 answers/,
  );
});

Deno.test("where all voters of all states agree, the bias still has limits; of lone voters it has none", () => {
  const of = (n: number) => {
    const answers = frame(votes({ AA: [n, 0, 0], BB: [n, 0, 2], CC: [n, 0, 0] }), KINDS);
    return found(electionErrors(elections(answers, { question: VOTE, counted: COUNTED })))[0]!;
  };
  const all = of(24), counted = (.47 + .55 + .49) / 3;
  assert.equal(all.se, 0);
  // Of states that agree: Wilson's with 23 voters of each and one more.
  const { ciLower } = wilson({ count: 3 * 23 + 1, n: 3 * 23 + 1 });
  close(all.ci_lower as number, ciLower! - counted, 1e-12);
  close(all.ci_upper as number, 1 - counted, 1e-12);
  const { estimate, ci_lower, ci_upper, national_lower } = of(1);
  assert.deepEqual([ci_lower, ci_upper, national_lower], [null, null, null]);
  close(estimate as number, 1 - counted, 1e-12);
});

Deno.test("the shipped results are those of the counts, and add up", () => {
  const path = "dataset/opinions/us_election_president_2016_2024.csv";
  const counts = records(readFileSync(path, "utf8"), path, "");
  const democratic = { 2016: 21, 2020: 26, 2024: 20 };
  for (const [year, won] of Object.entries(democratic)) {
    const own = rows(
      electionResults(Number(year)),
      z.object({ stratum: z.string(), share: z.number(), votes: z.number() }),
    );
    assert.equal(own.length, 51);
    assert.equal(own.filter(({ share }) => share > .5).length, won);
    each(own, ({ stratum, share, votes }) => {
      const row = counts.find((row) => row.year === year && row.stratum === stratum)!;
      assert.equal(votes, Number(row.dem_votes) + Number(row.rep_votes));
      close(share, Number(row.dem_votes) / votes, 1e-6);
    });
    const [nation] = rows(
      electionResults(Number(year), { national: true }),
      z.object({ share: z.number(), votes: z.number() }),
    );
    assert.equal(own.reduce((sum, { votes }) => sum + votes, 0), nation!.votes);
    close(
      own.reduce((sum, { share, votes }) => sum + share * votes, 0) / nation!.votes,
      nation!.share,
      1e-6,
    );
  }
  assert.match(sourcesOf(electionResults(2024))![0]!.line, /^Data: state returns .* 2024$/);
  const [trump] = electionResults(2020, { first: "Donald Trump", national: true }).toRecords();
  assert.equal((trump as Found).share, .47732);
  assert.throws(() => electionResults(2012), /no election of 2012: there are 2016, 2020, 2024/);
  assert.throws(() => electionResults(2020, { first: "X" }), /In 2020 there was no X/);
  assert.equal(tiles().length, 51);
  assert.equal(new Set(tiles().map(({ row, col }) => `${row} ${col}`)).size, 51);
});

const Answer = z.object({
  question: z.string(),
  attribute: z.string(),
  group: z.string(),
  option: z.string(),
  option_label: z.string(),
  share: z.number(),
});

Deno.test("the shipped survey adds up, and says what the press said of it", () => {
  const all = rows(surveyed({ year: 2018 }), Answer);
  for (
    const own of Map.groupBy(all, (row) => `${row.question} ${row.attribute} ${row.group}`).values()
  ) {
    close(own.reduce((sum, { share }) => sum + share, 0), 1, 1.5e-4, own[0]);
  }
  const share = (question: string, label: RegExp) =>
    all.find((row) =>
      row.question === question && row.attribute === "all" && label.test(row.option_label)
    )!
      .share;
  close(share("gss_happy", /^very happy/), .310, 6e-4);
  close(share("gss_trust", /can be trusted/), .315, 5e-3);
  const questions = surveyQuestions({ year: 2018 });
  assert.equal(questions.length, 41);
  const trust = (middle: boolean) =>
    surveyQuestions({ year: 2018, middle }).find(({ question }) => question === "gss_trust")!
      .options
      .map(({ position }) => position);
  assert.deepEqual([trust(false), trust(true)], [[null, null, null], [1, 3, 2]]);
  // Groups of people against all of them: nearer than 0.8, and none is all.
  const baselines = groupBaselines(surveyed({ year: 2018 }), { questions });
  const [summary] = found(baselineSummary(baselines));
  assert.equal(summary!.groups, 2 + 3 + 5 + 4);
  assert.ok((summary!.worst as number) > .8 && (summary!.average as number) < 1);
  assert.throws(() => surveyed({ year: 2017 }), /no survey of 2017: there are 2016, 2018/);
  assert.throws(() => surveyed({ year: 2018, attribute: "party" }), /2018 has no answers by party/);
  // What only a secondary text gives is not read unless it is asked for.
  assert.ok(aggregates().height < aggregates({ unchecked: true }).height);
  assert.doesNotMatch(JSON.stringify(aggregates().toRecords()), /secondary text/);
  for (const table of [surveyed({ year: 2016 }), aggregates(), electionResults(2016)]) {
    assert.deepEqual(table.columns.filter((name) => !columnOf(name)?.meaning), []);
  }
});

Deno.test("a survey is matched to questions in other words by their positions", () => {
  const labels = ["too small", "about as it should be", "too large"];
  const budget: Question = {
    question: "budget",
    options: [
      ...labels.map((label, at) => ({ option: "ABC"[at]!, label, position: at + 1 })),
      { option: "D", label: "Would rather not say", position: null, role: "refusal" },
    ],
  };
  const reference = surveyed({ year: 2018, attribute: "all" });
  const links = [{ question: "budget", reference: "gss_natenvir" }];
  const own = rows(
    matched(reference, { questions: [budget], links }),
    z.object({
      question: z.string(),
      option: z.string(),
      share: z.number(),
    }),
  );
  assert.deepEqual(own.map(({ option }) => option), ["A", "B", "C"]);
  const answers = frame(
    own.flatMap(({ option, share }) =>
      Array.from({ length: Math.round(1000 * share) }, () => ({ question: "budget", option }))
    ),
    { question: "text", option: "text" },
  );
  const [row] = found(alignment(answers, {
    questions: [budget],
    reference: matched(reference, { questions: [budget], links }),
    draws: 20,
  }));
  close(row!.estimate as number, 1, 1e-3);
  assert.ok((row!.ceiling as number) < 1);
  const short = { ...budget, options: budget.options.slice(1) };
  assert.throws(
    () => matched(reference, { questions: [short], links }),
    /Question budget has the answers about as it should be \(2\), too large \(3\), and gss_natenvir 1 /,
  );
  assert.throws(
    () =>
      matched(reference, { questions: [budget], links: [{ question: "budget", reference: "no" }] }),
    /The reference has no question no, with which budget is compared/,
  );
  assert.throws(
    () => matched(reference, { questions: [], links }),
    /There is no question budget/,
  );
});
