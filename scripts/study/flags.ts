/** What `deno task study` is given: flags as numbers, models, instruments and prompts. */
import { existsSync } from "node:fs";
import { nearest } from "lib/format.ts";
import { type Form, registered } from "lib/forms.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { inLanguage, publishedPrompt } from "lib/paper/published.ts";
import type { Instrument } from "lib/instruments.ts";
import { type Model, model, models } from "lib/llm.ts";
import { type Prompt, shippedPrompt } from "lib/prompts.ts";
import { formFrom, instrumentFrom } from "lib/study.ts";
import { type main, UsageError } from "../cli.ts";

export type Flags = Parameters<Parameters<typeof main>[1]>[0];

export const text = (flags: Flags, name: string): string | undefined =>
  flags[name] as string | undefined;

/** Values of a flag that is given several times, or once with commas. */
export const many = (flags: Flags, name: string): string[] =>
  ((flags[name] ?? []) as string[]).flatMap((value) => value.split(","))
    .map((value) => value.trim()).filter((value) => value);

export function number(flags: Flags, name: string, kind: "count" | "integer" | "amount") {
  const given = text(flags, name);
  if (given === undefined) return undefined;
  const value = given.trim() === "" ? NaN : Number(given);
  const fits = kind === "amount"
    ? Number.isFinite(value) && value >= 0
    : Number.isSafeInteger(value) && (kind === "integer" || value >= 1);
  if (fits) return value;
  const what = {
    count: "a whole number of 1 or more",
    integer: "a whole number",
    amount: "0 or more",
  }[kind];
  throw new UsageError(`--${name} is ${what}: current value is ${given}`);
}

export function oneOf<T extends string>(
  flags: Flags,
  name: string,
  known: readonly T[],
): T | undefined {
  const given = text(flags, name);
  const found = known.find((value) => value === given);
  if (given === undefined || found) return found;
  throw new UsageError(`--${name} is ${known.join(", ")}: current value is ${given}`);
}

/** What is wrong with a value of the user's is wrong arguments. */
export function argument<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

export function modelOf(id: string): Model {
  const known = models();
  if (known.some((model) => model.id === id)) return model(id);
  throw new UsageError(
    `No model ${id}: did you mean ${nearest(id, known.map(({ id }) => id))}? ` +
      "`deno task config` lists them and says how one is added",
  );
}

/** A name that can be typed in a command. */
export function runName(flags: Flags): { name?: string } {
  const name = text(flags, "name");
  if (name === undefined) return {};
  if (/^[\p{L}\p{N}][\p{L}\p{N}._+-]{0,79}$/u.test(name)) return { name };
  throw new UsageError(
    `--name is 1 to 80 letters, digits, ., _, + and -: current value is ${JSON.stringify(name)}`,
  );
}

const BUILT_IN: readonly Instrument[] = [epqra, bfi44];

/** An instrument by its name, in the wording of a language where one is given, or from a file. */
export async function instrumentOf(from: string, language?: string) {
  const known = BUILT_IN.find(({ name }) => name === from);
  if (known) return await inLanguage(known, language ?? known.language);
  file("instrument", from, /\.(json|csv)$/i, BUILT_IN.map(({ name }) => name));
  const own = instrumentFrom(from);
  if (language === undefined || language === own.language) return own;
  throw new UsageError(
    `--language is for ${
      BUILT_IN.map(({ name }) => name).join(" and ")
    }: ${from} says that it is ` +
      `in ${own.language}`,
  );
}

/** A form by its name, or from a file; undefined where none is named. */
export function formOf(flags: Flags): Form | undefined {
  const from = text(flags, "form");
  if (from === undefined) return undefined;
  const known = registered();
  const found = known.find(({ name }) => name === from);
  if (found) return found;
  file("form", from, /\.(json|csv|tsv|tab|txt)$/i, known.map(({ name }) => name));
  return formFrom(from);
}

/** A value is a known word or the path of a file. */
export function file(flag: string, given: string, form: RegExp, known: readonly string[]): void {
  if (known.includes(given) || existsSync(given) || form.test(given)) return;
  throw new UsageError(
    `--${flag} is ${known.join(", ")} or a file: there is no file ${given}: did you mean ${
      nearest(given, known)
    }?`,
  );
}

/** A prompt by its version, or the published one; nothing where the plan takes the one that fits. */
export async function promptOf(
  purpose: Prompt["purpose"],
  version: string | undefined,
): Promise<{ prompt?: Prompt }> {
  if (version === undefined) return {};
  return {
    prompt: purpose === "administration" && version === "published"
      ? await publishedPrompt()
      : argument(() => shippedPrompt(purpose, version)),
  };
}

/** Refuses words that nothing asks for. */
export function none(words: readonly string[]): void {
  if (words.length) throw new UsageError(`Unexpected ${words[0]}`);
}
