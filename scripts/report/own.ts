/** Studies made here: what became of their work, what it cost, with which models, prompts and seeds. */
import pl from "polars";
import { bannerOf, readProvenance, type Sql } from "lib/db.ts";
import { z } from "zod";
import { frame, rows } from "lib/frames.ts";
import { attrition } from "lib/plots.ts";
import { escape, gridOf, proseHtml } from "lib/press.ts";
import { openStudy } from "lib/study.ts";
import { figureOf, type Origin, type Section, tableOf } from "./parts.ts";

/** The schemas in which something was asked or simulated as a study's work, in order of their names. */
async function schemas(sql: Sql): Promise<string[]> {
  const found = await sql<{ name: string }[]>`
    select schemaname as name from pg_tables where tablename = 'runs' order by 1`;
  const filled: string[] = [];
  for (const { name } of found) {
    const [run] = await sql`select from ${sql(name)}.runs where kind <> 'trial' limit 1`;
    if (run) filled.push(name);
  }
  return filled;
}

/** What the studies hold that a report shows, as text: another one when any of them went on. */
export async function stateOf(sql: Sql): Promise<string> {
  const all: unknown[] = [];
  for (const schema of await schemas(sql)) {
    const [state] = await sql`
      select (select sum(hashtextextended(r::text, 0)) from ${sql(schema)}.runs r)::text as runs,
             (select sum(hashtextextended(p::text, 0)) from ${
      sql(schema)
    }.prompts p)::text as prompts,
             (select sum(hashtextextended(concat_ws(' ', w.run, w.state, w.reason), 0))
              from ${sql(schema)}.work w)::text as work`;
    all.push({ schema, ...state });
  }
  return JSON.stringify(all);
}

/** What a study has cost; usd is null where a price is not known. */
export interface Cost {
  schema: string;
  calls: number;
  tokens: number;
  usd: number | null;
  /** Whether a simulation replied. */
  simulated: boolean;
}

/** Every study that is here, as a section, with what it cost; none where there is none. */
export async function ownStudies(
  sql: Sql,
  code: string | null,
): Promise<{ section: Section; cost: Cost }[]> {
  const parts: { section: Section; cost: Cost }[] = [];
  for (const schema of await schemas(sql)) parts.push(await ownStudy(sql, schema, code));
  return parts;
}

async function ownStudy(sql: Sql, schema: string, code: string | null) {
  const lab = await openStudy({ schema });
  const { flow, failures } = await lab.quality();
  const status = await lab.status();
  const prompts = await lab.prompts();
  const methods = await lab.methods();
  await lab.close();
  const provenance = await readProvenance(sql, schema), banner = bannerOf(provenance);
  const origin: Origin = { banner, code, caution: null };
  const cost = status.select(
    ...["run", "kind", "done", "failed", "calls", "tokens", "usd", "lost_usd"].map((name) =>
      ["calls", "tokens"].includes(name) ? pl.col(name).cast(pl.Int64) : pl.col(name)
    ),
  );
  const asked = await models(sql, schema);
  const of = (what: string) => `Schema ${schema}: ${what}`;
  const table = (
    data: typeof flow,
    what: string,
    name: string,
  ) => tableOf(gridOf(data, of(what)), data, `${schema}_${name}`, origin);
  const html = [
    `<p class="data">${escape(banner)}.</p>`,
    proseHtml(methods),
    figureOf(
      attrition({ flow, failures }),
      of("personas and answer sheets at each step"),
      flow,
      `${schema}_flow`,
      origin,
    ),
    ...failures.height ? [table(failures, "failed work by reason", "failures")] : [],
    table(cost, "calls, tokens and dollars by run", "cost"),
    table(asked, "models and seeds by run", "models"),
    table(
      prompts.select("purpose", "version", "hash", "runs", "personas", "sheets"),
      "prompts by hash",
      "prompts",
    ),
  ].join("\n");
  const runs = rows(cost, Run);
  const sum = (of: (run: z.infer<typeof Run>) => number) =>
    runs.reduce((total, run) => total + of(run), 0);
  return {
    section: { id: `own-${schema}`, title: `Schema ${schema}`, html },
    cost: {
      schema,
      calls: sum(({ calls }) => calls),
      tokens: sum(({ tokens }) => tokens),
      usd: runs.some(({ usd }) => usd === null) ? null : sum(({ usd }) => usd!),
      simulated: provenance.simulated.length > 0,
    },
  };
}

const Run = z.object({ calls: z.number(), tokens: z.number(), usd: z.number().nullable() });

/** Who was asked in each run, with which seed, and when it was planned. */
async function models(sql: Sql, schema: string) {
  const asked = await sql`
    select r.name as run, c.model->>'label' as model, c.model->>'provider' as provider,
           c.model->>'model' as version, r.plan->>'seed' as seed,
           to_char(min(r.created) at time zone 'utc', 'YYYY-MM-DD') as planned,
           coalesce(min(r.code), '—') as code
    from ${sql(schema)}.runs r join ${sql(schema)}.cells c on c.run = r.run
    group by r.run, r.name, 2, 3, 4, 5 order by r.run, 2`;
  const columns = ["run", "model", "provider", "version", "seed", "planned", "code"] as const;
  return frame(asked, Object.fromEntries(columns.map((name) => [name, "text" as const])));
}
