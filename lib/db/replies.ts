/** The read of calls with their replies as they came, also of those that led to no sheet. */
import type postgres from "postgres";
import type { Kind } from "../frames.ts";
import { ASKED, askedLevels, WRITTEN } from "./factors.ts";
import { type Attributes, attributesOf, type Besides } from "./respondents.ts";

/** One call that is done or failed for good: what was asked, what came. */
export interface Replied {
  /** Its columns: who was asked, factors, attributes. */
  keys: Readonly<Record<string, string | number | null>>;
  language: string;
  coding: string;
  /** Null where it is done; else one of few reasons, such as `truncated`, `refused`, `not readable`. */
  reason: string | null;
  /** Of the call, as stored with its sheet; null where it led to none. */
  items: readonly number[] | null;
  /** By item of the instrument, in the order shown. */
  options: readonly (readonly number[])[] | readonly number[] | null;
  answers: readonly (number | null)[] | null;
  reasons: readonly (string | null)[] | null;
  /** The last request and its reply, verbatim; null where none came. */
  provider: string | null;
  sent: string | null;
  reply: string | null;
}

/** Calls that travel at a time. */
const AT_ONCE = 1000;

const KEYS: Readonly<Record<string, Kind>> = {
  model: "text",
  population: "text",
  profile: "integer",
  administration: "integer",
  block: "integer",
};
const OWN: Readonly<Record<string, Kind>> = {
  ...WRITTEN,
  ...ASKED,
  persona: "integer",
  repetition: "integer",
};

/** The calls of an instrument, in order of their work, and what columns their keys are. */
export async function replies(
  sql: postgres.Sql,
  schema: string,
  instrument: string,
  besides: Besides,
): Promise<{ columns: Readonly<Record<string, Kind>>; calls: AsyncIterable<Replied> }> {
  const taken = [...Object.keys(KEYS), ...Object.keys(OWN)];
  const [levels, more] = await Promise.all([
    askedLevels(sql, schema),
    attributesOf(sql, schema, besides, taken),
  ]);
  return {
    columns: { ...KEYS, ...OWN, ...more.columns },
    calls: calls(sql, schema, instrument, levels, more),
  };
}

async function* calls(
  sql: postgres.Sql,
  schema: string,
  instrument: string,
  levels: Awaited<ReturnType<typeof askedLevels>>,
  more: Attributes,
): AsyncGenerator<Replied> {
  const rows = sql`
    select w.cell, c.model_label as model, c.population, c.language, c.shown->>'coding' as coding,
           w.profile, coalesce(w.sheet, w.work) as administration, w.block, w.repetition,
           p.repetitions as persona, case when w.state = 'failed' then w.reason end as reason,
           to_jsonb(a.items) as items, a.options,
           to_jsonb(a.answers) as answers, to_jsonb(a.reasons) as reasons, q.provider, q.sent, q.reply
    from ${sql(schema)}.work w
    join ${sql(schema)}.cells c on c.cell = w.cell and c.instrument = ${instrument}
    join ${sql(schema)}.runs r on r.run = w.run and r.kind = 'administrations'
    left join ${sql(schema)}.personas p on p.id = w.persona
    left join ${sql(schema)}.administrations a on a.work = w.work
    left join lateral (
      select q.provider, q.sent, q.reply from ${sql(schema)}.requests q
      where q.work = w.work order by q.request desc limit 1
    ) q on true
    where w.state in ('done', 'failed')
    order by w.work`.cursor(AT_ONCE);
  for await (const some of rows) {
    for (const row of some) {
      const { items, options, answers, reasons, provider, sent, reply, reason, ...about } = row;
      const { cell, language, coding, ...who } = about;
      const keys = { ...who, ...levels.get(cell) };
      yield {
        keys: { ...keys, ...more.of(keys) },
        language,
        coding,
        reason,
        items,
        options,
        answers,
        reasons,
        provider,
        sent,
        reply,
      };
    }
  }
}
