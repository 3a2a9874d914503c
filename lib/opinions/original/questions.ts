/** Sets of questions in the original's layout, and as an instrument. */
import { z } from "zod";
import {
  check,
  DECLINED,
  type Instrument,
  OPTIONS,
  type Role,
  unscored,
} from "../../instruments.ts";
import { jsonOf, written } from "./json.ts";

const Text = z.string().refine((text) => text.trim() !== "", "is empty");

const CandidateOf = z.looseObject({
  stance: Text,
  position: z.number().nullish(),
  refusal: z.boolean().nullish(),
});

const TopicOf = z.looseObject({
  question_id: Text,
  topic: Text,
  question: z.string().nullish(),
  /** What it is called where results are shown. */
  label: z.string().nullish(),
  candidates: z.record(z.string(), CandidateOf),
  domain: z.string().nullish(),
  ordered: z.boolean().nullish(),
  /** Which end counts as more in shifts. */
  direction: z.enum(["first", "last"]).nullish(),
  reference: z.looseObject({
    file: Text,
    question_id: Text,
    match: z.enum(["same", "construct", "none"]),
  }).nullish(),
});

/** A question as its file has it; fields that we do not know are kept. */
export type Topic = z.infer<typeof TopicOf>;

/** A set of questions: by number, which need not be without gaps, a question. */
export interface QuestionSet {
  path: string;
  topics: readonly { n: number; topic: Topic }[];
}

/**
 * The questions of a `context.json`.
 *
 * @throws {Error} in one line, with the file, the topic and what to do: no JSON, a letter twice, a field
 *   of another form, fewer than 2 options or more than 12 that are answers, positions that are all equal,
 *   or that some options lack
 */
export function questionsFrom(path: string): QuestionSet {
  const value = jsonOf(path, "give each option a letter, and each topic a number, of its own");
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(
      `${path}: it is no object of topics: it begins as {"topic_1": {"question_id": …`,
    );
  }
  const topics = Object.entries(value).map(([key, entry]) => {
    const n = /^topic_(\d+)$/.exec(key)?.[1];
    if (n === undefined) {
      throw new Error(`${path}: ${key} is no topic: call it topic_1, topic_2, …`);
    }
    const parsed = TopicOf.safeParse(entry);
    if (!parsed.success) {
      const { path: place, message } = parsed.error.issues[0]!;
      throw new Error(`${path}, ${[key, ...place].join(".")}: ${message}`);
    }
    const problem = problemOf(parsed.data);
    if (problem) throw new Error(`${path}, ${key}: ${problem}`);
    return { n: Number(n), topic: parsed.data };
  });
  if (!topics.length) {
    throw new Error(`${path}: it has no topic: it begins as {"topic_1": {"question_id": …`);
  }
  return { path, topics };
}

/** A set of questions as a `context.json`. */
export const questionsText = ({ topics }: Pick<QuestionSet, "topics">): string =>
  written(Object.fromEntries(topics.map(({ n, topic }) => [`topic_${n}`, topic])));

const bare = (text: string): string =>
  text.normalize("NFD").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

/** What an option is besides an answer: as it says itself, or as its words are exactly. */
function roleOf({ stance, refusal }: z.infer<typeof CandidateOf>): Role | undefined {
  if (refusal) return "refusal";
  if (refusal === false) return undefined;
  return (["refusal", "don't know"] as const).find((role) =>
    DECLINED[role].en!.includes(bare(stance))
  );
}

const optionsIn = ({ candidates }: Topic) =>
  Object.entries(candidates).map(([letter, candidate]) => ({
    letter,
    ...candidate,
    role: roleOf(candidate),
  }));

function problemOf(topic: Topic): string | null {
  const options = optionsIn(topic), answers = options.filter(({ role }) => !role);
  const odd = options.find(({ letter }) => !/^[A-Z]$/.test(letter));
  if (odd) return `option ${JSON.stringify(odd.letter)} is no letter: options are A, B, C, …`;
  if (answers.length < OPTIONS.least || answers.length > OPTIONS.most) {
    return `it has ${answers.length} options besides a refusal: give it ${OPTIONS.least} to ${OPTIONS.most}`;
  }
  const placed = answers.filter(({ position }) => position != null);
  const lacks = answers.find(({ position }) => position == null);
  if (placed.length && lacks) {
    return `option ${lacks.letter} has no position, and ${placed.length} others have: give all one, or none`;
  }
  const declined = options.find(({ role, position }) => role && position != null);
  if (declined) {
    return `option ${declined.letter} declines, and has position ${declined.position}: leave the position out`;
  }
  if (placed.length && placed.every(({ position }) => position === placed[0]!.position)) {
    return `all positions are ${
      placed[0]!.position
    }: give the options their places, or say "ordered": false ` +
      "and no position";
  }
  if (topic.ordered === true && !placed.length) {
    return 'it is ordered, and its options have no position: give each one, or say "ordered": false';
  }
  if (topic.ordered === false && placed.length) {
    return 'it has positions, and "ordered": false: leave one of them out';
  }
  return null;
}

/** What an instrument made of questions is called, and which of them it has. */
export interface Named {
  name: string;
  title?: string;
  language?: string;
  source?: string;
  /** Numbers of topics, in the order in which they are asked; left out, all. */
  topics?: readonly number[];
}

/** An instrument made of questions. */
export interface Asked {
  instrument: Instrument;
  /** By number of the item: the question's id. */
  names: Readonly<Record<number, string>>;
  /** By number of the item: the topic that it is. */
  topics: readonly { item: number; n: number; topic: Topic; letters: readonly string[] }[];
}

/**
 * Questions as an instrument without scales: items in order of the topics; codes of options 1, 2, … in
 * order of the letters; positions, refusals and don't-knows as the file has them.
 *
 * An option whose words are `Refused` or `Don't know` declines, also where the file does not say so; `"refusal":
 * false` says that it does not.
 *
 * @throws {Error} in one line, with file and topic: two options of one wording, positions that are no
 *   whole numbers or the same for two, a topic that is not there, two of one question_id
 */
export function instrumentOf({ path, topics }: QuestionSet, given: Named): Asked {
  const numbers = given.topics ?? topics.map(({ n }) => n);
  const asked = numbers.map((n, at) => {
    const found = topics.find((one) => one.n === n);
    if (!found) {
      throw new Error(`${path}: no topic_${n}: there are ${topics.map(({ n }) => n).join(", ")}`);
    }
    return { item: at + 1, ...found, letters: Object.keys(found.topic.candidates) };
  });
  const first = new Map<string, number>();
  for (const { n, topic: { question_id: id } } of asked) {
    if (first.has(id)) {
      throw new Error(
        `${path}: topic_${
          first.get(id)
        } and topic_${n} are both question ${id}, and their answers would be ` +
          "taken for those of one: give each a question_id of its own, or ask one of them",
      );
    }
    first.set(id, n);
  }
  const { name, title, language } = given;
  const of = {
    name,
    ...title !== undefined && { title },
    ...language !== undefined && { language },
  };
  const questions = asked.map(({ item, n, topic }) => {
    const options = optionsIn(topic).map(({ stance, position, role }, at) => ({
      code: at + 1,
      label: stance.trim(),
      position: position ?? null,
      ...role && { role },
    }));
    const own = {
      number: item,
      text: [topic.topic, topic.question].flatMap((text) => text?.trim() || []).join("\n\n"),
      options,
    };
    try {
      check(unscored({ ...of, questions: [own] }));
    } catch (error) {
      const [, problem] = /options: (.*)$/s.exec((error as Error).message) ?? [];
      throw new Error(
        `${path}, topic_${n}: ${
          problem ?? (error as Error).message
        }: give each option words and a whole ` +
          "position of its own",
      );
    }
    return own;
  });
  return {
    instrument: unscored({ ...of, source: given.source ?? path, questions }),
    names: Object.fromEntries(asked.map(({ item, topic }) => [item, topic.question_id])),
    topics: asked,
  };
}
