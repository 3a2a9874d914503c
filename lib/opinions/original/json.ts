/** JSON files in which the order of keys says something, and a key twice is a mistake. */
import { Entries, type Json, jsonEntries } from "../../replies.ts";
import { textOf } from "../../study.ts";

export { Entries, type Json };

/** Keys of objects that are lists: their own keys are texts of options, which may be numbers. */
const COUNTED = ["counts", "percentage"];

/**
 * The value in a JSON file. Objects under `counts` and `percentage` are lists of key and number, because an
 * object sorts keys that are numbers.
 *
 * @param twice what to do about a key that stands there twice
 * @throws {Error} in one line, with the file and the place
 */
export function jsonOf(path: string, twice = "leave one of them"): unknown {
  const text = textOf(path);
  const value = jsonEntries(text);
  if (value === undefined) {
    throw new Error(`${path} is no JSON${why(text)}: mend or fetch it again`);
  }
  const plain = (of: Json, place: string): unknown => {
    if (Array.isArray(of)) return of.map((one, at) => plain(one, `${place}[${at}]`));
    if (!(of instanceof Entries)) return of;
    const seen = new Set<string>();
    const entries = of.all.map(([key, one]): [string, unknown] => {
      if (seen.has(key)) {
        throw new Error(`${path}, ${place || "as a whole"}: ${key} is there twice: ${twice}`);
      }
      seen.add(key);
      const at = place ? `${place}.${key}` : key;
      return [
        key,
        COUNTED.includes(key) && one instanceof Entries
          ? one.all.map(([text, n]) => [text, plain(n, at)])
          : plain(one, at),
      ];
    });
    return Object.fromEntries(entries);
  };
  return plain(value, "");
}

function why(text: string): string {
  try {
    JSON.parse(text);
    return "that can be read: it is nested too deep";
  } catch (error) {
    return ` (${(error as Error).message})`;
  }
}

/**
 * A value as the original writes it: indented by four, the lists under `counts` and `percentage` as objects,
 * percentages with a point.
 */
export function written(value: unknown, indent = "", under = ""): string {
  const inner = `${indent}    `;
  const block = (open: string, parts: string[], close: string) =>
    parts.length
      ? `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${indent}${close}`
      : open + close;
  if (Array.isArray(value)) {
    return COUNTED.includes(under)
      ? block(
        "{",
        (value as [string, number][]).map(([key, n]) =>
          `${JSON.stringify(key)}: ${
            under === "percentage" && Number.isInteger(n) ? n.toFixed(1) : n
          }`
        ),
        "}",
      )
      : block("[", value.map((one) => written(one, inner)), "]");
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return block(
    "{",
    Object.entries(value).filter(([, one]) => one !== undefined).map(([key, one]) =>
      `${JSON.stringify(key)}: ${written(one, inner, key)}`
    ),
    "}",
  );
}
