/** Rounds: who hears whom, what is asked again and what is not, and what a round changes. */
import assert from "node:assert/strict";
import pl from "polars";
import { connect, openDataset } from "lib/db.ts";
import { frame, rows } from "lib/frames.ts";
import { unscored } from "lib/instruments.ts";
import { questionsOf } from "lib/opinions/answers.ts";
import { opinionsIn } from "lib/opinions/replies.ts";
import { hearing, roundChanges, roundsPrompt } from "lib/opinions/rounds.ts";
import { shippedPrompt } from "lib/prompts.ts";
import { administrations, openStudy } from "lib/study.ts";
import { z } from "zod";
import { until } from "./command.ts";
import { provider } from "./llm_server.ts";
import { near } from "./near.ts";
import r from "./reference/rounds.json" with { type: "json" };
import { Process, served } from "./study_worker.ts";

const item = (number: number, text: string, ...labels: string[]) => ({
  number,
  text,
  options: [
    ...labels.map((label, at) => ({ code: at + 1, label, position: at + 1 })),
    { code: 9, label: "Rather not say", position: null, role: "refusal" as const },
  ],
});

const instrument = unscored({
  name: "rounds",
  title: "Two questions",
  questions: [
    item(1, "Road or meadow?", "Road", "Meadow"),
    item(2, "How much?", "Little", "Some", "A lot"),
  ],
  source: "written for this test",
});
const questions = questionsOf(instrument);
const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

const N = 12;
const said = frame(
  Array.from({ length: N }, (_, at) =>
    [1, 2].map((number) => ({
      profile: at + 1,
      round: "0",
      side: at < N / 2 ? "east" : "west",
      question: `item ${number}`,
      option: at === 3 && number === 2
        ? "9"
        : String(number === 1 ? 1 + Number(at % 3 > 0) : 1 + at % 3),
      reply_reason: number === 1 ? `because ${at + 1}` : null,
    }))).flat(),
  {
    profile: "integer",
    round: "text",
    side: "text",
    question: "text",
    option: "text",
    reply_reason: "text",
  },
);
const of = { instrument, round: 1, after: "round-0" };
const Heard = z.object({
  respondent: z.number(),
  question: z.string(),
  heard: z.number(),
  option: z.string(),
});

Deno.test("each hears so many others, nobody itself or who refused, and the same from the same seed", () => {
  const { context, heard } = hearing(said, { ...of, others: 4, seed: 7 });
  assert.deepEqual([context.round, context.after], ["1", ["round-0"]]);
  const all = rows(heard, Heard);
  assert.equal(all.length, N * 2 * 4);
  assert.ok(all.every(({ respondent, heard }) => respondent !== heard));
  assert.ok(!all.some(({ question, heard }) => question === "item 2" && heard === 4));
  assert.match(
    context.texts[1]![1]!,
    /^To question 1 others said:\n(- (Road|Meadow) \(because \d+\)(\n|$)){4}$/,
  );
  assert.doesNotMatch(context.texts[1]![2]!, /because|null/);
  assert.deepEqual(hearing(said, { ...of, others: 4, seed: 7 }).context, context);
  assert.notDeepEqual(hearing(said, { ...of, others: 4, seed: 8 }).context, context);
  const own = hearing(said, { ...of, others: 0, own: true }).context.texts;
  assert.equal(own[1]![1], "To question 1 you said before: Road (because 1)");
  assert.equal(own[4]![2], undefined);
  assert.deepEqual(hearing(said, { ...of, others: 0 }).context.texts, {});
  const twice = pl.concat([said, said]);
  assert.throws(() => hearing(twice, of), /Somebody answered item 1 twice/);
});

Deno.test("heard are one of each option in turn, those of one's own stratum, or those of a network", () => {
  const balanced = rows(hearing(said, { ...of, others: 3, among: "balanced" }).heard, Heard)
    .filter(({ question }) => question === "item 2");
  for (let who = 1; who <= N; who++) {
    const options = balanced.filter(({ respondent }) => respondent === who).map((row) =>
      row.option
    );
    assert.deepEqual(options.toSorted(), ["1", "2", "3"]);
  }
  const within = rows(hearing(said, { ...of, within: "side" }).heard, Heard);
  assert.ok(within.every(({ respondent, heard }) => (respondent <= 6) === (heard <= 6)));
  const network = rows(hearing(said, { ...of, among: { 1: [2, 5], 2: [1] } }).heard, Heard);
  const pairs = new Set(network.map(({ respondent, heard }) => `${respondent}-${heard}`));
  assert.deepEqual([...pairs].toSorted(), ["1-2", "1-5", "2-1"]);
});

Deno.test("a round waits for the one before, costs what it says, and is bought once: stopped, killed, run again", async () => {
  const schema = "opinions_rounds";
  // Each answers by itself at first, and then with the most of what it hears.
  await using server = Object.assign(
    provider({
      answer({ system, user }) {
        const person = Number(/- Person: (\d+)/.exec(system)![1]);
        const answers = instrument.items.map(({ number, options }) => {
          const [, heard] =
            new RegExp(`question ${number} others said:\\n((?:- .*\\n)+)`).exec(user) ?? [];
          const labels = options!.filter(({ role }) => !role).map(({ label }) => label);
          if (!heard) return [number, labels[person % labels.length]];
          const counts = labels.map((label) => heard.split(`- ${label}`).length);
          return [number, labels[counts.indexOf(Math.max(...counts))]];
        });
        return { text: JSON.stringify(Object.fromEntries(answers)), latency: 20 };
      },
    }),
    { [Symbol.asyncDispose]: async () => await server.close() },
  );
  const requests = () => server.tally().requests;
  const models = [served(server.url, 1, { price: null })];
  const lab = await openStudy({ schema });
  const people = Array.from({ length: N }, (_, at) => ({ Person: `${at + 1}` }));
  await lab.population(people, {
    instrument: null,
    codebook: [{ name: "Person", label: "Person", kind: "text" }],
  });
  const asked = {
    instrument,
    models,
    of: "profiles",
    coding: "label",
    reason: "none",
    prompt: roundsPrompt(shippedPrompt("administration", "general")),
  } as const;
  const first = administrations(asked);
  const before = await lab.register(first);
  await lab.run(before, { budget: { calls: 5 } });
  assert.equal(requests(), 5);
  const answers = async () => {
    const study = await openDataset({ schema });
    const made = await opinionsIn(study, instrument);
    await study.close();
    return made;
  };
  const next = async () => {
    const one = (await answers()).filter(pl.col("round").eq(pl.lit("0")));
    const { context, heard } = hearing(one, { instrument, round: 1, after: before, others: 5 });
    return { heard, plan: administrations({ ...asked, context }) };
  };
  await assert.rejects(
    async () => lab.estimate((await next()).plan),
    new RegExp(`Round 1 shows what run ${before} was answered, of which 7 pieces of work are left`),
  );
  await assert.rejects(async () => lab.register((await next()).plan), /7 pieces of work are left/);
  await lab.run(before, { budget: { calls: 100 } });
  assert.equal(requests(), N);
  const { plan, heard } = await next();
  const calls = async (of: typeof plan) =>
    rows((await lab.estimate(of)).filter(pl.col("model").eq(pl.lit("all"))), Row)[0]!.calls;
  assert.equal(await calls(plan), N, "what the round costs is known before it begins");
  const round = await lab.register(plan);
  await lab.run(round, { budget: { calls: 3 } });
  assert.equal(requests(), N + 3);
  const sql = await connect("owner", { schema, connections: 1 });
  await sql`update runs set budget_calls = 1000 where name = ${round}`;
  await sql.end();
  {
    await using worker = new Process(schema, round);
    await worker.ready();
    await worker.go();
    await until("some calls", () => Promise.resolve(requests() >= N + 6));
    await worker.killed();
  }
  await lab.run(round, { budget: { calls: 1000 } });
  // What was in flight when it was killed, or had come in and was not stored, may have been asked twice: of
  // one call at a time two, as many as are claimed ahead.
  assert.ok(requests() >= 2 * N && requests() <= 2 * N + 2, `${requests()} requests`);
  const bought = requests();
  const again = await next();
  assert.equal(again.plan.name, plan.name);
  assert.equal(await calls(again.plan), 0);
  assert.equal(await lab.register(again.plan), round);
  await lab.run(round, { budget: { calls: 1000 } });
  assert.equal(requests(), bought, "reading a round again buys nothing");
  const [shown] = await lab.exchanges(round);
  assert.ok(shown!.messages.at(-1)!.content.includes(plan.context!.texts[shown!.profile]![1]!));

  // The control arm is shown what round 0 was, and is asked all the same.
  const { context: alone } = hearing((await answers()).filter(pl.col("round").eq(pl.lit("0"))), {
    instrument,
    round: 1,
    after: before,
    others: 0,
  });
  const control = administrations({ ...asked, context: { ...alone, round: "1 alone" } });
  assert.equal(await calls(control), N);
  await lab.run(await lab.register(control), { budget: { calls: 1000 } });
  assert.equal(requests(), bought + N);
  await lab.close();

  const all = await answers();
  assert.deepEqual(
    [...new Set(all.getColumn("round").toArray() as string[])].toSorted(),
    ["0", "1", "1 alone"],
  );
  const changes = rows(roundChanges(all, { questions, round: 1, heard }), Row);
  const whole = changes.find(({ question }) => question === "All")!;
  assert.equal(whole.to_majority, 1);
  assert.equal(whole.from_majority, 0);
  assert.equal(whole.conformity, 1);
  const renamed = all.filter(pl.col("round").neq(pl.lit("1"))).withColumns(
    pl.when(pl.col("round").eq(pl.lit("0"))).then(pl.lit("0")).otherwise(pl.lit("1")).alias(
      "round",
    ),
  );
  const [same] = rows(roundChanges(renamed, { questions, round: 1 }), Row);
  assert.deepEqual([same!.n, same!.flips, same!.conformity], [N, 0, null]);
});

// By hand: of four who answer 1, 1, 2, 2 and then 1, 2, 2, 2, pairs differ in 4 of 6, then in 3 of 6.
Deno.test("a round's changes by hand: moved, disagreement, and a share of what others said", () => {
  const two = frame(
    [[1, 1, 2, 2], [1, 2, 2, 2]].flatMap((options, round) =>
      options.map((option, at) => ({
        profile: at + 1,
        round: String(round),
        question: "item 1",
        option: String(option),
      }))
    ),
    { profile: "integer", round: "text", question: "text", option: "text" },
  );
  const one = { round: "1", question: "item 1", heard: 9 };
  const heard = frame(
    [
      { ...one, respondent: 1, option: "2" },
      { ...one, respondent: 2, option: "2" },
      { ...one, respondent: 3, option: "2" },
    ],
    { round: "text", respondent: "integer", question: "text", heard: "integer", option: "text" },
  );
  const [question] = questions;
  const last = { ...question!, direction: "last" as const };
  const [row] = rows(roundChanges(two, { questions: [last], round: 1, heard }), Row);
  near(row!.flips as number, 0.25, 1e-12);
  near(row!.moved as number, 0.25, 1e-12);
  near(row!.disagreement_before as number, 4 / 6, 1e-12);
  near(row!.disagreement as number, 3 / 6, 1e-12);
  assert.deepEqual([row!.to_majority, row!.from_majority, row!.conformity], [0.5, 0, 0.5]);
  assert.throws(
    () => roundChanges(two, { questions: [last], round: 2 }),
    /Nobody answered in the rounds 1 and 2/,
  );
});

// R, survey: withReplicates() of a JK1 design; pairs of people one by one.
Deno.test("a round's changes with weights and households are those of R's survey", () => {
  const { respondent, cluster, weight, before, after, heard } = r.people;
  const said = frame(
    [before, after].flatMap((options, round) =>
      options.map((option, at) => ({
        profile: respondent[at]!,
        cluster: cluster[at]!,
        weight: weight[at]!,
        round: String(round),
        question: "item 2",
        option: String(option),
      }))
    ),
    {
      profile: "integer",
      cluster: "integer",
      weight: "number",
      round: "text",
      question: "text",
      option: "text",
    },
  );
  const others = frame(
    heard.flatMap((option, at) =>
      option === null ? [] : [{
        round: "1",
        respondent: respondent[at]!,
        question: "item 2",
        heard: 99,
        option: String(option),
      }]
    ),
    { round: "text", respondent: "integer", question: "text", heard: "integer", option: "text" },
  );
  const [row] = rows(
    roundChanges(said, { questions: [questions[1]!], round: 1, heard: others }),
    Row,
  );
  const is = (name: string, expected: number) => near(row![name] as number, expected, 1e-9, name);
  is("to_majority", r.to);
  is("from_majority", r.from);
  is("conformity", r.conformity);
  is("conformity_lower", r.limits[0]!);
  is("conformity_upper", r.limits[1]!);
  is("disagreement_before", r.disagreement[0]!);
  is("disagreement", r.disagreement[1]!);
});

Deno.test("a context needs its place in the prompt, and one model in one setting", () => {
  const context = { round: "1", after: [], texts: {} };
  const models = [served("http://127.0.0.1:1", 1)];
  const given = { instrument, models, of: "profiles", context } as const;
  assert.throws(() => administrations(given), /prompt general has no {{context}}/);
  const place = roundsPrompt(shippedPrompt("administration", "general"));
  assert.throws(
    () => administrations({ ...given, prompt: place, coding: ["label", "letter"] }),
    /A plan with a context asks one model in one setting, once/,
  );
  const plan = administrations({ ...given, prompt: place, coding: "label" });
  assert.notEqual(
    plan.name,
    administrations({ ...given, context: undefined, prompt: place, coding: "label" }).name,
  );
});
