/** A user's own instruments, from JSON and CSV files. */
import {
  fromJson,
  type Given,
  named,
  parts,
  refuse,
  sheetOf,
  shown,
  TOLD,
  wantsPath,
  whole,
} from "./files.ts";
import { extname } from "node:path";
import { z } from "zod";
import {
  type Instrument,
  type Item,
  type Option,
  optionProblems,
  type Role,
} from "../instruments.ts";

const Text = z.string().trim().min(1, "must not be empty");
const isLanguage = (code: string): boolean =>
  /^[a-z]{2}$/.test(code) &&
  new Intl.DisplayNames("en", { type: "language", fallback: "none" }).of(code) !== undefined;

const OptionEntry = z.strictObject({
  code: z.int(),
  label: Text,
  position: z.int().nullish(),
  role: z.enum(["refusal", "don't know"], "must be refusal or don't know").nullish(),
});

const ItemEntry = z.strictObject({
  number: z.int(),
  text: Text,
  scale: Text.nullish(),
  keyed: z.int().nullish(),
  reverse: z.boolean().nullish(),
  options: z.array(OptionEntry).nullish(),
  ordered: z.boolean().nullish(),
});

const Entry = z.strictObject({
  name: z.string().regex(
    /^[a-z][a-z0-9_-]{0,39}$/,
    "must be of a–z, 0–9, - and _, begin with a letter, and have at most 40 characters",
  ),
  title: Text,
  language: z.string().refine(
    isLanguage,
    "must be an ISO 639-1 code in lower case, such as en or es",
  ),
  preamble: z.string().trim().nullish(),
  lowest: z.int().nullish(),
  highest: z.int().nullish(),
  answers: z.record(z.string().regex(/^-?\d+$/, "must be a whole number"), Text).nullish(),
  scoredAs: z.enum(["sum", "mean"], "must be sum or mean").nullish(),
  scales: z.array(Text).nullish(),
  source: Text,
  items: z.array(ItemEntry).min(1, "must hold at least one item"),
});
type Entry = z.infer<typeof Entry>;
type ItemEntry = z.infer<typeof ItemEntry>;
type OptionEntry = z.infer<typeof OptionEntry>;

/**
 * A user's own instrument.
 *
 * JSON: an object with `name`, `title`, `language` (ISO 639-1), `preamble` (may be left out), `lowest`,
 * `highest`, `answers` (labels by answer), `scoredAs` (`sum` or `mean`), `source`, `scales` (their
 * order; may be left out) and `items`, each with `number`, `text`, `scale` and, where it is keyed,
 * `keyed` (the answer that scores a point) or, where its answers are turned round, `reverse`: true. An item
 * may have `options` of its own, each with `code`, `label` and, for one that is no answer, `role`
 * (`refusal` or `don't know`); a `position` that is left out is the code, and `ordered`: false says that
 * the options have none. An item without `scale` counts for none; without any scale `scoredAs` is left
 * out, and where every item has its own options `lowest`, `highest` and `answers` are.
 *
 * CSV: the columns `number`, `text`, `scale`, `keyed`, `reverse`, `options`
 * (`1 = Yes | 2 = No | 9 = Prefer not to say (refusal)`) and `ordered` (`no`), of which all but the first
 * two may be left out, and before the header one line `# key: value` for each of the other facts,
 * labels as `# answers: 0 = No; 1 = Yes` and scales as `# scales: E; N`.
 *
 * @throws {Error} with all that is wrong, ten problems at most: where (item, column) and what
 */
export function instrumentFrom(path: string): Instrument {
  wantsPath(path, "instrumentFrom");
  const csv = /^\.(csv|tsv|tab|txt)$/i.test(extname(path));
  const { entry, places } = csv ? fromCsv(path) : fromJson(path, "items", placeOf);
  const parsed = Entry.safeParse(entry);
  if (!parsed.success) {
    refuse(path, parsed.error.issues.flatMap((issue) => complaints(issue, entry, places)));
  }
  const problems = contradictions(parsed.data, places);
  if (problems.length) refuse(path, problems);
  const { items, scales, preamble, ...facts } = parsed.data;
  const sorted = items.toSorted((a, b) => a.number - b.number);
  return {
    ...facts,
    lowest: facts.lowest ?? null,
    highest: facts.highest ?? null,
    answers: facts.answers ?? {},
    scoredAs: facts.scoredAs ?? null,
    preamble: preamble || null,
    scales: scales ?? [...new Set(sorted.flatMap(({ scale }) => scale ?? []))],
    items: sorted.map(itemOf),
  };
}

/** An item as it is scored and shown: positions are codes unless something else is said. */
function itemOf({ number, text, scale, keyed, reverse, options, ordered }: ItemEntry): Item {
  const placed = ({ code, position, role }: OptionEntry) =>
    role || ordered === false ? position ?? null : position === undefined ? code : position;
  return {
    number,
    text,
    scale: scale ?? null,
    keyed: keyed ?? null,
    reverse: reverse ?? false,
    ...options && {
      options: options.map((option): Option => ({
        code: option.code,
        label: option.label,
        position: placed(option),
        ...option.role && { role: option.role },
      })),
    },
  };
}

const placeOf = (item: { number?: unknown } | undefined, index: number): string =>
  Number.isInteger(item?.number) ? `item ${item!.number}` : `item in place ${index + 1}`;

const FACTS: Readonly<Record<string, (text: string) => unknown>> = {
  lowest: whole,
  highest: whole,
  scales: parts,
  answers: (text) =>
    Object.fromEntries(
      parts(text).map((part) => {
        const [answer, ...label] = part.split("=");
        return [answer!.trim(), label.join("=").trim()];
      }),
    ),
};

const ROLES: readonly (readonly [RegExp, Role])[] = [
  [/\s*\((?:refusal|refused)\)$/i, "refusal"],
  [/\s*\((?:don['’]?t know|dk)\)$/i, "don't know"],
];

/** How options are written in one cell. */
const OPTIONS_LIKE = "1 = Yes | 2 = No | 9 = Prefer not to say (refusal)";

/** The options in a cell, as JSON has them, or what is wrong with it. */
function optionsIn(text: string): unknown[] | { problem: string } {
  const parts = text.split(/[|\n]/).map((part) => part.trim()).filter((part) => part !== "");
  const odd = parts.find((part) => !/^[-\u2212]?\d+(?:[.,]0{1,2})?\s*=/.test(part));
  if (odd !== undefined || !parts.length) {
    const what = odd === undefined ? "it names none" : `${shown(odd)} has no code of its own`;
    return { problem: `${what}: options are written as ${OPTIONS_LIKE}` };
  }
  return parts.map((part) => {
    const [code, ...rest] = part.replace("\u2212", "-").split("=");
    const words = rest.join("=").trim();
    const [mark, role] = ROLES.find(([mark]) => mark.test(words)) ?? [];
    const label = mark ? words.replace(mark, "") : words;
    return { code: whole(code!.trim()), label, ...role && { role } };
  });
}

/** Columns of items that may be left empty. */
const EMPTY = ["scale", "keyed", "reverse", "options", "ordered"];

function fromCsv(path: string): Given {
  const { facts, header, rows } = sheetOf(path);
  const cell = (name: string, text: string): unknown => {
    if (name === "number") return whole(text);
    if (text === "" && EMPTY.includes(name)) return undefined;
    if (name === "keyed") {
      return { true: 1, yes: 1, false: 0, no: 0 }[text.toLowerCase()] ?? whole(text);
    }
    if (name === "options") return optionsIn(text);
    if (name === "reverse" || name === "ordered") {
      const truth = {
        true: true,
        yes: true,
        "1": true,
        r: true,
        false: false,
        no: false,
        "0": false,
      };
      return truth[text.toLowerCase() as keyof typeof truth] ?? text;
    }
    return text;
  };
  const names = header.map((name) => named(name, Object.keys(ItemEntry.shape)));
  const keys = facts.map(([key]) => named(key, Object.keys(Entry.shape)));
  const twice = (all: readonly string[], what: string) =>
    all.filter((name, at) => name !== "" && all.indexOf(name) < at)
      .map((name) => `${what} ${name} stands there twice`);
  const repeated = [...twice(keys, "line #"), ...twice(names, "column")];
  if (repeated.length) refuse(path, repeated);
  const items = rows.map(({ cells }) =>
    Object.fromEntries(
      names.flatMap((name, at) => {
        const value = cell(name, cells[at]!);
        return value === undefined ? [] : [[name, value]];
      }),
    )
  ) as Record<string, unknown>[];
  const unread = items.flatMap(({ options }, at) =>
    (options as { problem?: string } | undefined)?.problem
      ? [`row ${rows[at]!.row}, options: ${(options as { problem: string }).problem}`]
      : []
  );
  if (unread.length) refuse(path, unread);
  const keyedAt = names.indexOf("keyed");
  items.forEach((item, at) => {
    // Of an item with options the key may be a label.
    const label = cellsOf(rows[at]!.cells[keyedAt]);
    const meant = (item.options as { code: unknown; label: string }[] | undefined)
      ?.find((option) => label !== "" && cellsOf(option.label) === label);
    if (meant) item.keyed = meant.code;
  });
  const entry = Object.fromEntries([
    ...facts.map(([, value], at) => {
      const name = keys[at]!;
      return [name, Object.hasOwn(FACTS, name) ? FACTS[name]!(value) : value];
    }),
    ["items", items],
  ]);
  return { entry, places: (index) => `row ${rows[index]!.row}` };
}

const cellsOf = (text: string | undefined): string => (text ?? "").trim().toLowerCase();

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  int: "a whole number",
  number: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

function complaints(issue: z.core.$ZodIssue, entry: unknown, places: Given["places"]): string[] {
  const { path } = issue;
  const item = path[0] === "items" && typeof path[1] === "number";
  const names = path.slice(item ? 2 : 0).map(String);
  const place = (item ? [places(path[1] as number), ...names] : names).join(", ") || "the file";
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys((item ? ItemEntry : Entry).shape).join(", ");
    const what = item ? `${place}, ` : "";
    return issue.keys.map((key) => `${what}${key}: unknown; there are ${known}`);
  }
  const value = path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    entry,
  );
  if (value === undefined) return [`${place} is missing`];
  if (names[0] === "keyed" && /^(?:[+\u2212±-]|[+\u2212±]1)$/.test(String(value))) {
    return [`${place}: ${shown(value)} is a direction: ${DIRECTION}`];
  }
  const why = issue.code === "invalid_key"
    ? "must have whole numbers as keys"
    : issue.code === "invalid_type" && KINDS[issue.expected]
    ? `must be ${KINDS[issue.expected]}`
    : issue.message;
  return [`${place} ${why}: current value is ${shown(value)}`];
}

/** What to write instead of signs, or of one key for all, as scoring keys of IPIP and psych have them. */
const DIRECTION =
  "keyed is the answer that scores a point; where every answer counts, leave keyed " +
  "empty and write true under reverse for items that run against their scale";

/** What no single value shows. */
function contradictions(entry: Entry, places: Given["places"]): string[] {
  const { scales, items } = entry;
  const common = items.filter(({ options }) => !options);
  const problems = common.length ? rangeProblems(entry, common.length) : besides(entry);
  if (problems.some((problem) => /is missing|must be below/.test(problem))) return problems;
  const numbers = items.map(({ number }) => number);
  const lacking = items.map((_, index) => index + 1).filter((number) => !numbers.includes(number));
  if (lacking.length) {
    problems.push(
      `${items.length} items must be numbered from 1 to ${items.length}, each number once: ` +
        `${lacking.slice(0, TOLD).join(", ")} ${lacking.length > 1 ? "are" : "is"} missing`,
    );
  }
  const directed = directions(entry, common);
  if (directed) return [...problems, directed];
  problems.push(
    ...optionProblems(
      { items: items.map(itemOf), lowest: entry.lowest ?? null, highest: entry.highest ?? null },
      (_, index) => places(index),
    ),
  );
  const keyed = common.filter((item) => typeof item.keyed === "number").length;
  items.forEach((item, index) => {
    const place = places(index);
    if (numbers.indexOf(item.number) !== index) {
      problems.push(`${place}, number: ${item.number} is there twice`);
    }
    if (!item.options) problems.push(...keyProblems(entry, item, place, keyed));
    if (typeof item.keyed === "number" && item.reverse) {
      problems.push(`${place}: it is keyed or reverse, not both`);
    }
    if (item.ordered !== undefined && item.ordered !== null && !item.options) {
      problems.push(`${place}, ordered: it has no options of its own`);
    }
    if (scales && item.scale && !scales.includes(item.scale)) {
      problems.push(
        `${place}, scale: ${shown(item.scale)} is not one of scales (${scales.join(", ")})`,
      );
    }
  });
  for (const [index, scale] of (scales ?? []).entries()) {
    if (scales!.indexOf(scale) < index) problems.push(`scales: ${shown(scale)} is there twice`);
    if (!items.some((item) => item.scale === scale)) {
      problems.push(`scales: no item belongs to ${shown(scale)}`);
    }
  }
  const scaled = items.filter(({ scale }) => scale).length;
  if (scaled && !entry.scoredAs) {
    problems.push(
      "scoredAs is missing: it says whether a scale is the sum or the mean of its items",
    );
  }
  return problems;
}

/** What is wrong with the answers that items without options of their own take. */
function rangeProblems({ lowest, highest, answers, items }: Entry, common: number): string[] {
  const lacking = Object.entries({ lowest, highest, answers })
    .filter(([, value]) => value === undefined || value === null)
    .map(([name]) => {
      const which = common < items.length ? `, for ${common} items without options` : "";
      return `${name} is missing${which}`;
    });
  if (lacking.length) return lacking;
  if (lowest! >= highest!) return [`lowest (${lowest}) must be below highest (${highest})`];
  const problems: string[] = [];
  const labels = Object.entries(answers!);
  for (const [index, [answer, label]] of labels.entries()) {
    if (Number(answer) < lowest! || Number(answer) > highest!) {
      problems.push(`answers, ${answer}: answers go from ${lowest} to ${highest}`);
    }
    const first = labels.findIndex((other) => other[1] === label);
    if (first < index) {
      problems.push(`answers, ${answer}: ${shown(label)} is ${labels[first]![0]} too`);
    }
  }
  return problems;
}

/** Facts that no item needs. */
const besides = ({ lowest, highest, answers }: Entry): string[] =>
  Object.entries({ lowest, highest, answers })
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name]) => `${name}: every item has options of its own: leave it out`);

/** Keys that say which way items run, instead of which answer scores; null where none does. */
function directions(
  { lowest, highest, items }: Entry,
  common: readonly ItemEntry[],
): string | null {
  const keys = common.map((item) => item.keyed).filter((key) => typeof key === "number");
  const keyed = keys.length;
  const signs = keys.includes(-1) && keys.every((key) => Math.abs(key) === 1);
  // With two answers a key is the one that scores; with more, all keys at one end, or only 0 and 1, say
  // which way items run.
  const one = keyed > 0 && highest! - lowest! > 1 &&
    (keys.every((key) => key === lowest) || keys.every((key) => key === highest) ||
      keys.every((key) => key === 0 || key === 1));
  if (!signs && !one) return null;
  const given = [...new Set(keys)].toSorted((a, b) => a - b).join(" or ");
  return `keyed is ${given} in ${keyed} of ${items.length} items, with answers from ${lowest} to ` +
    `${highest}: these look like directions: ${DIRECTION}`;
}

function keyProblems(
  { lowest, highest, items }: Entry,
  { keyed: key }: ItemEntry,
  place: string,
  keyed: number,
): string[] {
  const none = typeof key !== "number";
  if (none && keyed > 0) {
    return [`${place}, keyed is missing: ${keyed} of the ${items.length} items have it`];
  }
  return none || (key >= lowest! && key <= highest!)
    ? []
    : [`${place}, keyed: answers go from ${lowest} to ${highest}: current value is ${key}`];
}
