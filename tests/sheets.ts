/** Answer sheets typed in by tests. */
import type { Administrations } from "lib/db.ts";
import { frame } from "lib/frames.ts";
import { epqra } from "lib/paper/instruments.ts";
import { type Instrument } from "lib/instruments.ts";

export type Answer = number | null | undefined;

/** A sheet: its keys, and answers by item number; undefined: the item is not on the sheet. */
export interface Sheet {
  group?: number;
  model?: string;
  condition?: string;
  population?: string;
  profile: number;
  answers: Answer[];
  /** Columns of a study of one's own: the levels of its factors. */
  factors?: Readonly<Record<string, string | null>>;
}

/** Sheets as `Study.sheets` reads them. */
export function administrations(instrument: Instrument, sheets: readonly Sheet[]): Administrations {
  const records = sheets.map(({ answers, factors, ...sheet }, index) => ({
    group: 1,
    model: "GPT-4o",
    condition: "Base",
    population: "generated_gpt4o_spain826",
    ...sheet,
    ...factors,
    administration: index + 1,
    ...Object.fromEntries(instrument.items.flatMap(({ number, keyed, reverse }) => {
      const answer = answers[number - 1];
      // As the view scores: an unanswered keyed item 0, another undefined.
      const score = answer === undefined
        ? null
        : keyed !== null
        ? Number(answer === keyed)
        : answer === null
        ? null
        : reverse
        ? 6 - answer
        : answer;
      return [[`answer ${number}`, answer ?? null], [`score ${number}`, score]];
    })),
  }));
  const items = instrument.items.map(({ number, scale, keyed }) => ({
    item: number,
    scale,
    key: keyed,
  }));
  const factors = Object.keys(sheets[0]?.factors ?? {});
  const text = ["model", "condition", "population", ...factors].map((name) => [name, "text"]);
  const keys = ["group", "profile", "administration"].map((name) => [name, "integer"]);
  const columns = instrument.items.flatMap(({ number }) => [
    [`answer ${number}`, "integer"],
    [`score ${number}`, "integer"],
  ]);
  return {
    items: frame(items, { item: "integer", scale: "text", key: "integer" }),
    sheets: frame(records, Object.fromEntries([...text, ...keys, ...columns])),
  };
}

/** An instrument from 1 to 5, made for a test; its items by scale, in order, a minus before a reversed one. */
export function likert(
  scoredAs: Instrument["scoredAs"],
  scales: readonly string[],
  items: readonly string[],
): Instrument {
  return {
    name: "short",
    title: "Short",
    language: "en",
    preamble: null,
    lowest: 1,
    highest: 5,
    answers: { 1: "no", 5: "yes" },
    scoredAs,
    scales,
    items: items.map((scale, at) => ({
      number: at + 1,
      text: `Item ${at + 1}`,
      scale: scale.replace("-", ""),
      keyed: null,
      reverse: scale.startsWith("-"),
    })),
    source: "Made for this test",
  };
}

/** Sheets of one item whose score is the answer, of profiles and with these factors. */
export function oneItem(
  given: readonly ({ profile: number; answer: number | null } & Record<string, unknown>)[],
): Administrations {
  const factors = Object.keys(given[0]!).filter((name) => name !== "profile" && name !== "answer");
  return {
    items: frame([{ item: 1, scale: "S", key: null }], {
      item: "integer",
      scale: "text",
      key: "integer",
    }),
    sheets: frame(
      given.map(({ answer, ...row }) => ({ ...row, "answer 1": answer, "score 1": answer })),
      {
        profile: "integer",
        ...Object.fromEntries(factors.map((name) => [name, "text" as const])),
        "answer 1": "number",
        "score 1": "number",
      },
    ),
  };
}

/** A sheet with so many points on E (items 2, 4, 13, 15, 20, 23) and none elsewhere. */
export function extravert(points: number): Answer[] {
  const answers: Answer[] = epqra.items.map(({ keyed }) => 1 - keyed!);
  for (const item of [2, 4, 13, 15, 20, 23].slice(0, points)) {
    answers[item - 1] = epqra.items[item - 1]!.keyed!;
  }
  return answers;
}
