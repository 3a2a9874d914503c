/** What the tables beyond the paper's share: their cells, and the profile as the prompt showed it. */
import { CONDITIONS as CHANGES } from "../conditions.ts";
import type { Administrations } from "../../db.ts";
import { layout } from "../design.ts";
import { Answers, column, type Seen, type Sheet, withNew } from "./answers.ts";

/** Stands for the profiles where a model stands for its personas. */
export const PROFILES_ROW = "Profiles";
/** Stands for the random control. */
export const RANDOM_ROW = "Random profiles";

/** Models and conditions: the paper's in its order, then those that only the data have. */
export const cellsOf = (seen: Iterable<Seen>): { model: string; condition: string }[] =>
  withNew(layout("table6").published, seen) as { model: string; condition: string }[];

/** Not one of the sheets that a model gave for the bare profile, without a persona (group 372). */
export const isPersonas = ({ population }: Sheet): boolean => population !== "spain826";

export const cellKey = ({ model, condition }: Seen): string => `${model}|${condition}`;

type Value = number | null;

/** An answer of the profile that a sheet's persona was made from, as the prompt showed it. */
export type Shown = (sheet: Sheet, item: number) => Value;

/**
 * What the prompt showed of the profiles: as the personas' rows have it, where the data hold that; else
 * what the condition's name says of the profile, which is null of doses.
 */
export function shownTo(given: Administrations, profiles: Administrations): Shown {
  const { shown } = given;
  if (shown) {
    return ({ administration }, item) =>
      administration === null ? null : shown(administration, item);
  }
  const rows = rowsOf(Answers.of(profiles, "corrected"));
  const known = new Map<string | null, ReturnType<typeof byName>>();
  return ({ profile, condition }, item) => {
    if (!known.has(condition)) known.set(condition, byName(profiles, condition!));
    const row = rows.get(profile);
    return row === undefined ? null : known.get(condition)?.get(item)?.[row] ?? null;
  };
}

/**
 * The profiles' answers after a condition, by item and row: what the prompt showed. Where the personas' rows
 * have it, it is of the first sheet of each profile, and null of profiles without one.
 *
 * Null where neither the data nor the condition's name say which items it set.
 */
export function shownAnswers(
  given: Administrations,
  profiles: Administrations,
  condition: string,
): ReadonlyMap<number, readonly Value[]> | null {
  if (!given.shown) return byName(profiles, condition);
  const { sheets } = Answers.of(given, "corrected");
  const own = sheets.filter((sheet) => sheet.condition === condition && isPersonas(sheet));
  const first = new Map(own.toReversed().map((sheet) => [sheet.profile, sheet.administration]));
  const people = Answers.of(profiles, "corrected").sheets.map(({ profile }) => first.get(profile));
  const items = column<number>(profiles.items, "item");
  return new Map(items.map((item) => [
    item,
    people.map((administration) => administration ? given.shown!(administration, item) : null),
  ]));
}

function byName(
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
      const answer = answers.item("answer", item);
      const own = answers.sheets.map(({ row }) => answer(row));
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
