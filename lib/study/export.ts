/** The study as files. */
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import pl from "polars";
import type { Sql } from "../db.ts";

/** Rows that travel at a time. */
const BATCH = 1000;

const QUERIES: Readonly<Record<string, string>> = {
  requests: `
    select q.request, q.created, r.name as run, r.kind, c.model_id, c.model_label as model, c.condition,
           c.population, w.profile, w.persona, w.repetition, w.state::text, w.reason, q.key, q.ask,
           q.provider, q.sent, q.reply, q.milliseconds, q.attempts, q.tokens_in, q.tokens_out, q.usd
    from requests q join work w on w.work = q.work join runs r on r.run = q.run
    join cells c on c.cell = w.cell order by q.request`,
  personas: `
    select p.*, c.model_label, c.condition
    from personas p join work w on w.work = p.work join cells c on c.cell = w.cell order by p.id`,
  sheets: `
    select a.work as administration, r.name as run, r.instrument, r.language, c.model_id,
           c.model_label as model, c.condition, c.population, a.profile, a.persona, a.repetition,
           to_json(a.answers) as answers, to_json(a.items) as items, to_json(a.options) as options,
           to_json(a.flags) as flags, a.explanation, a.answered
    from administrations a join cells c on c.cell = a.cell join runs r on r.run = c.run
    order by a.work`,
  work: `
    select w.work, r.name as run, r.kind, c.model_id, c.model_label as model, c.condition,
           c.population, w.profile, w.persona, w.repetition, w.state::text, w.reason, w.attempts,
           w.started, w.finished
    from work w join runs r on r.run = w.run join cells c on c.cell = w.cell order by w.work`,
};

/** Each as JSON Lines, and but for the verbatim requests as Parquet. A file is whole or not there. */
export async function exported(
  sql: Sql,
  folder: string,
): Promise<{ file: string; rows: number }[]> {
  mkdirSync(folder, { recursive: true });
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

async function jsonLines(sql: Sql, query: string, path: string): Promise<number> {
  const file = openSync(`${path}.part`, "w");
  let rows = 0;
  try {
    for await (const batch of sql.unsafe(query).cursor(BATCH)) {
      rows += batch.length;
      writeSync(file, batch.map((row) => `${JSON.stringify(row)}\n`).join(""));
    }
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.part`, path);
  return rows;
}
