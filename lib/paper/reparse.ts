/** The published replies, read by the code of today. */
import type { DataFrame } from "polars";
import type { Sql } from "../db.ts";
import { frame } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import { type Model, openReply } from "../llm.ts";
import { sheetIn } from "../replies.ts";
import { bfi44, epqra } from "./instruments.ts";

const BATCH = 500;

/**
 * Parses the replies of the restored data again and compares with the published answers: one row per
 * questionnaire and model.
 *
 * Columns: instrument, model, replies, no_sheet (replies that this code makes no sheet of), answers
 * (items that both have), equal, differing, only_published, only_parsed.
 */
export async function reparsePublished(sql: Sql, schema: string): Promise<DataFrame> {
  const instruments = new Map<string, Instrument>([[epqra.name, epqra], [bfi44.name, bfi44]]);
  const counts = new Map<string, Record<string, number | string>>();
  const at = sql(schema);
  for (let after = 0;;) {
    const rows = await sql<PublishedReply[]>`
      select m.id, l.questionnaire as instrument, l.model, 
             case when m.response_json ? 'choices' then 'openai' else 'bedrock' end as provider,
             case l.language_questionnaire when 'english' then 'en' else l.language_questionnaire end
               as language,
             m.response_json::text as reply,
             (select jsonb_object_agg(question_number, answer) from (
                select distinct on (question_number) question_number, answer
                from ${at}.eval_questionnaires a where a.experiment_id = m.experiment_id
                order by question_number, id) given) as answers
      from ${at}.experiment_request_metadata m
      join ${at}.experiments_list l on l.experiment_id = m.experiment_id
      where m.id > ${after} and m.response_json is not null order by m.id limit ${BATCH}`;
    if (!rows.length) break;
    after = rows.at(-1)!.id;
    for (const row of rows) {
      const instrument = instruments.get(row.instrument);
      if (!instrument) continue;
      const key = JSON.stringify([row.instrument, row.model]);
      const count = counts.get(key) ?? {
        instrument: row.instrument,
        model: row.model,
        replies: 0,
        no_sheet: 0,
        answers: 0,
        equal: 0,
        differing: 0,
        only_published: 0,
        only_parsed: 0,
      };
      counts.set(key, count);
      compare(row, instrument, count as Record<string, number>);
    }
  }
  return frame([...counts.values()], {
    instrument: "text",
    model: "text",
    replies: "integer",
    no_sheet: "integer",
    answers: "integer",
    equal: "integer",
    differing: "integer",
    only_published: "integer",
    only_parsed: "integer",
  });
}

interface PublishedReply {
  id: number;
  instrument: string;
  model: string;
  /** By the form of the reply. */
  provider: Model["provider"];
  language: string;
  reply: string;
  answers: Record<string, number | null> | null;
}

function compare(row: PublishedReply, instrument: Instrument, count: Record<string, number>): void {
  count.replies! += 1;
  const { text, problem } = openReply(row.provider, row.reply);
  const coding = instrument.highest === 1 ? "true/false" : "number";
  const order = instrument.items.map(({ number }) => number);
  const sheet = problem === null
    ? sheetIn(text!, instrument, coding, row.language, order)
    : { problem };
  if ("problem" in sheet) {
    count.no_sheet! += 1;
    return;
  }
  for (const { number } of instrument.items) {
    const ours = sheet.answers[number - 1] ?? null, theirs = row.answers?.[number] ?? null;
    if (ours !== null && theirs !== null) {
      count.answers! += 1;
      count[ours === theirs ? "equal" : "differing"]! += 1;
    } else if (theirs !== null) count.only_published! += 1;
    else if (ours !== null) count.only_parsed! += 1;
  }
}
