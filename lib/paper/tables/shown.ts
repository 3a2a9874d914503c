/** What the tables beyond the paper's share: their cells, and the profile as the prompt showed it. */
import { CONDITIONS as CHANGES } from "../conditions.ts";
import type { Administrations } from "../../db.ts";
import { CONDITIONS, MODELS } from "../design.ts";
import { Answers, column, type Seen, type Sheet, withNew } from "./answers.ts";

/** Stands for the profiles where a model stands for its personas. */
export const PROFILES_ROW = "Profiles";
/** Stands for the random control. */
export const RANDOM_ROW = "Random profiles";

const PRINTED = MODELS.flatMap(({ label }) =>
  CONDITIONS.map((condition) => ({ model: label, condition }))
);

/** Models and conditions: the paper's in its order, then those that only the data have. */
export const cellsOf = (seen: Iterable<Seen>): { model: string; condition: string }[] =>
  withNew(PRINTED, seen) as { model: string; condition: string }[];

/** Not one of the sheets that a model gave for the bare profile, without a persona (group 372). */
export const isPersonas = ({ population }: Sheet): boolean => population !== "spain826";

export const cellKey = ({ model, condition }: Seen): string => `${model}|${condition}`;

type Value = number | null;

/**
 * The profiles' answers after a condition, by item and row: what the prompt showed. Null where the
 * condition alone does not say which items it set, as doses do not.
 */
export function shownAnswers(
  profiles: Administrations,
  condition: string,
): ReadonlyMap<number, readonly Value[]> | null {
  const set = CHANGES.find(({ name }) => name === condition)?.set;
  if (!set) return null;
  const answers = Answers.of(profiles, "corrected");
  const scale = column<string>(profiles.items, "scale");
  const key = column<Value>(profiles.items, "key");
  return new Map(
    column<number>(profiles.items, "item").map((item, at) => {
      const own = answers.item("answer", item);
      const rule = set[scale[at]!] ?? set["*"];
      if (rule === undefined) return [item, own];
      const given = key[at] === null ? null : rule === "keyed" ? key[at]! : 1 - key[at]!;
      return [item, own.map(() => given)];
    }),
  );
}

/** The rows of the profiles by their ids. */
export const rowsOf = (profiles: Answers): Map<number | null, number> =>
  new Map(profiles.sheets.map(({ profile, row }) => [profile, row]));
