/** Reads the reconstruction: five files of answer sheets fitted to the paper's printed cells. */
import { gunzipSync } from "node:zlib";
import { CONDITIONS, MODELS, PROFILES } from "../design.ts";
import { expand, type Sheets } from "./expansion.ts";
import { plural } from "../../format.ts";
import { fault, join, onDisk, raw, type Reading } from "./input.ts";
import { TABLES } from "./schema.ts";
import type { Block } from "./source.ts";

/** The folder that comes with the code. */
export const RECONSTRUCTION = new URL("../../../dataset/reconstruction/", import.meta.url);

const model = new RegExp(`^(${MODELS.map(({ id }) => id).join("|")})$`);
const condition = new RegExp(`^(${CONDITIONS.join("|")})$`);
const personality_id = /^[1-9]\d*$/;
const label = /^[\w +-]+$/;
const keyed = { personality_id, answers: /^[01]{24}$/ };

/** The columns of each file with the form of their values, and its runs of 826 profiles. */
const SHAPES: Record<string, { runs: number; columns: Record<string, RegExp> }> = {
  "reference.csv.gz": { runs: 1, columns: keyed },
  "random.csv.gz": { runs: 1, columns: keyed },
  "epqra.csv.gz": {
    runs: 15,
    columns: { experiments_group_id: /^3\d\d$/, model, condition, ...keyed },
  },
  "bfi.csv.gz": {
    runs: 6,
    columns: {
      experiments_group_id: /^3\d\d$/,
      model,
      population: /^(generated_\w+_)?spain826$/,
      personality_id,
      answers: /^[1-5]{44}$/,
    },
  },
  "personas.csv.gz": {
    runs: 100,
    columns: {
      model,
      condition,
      repetition: /^([1-9]|10)$/,
      personality_id,
      gender: label,
      race: label,
      religious_belief: label,
      sexual_orientation: label,
      political_orientation: label,
    },
  },
};

/** The names of the five files. */
export const FILES = Object.keys(SHAPES);

/**
 * All nine tables; the request metadata are empty.
 *
 * @param folder where the five files lie
 * @param prefix what the user knows the folder by, put before the files' names
 * @throws {SourceError} when a file is missing, damaged or not of its known shape
 */
export async function* readReconstruction(
  folder: string | URL,
  prefix: string,
  reading: Reading,
): AsyncGenerator<Block> {
  const sheets: Sheets[] = [];
  for (const name of FILES) {
    const file = folder instanceof URL ? new URL(name, folder) : `${folder}/${name}`;
    const text = await unpack(file, prefix + name, reading);
    sheets.push(parse(text, name, prefix + name));
  }
  const [reference, random, epqra, bfi, personas] = sheets;
  const tables = expand(reference!, random!, epqra!, bfi!, personas!, prefix);
  for (const [table, { columns }] of Object.entries(TABLES)) {
    const { rows, where } = tables[table]!;
    yield { table, columns: Object.keys(columns), rows: pieces(rows(), reading), where };
  }
}

const REMEDY = "take the repository's file: `git checkout -- dataset/reconstruction`";

async function unpack(
  file: string | URL,
  path: string,
  reading: Reading,
): Promise<string> {
  try {
    const bytes = gunzipSync(join(await Array.fromAsync(raw(onDisk(file, path), reading))));
    reading.bytes += bytes.length;
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    reading.signal?.throwIfAborted();
    throw fault(`Unreadable (${(error as Error).message})`, path, REMEDY);
  }
}

/**
 * The rows of a file, every value checked. The columns before `personality_id` name a run, in which
 * each profile stands once, in order.
 */
function parse(text: string, name: string, path: string): Sheets {
  const { runs, columns } = SHAPES[name]!;
  const names = Object.keys(columns);
  const lines = text.split("\n");
  if (lines.shift() !== names.join(",")) {
    throw fault(`Unknown header, expected ${names.join(",")}`, `${path} line 1`, REMEDY);
  }
  if (lines.pop() !== "" || lines.length !== runs * PROFILES) {
    const found = `Found ${plural(lines.length, "whole row")}, expected ${runs * PROFILES}`;
    throw fault(found, path, REMEDY);
  }
  const forms = Object.values(columns);
  const id = names.indexOf("personality_id");
  const seen = new Set<string>();
  let run = "";
  return lines.map((line, i) => {
    const values = line.split(",");
    const key = values.slice(0, id).join(",");
    const begins = i % PROFILES === 0;
    if (begins) run = key;
    const sound = values.length === forms.length &&
      forms.every((form, j) => form.test(values[j]!)) &&
      Number(values[id]) === 1 + i % PROFILES && key === run && !(begins && seen.has(key));
    if (!sound) {
      const found = `Found ${JSON.stringify(line)}, expected ${names.join(",")} of profile ` +
        `${1 + i % PROFILES}${run && ` in ${run}`}`;
      throw fault(found, `${path} line ${i + 2}`, REMEDY);
    }
    seen.add(key);
    return values;
  });
}

const PIECE = 256 * 1024;

async function* pieces(rows: Iterable<string>, reading: Reading): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let piece = "";
  for (const row of rows) {
    piece += row;
    if (piece.length < PIECE) continue;
    reading.signal?.throwIfAborted();
    yield encoder.encode(piece);
    piece = "";
  }
  reading.signal?.throwIfAborted();
  if (piece) yield encoder.encode(piece);
}
