/** The study as files. */
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import pl from "polars";
import type { Sql } from "../db.ts";
import { PAGE } from "./batch.ts";

/** Rows that travel at a time; fewer where they are long. */
const BATCH = 1000;

/** Rows of one table by its key, the first column; `size`: about how many bytes a row `t` has. */
interface Query {
  table: string;
  key: string;
  size: string;
  select: string;
}

const whole = "octet_length(t::text)";

const QUERIES: Readonly<Record<string, Query>> = {
  requests: {
    table: "requests",
    key: "request",
    size: "octet_length(t.sent) + octet_length(t.reply)",
    select: `
      select t.request, t.created, r.name as run, r.kind, c.model_id, c.model_label as model,
             c.condition, c.population, w.profile, w.persona, w.repetition, w.state::text, w.reason,
             w.detail, t.key, t.ask, t.provider, t.sent, t.reply, t.milliseconds, t.attempts,
             t.tokens_in::float8, t.tokens_out::float8, t.usd
      from requests t join work w on w.work = t.work join runs r on r.run = w.run
      join cells c on c.cell = w.cell`,
  },
  personas: {
    table: "personas",
    key: "id",
    size: whole,
    select: `
      select {t.*}, c.model_label, c.condition
      from personas t join work w on w.work = t.work join cells c on c.cell = w.cell`,
  },
  sheets: {
    table: "administrations",
    key: "work",
    size: whole,
    select: `
      select t.work, t.sheet as administration, r.name as run, c.instrument, c.language, c.model_id,
             c.model_label as model, c.condition, c.population, t.profile, t.persona, t.repetition,
             to_json(t.answers) as answers, to_json(t.items) as items,
             to_json(t.options) as options, to_json(t.flags) as flags, t.explanation, to_json(t.reasons) as reasons, t.answered
      from administrations t join cells c on c.cell = t.cell join runs r on r.run = c.run`,
  },
  work: {
    table: "work",
    key: "work",
    size: whole,
    select: `
      select t.work, r.name as run, r.kind, c.model_id, c.model_label as model, c.condition,
             c.population, t.profile, t.persona, t.repetition, t.state::text, t.reason, t.detail,
             t.attempts, t.started, t.finished
      from work t join runs r on r.run = t.run join cells c on c.cell = t.cell`,
  },
  faults: {
    table: "faults",
    key: "fault",
    size: whole,
    select: `
      select t.fault, t.created, r.name as run, t.work, c.model_id, t.kind, t.message, t.attempts,
             t.body
      from faults t join work w on w.work = t.work join runs r on r.run = t.run
      join cells c on c.cell = w.cell`,
  },
};

/** All columns of a table; objects as their JSON, since a column of Parquet has one shape. */
async function columnsOf(sql: Sql, table: string): Promise<string> {
  const columns = await sql<{ name: string; type: string }[]>`
    select attname as name, format_type(atttypid, null) as type from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped order by attnum`;
  return columns.map(({ name, type }) => type === "jsonb" ? `t.${name}::text` : `t.${name}`)
    .join(", ");
}

/** The next rows after a key, as many as travel together. */
const page = ({ table, key, size, select }: Query): string => `
  with sized as (
    select t.${key} as key, ${size} as own from ${table} t
    where t.${key} > $1 order by t.${key} limit ${BATCH}
  ), page as (
    select key from (select key, sum(own) over (order by key) - own as before from sized) s
    where before < ${PAGE}
  )
  ${select}
  where t.${key} in (select key from page) order by t.${key}`;

/** Each as JSON Lines, and but for the verbatim requests as Parquet. A file is whole or not there. */
export async function exported(
  sql: Sql,
  folder: string,
): Promise<{ file: string; rows: number }[]> {
  mkdirSync(folder, { recursive: true });
  // All files are of the same moment.
  return await sql.begin(
    "isolation level repeatable read read only",
    (sql) => written(sql as unknown as Sql, folder),
  );
}

async function written(sql: Sql, folder: string): Promise<{ file: string; rows: number }[]> {
  const files: { file: string; rows: number }[] = [];
  for (const [name, query] of Object.entries(QUERIES)) {
    const lines = join(folder, `${name}.jsonl`);
    const rows = await jsonLines(sql, query, lines);
    files.push({ file: lines, rows });
    if (name === "requests" || rows === 0) continue;
    const parquet = join(folder, `${name}.parquet`);
    // All rows decide the types: the first ones may lack a reason, a persona, an explanation.
    const frame = pl.scanJson(lines, { inferSchemaLength: null }).collectSync();
    frame.writeParquet(`${parquet}.part`);
    renameSync(`${parquet}.part`, parquet);
    files.push({ file: parquet, rows });
  }
  return files;
}

async function jsonLines(sql: Sql, query: Query, path: string): Promise<number> {
  const file = openSync(`${path}.part`, "w");
  const text = page(query).replace("{t.*}", await columnsOf(sql, query.table));
  let rows = 0;
  try {
    for (let after: string | number = 0;;) {
      const batch: Record<string, unknown>[] = await sql.unsafe(text, [after]);
      if (!batch.length) break;
      rows += batch.length;
      for (const row of batch) writeSync(file, `${JSON.stringify(row)}\n`);
      after = Object.values(batch.at(-1)!)[0] as string | number;
    }
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.part`, path);
  return rows;
}
