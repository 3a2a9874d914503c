/**
 * Where the study's data come from: the published dump, its CSV files, or the reconstruction;
 * all three are handed on as rows in PostgreSQL's COPY text format.
 */
import { listed, plural } from "../../format.ts";
import { listZip } from "./archive.ts";
import { readCsv } from "./csv.ts";
import { readDump } from "./dump.ts";
import { fault, type FileRead, type Input, onDisk, raw, Reading, SourceError } from "./input.ts";
import { FILES, readReconstruction, RECONSTRUCTION } from "./reconstruction.ts";
import { missing, TABLES } from "./schema.ts";

export { type FileRead, SourceError };

/** The rows of one table. */
export interface Block {
  /** Bare table name, one of TABLES. */
  table: string;
  /** Column names in the order of the values: all of the table's, none twice. */
  columns: string[];
  /**
   * COPY text rows in pieces that end at the end of a row; must be read to its end before the next
   * block is asked for.
   */
  rows: AsyncIterable<Uint8Array>;
  /** Place of row n (1-based) in the input: `sql/backup.sql.gz line 28455`. */
  where(row: number): string;
}

/** An input that was found; reading it may still throw SourceError. */
export interface Source {
  kind: "dump" | "csv" | "reconstruction";
  /** Reads from the beginning; an abort throws the signal's reason. */
  blocks(signal?: AbortSignal): AsyncIterable<Block>;
  /** Complete when blocks() has ended. A zip is listed itself, and each file in it that was read. */
  files(): FileRead[];
  /** What was passed over, as sentences. */
  skipped(): string[];
  /** Uncompressed bytes read so far. */
  bytes(): number;
}

const ACCEPTED =
  "give the unpacked study, its sql/ or csv/ folder, its dump (.sql or .sql.gz), or a .zip of these";

/**
 * Finds the study's data.
 *
 * @param path a folder with the dump or the CSV files (up to four levels down; the dump comes
 * first), a dump, or a zip of these; without it, the reconstruction that comes with the code
 * @throws {SourceError} when nothing, or more than one thing, can be meant
 */
export async function open(path?: string): Promise<Source> {
  if (path === undefined) return reconstruction(RECONSTRUCTION, "dataset/reconstruction/");
  const name = path.split(/[\\/]/).filter((part) => part).at(-1) ?? path;
  const info = await look(path, () => Deno.stat(path));
  if (info.isDirectory) return await folder(path);
  if (!info.isFile) throw fault("Neither a file nor a folder", path, ACCEPTED);
  if (await look(path, () => isZip(path))) {
    const notes: string[] = [];
    const found = choose(await listZip(path, name), path, notes);
    return source(found.kind, notes, async function* (reading) {
      for await (const _ of raw(onDisk(path, name), reading));
      yield* found.read(reading);
    });
  }
  if (!/\.(sql|sql\.gz|dump|backup)$/i.test(name)) {
    throw fault("A file of another type", path, ACCEPTED);
  }
  const input = onDisk(path, name);
  return source("dump", [], (reading) => readDump(input, reading));
}

type Read = (reading: Reading) => AsyncIterable<Block>;

function source(kind: Source["kind"], notes: readonly string[], read: Read): Source {
  let reading = new Reading();
  return {
    kind,
    blocks: (signal) => read(reading = new Reading(signal)),
    files: () => [...reading.files],
    skipped: () => [...notes, ...reading.skipped],
    bytes: () => reading.bytes,
  };
}

const reconstruction = (folder: string | URL, prefix: string): Source =>
  source(
    "reconstruction",
    [],
    (reading) => readReconstruction(folder, prefix, reading),
  );

async function folder(path: string): Promise<Source> {
  const inputs: Input[] = [];
  await look(path, () => walk(path, "", inputs));
  const names = new Set(inputs.map((input) => input.path));
  if (FILES.every((file) => names.has(file))) return reconstruction(path, "");
  const notes: string[] = [];
  const { kind, read } = choose(inputs, path, notes);
  return source(kind, notes, read);
}

const DEEPEST = 4;
const MOST = 10_000;

async function walk(root: string, prefix: string, inputs: Input[]): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(`${root}/${prefix}`))).map(({ name }) => name);
  for (const name of names.toSorted()) {
    if (name.startsWith(".") || name === "__MACOSX" || name === "node_modules") continue;
    const path = prefix + name;
    // A link that leads nowhere is no file of the study.
    const info = await Deno.stat(`${root}/${path}`).catch(() => null);
    if (info?.isFile) inputs.push(onDisk(`${root}/${path}`, path));
    else if (info?.isDirectory && path.split("/").length <= DEEPEST) {
      await walk(root, `${path}/`, inputs);
    }
    if (inputs.length > MOST) {
      throw fault(`More than ${plural(MOST, "file")}`, root, ACCEPTED);
    }
  }
}

/** Picks the dump, or else the CSV files. */
function choose(
  inputs: readonly Input[],
  path: string,
  notes: string[],
): { kind: Source["kind"]; read: Read } {
  const tables = csvFolders(inputs);
  const dump = chooseDump(inputs, path);
  if (dump) {
    const csvs = [...tables.values()].flat().length;
    if (csvs) notes.push(`${plural(csvs, "CSV file")}: the dump ${dump.path} is read instead`);
    const others = inputs.filter((input) => SQL.test(input.path) && input !== dump);
    if (others.length) notes.push(`${listed(others.map((input) => input.path))}: not the dump`);
    return { kind: "dump", read: (reading) => readDump(dump, reading) };
  }
  if (tables.size > 1) {
    const found = `Found CSV files in ${tables.size} folders (${listed([...tables.keys()])})`;
    throw fault(found, path, "give one of them as PATH");
  }
  const [entry] = tables;
  if (!entry) throw fault(`No data of the study (${inventory(inputs)})`, path, ACCEPTED);
  const files = csvFiles(entry[1], path);
  const others = inputs.filter((i) => folderOf(i) === entry[0] && !entry[1].includes(i));
  if (others.length) {
    notes.push(`${listed(others.map((input) => input.path))}: not part of the study`);
  }
  return { kind: "csv", read: (reading) => readCsv(files, reading) };
}

const SQL = /\.sql(\.gz)?$/i;

/** The one file that has a backup's name, or else the one that is not a known helper. */
function chooseDump(inputs: readonly Input[], path: string): Input | undefined {
  const scripts = inputs.filter((input) => SQL.test(input.path));
  const named = scripts.filter((input) => /backup[^/]*$/i.test(input.path));
  const others = scripts.filter((input) =>
    !/(^|\/)(schema_export|create_)[^/]*$/i.test(input.path)
  );
  const candidates = named.length ? named : others;
  if (candidates.length > 1) {
    const list = listed(candidates.map((input) => input.path));
    throw fault(
      `Found ${candidates.length} possible dumps (${list})`,
      path,
      "give one of them as PATH",
    );
  }
  return candidates[0];
}

const folderOf = (input: Input): string => input.path.slice(0, input.path.lastIndexOf("/") + 1);
const nameOf = (input: Input): string => input.path.slice(folderOf(input).length);
const tableOf = (input: Input): string => nameOf(input).replace(/\.csv(\.gz)?$/i, "");

/** The CSV files named after tables, by folder; a folder with the reconstruction is left out. */
function csvFolders(inputs: readonly Input[]): Map<string, Input[]> {
  const named = inputs.filter((input) =>
    /\.csv(\.gz)?$/i.test(input.path) && Object.hasOwn(TABLES, tableOf(input))
  );
  const folders = Map.groupBy(named, folderOf);
  const paths = new Set(inputs.map((input) => input.path));
  for (const folder of folders.keys()) {
    if (FILES.every((file) => paths.has(folder + file))) folders.delete(folder);
  }
  return folders;
}

/** The file of each table, in the tables' order. */
function csvFiles(inputs: readonly Input[], path: string): Map<string, Input> {
  const byTable = Map.groupBy(inputs, tableOf);
  for (const [table, [first, second]] of byTable) {
    if (!second) continue;
    const found = `Table ${table} stands twice (${first!.path}, ${second.path})`;
    throw fault(found, path, "keep one of the files");
  }
  const lost = missing(byTable.keys());
  if (lost.length) {
    const found = `No CSV file of ${plural(lost.length, "table")} (${lost.join(", ")})`;
    throw fault(found, path, "download the missing files");
  }
  return new Map(
    Object.keys(TABLES).filter((table) => byTable.has(table))
      .map((table) => [table, byTable.get(table)![0]!]),
  );
}

/** What lies there instead, with a hint where one is possible. */
function inventory(inputs: readonly Input[]): string {
  const names = inputs.map((input) => input.path);
  const zip = names.find((name) => /\.zip$/i.test(name));
  if (zip) return `only ${zip}: give that as PATH`;
  if (names.some((name) => /(^|\/)toc\.dat$/.test(name))) {
    return "only a pg_dump archive in directory format: convert it with `pg_restore --file=plain.sql`";
  }
  if (names.some((name) => name.endsWith("epqra.csv.gz"))) {
    return "only the reconstruction, which is read when no PATH is given";
  }
  if (!names.length) return "no files at all";
  return `${plural(names.length, "file")}: ${listed(names)}`;
}

async function isZip(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  const head = new Uint8Array(4);
  await file.read(head);
  return head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5);
}

/** Turns what the file system refuses into a SourceError. */
async function look<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof SourceError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw fault("No such file or folder", path, ACCEPTED);
    }
    throw fault((error as Error).message, path, "check that it may be read");
  }
}
