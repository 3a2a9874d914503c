/** Reads the study's CSV files, as `COPY … CSV HEADER` and pandas write them, into COPY text rows. */
import { fault, type Input, plain, type Reading, Window } from "./input.ts";
import { Records, STRAY, WRITE } from "./records.ts";
import { checkColumns } from "./schema.ts";
import type { Block } from "./source.ts";

const LONGEST_HEADER = 64 * 1024;

/**
 * One block per file.
 *
 * @param files the file of each table
 * @throws {SourceError} while they are read, naming file and line
 */
export async function* readCsv(
  files: ReadonlyMap<string, Input>,
  reading: Reading,
): AsyncGenerator<Block> {
  for (const [table, input] of files) {
    const window = new Window(plain(input, reading), input.path, reading);
    try {
      yield* window.verified(readFile(window, input.path, table, reading));
    } finally {
      await window.close();
    }
  }
}

async function* readFile(
  window: Window,
  path: string,
  table: string,
  reading: Reading,
): AsyncGenerator<Block> {
  reading.place = () => `line 1, table ${table}`;
  await window.begin();
  const { columns, lines } = await header(window, path, table);
  const records = new Records(table, columns, path, lines);
  reading.place = () => `line ${records.line}, table ${table}`;
  const progress = { ended: false };
  const where = (row: number) => `${path} line ${records.lineOf(row)}`;
  yield { table, columns, rows: window.verified(convert(window, records, progress)), where };
  if (!progress.ended) throw new Error(`The rows of ${table} were not read to their end`);
  for (const sentence of records.decimals()) reading.skip(sentence);
}

async function* convert(
  window: Window,
  records: Records,
  progress: { ended: boolean },
): AsyncGenerator<Uint8Array> {
  do {
    if (window.at === window.bytes.length) await window.more();
    records.feed(window.bytes.subarray(window.at));
    window.at = window.bytes.length;
    if (window.ended) records.end();
    const chunk = records.take();
    if (chunk.length) yield chunk;
  } while (!window.ended);
  progress.ended = true;
}

/** The names in the first record, and how many lines it has. */
async function header(
  window: Window,
  path: string,
  table: string,
): Promise<{ columns: string[]; lines: number }> {
  const at = `${path} line 1`;
  let end = -1;
  for (;;) {
    let quoted = false;
    end = window.bytes.subarray(window.at).findIndex((byte) => {
      if (byte === 34) quoted = !quoted;
      return byte === 10 && !quoted;
    });
    if (end >= 0 || window.ended) break;
    if (window.bytes.length > LONGEST_HEADER) {
      const found = window.bytes.includes(13) ? STRAY : "The header has no end";
      throw fault(found, `${at}, table ${table}`, WRITE);
    }
    await window.more();
  }
  const stop = end < 0 ? window.bytes.length : window.at + end + 1;
  const record = window.bytes.subarray(window.at, stop);
  window.at = stop;
  if (record.includes(0)) throw fault("A NUL byte", `${at}, table ${table}`, "save it as UTF-8");
  const text = new TextDecoder().decode(record).replace(/\r?\n$/, "");
  if (text.includes("\r")) throw fault(STRAY, `${at}, table ${table}`, WRITE);
  const columns = names(text);
  checkColumns(table, columns, at);
  return { columns, lines: text.split("\n").length };
}

/** The names of a header; a comma between quotes is part of one. */
function names(header: string): string[] {
  const quoted = (part: string) => part.split('"').length % 2 === 0;
  const parts: string[][] = [];
  let open = false;
  for (const part of header.split(",")) {
    if (open) parts.at(-1)!.push(part);
    else parts.push([part]);
    open = open !== quoted(part);
  }
  return parts.map((pieces) => pieces.join(","))
    .map((name) => /^".*"$/s.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name);
}
