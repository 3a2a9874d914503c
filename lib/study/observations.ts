/** What a trial brought of each profile in each cell: what was read, and the numbers in it. */
import { score } from "../instruments.ts";
import { itemWords, shownOptions } from "../prompts.ts";
import type { Cell } from "./cell.ts";
import { levelsOf } from "./plan.ts";
import type { Asked, Brought } from "./trial.ts";

/** One profile in one cell. */
export interface Observation {
  levels: Readonly<Record<string, string>>;
  profile: number;
  calls: readonly Asked[];
  /** What was read, by field; null where nothing came. */
  said: Readonly<Record<string, string>> | null;
  /** Numbers that are compared: scale scores, words; null where one cannot be known. */
  numbers: Readonly<Record<string, number | null>>;
}

/** The levels of each cell, by its number; cells that only their personas tell apart say whose these are. */
export function levelsIn(cells: readonly Cell[]): readonly Record<string, string>[] {
  const all = cells.map(({ prompt, label, condition, instrument, shown }) => {
    const { administration_prompt: _, ...laid } = shown
      ? levelsOf({ prompt, instrument, setting: shown })
      : { administration_prompt: "" };
    return { prompt: prompt.version, model: label, condition, ...laid };
  });
  const keys = all.map((levels) => JSON.stringify(levels));
  return all.map((levels, at) =>
    keys.indexOf(keys[at]!) === keys.lastIndexOf(keys[at]!)
      ? levels
      : { ...levels, model: `${levels.model} (${cells[at]!.population})` }
  );
}

/** The factors that have several levels, with these in the order of the plan. */
export function factorsOf(cells: readonly Record<string, string>[]): Record<string, string[]> {
  const all = Object.keys(cells[0]!).map((name): [string, string[]] => [
    name,
    [...new Set(cells.map((levels) => levels[name]!))],
  ]);
  return Object.fromEntries(all.filter(([, levels]) => levels.length > 1));
}

/** @param cells the levels of each, in the order of the run's */
export function observationsOf(
  { run, asked }: Brought,
  cells: readonly Record<string, string>[],
): Observation[] {
  const places = new Map([...run.cells.keys()].map((cell, at) => [cell, cells[at]!]));
  const groups = Map.groupBy(asked, ({ task: { work } }) => `${work.cell} ${work.profile}`);
  return [...groups.values()].map((calls) => {
    const { work } = calls[0]!.task;
    const said = calls.map(saidIn).filter((one) => one !== null);
    return {
      levels: places.get(work.cell)!,
      profile: work.profile,
      calls,
      said: said.length ? Object.assign({}, ...said) : null,
      numbers: numbersOf(calls),
    };
  });
}

/** Whether two values of a field differ; undefined unless both are there. */
export const differs = (field: string, observation: Observation, reference: Observation | null) => {
  const is = observation.said?.[field], was = reference?.said?.[field];
  return is === undefined || was === undefined ? undefined : is !== was;
};

/** What was read from a reply, as text by field; null where there is nothing. */
function saidIn({ outcome, cell }: Asked): Record<string, string> | null {
  if (!outcome) return null;
  if ("persona" in outcome) {
    const { fields } = outcome.persona;
    const words = wordsOf(outcome.persona);
    return {
      ...Object.fromEntries(
        Object.entries(fields)
          .map(([name, value]) => [name.replaceAll("_", " "), String(value ?? "")]),
      ),
      ...words !== undefined && { words: String(words ?? 0) },
    };
  }
  const { instrument, shown } = cell;
  if (!("sheet" in outcome) || !shown) return null;
  const { answers, items, options } = outcome.sheet;
  return Object.fromEntries(instrument.items.flatMap((item, index) => {
    if (!items.includes(item.number)) return [];
    const answer = answers[index];
    const named = itemWords(instrument, item, shown!.coding, shownOptions(options, item));
    return [[`${item.number}. ${item.text}`, answer === null ? "no answer" : named[answer!]!]];
  }));
}

/** Words of the last text of a persona; undefined where its form has none. */
const wordsOf = ({ words }: { words: Readonly<Record<string, number | null>> }) => {
  const last = Object.keys(words).at(-1);
  return last === undefined ? undefined : words[last];
};

/** What can be compared as numbers: scores of a sheet by scale, words of a persona. */
function numbersOf(calls: readonly Asked[]): Record<string, number | null> {
  const [{ cell: { instrument, shown }, outcome }] = calls as [Asked, ...Asked[]];
  if (outcome && "persona" in outcome) {
    const words = wordsOf(outcome.persona);
    return words === undefined ? {} : { words };
  }
  const sheets = calls.flatMap(({ outcome }) =>
    outcome && "sheet" in outcome ? [outcome.sheet.answers] : []
  );
  if (!sheets.length || !shown) return {};
  const answers = instrument.items.map((_, index) =>
    sheets.map((sheet) => sheet[index] ?? null).find((answer) => answer !== null) ?? null
  );
  return Object.fromEntries(score(instrument, answers).map(({ scale, score }) => [scale, score]));
}
