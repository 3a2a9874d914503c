/** The prompts of a study: kept as versions, and what was made with each. */
import type { DataFrame } from "polars";
import type { Sql } from "../db.ts";
import { frame } from "../frames.ts";
import type { Prompt } from "../prompts.ts";

/** Writes a prompt down, because a run uses it or another was made from it. */
export async function keepPrompt(sql: Sql, prompt: Prompt): Promise<void> {
  const { hash, purpose, version, language, system, user, note } = prompt;
  await sql`
    insert into prompts (hash, purpose, version, language, system, "user", note)
    values (${hash}, ${purpose}, ${version}, ${language}, ${system}, ${user}, ${note})
    on conflict do nothing`;
}

/**
 * Keeps a prompt as a version with its note; one that was kept before gets the new note and stays
 * otherwise.
 *
 * @throws {RangeError} without a note, or when nothing is changed
 */
export async function savePrompt(
  sql: Sql,
  prompt: Prompt,
  from: Prompt,
  note: string,
): Promise<Prompt> {
  const { purpose, version, hash } = prompt;
  if (!note.trim()) {
    throw new RangeError("A version is saved with a note on what was changed and why");
  }
  if (!version.includes("+")) {
    throw new RangeError(
      `Nothing is changed: this is the ${purpose} prompt ${version} as it stands`,
    );
  }
  if (from.purpose !== purpose || from.hash === hash) {
    throw new RangeError(
      `The ${purpose} prompt ${version} was not made from the ${from.purpose} prompt ${from.version}`,
    );
  }
  await sql.begin(async (transaction) => {
    const sql = transaction as unknown as Sql;
    await keepPrompt(sql, from);
    await keepPrompt(sql, prompt);
    await sql`
      update prompts
      set note = ${note.trim()}, saved = coalesce(saved, now()),
          parent = coalesce(parent, ${from.hash})
      where hash = ${hash}`;
  });
  return { ...prompt, note: note.trim() };
}

/**
 * A prompt that the study holds.
 *
 * @throws {RangeError} when it holds none of that version, naming those it holds
 */
export async function promptOf(
  sql: Sql,
  schema: string,
  purpose: Prompt["purpose"],
  version: string,
): Promise<Prompt> {
  const known = await sql<Prompt[]>`
    select purpose, version, language, system, "user", note, hash from prompts
    where purpose = ${purpose} order by created, version`;
  const found = known.find((prompt) => prompt.version === version);
  if (found) return { ...found };
  const names = known.map(({ version }) => version).join(", ") || "none yet";
  throw new RangeError(
    `Schema ${schema} holds no ${purpose} prompt of version ${version}: it holds ${names}`,
  );
}

/** The prompts with what was made with each; see `Study.prompts` for the columns. */
export async function versions(sql: Sql): Promise<DataFrame> {
  const rows = await sql`
    with asked as (
      select distinct run, prompt from cells
    ), shared as (
      select run, count(*) > 1 as several from asked group by run
    ), replied as (
      select c.run, c.prompt, count(*) as calls, sum(q.tokens_in + q.tokens_out) as tokens,
             sum(q.usd) as usd
      from requests q join work w on w.work = q.work join cells c on c.cell = w.cell
      join shared s on s.run = c.run and s.several
      group by c.run, c.prompt
    ), used as (
      select a.prompt,
             count(*) filter (where r.kind <> 'trial')::int as runs,
             sum(case when s.several then coalesce(q.calls, 0) else r.calls end)::float8 as calls,
             sum(case when s.several then coalesce(q.tokens, 0) else r.tokens end)::float8
               as tokens,
             case when not bool_or(exists (
               select from requests q where q.run = r.run and q.usd is null
             )) then sum(case when s.several then coalesce(q.usd, 0) else r.usd end) end as usd
      from asked a join runs r on r.run = a.run join shared s on s.run = a.run
      left join replied q on q.run = a.run and q.prompt = a.prompt
      group by a.prompt
    ), worked as (
      select c.prompt,
             count(*) filter (where r.kind = 'personas' and w.state = 'done')::int as personas,
             count(*) filter (
               where r.kind = 'administrations' and w.state = 'done' and w.sheet is null
             )::int as sheets,
             count(*) filter (where r.kind = 'trial' and w.state = 'done')::int as tried,
             count(*) filter (where w.state = 'failed')::int as failed
      from work w join runs r on r.run = w.run join cells c on c.cell = w.cell group by c.prompt
    )
    select p.purpose, p.version, left(p.hash, 12) as hash, o.version as parent,
           case when p.saved is not null then split_part(p.note, E'\\n', 1)
             when position('+' in p.version) = 0 then substring(p.note from '^[^.\\n]*[.]?')
           end as note,
           to_char(p.saved at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as saved,
           coalesce(u.runs, 0) as runs, coalesce(w.personas, 0) as personas,
           coalesce(w.sheets, 0) as sheets, coalesce(w.failed, 0) as failed,
           coalesce(w.tried, 0) as tried, coalesce(u.calls, 0) as calls,
           coalesce(u.tokens, 0) as tokens, case when u.prompt is null then 0 else u.usd end as usd
    from prompts p
    left join prompts o on o.hash = p.parent
    left join used u on u.prompt = p.hash
    left join worked w on w.prompt = p.hash
    order by p.purpose desc, p.created, p.version`;
  return frame(rows, {
    purpose: "text",
    version: "text",
    hash: "text",
    parent: "text",
    saved: "text",
    runs: "integer",
    personas: "integer",
    sheets: "integer",
    failed: "integer",
    tried: "integer",
    calls: "integer",
    tokens: "integer",
    usd: "number",
    note: "text",
  });
}
