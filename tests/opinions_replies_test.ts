/**
 * What replies say of a question, and how often: the words that are misread elsewhere, and sheets.
 *
 * Of the faults of the published evaluation code these are here: refusals that become votes, letters to D
 * for up to twelve options, letters that follow no order but the printed one, replies without an answer in
 * the shares. Others cannot occur: an option is known by its code, so that equal texts stay apart, and a
 * question by a name, of which there is one (`checkedQuestions`); whatever is drawn has a seed among its
 * options; nothing is written while it is read, so that no run overwrites another's results; and a reply that
 * was cut off is told by what the provider says of its end.
 */
import assert from "node:assert/strict";
import pl from "polars";
import { unscored } from "lib/instruments.ts";
import { frame, rows } from "lib/frames.ts";
import { answersOf, checkedQuestions, type Question, questionsOf } from "lib/opinions/answers.ts";
import { replyRates } from "lib/opinions/rates.ts";
import { type Asking, opinionIn } from "lib/opinions/replies.ts";
import { wilson } from "lib/stats.ts";
import { z } from "zod";
import { each, near } from "./near.ts";

const choice = (option: string, label: string, position: number | null = null) => ({
  option,
  label,
  position,
});

/** As the elections of the published files: two options and no refusal among them. */
const VOTE: Question = {
  question: "vote",
  options: [choice("A", "Donald Trump", 1), choice("B", "Joe Biden", 2)],
};
const FOUR: Question = {
  question: "four",
  options: [
    choice("A", "Certainly", 1),
    choice("B", "Probably", 2),
    choice("C", "Probably not", 3),
    choice("D", "Certainly not", 4),
  ],
};
const DECLINES: Question = {
  question: "declines",
  options: [
    choice("A", "Build the road", 1),
    choice("B", "Leave the meadow", 2),
    { ...choice("C", "Would rather not say"), role: "refusal" },
    { ...choice("D", "Don't know"), role: "don't know" },
  ],
};

const said = (text: string | null, question: Question = VOTE, asking?: Asking): string => {
  const { replyClass, option } = opinionIn(text, question, asking);
  return option === null ? replyClass : `${replyClass} ${option}`;
};

// What the published parser makes of each: the first letter behind the first “answer:”.
Deno.test("replies that are misread elsewhere are read as what they say", () => {
  each(
    [
      ["Answer: B", "answer B"],
      ["Answer: (B)", "answer B"],
      ["**B**", "answer B"],
      ["[B]", "answer B"],
      ["As an AI, I cannot vote", "refusal"],
      ["Answer: Abstain", "abstention"],
      ["Answer: Both", "both"],
      ["Answer: Decline to say", "abstention"],
      ["Based on the persona, I choose A", "answer A"],
      ["Cannot answer", "refusal"],
      ["Donald Trump", "answer A"],
      ["Reasoning: the best answer: maybe C, but he would say no. Answer: B", "answer B"],
      ["", "missing"],
      [null, "missing"],
      ["  \n", "missing"],
    ] as const,
    ([text, expected]) => assert.equal(said(text, VOTE), expected, String(text)),
  );
  // With four options more of these begin with a letter that there is.
  each(
    [
      ["Answer: Decline to say", "abstention"],
      ["Cannot answer", "refusal"],
      ["Donald Trump", "unreadable"],
      ["Both A and B", "both"],
      ["Definitely not for me", "unreadable"],
      ["Certainly not", "answer D"],
      ["Answer: Probably not, it costs too much", "answer C"],
      ["Answer: C", "answer C"],
      ["Answer: E", "unreadable"],
    ] as const,
    ([text, expected]) => assert.equal(said(text, FOUR), expected, text),
  );
});

Deno.test("answers in many forms", () => {
  each([
    "B",
    "b",
    "B.",
    "B)",
    "(B)",
    "`B`",
    "Answer - no, wait.\nAnswer: B",
    "**Answer:** B",
    "**Answer**: B",
    "Answer = B",
    "answer:B",
    "ANSWER: “B”",
    "Answer:\n\nB",
    "Answer: B: Joe Biden",
    "Answer: B - Joe Biden",
    "Answer: Joe Biden",
    "Answer: joe biden.",
    "Answer: Option B",
    "Answer: B, because A is worse for us",
    "Answer: B because of the economy",
    "My choice: B",
    "I would vote for Joe Biden.",
    "I'd pick B.",
    "The answer is B",
    '{"answer": "B"}',
    '{"reason": "taxes", "answer": "B"}',
    'Sure:\n```json\n{"Answer": "Joe Biden"}\n```',
    "<think>A looks good. Answer: A</think>Answer: B",
    "Respuesta: B",
    "Antwort: B",
  ], (text) => assert.equal(said(text), "answer B", text));
  each([
    "Answer: A because he would",
    "A",
    "Answer: A.",
    "I choose A.",
    "A, since he spoke to us.",
  ], (text) => assert.equal(said(text), "answer A", text));
});

Deno.test("what names no option, or two, is no answer", () => {
  each(
    [
      ["A vote is a private thing", "unreadable"],
      ["I choose A candidate who listens", "unreadable"],
      ["I would never vote for Donald Trump", "unreadable"],
      ["Answer: A or B", "both"],
      ["Answer: A/B", "both"],
      ["Either one", "both"],
      ["I support Donald Trump and Joe Biden alike", "both"],
      ["As Donald Trump said, we need a change in this country", "unreadable"],
      ["A-1 mess, if you ask me", "unreadable"],
      ["I'd pick A, then again I'd pick B.", "both"],
      ["Answer: neither", "abstention"],
      ["Answer: None of the above", "abstention"],
      ["I don't know", "abstention"],
      ["Undecided", "abstention"],
      ["I would not vote", "abstention"],
      ["I'd rather not say", "abstention"],
      ["Prefiero no decirlo", "abstention"],
      ["Ich weiß nicht", "abstention"],
      ["I'm sorry, but I can't help with that", "refusal"],
      ["I cannot choose between candidates", "refusal"],
      ["I am unable to take sides", "refusal"],
      ["Answer: As a language model I have no vote", "refusal"],
      ["Als KI habe ich keine Stimme", "refusal"],
      ["Como modelo de lenguaje no voto", "refusal"],
      ["It would be inappropriate to answer", "refusal"],
      ["42", "unreadable"],
      ["Answer: ", "unreadable"],
      ["<think>Answer: A", "unreadable"],
      ['{"answer": null}', "unreadable"],
    ] as const,
    ([text, expected]) => assert.equal(said(text), expected, text),
  );
  // What was cut off has no answer, even if a letter stands in it.
  assert.equal(said("Answer: B", VOTE, { finish: "length" }), "truncated");
  assert.equal(said("Answer: B", VOTE, { finish: "stop" }), "answer B");
  assert.equal(said("", VOTE, { finish: "length" }), "missing");
});

Deno.test("an option that is a refusal is chosen as one, and is no vote", () => {
  each(
    [
      ["Answer: C", "refusal C"],
      ["Would rather not say", "refusal C"],
      ["I'd rather not say", "refusal C"],
      ["Answer: D", "abstention D"],
      ["I don't know", "abstention D"],
      ["Answer: B", "answer B"],
      ["As an AI I can't", "refusal"],
      ["I abstain", "abstention"],
    ] as const,
    ([text, expected]) => assert.equal(said(text, DECLINES), expected, text),
  );
});

Deno.test("letters follow the order shown; numbers and up to twelve options are read", () => {
  const shown = ["B", "A"];
  assert.equal(said("Answer: A", VOTE, { shown }), "answer B");
  assert.equal(said("Answer: B", VOTE, { shown }), "answer A");
  assert.equal(said("Donald Trump", VOTE, { shown }), "answer A");
  const many: Question = {
    question: "many",
    options: Array.from({ length: 12 }, (_, at) => choice(`${at + 1}`, `Number ${at + 1}`, at)),
  };
  assert.equal(said("Answer: L", many), "answer 12");
  assert.equal(said("I think so", many), "unreadable");
  assert.equal(said("Answer: I", many), "answer 9");
  assert.equal(said("Answer: M", many), "unreadable");
  assert.equal(said("Answer: 7", many, { coding: "number" }), "answer 7");
  assert.equal(said("7", many), "unreadable");
  assert.equal(said("Number 11", many, { coding: "label" }), "answer 11");
});

Deno.test("reasons are kept as written", () => {
  const reason = (text: string) => opinionIn(text, VOTE).reason;
  assert.equal(reason("Reasoning: Taxes rose.\nAnswer: B"), "Taxes rose.");
  assert.equal(reason('{"reason": "Taxes", "answer": "A"}'), "Taxes");
  assert.equal(reason("B"), null);
});

const road = unscored({
  name: "road",
  title: "The road",
  questions: [1, 2].map((number) => ({
    number,
    text: `Question ${number}`,
    options: [
      { code: 1, label: "Yes", position: 1 },
      { code: 2, label: "No", position: 2 },
      { code: 8, label: "Rather not say", position: null, role: "refusal" as const },
      { code: 9, label: "Don't know", position: null, role: "don't know" as const },
    ],
  })),
});
const ROAD = questionsOf(road, { 1: "road" });

Deno.test("answersOf() makes rows of sheets, with their factors and what became of each item", () => {
  assert.deepEqual(ROAD.map(({ question }) => question), ["road", "item 2"]);
  const sheets = pl.DataFrame({
    profile: [1, 2],
    form: ["meta", "descriptive"],
    "answer 1": pl.Series("answer 1", [1, 8], pl.Int32),
    "score 1": pl.Series("score 1", [1, 8], pl.Int32),
    "answer 2": pl.Series("answer 2", [9, 2], pl.Int32),
  });
  const made = answersOf({ items: pl.DataFrame(), sheets }, road, { 1: "road" });
  assert.deepEqual(made.toRecords(), [
    { profile: 1, form: "meta", question: "road", option: "1", reply_class: "answer" },
    { profile: 2, form: "descriptive", question: "road", option: "8", reply_class: "refusal" },
    { profile: 1, form: "meta", question: "item 2", option: "9", reply_class: "abstention" },
    { profile: 2, form: "descriptive", question: "item 2", option: "2", reply_class: "answer" },
  ]);
});

const Rate = z.object({
  question: z.string(),
  reply_class: z.string(),
  n: z.number(),
  count: z.number(),
  share: z.number(),
  ci_lower: z.number().nullable(),
  effective_n: z.number().nullable(),
});

Deno.test("replyRates() counts every class by group, with weights", () => {
  const answers = frame([
    { respondent: 1, sex: "f", question: "vote", option: "A", reply_class: "answer", weight: 2 },
    { respondent: 2, sex: "f", question: "vote", option: null, reply_class: "refusal", weight: 1 },
    { respondent: 3, sex: "m", question: "vote", option: "B", reply_class: "answer", weight: 1 },
    { respondent: 4, sex: "m", question: "vote", option: null, reply_class: "both", weight: 1 },
    { respondent: 5, sex: "f", question: "vote", option: "B", reply_class: "answer", weight: 1 },
  ], {
    respondent: "integer",
    sex: "text",
    question: "text",
    option: "text",
    reply_class: "text",
    weight: "number",
  });
  const own = replyRates(answers, { questions: [VOTE], by: ["sex"] });
  const share = (sex: string, replyClass: string) =>
    rows(own, Rate.extend({ sex: z.string() }))
      .find((row) => row.sex === sex && row.reply_class === replyClass)!;
  assert.equal(own.height, 14);
  assert.deepEqual([share("f", "answer").n, share("f", "answer").count], [3, 2]);
  near(share("f", "answer").share, 3 / 4, 1e-12);
  near(share("f", "refusal").share, 1 / 4, 1e-12);
  near(share("m", "both").share, 1 / 2, 1e-12);
  assert.equal(share("m", "refusal").count, 0);
  // Of 40 and 25 refused among 125 a share of .20 is refused, and answers are of the other 100.
  const many = frame(
    ([["A", 40], ["B", 30], ["C", 20], ["D", 10], [null, 25]] as const).flatMap(([option, n]) =>
      Array.from({ length: n }, () => ({
        question: "four",
        option,
        reply_class: option ? "answer" : "refusal",
      }))
    ),
    { question: "text", option: "text", reply_class: "text" },
  );
  const refused = rows(replyRates(many, { questions: [FOUR] }), Rate)
    .find((row) => row.reply_class === "refusal")!;
  near(refused.share, 0.2, 1e-12);
  near(refused.ci_lower, wilson({ count: 0.2 * 124, n: 124 }).ciLower, 1e-9);
});

Deno.test("answers that contradict themselves or their questions are refused, with the row", () => {
  const rate = (row: Record<string, string | null>) => () =>
    replyRates(frame([row], { question: "text", option: "text", reply_class: "text" }), {
      questions: [VOTE],
    });
  const row = { question: "vote", option: "A", reply_class: "answer" };
  assert.doesNotThrow(rate(row));
  assert.throws(
    rate({ ...row, option: "C" }),
    /Row 1 has option C of question vote, which has A, B/,
  );
  assert.throws(rate({ ...row, option: null }), /Row 1 has reply_class answer and no option/);
  assert.throws(
    rate({ ...row, reply_class: "refusal" }),
    /Row 1 has reply_class refusal and option A/,
  );
  assert.throws(
    rate({ ...row, reply_class: "valid" }),
    /Row 1 has reply_class valid: there are answer,/,
  );
  assert.throws(
    () => replyRates(pl.DataFrame({ question: ["vote"] }), { questions: [VOTE] }),
    /Answers have no column option/,
  );
  const bad = (options: Question["options"], what: RegExp) =>
    assert.throws(() => checkedQuestions([{ question: "q", options }]), what);
  const [a, b] = VOTE.options as [Question["options"][0], Question["options"][0]];
  bad([a, a], /Question q: option A is there twice/);
  bad([a], /Question q: 1 option that is an answer/);
  bad([a, { ...b, position: null }], /Question q: 1 of 2 options have a position/);
  bad([a, { ...b, position: 1 }], /Question q: all positions are equal/);
  assert.throws(() => checkedQuestions([VOTE, VOTE]), /Question vote is there twice/);
});
