/** Opinions in the original's layout: a file per topic, persona type, state, author and simulator. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { DataFrame } from "polars";
import { z } from "zod";
import { frame } from "../../frames.ts";
import { jsonOf, written } from "./json.ts";
import { type Asked, type QuestionSet, questionsFrom, questionsText } from "./questions.ts";

/** What the original calls a reply that it read no option in. */
export const INVALID = "Invalid/Abstain";

const Counts = z.array(z.tuple([z.string(), z.number()]));

const OpinionOf = z.looseObject({
  id: z.string(),
  persona: z.unknown(),
  reason: z.string().nullish(),
  decision: z.string().nullish(),
  choice: z.string(),
});

const OpinionsOf = z.looseObject({
  topic: z.string(),
  opinions: z.array(OpinionOf),
  counts: Counts,
  percentage: Counts,
});

/** What a file of one topic holds. */
export type Opinions = z.infer<typeof OpinionsOf>;

/** Who was asked what by whom. */
export interface Arm {
  /** The folder of the question set. */
  set: string;
  simulator: string;
  /** Who wrote the personas; null: nobody, which is the folder `P_meta`. */
  author: string | null;
  stratum: string;
  fast: boolean;
  type: string;
  n: number;
}

/** A file of opinions, and where it lies. */
export interface Result extends Arm {
  path: string;
  opinions: Opinions;
}

const Stats = z.record(
  z.string().regex(/^topic_\d+$/, "is no topic"),
  z.looseObject({
    question_id: z.string(),
    Topic: z.string(),
    models: z.record(
      z.string(),
      z.looseObject({
        model_info: z.looseObject({
          persona_model: z.string(),
          persona_type: z.string(),
          simulation_model: z.string(),
        }),
        states: z.record(z.string(), z.looseObject({ counts: Counts, percentage: Counts })),
      }),
    ),
  }),
);

/** Counts of all topics, as the last run of the original wrote them. `question_id` is the question's text. */
export type MetaStats = z.infer<typeof Stats>;

function shaped<T>(path: string, shape: z.ZodType<T>): T {
  const parsed = shape.safeParse(jsonOf(path));
  if (parsed.success) return parsed.data;
  const { path: place, message } = parsed.error.issues[0]!;
  throw new Error(
    `${path}, ${
      place.join(".") || "as a whole"
    }: ${message}: fetch the file again, or leave it out`,
  );
}

/** @throws {Error} in one line, with file and place */
export const opinionsFrom = (path: string): Opinions => shaped(path, OpinionsOf);
/** @throws {Error} in one line, with file and place */
export const metaStatsFrom = (path: string): MetaStats => shaped(path, Stats);

export const opinionsText = (opinions: Opinions): string => written(opinions);
export const metaStatsText = (stats: MetaStats): string => written(stats);

/** One reply, to be written in the original's form. */
export interface Given {
  index: number;
  persona: unknown;
  reason?: string;
  /** The letter of the option; null where none was given. */
  letter: string | null;
  /** Where there is no letter, what the reply began with. */
  decision?: string;
}

/**
 * Opinions on a topic in the original's form: counts by the words of options, of which equal ones are one,
 * most frequent first; percentages of all replies, those without an option among them.
 *
 * @throws {RangeError} when a letter is none of the topic's
 */
export function opinionsOf(
  { topic }: QuestionSet["topics"][number],
  given: readonly Given[],
): Opinions {
  const words = new Map(
    Object.entries(topic.candidates).map(([letter, { stance }]) => [letter, stance]),
  );
  const counts = new Map([...words.values()].map((stance) => [stance, 0]));
  const opinions = given.map(({ index, persona, reason = "", letter, decision = "" }) => {
    const choice = letter === null ? INVALID : words.get(letter);
    if (choice === undefined) {
      throw new RangeError(
        `Topic ${topic.question_id} has no option ${letter}: it has ${
          [...words.keys()].join(", ")
        }`,
      );
    }
    counts.set(choice, (counts.get(choice) ?? 0) + 1);
    return {
      id: String(index).padStart(2, "0"),
      persona,
      reason,
      decision: letter ?? decision,
      choice,
    };
  });
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  return {
    topic: topic.topic,
    opinions,
    counts: sorted,
    percentage: sorted.map(([text, n]) => [text, percentOf(n, given.length)]),
  };
}

/** To two decimals. */
const percentOf = (n: number, all: number): number =>
  all === 0 ? 0 : Math.round(n / all * 10_000) / 100;

/** The counts of results, as the original's file of them; of `P_meta` the author is `meta`. */
export function metaStatsOf(results: readonly Result[]): MetaStats {
  const stats: Record<string, MetaStats[string]> = {};
  for (const { n, author, type, simulator, stratum, opinions } of results) {
    const { topic, counts, percentage } = opinions, writer = author ?? "meta";
    const own = stats[`topic_${n}`] ??= { question_id: topic, Topic: topic, models: {} };
    const models = own.models[`${writer}_${type}_${simulator}`] ??= {
      model_info: { persona_model: writer, persona_type: type, simulation_model: simulator },
      states: {},
    };
    models.states[stratum] = { counts, percentage };
  }
  return stats;
}

/** What a folder of results holds. */
export interface Results {
  /** By folder of a question set. */
  sets: ReadonlyMap<string, QuestionSet>;
  results: readonly Result[];
  /** Arms of which only the counts are left, because their files are not there. */
  counted: readonly { arm: Omit<Arm, "fast">; counts: Opinions["counts"] }[];
}

const PLACE = /^Sim_(.+)\/P_(.+)\/(.+)-FAST(True|False)\/([^/]+)\/topic_(\d+)_opinions\.json$/;

/**
 * All results below a folder: `{set}/context.json` and `{set}/Sim_…/P_…/…/topic_{n}_opinions.json`. Of
 * `meta_stats.json`, which every run of the original writes anew, only what no file of a topic says is
 * taken.
 *
 * @throws {Error} in one line, with the file
 */
export function resultsIn(folder: string): Results {
  if (!existsSync(folder)) throw new Error(`${folder}: there is no such folder`);
  const sets = new Map<string, QuestionSet>(), results: Result[] = [];
  const counted: { arm: Omit<Arm, "fast">; counts: Opinions["counts"] }[] = [];
  for (const set of subfolders(folder)) {
    const own = join(folder, set);
    if (existsSync(join(own, "context.json"))) {
      sets.set(set, questionsFrom(join(own, "context.json")));
    }
    const first = results.length;
    for (const path of filesIn(own)) {
      const [, simulator, writer, stratum, fast, type, n] =
        PLACE.exec(relative(own, path).split(sep).join("/")) ?? [];
      if (simulator === undefined) continue;
      results.push({
        path,
        set,
        simulator,
        author: writer === "meta" ? null : writer!,
        stratum: stratum!,
        fast: fast === "True",
        type: type!,
        n: Number(n),
        opinions: opinionsFrom(path),
      });
    }
    const stats = join(own, "meta_stats.json");
    if (existsSync(stats)) {
      counted.push(...onlyCounted(set, metaStatsFrom(stats), results.slice(first)));
    }
  }
  if (!results.length && !counted.length) {
    throw new Error(
      `${folder}: no topic_1_opinions.json in it: name the folder that holds the question sets, each with ` +
        "Sim_…/P_…/…-FASTTrue/…",
    );
  }
  return { sets, results, counted };
}

function onlyCounted(
  set: string,
  stats: MetaStats,
  results: readonly Result[],
): Results["counted"] {
  const keyOf = ({ simulator, author, stratum, type, n }: Omit<Arm, "fast" | "set">) =>
    JSON.stringify([simulator, author, stratum, type, n]);
  const there = new Set(results.map(keyOf));
  return Object.entries(stats).flatMap(([key, { models }]) =>
    Object.values(models).flatMap(({ model_info, states }) =>
      Object.entries(states).map(([stratum, { counts }]) => ({
        arm: {
          set,
          simulator: model_info.simulation_model,
          author: model_info.persona_model === "meta" ? null : model_info.persona_model,
          stratum,
          type: model_info.persona_type,
          n: Number(key.slice("topic_".length)),
        },
        counts,
      }))
    )
  ).filter(({ arm }) => !there.has(keyOf(arm)));
}

const subfolders = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    .map(({ name }) => name).toSorted();

const filesIn = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).toSorted((a, b) => a.name < b.name ? -1 : 1)
    .flatMap((entry) => {
      const own = join(path, entry.name);
      return entry.isDirectory() ? filesIn(own) : [own];
    });

/** Writes results where the original has them, with the questions and counts of each set. */
export function writeResults(
  folder: string,
  { sets, results }: Pick<Results, "sets" | "results">,
): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  for (const [set, questions] of sets) {
    write(join(folder, set, "context.json"), questionsText(questions));
  }
  for (const { set, simulator, author, stratum, fast, type, n, opinions } of results) {
    const place = [
      `Sim_${simulator}`,
      `P_${author ?? "meta"}`,
      `${stratum}-FAST${fast ? "True" : "False"}`,
    ];
    write(join(folder, set, ...place, type, `topic_${n}_opinions.json`), opinionsText(opinions));
  }
  for (const [set, own] of Map.groupBy(results, ({ set }) => set)) {
    write(join(folder, set, "meta_stats.json"), metaStatsText(metaStatsOf(own)));
  }
}

/**
 * Answers as rows: question_set, question, option (its code in the instrument), reply_class (answer,
 * refusal and abstention of an option that declines; unreadable: the original read no option), reply_reason,
 * respondent (stratum and index, alike in all arms), stratum, form (the type), writer, answering_model.
 *
 * An option is found by its letter, since equal words are one in the counts. What the original read as a
 * letter stays one: of “As an AI …” it kept the A and not the reply.
 *
 * @param asked by question set, what `instrumentOf` made of it
 * @throws {Error} in one line, with the file of an answer that its question does not have
 */
export function answersIn(
  { results }: Results,
  asked: Readonly<Record<string, Asked>>,
): DataFrame {
  const rows = results.flatMap(({ path, set, n, opinions, ...arm }) => {
    const of = asked[set];
    if (!of) {
      throw new Error(
        `${path}: nothing says what the questions of ${set} are: give its instrument`,
      );
    }
    const found = of.topics.find((one) => one.n === n);
    if (!found) return [];
    const options = of.instrument.items[found.item - 1]!.options!;
    return opinions.opinions.map(({ id, reason, decision, choice }) => {
      const at = choice === INVALID ? -1 : found.letters.indexOf(decision ?? "");
      if (at < 0 && choice !== INVALID) {
        throw new Error(
          `${path}, id ${id}: ${JSON.stringify(decision)} is no letter of topic_${n}: it has ${
            found.letters.join(", ")
          }`,
        );
      }
      const option = options[at];
      return {
        question_set: set,
        question: of.names[found.item],
        option: option ? String(option.code) : null,
        reply_class: !option
          ? "unreadable"
          : option.role === "refusal"
          ? "refusal"
          : option.role
          ? "abstention"
          : "answer",
        reply_reason: reason || null,
        respondent: `${arm.stratum}/${Number(id)}`,
        stratum: arm.stratum,
        form: arm.type,
        writer: arm.author,
        answering_model: arm.simulator,
      };
    });
  });
  return frame(rows, {
    question_set: "text",
    question: "text",
    option: "text",
    reply_class: "text",
    reply_reason: "text",
    respondent: "text",
    stratum: "text",
    form: "text",
    writer: "text",
    answering_model: "text",
  });
}
