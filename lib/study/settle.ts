/** What came of pieces of work, written for many at once: results, states and costs in one transaction. */
import type { Sql } from "../db.ts";
import type { Status, Values } from "../forms.ts";
import type { OptionOrder } from "../prompts.ts";
import type { Work } from "./queue.ts";

/** A sheet as it is stored. */
export interface StoredSheet {
  answers: (number | null)[];
  items: readonly number[];
  options: OptionOrder;
  flags: string[];
  explanation: string | null;
  /** Beside each answer, in order of the items, where they are asked for. */
  reasons?: readonly (string | null)[] | null;
}

/** A persona as it is stored: what the model wrote, and what was made of it. */
export interface StoredPersona {
  population: string;
  model: string;
  model_print: string;
  population_print: string;
  repetition_count: number;
  /**
   * The answers and the values of the profile that the writer was shown, null where one was left out, and what
   * the condition set or left out.
   */
  shown: readonly (number | null)[];
  changed: readonly number[];
  shown_values: Values;
  changed_values: readonly string[];
  form: string;
  /** By field: as written, as cleaned (where a mapping or a list says how), what became of it, words. */
  fields: Values;
  cleaned: Values;
  status: Readonly<Record<string, Status>>;
  words: Readonly<Record<string, number | null>>;
  /** What was mended to read it. */
  flags: readonly string[];
}

/** What came of work; of a trial it is known that it is done, and its replies are read when shown. */
export type Outcome =
  | { state: "done" }
  | { state: "done"; persona: StoredPersona }
  | { state: "done"; sheet: StoredSheet }
  /** `reason` is one of few kinds; `detail`: what it was in this one case. */
  | { state: "failed"; reason: string; detail?: string | null };

export interface Settled {
  work: Work;
  outcome: Outcome;
}

/** About how many bytes of text it is to settle this. */
export function bytesOf({ outcome }: Settled): number {
  if ("persona" in outcome) {
    return Object.values(outcome.persona.fields)
      .reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), 0);
  }
  return "sheet" in outcome ? outcome.sheet.explanation?.length ?? 0 : 0;
}

/** Why a sheet is none, although its reply may be one: whoever was asked is not there any more. */
export const WITHDRAWN = "the persona that was asked is none any more: its reply is read otherwise";

/** As much of the particulars of a failure as is kept: letters. */
const DETAIL = 2000;

/**
 * Settles work that `worker` holds, each piece once; what it does not hold any more is passed over.
 *
 * @returns for each: whether it was held, and is settled now
 * @throws when one of the results cannot be stored; then none is
 */
export async function settle(
  sql: Sql,
  run: number,
  worker: number,
  settled: readonly Settled[],
): Promise<boolean[]> {
  // One row of a statement cannot be written twice.
  const once = [...new Map(settled.map((one) => [one.work.work, one])).values()];
  const given = once.map(({ work, outcome }) => ({
    work: work.work,
    state: outcome.state,
    reason: outcome.state === "failed" ? outcome.reason : null,
    detail: detailOf(outcome),
  }));
  const rows = await sql<{ work: number }[]>`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::text::jsonb)
        as g(work int, state work_state, reason text, detail text)
    ), was as (
      select w.work, w.spent_calls, w.spent_tokens, w.spent_usd
      from work w join given g on g.work = w.work
      where w.worker = ${worker} and w.state = 'claimed'
      for update of w
    ), ended as (
      update work w
      set state = g.state, reason = g.reason, detail = g.detail, finished = now(), worker = null,
          spent_calls = 0, spent_tokens = 0, spent_usd = 0,
          held_calls = 0, held_tokens = 0, held_usd = 0
      from given g join was on was.work = g.work
      where w.work = g.work
    ), personas as (${personas(sql, once)}
    ), administrations as (${administrations(sql, once)}
    ), booked as (
      update runs r
      set calls = r.calls + s.calls, tokens = r.tokens + s.tokens, usd = r.usd + s.usd
      from (
        select sum(spent_calls) as calls, sum(spent_tokens) as tokens, sum(spent_usd) as usd
        from was having sum(spent_calls) > 0
      ) s
      where r.run = ${run}
    )
    select work from was`;
  const held = new Set(rows.map(({ work }) => work));
  return settled.map(({ work }) => held.has(work.work));
}

/** The particulars of a failure, as PostgreSQL can hold them. */
export const detailOf = (outcome: Outcome): string | null =>
  outcome.state === "failed" && outcome.detail
    ? outcome.detail.slice(0, DETAIL).toWellFormed().replaceAll("\0", "\uFFFD")
    : null;

const PERSONA = [
  "work",
  "ref_personality_id",
  "parent",
  "population",
  "model",
  "model_print",
  "population_print",
  "repetitions",
  "repetition_count",
  "shown",
  "changed",
  "shown_values",
  "changed_values",
  "form",
  "fields",
  "cleaned",
  "status",
  "words",
  "flags",
];
const SHEET = [
  "work",
  "cell",
  "persona",
  "profile",
  "repetition",
  "sheet",
  "answers",
  "items",
  "options",
  "flags",
  "explanation",
  "reasons",
];

/** What becomes of a row that is there already: one that was withdrawn, or is read again. */
const anew = (sql: Sql, columns: readonly string[]) => {
  const set = columns.slice(1).map((name) => `${name} = excluded.${name}`);
  return sql.unsafe(`on conflict (work) do update set ${set.join(", ")}`);
};

/** Writes personas of the work in `was`. */
export function personas(sql: Sql, settled: readonly Settled[]) {
  const rows = settled.flatMap(({ work, outcome }) =>
    "persona" in outcome
      ? [{
        ...outcome.persona,
        work: work.work,
        ref_personality_id: work.profile,
        parent: work.persona,
        repetitions: work.repetition,
      }]
      : []
  );
  const columns = PERSONA.slice(1).join(", ");
  return sql`
    insert into personas_written (work, ${sql.unsafe(columns)})
    select p.work, ${sql.unsafe(columns)}
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as p(
      work int, ref_personality_id int, parent int, population text, model text, model_print text,
      population_print text, repetitions int, repetition_count int, shown smallint[],
      changed smallint[], shown_values jsonb, changed_values text[], form text, fields jsonb,
      cleaned jsonb, status jsonb, words jsonb, flags text[])
    join was on was.work = p.work
    ${anew(sql, PERSONA)}`;
}

/** Writes sheets of the work in `was`. */
export function administrations(sql: Sql, settled: readonly Settled[]) {
  const rows = settled.flatMap(({ work, outcome }) =>
    "sheet" in outcome ? [{ ...work, ...outcome.sheet }] : []
  );
  return sql`
    insert into administrations (${sql.unsafe(SHEET.join(", "))})
    select a.work, a.cell, a.persona, a.profile, a.repetition, coalesce(w.sheet, w.work), answers,
           items, options, flags, explanation, reasons
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as a(
      work int, cell int, persona int, profile int, repetition int, answers smallint[],
      items smallint[], options jsonb, flags text[], explanation text, reasons text[])
    join was on was.work = a.work
    join work w on w.work = a.work
    ${anew(sql, SHEET)}`;
}
