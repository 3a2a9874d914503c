/** How a sheet is asked: in how many calls, in what form, and how its blocks are put together. */
import { z } from "zod";
import { hasOwnOptions, type Instrument } from "../instruments.ts";
import {
  askedItems,
  itemWords,
  places,
  type Presented,
  type Prompt,
  prompt,
  type Reason,
  shownOptions,
} from "../prompts.ts";
import type { StoredSheet } from "./settle.ts";

/** How one is asked; left out, the whole sheet in one call, with an explanation at its end. */
export interface Asked {
  /** So many items a call; one by one is 1. */
  items?: number;
  /** A reason for each answer, before or after it, or nothing but answers. */
  reason?: Reason;
}

/**
 * The item numbers that each call asks, in the order shown: one list for a whole sheet.
 *
 * @param order the items in the order in which the administration shows them
 * @throws {RangeError} when the number of items a call is none
 */
export function blocksOf(
  order: readonly number[],
  { items = order.length }: Asked = {},
): (readonly number[])[] {
  if (!Number.isInteger(items) || items < 1) {
    throw new RangeError(`Items a call are a whole number of 1 or more: got ${items}`);
  }
  return Array.from(
    { length: Math.ceil(order.length / items) },
    (_, block) => order.slice(block * items, (block + 1) * items),
  );
}

/** How many calls an administration takes. */
export const blockCount = ({ items }: Instrument, asked: Asked = {}): number =>
  Math.ceil(items.length / Math.min(asked.items ?? items.length, items.length));

/**
 * The prompt that an administration is asked with.
 *
 * The last numbered one is for instruments whose items all have the same options, asked as a whole with an
 * explanation; all else needs the general one, in the language of the items where there is one.
 *
 * @throws {RangeError} when the prompt given does not say what is asked
 */
export function promptFor(
  instrument: Instrument,
  asked: Asked,
  coding: Presented["coding"],
  given?: Prompt,
): Prompt | undefined {
  const own = hasOwnOptions(instrument);
  const reason = asked.reason !== undefined, general = own || reason || asked.items !== undefined;
  if (!given) {
    return general || coding === "letter" ? prompt("administration", "general") : undefined;
  }
  if (given.purpose !== "administration") return given;
  const has = places(given);
  const lacking = [
    ...own && !has.includes(coding === "label" ? "labels" : "codes")
      ? [
        `what to answer items with options of their own in ({{#${
          coding === "label" ? "labels" : "codes"
        }}})`,
      ]
      : [],
    ...reason && !has.includes(asked.reason!)
      ? [`how reasons are asked for ({{#${asked.reason}}})`]
      : [],
  ];
  if (!lacking.length) return given;
  throw new RangeError(
    `The administration prompt ${given.version} does not say ${lacking.join(" and ")}: take ` +
      'prompt("administration", "general") or one that is made from it',
  );
}

/** Schemas by instrument, and by what else they depend on. */
const schemas = new WeakMap<Instrument, Map<string, z.ZodType>>();

/**
 * The shape of a reply, for providers that hold a model to one; undefined where the order in which items are
 * shown is not theirs: a JSON schema lists numbered keys in their own order, and a model held to it would
 * answer in that order.
 *
 * @throws {RangeError} when `shown` does not fit the instrument
 */
export function schemaOf(instrument: Instrument, shown: Presented): z.ZodType | undefined {
  const { coding, reason } = shown;
  const asked = askedItems(instrument, shown);
  if (asked.some(({ number }, at) => at > 0 && number < asked[at - 1]!.number)) return undefined;
  const words = asked.map((item) => {
    const order = coding === "letter" ? shownOptions(shown.options, item) : undefined;
    return Object.values(itemWords(instrument, item, coding, order)).toSorted();
  });
  const own = schemas.get(instrument) ?? new Map<string, z.ZodType>();
  schemas.set(instrument, own);
  const key = JSON.stringify([asked.map(({ number }) => number), coding, reason, words]);
  if (!own.has(key)) own.set(key, shapeOf(instrument, shown));
  return own.get(key)!;
}

function shapeOf(instrument: Instrument, shown: Presented): z.ZodType {
  const { coding, options, reason } = shown;
  const fields = askedItems(instrument, shown).map((item) => {
    const order = coding === "letter" ? shownOptions(options, item) : undefined;
    const answer = z.enum(Object.values(itemWords(instrument, item, coding, order)));
    const why = z.string();
    const value = reason === "before"
      ? z.object({ reason: why, answer })
      : reason === "after"
      ? z.object({ answer, reason: why })
      : answer;
    return [String(item.number), value] as const;
  });
  return z.object({
    ...Object.fromEntries(fields),
    ...reason === undefined && { explanation: z.string() },
  });
}

/** A sheet, or the part of one that a block asked. */
export type BlockSheet = Omit<StoredSheet, "options" | "reasons"> & {
  reasons?: readonly (string | null)[] | null;
};

/**
 * The blocks of one administration as one sheet: the answers and reasons of all, items in the order asked,
 * flags each once, explanations one below the other.
 *
 * @param blocks in order; null for one that failed or is not there yet
 * @returns the sheet, and whether every block is there
 */
export function merged(
  instrument: Instrument,
  blocks: readonly (BlockSheet | null)[],
): { sheet: BlockSheet; complete: boolean } {
  const there = blocks.filter((block) => block !== null);
  const among = <T>(of: (block: BlockSheet) => readonly (T | null)[] | null | undefined) =>
    instrument.items.map(({ number }, at) => {
      const block = there.find(({ items }) => items.includes(number));
      return (block && of(block)?.[at]) ?? null;
    });
  const reasons = there.some((block) => block.reasons)
    ? among<string>((block) => block.reasons)
    : null;
  const told = there.flatMap(({ explanation }) => explanation ?? []);
  return {
    sheet: {
      answers: among<number>(({ answers }) => answers),
      items: there.flatMap(({ items }) => [...items]),
      flags: flagsOf(there.flatMap(({ flags }) => flags)),
      explanation: told.length ? told.join("\n\n") : null,
      ...reasons && { reasons },
    },
    complete: there.length === blocks.length,
  };
}

/** Flags, each once; of those that list items, all items in one. */
function flagsOf(flags: readonly string[]): string[] {
  const lists = new Map<string, string[]>();
  for (const flag of flags) {
    const [, name, list] = /^(unreadable|extra keys): (.*)$/.exec(flag) ?? [];
    const own = lists.get(name ?? flag) ?? [];
    lists.set(name ?? flag, own);
    if (list) own.push(...list.split(", ").filter((one) => !own.includes(one)));
  }
  return [...lists].map(([name, list]) => list.length ? `${name}: ${list.join(", ")}` : name);
}
