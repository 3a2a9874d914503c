/** How a study was made, in the sentences of a methods section. */
import { columnOf } from "../columns.ts";
import { factorsOf, type Sql } from "../db.ts";
import { plural, whole } from "../format.ts";
import { rows } from "../frames.ts";
import { z } from "zod";
import { analysesOf } from "./analyses.ts";
import { failures, flow } from "./quality.ts";
import { populations } from "./population.ts";

/** What a methods section is made from. What is not known is null, and is said to be. */
export interface Facts {
  respondents: readonly { name: string; origin: string; n: number }[];
  models: readonly {
    label: string;
    /** The provider's own id. */
    version: string;
    /** Null where nobody replied: a simulation. */
    provider: string | null;
    /** Temperature and the like, in words; empty where none was set. */
    settings: readonly string[];
    /** The first and the last day on which it replied, UTC. */
    asked: readonly [first: string, last: string] | null;
  }[];
  conditions: readonly string[];
  /** What else was varied, in words, and its levels. */
  varied: readonly { factor: string; levels: readonly string[] }[];
  /** Null where they were not published. */
  prompts: readonly { purpose: string; version: string; hash: string }[] | null;
  /** What was to be made, such as `personas`, and how much of it there is. */
  work: readonly {
    what: string;
    planned: number | null;
    asked: number | null;
    answered: number;
    /** Of these, without a missing item; null where that is no question. */
    complete: number | null;
    open: number;
  }[];
  /** Why work ended without a result, or what is left out; null where it was not recorded. */
  excluded: readonly { reason: string; n: number }[] | null;
  /** How it was analysed, as sentences. */
  tests: readonly string[];
  seeds: readonly (string | number)[];
  /** But for this program, whose version stands with the data: what is shown is the same in each. */
  software: Readonly<Record<string, string>>;
}

/** The paragraphs, with marks as {@link https://commonmark.org Markdown} has them. */
export function methodsOf(facts: Facts): string[] {
  return [
    `**Respondents and design.** ${respondents(facts)}`,
    `**Models.** ${models(facts)}`,
    `**Prompts.** ${prompts(facts)}`,
    `**Sample and exclusions.** ${[...facts.work.map(worked), ...excluded(facts)].join(" ")}`,
    ...facts.tests.length ? [`**Analysis.** ${facts.tests.join(" ")}`] : [],
    `**Software.** ${software(facts)}`,
  ];
}

function respondents({ respondents, conditions, varied }: Facts): string {
  const all = respondents.map(({ name, origin, n }) =>
    `${plural(n, "respondent")} of the population ${name} (${origin})`
  );
  const under = conditions.length
    ? ` ${conditions.length === 1 ? "Condition" : "Conditions"}: ${conditions.join(", ")}.`
    : "";
  const others = varied.map(({ factor, levels }) => `${factor} (${levels.join(", ")})`);
  return `${all.join("; ") || "No population was given"}.${under}` +
    (others.length ? ` Varied besides: ${others.join("; ")}.` : "");
}

/** Those of the same days together, simulations apart. */
function models({ models }: Facts): string {
  const sentences = [...Map.groupBy(models, days)].map(([when, own]) => {
    const names = own.map(({ label, version, provider, settings }) =>
      provider === null
        ? label
        : `${label} (${[`\`${version}\``, provider, ...settings].join(", ")})`
    );
    return `${names.join(", ")} ${own.length === 1 ? "was" : "were"} ${when}.`;
  });
  return sentences.join(" ") || "None was asked.";
}

function days({ provider, asked }: Facts["models"][number]): string {
  if (provider === null) return "simulated: no language model was asked";
  if (asked === null) return "asked on days that are not recorded";
  const [first, last] = asked;
  return first === last ? `asked on ${first} (UTC)` : `asked from ${first} to ${last} (UTC)`;
}

function prompts({ prompts }: Facts): string {
  if (prompts === null) return "They were not published with the data.";
  if (!prompts.length) return "None was used.";
  const all = prompts.map(({ purpose, version, hash }) => `${purpose} ${version} (\`${hash}\`)`);
  return `By purpose, version and the first digits of their SHA-256: ${all.join(", ")}.`;
}

function worked({ what, planned, asked, answered, complete, open }: Facts["work"][number]): string {
  const of = planned === null
    ? `There are ${whole(answered)} ${what}`
    : `Of ${whole(planned)} ${what} planned ` +
      `${asked === null ? "" : `${whole(asked)} were asked for and `}${whole(answered)} obtained`;
  return of +
    (complete === null ? "" : `, ${whole(complete)} of them without a missing item`) +
    (open ? `; ${whole(open)} are still open` : "") + ".";
}

function excluded({ excluded }: Facts): string[] {
  if (excluded === null) return ["What else was asked for and discarded is not recorded."];
  if (!excluded.length) return ["Nothing was excluded, and nothing failed."];
  return [`Excluded: ${excluded.map(({ reason, n }) => `${reason} (${whole(n)})`).join(", ")}.`];
}

function software({ seeds, software }: Facts): string {
  const used = Object.entries(software).map(([name, version]) => `${name} ${version}`);
  return `Persona Audit, on ${used.join(" and ")}.` +
    (seeds.length ? ` ${seeds.length === 1 ? "Seed" : "Seeds"}: ${seeds.join(", ")}.` : "");
}

/** What this program stands on, with versions. */
export async function softwareOf(sql: Sql): Promise<Record<string, string>> {
  const [server] = await sql<{ version: string }[]>`
    select split_part(current_setting('server_version'), ' ', 1) as version`;
  return {
    "Deno": Deno.version.deno,
    "PostgreSQL": server!.version,
  };
}

/**
 * The facts of a study of one's own, trials apart.
 *
 * @param tests how it was analysed, as sentences
 */
export async function factsOf(
  sql: Sql,
  schema: string,
  tests: readonly string[],
): Promise<Facts> {
  const { excluded, work, conditions } = await flowOf(sql);
  const plans = await sql<{ seed: string }[]>`
    select distinct plan->>'seed' as seed from runs
    where kind <> 'trial' and plan->>'seed' is not null order by 1`;
  return {
    respondents: (await respondentsIn(sql)).map(({ name, origin, profiles: n }) => (
      { name, origin, n }
    )),
    models: await modelsOf(sql),
    conditions,
    varied: await variedIn(sql, schema),
    prompts: await promptsOf(sql),
    work,
    excluded,
    tests: [...await written(sql), ...tests],
    seeds: plans.map(({ seed }) => seed),
    software: await softwareOf(sql),
  };
}

const Population = z.object({
  name: z.string(),
  role: z.string(),
  origin: z.string(),
  profiles: z.number(),
});

/** The populations but for their controls. */
const respondentsIn = async (sql: Sql) =>
  rows(await populations(sql), Population).filter(({ role }) => role !== "control");

async function modelsOf(sql: Sql): Promise<Facts["models"]> {
  const found = await sql<
    { label: string; model: Record<string, unknown>; first: string; last: string }[]
  >`
    with asked as (
      select w.cell, min(q.created) as first, max(q.created) as last
      from requests q join work w on w.work = q.work group by w.cell
    )
    select c.model->>'label' as label, c.model,
           to_char(min(a.first) at time zone 'utc', 'YYYY-MM-DD') as first,
           to_char(max(a.last) at time zone 'utc', 'YYYY-MM-DD') as last
    from cells c join runs r on r.run = c.run join asked a on a.cell = c.cell
    where r.kind <> 'trial' group by 1, 2 order by min(c.cell)`;
  return found.map(({ label, model, first, last }) => {
    const simulated = String(model.provider).startsWith("simulated");
    const set = [["temperature", model.temperature], ["top-p", model.top_p]];
    return {
      label,
      version: String(model.model),
      provider: simulated ? null : providerOf(model),
      settings: simulated ? [] : [
        ...set.flatMap(([name, value]) => value === undefined ? [] : [`${name} ${value}`]),
        `at most ${whole(Number(model.max_tokens))} tokens a reply`,
      ],
      asked: [first, last] as const,
    };
  });
}

/** Whose server it is: one of one's own by its address. */
const providerOf = ({ base_url, provider }: Record<string, unknown>): string =>
  typeof base_url === "string" ? new URL(base_url).host : String(provider);

/** Told elsewhere: by models, conditions and what was asked. */
const TOLD: readonly string[] = ["writer", "answering_model", "condition", "instrument"];

/** The factors that have several levels. */
async function variedIn(sql: Sql, schema: string): Promise<Facts["varied"]> {
  const { names, of } = await factorsOf(sql, schema);
  return names.filter((name) => !TOLD.includes(name)).flatMap((name) => {
    const all = [...of.values()].flatMap((levels) => levels[name] ?? []);
    const levels = [...new Set(all)].toSorted();
    return levels.length > 1 ? [{ factor: columnOf(name)?.label ?? name, levels }] : [];
  });
}

const promptsOf = (sql: Sql) =>
  sql<{ purpose: string; version: string; hash: string }[]>`
    select purpose, version, left(hash, 12) as hash from prompts p
    where exists (
      select from cells c join runs r on r.run = c.run
      where c.prompt = p.hash and r.kind <> 'trial'
    ) order by purpose desc, version`;

const Cell = z.object({
  kind: z.string(),
  instrument: z.string().nullable(),
  condition: z.string(),
  planned: z.number(),
  asked: z.number(),
  answered: z.number(),
  open: z.number(),
  complete: z.number(),
});
const Failure = z.object({ reason: z.string(), n: z.number() });

async function flowOf(sql: Sql): Promise<Pick<Facts, "work" | "excluded" | "conditions">> {
  const cells = rows(await flow(sql), Cell);
  const sheets = (cell: z.infer<typeof Cell>) => cell.kind === "administrations";
  const named = Map.groupBy(
    cells,
    (cell) => sheets(cell) ? `answer sheets (${cell.instrument})` : "personas",
  );
  const reasons = Map.groupBy(rows(await failures(sql), Failure), ({ reason }) => reason);
  const total = <T>(own: readonly T[], of: (one: T) => number) =>
    own.reduce((sum, one) => sum + of(one), 0);
  return {
    conditions: [...new Set(cells.map(({ condition }) => condition))],
    work: [...named].map(([what, own]) => ({
      what,
      planned: total(own, ({ planned }) => planned),
      asked: total(own, ({ asked }) => asked),
      answered: total(own, ({ answered }) => answered),
      complete: sheets(own[0]!) ? total(own, ({ complete }) => complete) : null,
      open: total(own, ({ open }) => open),
    })),
    excluded: [...reasons].map(([reason, own]) => ({ reason, n: total(own, ({ n }) => n) })),
  };
}

/** Analysis plans, and whether anything had been answered when they were written down. */
async function written(sql: Sql): Promise<string[]> {
  const Plan = z.object({ hash: z.string(), written: z.string(), calls: z.number() });
  const plans = Map.groupBy(rows(await analysesOf(sql), Plan), ({ hash }) => hash);
  return [...plans].map(([hash, own]) => {
    const calls = own.reduce((sum, { calls }) => sum + calls, 0);
    return `An analysis plan (SHA-256 \`${hash.slice(0, 12)}\`) was written down on ` +
      `${own[0]!.written} UTC, ${calls ? `after ${whole(calls)} replies` : "before any reply"}.`;
  });
}
