/** What a sheet is asked with: whether a prompt says all of it, and the shape of a reply. */
import { z } from "zod";
import { hasOwnOptions, type Instrument } from "../instruments.ts";
import { askedItems, itemWords, places, type Presented, type Prompt } from "../prompts.ts";
import { type Setting } from "./plan.ts";

/** What is laid before a persona, and how. */
interface Laid {
  instrument: Instrument;
  setting: Pick<Setting, "coding" | "each" | "reason">;
}

/**
 * Whether the general prompt is needed: the numbered ones are for instruments whose items all have the same
 * options, asked as a whole with one explanation.
 */
export const needsGeneral = ({ instrument, setting: { each, reason } }: Laid): boolean =>
  hasOwnOptions(instrument) || each !== undefined || reason !== undefined;

/** @throws {RangeError} when an administration prompt does not say what is asked */
export function checkPrompt(
  given: Prompt,
  { instrument, setting: { coding, reason } }: Laid,
): void {
  const has = places(given);
  const words = coding === "label" ? "labels" : "codes";
  const lacking = [
    ...hasOwnOptions(instrument) && !has.includes(words)
      ? [`in what items with options of their own are answered ({{#${words}}})`]
      : [],
    ...reason && !has.includes(reason) ? [`what reasons are asked for ({{#${reason}}})`] : [],
  ];
  if (!lacking.length) return;
  throw new RangeError(
    `The administration prompt ${given.version} does not say ${lacking.join(" and ")}: take ` +
      'shippedPrompt("administration", "general") or one that is made from it',
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
  const own = schemas.get(instrument) ?? new Map<string, z.ZodType>();
  schemas.set(instrument, own);
  const key = JSON.stringify([asked.map(({ number }) => number), coding, reason]);
  if (!own.has(key)) own.set(key, shapeOf(instrument, shown));
  return own.get(key)!;
}

function shapeOf(instrument: Instrument, shown: Presented): z.ZodType {
  const { coding, reason } = shown;
  const fields = askedItems(instrument, shown).map((item) => {
    // Letters are the same ones in whatever order options are shown.
    const answer = z.enum(Object.values(itemWords(instrument, item, coding)));
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
