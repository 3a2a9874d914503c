/** The study that a command is about, and how its runs stand. */
import { z } from "zod";
import { schemaName, settings } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { connect } from "lib/db.ts";
import { cut, firstOf, nearest, plural, whole } from "lib/format.ts";
import { rows } from "lib/frames.ts";
import { openStudy, type Study } from "lib/study.ts";
import { UsageError } from "../cli.ts";
import { argument, type Flags, text } from "./flags.ts";

/** Schemas that hold a study. */
async function studies(): Promise<string[]> {
  const sql = await connect("reader");
  try {
    const found = await sql<{ schema: string }[]>`
      select schemaname as schema from pg_tables
      where tablename in ('runs', 'cells', 'work', 'requests')
      group by 1 having count(*) = 4 order by 1`;
    return found.map(({ schema }) => schema);
  } finally {
    await sql.end();
  }
}

/**
 * Does something in the study that `--schema` names.
 *
 * @param made whether the schema is made where it is not there
 */
export async function within<T>(
  flags: Flags,
  made: boolean,
  act: (lab: Study) => Promise<T>,
): Promise<T> {
  const given = text(flags, "schema");
  const schema = given === undefined ? settings().studySchema : argument(() => schemaName(given));
  if (schema === PUBLISHED) {
    throw new UsageError(`--schema ${schema} holds the published data: name another`);
  }
  if (!made) {
    const known = await studies();
    if (!known.includes(schema)) {
      const others = known.length ? `there are ${known.join(", ")}` : "no schema does yet";
      throw new Error(
        `Schema ${schema} holds no study (${others}): plan one with \`deno task study plan\``,
      );
    }
  }
  const lab = await openStudy({ schema });
  try {
    return await act(lab);
  } finally {
    await lab.close();
  }
}

/** A command as the user would type it, for the same schema. */
export const typed = (lab: Study, words: string): string =>
  `deno task study ${words.trimEnd()}` +
  (lab.schema === settings().studySchema ? "" : ` --schema ${lab.schema}`);

const Count = z.number();
const Limit = z.number().nullable();
/** How a run stands, over all processes. */
export const Standing = z.object({
  run: z.string(),
  kind: z.enum(["personas", "administrations", "trial"]),
  to_do: Count,
  claimed: Count,
  submitted: Count,
  done: Count,
  failed: Count,
  skipped: Count,
  calls: Count,
  tokens: Count,
  usd: Limit,
  lost_usd: Count,
  held_usd: Count,
  budget_calls: Limit,
  budget_tokens: Limit,
  budget_usd: Limit,
});
export type Standing = z.infer<typeof Standing>;

/** Pieces of work that are not done yet: still to be asked, under way, or in batches. */
export const leftOf = ({ to_do, claimed, submitted }: Standing): number =>
  to_do + claimed + submitted;

/** How runs stand, in the order of their names. */
export async function statusOf(lab: Study, names: readonly string[]): Promise<Standing[]> {
  const all = rows(await lab.status(), Standing);
  return names.map((name) => {
    const found = all.find(({ run }) => run === name);
    if (found) return found;
    const known = all.map(({ run }) => run);
    throw new UsageError(
      `Schema ${lab.schema} has no run ${name}: ` +
        (known.length
          ? `did you mean ${nearest(name, known)}? \`${typed(lab, "status")}\` lists them`
          : `it has none yet: plan one with \`${typed(lab, "plan personas")}\``),
    );
  });
}

/** The runs that a command names: at least one, and each once. */
export function runs(words: readonly string[], most = Infinity): readonly string[] {
  if (!words.length) {
    throw new UsageError("Name a run: `deno task study status` lists them");
  }
  if (words.length > most) throw new UsageError(`One run at a time: unexpected ${words[most]}`);
  const twice = words.find((word, index) => words.indexOf(word) < index);
  if (twice) throw new UsageError(`Run ${twice} is named twice`);
  return words;
}

const Failure = z.object({
  reason: z.string(),
  n: z.number(),
  example: z.string().nullable(),
});
const SHOWN = 10;
/** Letters of an example. */
const LETTERS = 160;

const shorten = (text: string): string => cut(text.replace(/\s+/g, " ").trim(), LETTERS);

/** Why work of a run failed, by kinds, the most frequent first, each with an example. */
export async function reasons(lab: Study, run: string): Promise<string[]> {
  const sums = new Map<string, { n: number; example: string | null }>();
  for (const { reason, n, example } of rows(await lab.failures(run), Failure)) {
    const sum = sums.get(reason);
    sums.set(reason, { n: (sum?.n ?? 0) + n, example: sum?.example ?? example });
  }
  const lines = [...sums].toSorted(([, a], [, b]) => b.n - a.n)
    .map(([reason, { n, example }]) =>
      `${whole(n)} failed: ${reason}${example ? ` (such as: ${shorten(example)})` : ""}`
    );
  return firstOf(lines, SHOWN, (more) => plural(more, "other reason"))
    .map((line) => `  ${line}`);
}

const Called = z.object({
  kind: z.string(),
  n: z.number(),
  message: z.string(),
  body: z.string().nullable(),
});

/** What went wrong with the calls of a run, by kinds, the most frequent first. */
export async function faults(lab: Study, run: string): Promise<string[]> {
  return rows(await lab.faults(run), Called).map(({ kind, n, message, body }) =>
    kind === "longer than max_tokens"
      ? `  ${whole(n)} ${n === 1 ? "reply is" : "replies are"} longer than max_tokens, ${message}`
      : `  ${plural(n, "call")} without a reply: ${kind} (the last: ${shorten(message)})` +
        (body ? `; it answered: ${shorten(body)}` : "")
  );
}
