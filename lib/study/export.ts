/** The study as files. */
import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import pl from "polars";
import { columnOf } from "../columns.ts";
import { hidden } from "../config.ts";
import { factorsOf, type Sql } from "../db.ts";
import { frame } from "../frames.ts";
import { PAGE } from "./batch.ts";
import { type File, FILES } from "./exported.ts";

/** Rows that travel at a time; fewer where they are long. */
const BATCH = 1000;
/** Rows that lie together in Parquet. */
const GROUP = 50_000;

type Row = Record<string, unknown>;
type Described = { file: string; column: string; meaning: string };

/**
 * Each as JSON Lines, and but for the verbatim requests as Parquet; `columns.csv` says what the columns are.
 * A file is whole or not there.
 */
export async function exportStudy(
  sql: Sql,
  schema: string,
  folder: string,
): Promise<{ file: string; rows: number }[]> {
  mkdirSync(folder, { recursive: true });
  // All files are of the same moment.
  return await sql.begin(
    "isolation level repeatable read read only",
    (sql) => written(sql as unknown as Sql, schema, folder),
  );
}

async function written(
  sql: Sql,
  schema: string,
  folder: string,
): Promise<{ file: string; rows: number }[]> {
  const files: { file: string; rows: number }[] = [], described: Described[] = [];
  const all = await factorsOf(sql, schema);
  for (const [file, given] of Object.entries(FILES)) {
    const { columns, meanings } = await withOthers(sql, given);
    const factors = file === "cells" ? all.names : [];
    const levels = factors.map((name): [string, string] => [name, columnOf(name)!.meaning]);
    for (const [column, meaning] of [...meanings, ...levels]) {
      described.push({ file, column, meaning });
    }
    const lines = join(folder, `${file}.jsonl`);
    const rows = await jsonLines(sql, { ...given, columns }, lines, (row) => {
      const own = Object.fromEntries(
        factors.map((name) => [name, all.of.get(row.cell as number)?.[name] ?? null]),
      );
      const text = JSON.stringify({ ...row, ...own });
      // Replies are stored without any key, and verbatim.
      return file === "requests" ? text : hidden(text, "keys");
    });
    files.push({ file: lines, rows });
    if (file === "requests" || rows === 0) continue;
    const parquet = join(folder, `${file}.parquet`);
    // All rows decide the types: the first ones may lack a reason, a persona, an explanation.
    await pl.scanJson(lines, { inferSchemaLength: null })
      .sinkParquet(`${parquet}.part`, { rowGroupSize: GROUP }).collect();
    renameSync(`${parquet}.part`, parquet);
    files.push({ file: parquet, rows });
  }
  const book = join(folder, "columns.csv");
  const csv = frame(described, { file: "text", column: "text", meaning: "text" }).writeCSV();
  writeFileSync(`${book}.part`, csv);
  renameSync(`${book}.part`, book);
  return [...files, { file: book, rows: described.length }];
}

/** All columns of a file as SQL, and what they are. */
async function withOthers(sql: Sql, { table, columns, others }: File) {
  const known = Object.entries(columns);
  const rest = others === undefined ? [] : (await sql<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped order by attnum`)
    .filter(({ name }) => !Object.hasOwn(columns, name));
  return {
    columns: {
      ...columns,
      ...Object.fromEntries(rest.map(({ name }) => [name, [`t.${name}`, others!] as const])),
    },
    meanings: [
      ...known.map(([name, [, meaning]]): [string, string] => [name, meaning]),
      ...rest.map(({ name }): [string, string] => [name, others!]),
    ],
  };
}

/** The next rows behind those of some keys, as many as travel together. */
function page({ table, keys, size, joined = "", columns }: File, first: boolean): string {
  const all = (of: string) => keys.map((key) => `${of}.${key}`).join(", ");
  const behind = `(${all("t")}) > (${keys.map((_, at) => `$${at + 1}`).join(", ")})`;
  const select = Object.entries(columns).map(([name, [from]]) => `${from} as "${name}"`);
  return `
  with sized as (
    select ${all("t")}, ${size} as own from ${table} t
    where ${first ? "true" : behind} order by ${all("t")} limit ${BATCH}
  ), page as (
    select ${all("s")} from (
      select *, sum(own) over (order by ${keys.join(", ")}) - own as before from sized
    ) s where before < ${PAGE}
  )
  select ${select.join(", ")}, ${keys.map((key) => `t.${key} as "key ${key}"`).join(", ")}
  from ${table} t ${joined}
  where (${all("t")}) in (select ${all("page")} from page) order by ${all("t")}`;
}

async function jsonLines(
  sql: Sql,
  of: File,
  path: string,
  line: (row: Row) => string,
): Promise<number> {
  const file = openSync(`${path}.part`, "w");
  let rows = 0;
  try {
    for (let after: (string | number)[] | null = null;;) {
      const batch: Row[] = await sql.unsafe(page(of, after === null), after ?? []);
      if (!batch.length) break;
      rows += batch.length;
      after = of.keys.map((key) => batch.at(-1)![`key ${key}`] as string | number);
      for (const row of batch) {
        for (const key of of.keys) delete row[`key ${key}`];
        writeSync(file, `${line(row)}\n`);
      }
    }
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.part`, path);
  return rows;
}
