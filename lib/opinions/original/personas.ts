/** Personas in the original's layout: one file each. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Population } from "../../population.ts";
import { jsonIn } from "../../replies.ts";
import { populationFrom, type Row } from "../../study.ts";
import { jsonOf, written } from "./json.ts";

/** One of the original's personas. Stratum, type, author and index together are who it is. */
export interface OriginalPersona {
  /** The folder above the type, such as a state. */
  stratum: string;
  /** The folder: `meta_persona`, `objective_table_persona`, … */
  type: string;
  /** Who wrote it; null of personas that nobody wrote, or where the folder does not say. */
  author: string | null;
  index: number;
  /** The key that the file has it under; null where the persona is the whole file. */
  key: "PERSONA" | "persona" | null;
  /** As it stands in the file: facts, or the text that a model wrote. */
  raw: unknown;
}

const FILE = /^persona_(\d+)\.json$/;

/**
 * All personas below a folder, `…/{stratum}/{type}/persona_{i}.json`, in order of their folders and numbers,
 * which may have gaps. A folder above the stratum is the author, where none is given.
 *
 * @throws {Error} in one line, with the file: no persona below the folder, no JSON, or neither object nor
 *   text
 */
export function personasIn(folder: string, author?: string | null): OriginalPersona[] {
  if (!existsSync(folder)) throw new Error(`${folder}: there is no such folder`);
  const found: OriginalPersona[] = [];
  const walk = (path: string): void => {
    const entries = readdirSync(path, { withFileTypes: true }).toSorted((a, b) =>
      a.name < b.name ? -1 : 1
    );
    const files = entries.flatMap(({ name }) => FILE.test(name) ? [name] : [])
      .toSorted((a, b) => Number(FILE.exec(a)![1]) - Number(FILE.exec(b)![1]));
    const parts = relative(folder, path).split(sep);
    for (const name of files) {
      const [above, stratum, type] = [parts.at(-3), parts.at(-2), parts.at(-1)];
      if (stratum === undefined || !type) {
        throw new Error(
          `${
            join(path, name)
          }: it lies in no folder of a stratum and a type: name the folder that holds ` +
            "those, as in OR/meta_persona",
        );
      }
      found.push({
        stratum,
        type,
        author: author === undefined ? above ?? null : author,
        index: Number(FILE.exec(name)![1]),
        ...personaFrom(join(path, name)),
      });
    }
    entries.filter((entry) => entry.isDirectory()).forEach(({ name }) => walk(join(path, name)));
  };
  walk(folder);
  if (!found.length) {
    throw new Error(
      `${folder}: no persona_0.json, persona_1.json, … below it: name another folder`,
    );
  }
  return found;
}

/** The persona in a file. */
export function personaFrom(path: string): Pick<OriginalPersona, "key" | "raw"> {
  const value = jsonOf(path);
  const key =
    (["PERSONA", "persona"] as const).find((key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ) ?? null;
  const raw = key === null ? value : (value as Record<string, unknown>)[key];
  if (typeof raw === "string" || (typeof raw === "object" && raw !== null && !Array.isArray(raw))) {
    return { key, raw };
  }
  throw new Error(
    `${path}: a persona is an object or a text: got ${JSON.stringify(raw)?.slice(0, 60)}`,
  );
}

/** A persona as its file. */
export const personaText = ({ key, raw }: Pick<OriginalPersona, "key" | "raw">): string =>
  written(key === null ? raw : { [key]: raw });

/**
 * The fields of a persona: of a text, those of the JSON in it, behind code fences or not; null of one that
 * is prose.
 */
export function fieldsOf({ raw }: Pick<OriginalPersona, "raw">): Record<string, unknown> | null {
  if (typeof raw !== "string") return raw as Record<string, unknown>;
  const found = jsonIn(raw);
  return "problem" in found || typeof found.value !== "object" || found.value === null ||
      Array.isArray(found.value)
    ? null
    : found.value as Record<string, unknown>;
}

/** Writes personas into a folder, each under its author (where it has one), stratum and type. */
export function writePersonas(folder: string, personas: readonly OriginalPersona[]): void {
  for (const persona of personas) {
    const { author, stratum, type, index } = persona;
    const path = join(folder, ...author === null ? [] : [author], stratum, type);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `persona_${index}.json`), personaText(persona));
  }
}

/**
 * Personas as a population of a study: their fields as variables, a prose as the variable `text`, and the
 * words of a field within a field as JSON. `weight` and `stratum` of the original's own make are kept apart
 * from ours.
 *
 * @throws {Error} where fields do not make variables, as `populationFrom`
 */
export function populationOf(personas: readonly OriginalPersona[], name: string): Population {
  const rows = personas.map((persona): Row => {
    const { stratum, type, author, index, raw } = persona;
    const fields = fieldsOf(persona);
    const values = Object.entries(fields ?? { text: raw }).map(([key, value]) => [
      /^(id|stratum|weight)$/i.test(key) ? `${key}_of_persona` : key,
      value === null || ["string", "number", "boolean"].includes(typeof value)
        ? value
        : JSON.stringify(value),
    ]);
    return {
      id: [stratum, type, ...author === null ? [] : [author], index].join("/"),
      stratum,
      type,
      ...author !== null && { author },
      ...Object.fromEntries(values),
    };
  });
  return populationFrom(rows, { instrument: null, name });
}

/**
 * People as the original's personas without an author: facts in its names, one of them for each variable
 * that is given.
 *
 * @param names the original's name of each variable, such as `{ AGE: "age" }`; `STATE` may be the stratum
 * @param type the folder
 */
export function personasOf(
  { profiles, codebook }: Population,
  names: Readonly<Record<string, string>>,
  type = "meta_persona",
): OriginalPersona[] {
  const variables = Object.entries(names).map(([key, name]) => {
    const variable = codebook.find((one) => one.name === name);
    if (variable || name === "stratum") return { key, name, variable };
    throw new RangeError(
      `${key} is to be ${name}, which is no variable: there are ${
        codebook.map(({ name }) => name).join(", ")
      }, stratum`,
    );
  });
  const counts = new Map<string, number>();
  return Array.from(profiles, ({ values = {}, stratum = "all" }) => {
    const index = counts.get(stratum) ?? 0;
    counts.set(stratum, index + 1);
    const raw = Object.fromEntries(variables.map(({ key, name, variable }) => {
      const value = variable ? values[name] ?? null : stratum;
      const label = variable?.levels?.find((level) => level.value === value)?.label;
      // What the original leaves open it calls so.
      return [key, value === null ? "Not Applicable" : label ?? value];
    }));
    return { stratum, type, author: null, index, key: "PERSONA", raw };
  });
}
