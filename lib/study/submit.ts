/**
 * A run in batches: questions are put together, sent to the provider, looked after, and taken in.
 *
 * A batch goes through its states one by one, each written down before what follows from it is done, so that
 * a process may be killed anywhere. The one request that would be paid for twice is the one that makes a
 * batch at the provider: after a doubt about it nothing is sent before the provider's own list was read.
 */
import { createHash } from "node:crypto";
import postgres from "postgres";
import type { Mapping } from "../cleaning.ts";
import type { Sql } from "../db.ts";
import {
  BatchError,
  CallError,
  checkBatches,
  dialectFor,
  inBatches,
  later,
  listBatches,
  type Made,
  type Model,
  type Remote,
  retrieveBatch,
  transportOf,
} from "../llm.ts";
import { seeded } from "../random.ts";
import {
  batchLines,
  type BatchRow,
  closeBatch,
  dropStored,
  giveUp,
  keepFile,
  keptLines,
  openBatches,
  prepareBatches,
  recallLines,
  refuseBatch,
  resultOf,
  submittingOf,
  takeIn,
} from "./batches.ts";
import { place } from "./queue.ts";
import { conduct, type Ended, RunError, type RunOptions } from "./run.ts";
import type { Run } from "./tasks.ts";

/** A batch that the provider does not list so long after it was to be made was not made. */
const GRACE_SECONDS = 300;
/** A provider forgets results after 29 or 30 days. */
const VANISHES_DAYS = 20;
/** A file is in memory, a few times over, when it is sent. */
const FILE_BYTES = 64_000_000;
/** How often a file of results is fetched that seems to be cut off. */
const FETCHES = 3;
/** Seconds between two looks: the first, when nothing else is said, and the longest. */
const POLL = 30;
const LONGEST_POLL = 600;

/** A run with its models at the price of a call in a batch. */
export const inBatchesOf = (run: Run): Run => ({
  ...run,
  cells: new Map(
    [...run.cells].map(([number, cell]) => [number, { ...cell, model: inBatches(cell.model) }]),
  ),
});

/**
 * Takes in what has come, asks the rest in batches, and ends; or waits until all has come.
 *
 * @param run its models at the price of a call in a batch
 * @throws {RunError} when a batch was refused as a whole, or another process looks after them
 */
export async function conductBatches(
  sql: Sql,
  run: Run,
  mapping: Mapping,
  options: RunOptions,
): Promise<Ended> {
  const models = new Map([...run.cells.values()].map(({ model }) => [model.id, model]));
  const asked = [...models.values()].filter((model) => transportOf(model).outside);
  for (const model of asked) checkBatches(model);
  const gathering = {
    ...options,
    transport: (model: Model) => (asked.includes(model) ? later : transportOf)(model),
  };
  return await alone(sql, run, async () => {
    let ended: Ended | null = null;
    for (let looks = 0;; looks++) {
      const seen = await lookAfter(sql, await sentBatches(sql, run.run), options);
      const moved = await dropStored(sql, run.run) > 0 || seen.moved;
      if (!ended || moved) ended = await conduct(sql, run, mapping, gathering);
      // What a batch that was given up still answers is not asked again meanwhile.
      if (!seen.ending) {
        for (const model of asked) {
          const { lines, bytes } = dialectFor(model);
          await prepareBatches(sql, run.run, {
            model,
            kind: "provider",
            lines,
            bytes: Math.min(bytes, FILE_BYTES),
          });
        }
        // Each once in a pass: those that were put together just now.
        await lookAfter(
          sql,
          (await sentBatches(sql, run.run)).filter(({ state }) => state === "prepared"),
          options,
        );
      }
      if (moved) looks = 0;
      const open = seen.ending ||
        (await sentBatches(sql, run.run)).some(({ given_up }) => !given_up);
      // A budget that is held may be had again when it is known what the batches cost.
      const stays = ended.ended === "stopped" || !open;
      if (stays) return ended;
      if (!options.wait) return { ...ended, ended: "submitted" };
      if (!await waited(sql, run.run, looks, options)) return { ...ended, ended: "stopped" };
    }
  });
}

/** The batches of a run that are not closed, without those that went elsewhere as files. */
const sentBatches = async (sql: Sql, run: number): Promise<BatchRow[]> =>
  (await openBatches(sql, run)).filter(({ kind }) => kind === "provider");

/** Waits until it is time to look again; false where the run is to end before. */
async function waited(
  sql: Sql,
  run: number,
  looks: number,
  { signal, poll = POLL }: RunOptions,
): Promise<boolean> {
  const most = Math.min(LONGEST_POLL, poll * 1.5 ** looks);
  const spread = (1 + seeded("look", run, looks).uniform()) / 2;
  for (let left = most * spread * 1000; left > 0; left -= 1000) {
    if (signal?.aborted) return false;
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, 1000)));
  }
  const [row] = await sql<{ stopping: boolean }[]>`select stopping from runs where run = ${run}`;
  return !row!.stopping && !signal?.aborted;
}

/**
 * Does something as the only process that looks after the batches of a run: the lock is that of a connection,
 * and PostgreSQL lets go of it when the process dies.
 */
async function alone<T>(sql: Sql, { run, plan }: Run, act: () => Promise<T>): Promise<T> {
  const own = postgres({
    ...sql.options as unknown as postgres.Options<Record<string, never>>,
    max: 1,
    max_lifetime: null,
  });
  try {
    // Workers have numbers from 1, runs these below 0.
    const [row] = await own<{ got: boolean }[]>`
      select pg_try_advisory_lock(${place(own)}::int, ${-run}::int) as got`;
    if (!row!.got) {
      throw new RunError(
        `Another process looks after the batches of run ${plan.name}, and takes in what comes`,
      );
    }
    return await act();
  } finally {
    await own.end({ timeout: 5 });
  }
}

/**
 * Takes batches as far as they go now. What goes wrong with one stands with it, and the others go on.
 *
 * @returns `moved`: whether work was planned again, or has failed; `ending`: whether one that was given up is
 *   there after all, and not over
 * @throws {RunError} when a batch was refused as a whole, or the key
 */
async function lookAfter(
  sql: Sql,
  batches: readonly BatchRow[],
  { onNote }: RunOptions,
): Promise<{ moved: boolean; ending: boolean }> {
  let moved = false, ending = false;
  const refused: string[] = [], all = [...batches];
  for (const of of all) {
    const batch = new Looked(sql, of, onNote);
    try {
      await batch.go();
    } catch (error) {
      // Of others in the same place it may be so as well; but a batch waits for no other.
      await batch.tell((error as Error).message);
      const { cause } = error as Error;
      if (cause instanceof CallError && cause.fatal) refused.push(cause.message);
    }
    all.push(...batch.twins);
    moved ||= batch.moved;
    ending ||= batch.ending;
    if (batch.refused !== null) refused.push(batch.refused);
  }
  if (refused.length) throw new RunError(refused.join("; "));
  return { moved, ending };
}

/** One batch that is looked after. */
class Looked {
  /** Whether work was planned again, or has failed. */
  moved = false;
  /** Whether it was given up, and is there after all. */
  ending = false;
  /** Those that were found to be made of the same lines. */
  twins: BatchRow[] = [];
  /** Why it was refused as a whole, where no line is to blame. */
  refused: string | null = null;

  constructor(
    private readonly sql: Sql,
    private of: BatchRow,
    private readonly onNote?: (note: string) => void,
  ) {}

  async go(): Promise<void> {
    while (await this.#step());
  }

  /** Writes down what went wrong; null: nothing. */
  async tell(trouble: string | null): Promise<void> {
    if (trouble === this.of.trouble) return;
    await this.sql`update batches set trouble = ${trouble} where batch = ${this.of.batch}`;
    this.of = { ...this.of, trouble };
    if (trouble !== null) this.onNote?.(`batch ${this.of.batch}: ${trouble}`);
  }

  /** Whether another step can follow. */
  async #step(): Promise<boolean> {
    switch (this.of.state) {
      case "prepared":
      case "uploading":
        return await this.#upload();
      case "uploaded":
        return await this.#submit();
      case "submitting":
        return await this.#find();
      case "submitted":
        return await this.#look();
      case "fetched":
        return await this.#ingest();
      case "ingested":
        return await this.#close();
      case "closed":
        return false;
    }
  }

  /** Goes to a state, unless another process has moved it meanwhile. */
  async #to(state: BatchRow["state"], more: Partial<BatchRow> = {}): Promise<void> {
    const { batch, state: before, submitting } = this.of;
    const { file, remote, word, said } = { ...this.of, ...more };
    const [row] = await this.sql<{ submitting: number | null }[]>`
      update batches
      set state = ${state}, file = ${file}, remote = ${remote}, word = ${word},
          said = ${JSON.stringify(said)}::text::jsonb,
          submitting = case when ${
      state === "submitting"
    } then clock_timestamp() else submitting end,
          submitted = case when ${
      state === "submitted"
    } then coalesce(submitted, now()) else submitted end
      where batch = ${batch} and state = ${before}
        and ${submittingOf(this.sql)} is not distinct from ${submitting}::float8
      returning ${submittingOf(this.sql)} as submitting`;
    if (!row) throw new RunError(`Another process has taken batch ${batch} on`);
    this.of = { ...this.of, ...more, state, submitting: row.submitting };
  }

  /** What it is made of at the provider. */
  get #made(): Made {
    const { token, sha256, file, lines } = this.of;
    return { token, sha256, file, lines };
  }

  async #lines(): Promise<string[]> {
    const { batch, sha256 } = this.of;
    const lines: string[] = [], hash = createHash("sha256");
    for await (const line of batchLines(this.sql, batch)) {
      lines.push(line);
      hash.update(line);
    }
    if (hash.digest("hex") === sha256) return lines;
    throw new Error(`The lines of batch ${batch} are not what they were: it is not sent`);
  }

  async #upload(): Promise<boolean> {
    const { model, token } = this.of, dialect = dialectFor(model);
    if (dialect.upload) {
      if (this.of.state === "prepared") await this.#to("uploading");
      const file = await dialect.upload(model, token, new Blob(await this.#lines()));
      await this.#to("uploaded", { file });
    } else {
      await this.#to("uploaded");
    }
    return true;
  }

  async #submit(): Promise<boolean> {
    const { model } = this.of, dialect = dialectFor(model);
    const lines = dialect.upload ? [] : await this.#lines();
    await this.#to("submitting");
    try {
      const remote = await dialect.create(model, this.#made, lines);
      await this.#to("submitted", { remote: remote.id, word: remote.word });
    } catch (error) {
      // Refused for certain: it may be sent again. After anything else the provider's list says.
      if (error instanceof BatchError && !error.unsure) await this.#to("uploaded");
      throw error;
    }
    await this.tell(null);
    return false;
  }

  /** Finds out whether a batch that was to be made was made, and how often. */
  async #find(): Promise<boolean> {
    const { batch, model, submitting, given_up } = this.of;
    const known = new Set(
      (await this.sql<{ remote: string }[]>`
        select remote from batches where model_id = ${model.id} and remote is not null`)
        .map(({ remote }) => remote),
    );
    const found: Remote[] = [], unclear: Remote[] = [];
    for (const one of await listBatches(model, new Date(submitting! * 1000))) {
      if (known.has(one.id)) continue;
      const owns = await dialectFor(model).owns(model, one, this.#made);
      if (owns !== false) (owns ? found : unclear).push(one);
    }
    if (unclear.length) {
      await this.tell(
        `nobody knows whether it was made: ${
          unclear.map(({ id }) => id).join(", ")
        } may be it, which is known when ` +
          "that has ended and its results can be read",
      );
      return false;
    }
    const [first, ...others] = found
      .toSorted((a, b) => Number(a.created) - Number(b.created) || (a.id < b.id ? -1 : 1));
    if (first) {
      await this.#adopt(first, others);
      return true;
    }
    const [row] = await this.sql<{ over: boolean }[]>`
      select submitting < now() - ${GRACE_SECONDS} * interval '1 second' as over
      from batches where batch = ${batch}`;
    if (!row!.over) {
      await this.tell(
        "nobody knows whether it was made, and the provider does not list it: it is made again when it is " +
          `not listed ${GRACE_SECONDS / 60} minutes later either`,
      );
      return false;
    }
    if (given_up) {
      await closeBatch(this.sql, this.of);
      return false;
    }
    await this.#to("uploaded");
    return true;
  }

  /** Takes a batch for its own; those that were made of the same lines are ended, and what they answer is paid. */
  async #adopt(first: Remote, others: readonly Remote[]): Promise<void> {
    const { batch, model, run } = this.of;
    const end = ({ over }: Remote) => over ? "has ended" : "is cancelled";
    await this.sql.begin(async (transaction) => {
      const sql = transaction as unknown as Sql;
      for (const other of others) {
        const { id, word } = other;
        const trouble = `made twice of the lines of batch ${batch}: it ${end(other)}`;
        const [twin] = await sql<{ batch: number }[]>`
          insert into batches (run, model_id, model, kind, token, state, lines, sha256, file, remote,
                               word, given_up, submitted, trouble)
          select run, model_id, model, kind, token, 'submitted', lines, sha256, file, ${id}, ${word}, true, now(),
                 ${trouble}
          from batches where batch = ${batch}
          returning batch`;
        await sql`
          insert into batch_lines (run, work, model_id, batch, place, custom_id, key, ask, body,
                                   held_tokens, held_usd, outcome, detail)
          select run, work, model_id, ${twin!.batch}, place, custom_id, key, ask, body, held_tokens,
                 held_usd, 'lost', ${trouble}
          from batch_lines where batch = ${batch}`;
      }
      await sql`
        update batches
        set state = 'submitted', remote = ${first.id}, word = ${first.word}, trouble = null,
            submitted = now()
        where batch = ${batch} and state = 'submitting'`;
    });
    this.of = {
      ...this.of,
      state: "submitted",
      remote: first.id,
      word: first.word,
      trouble: null,
    };
    for (const other of others) {
      this.onNote?.(`batch ${batch}: it was made twice, and ${other.id} ${end(other)}`);
      if (!other.over) await dialectFor(model).cancel(model, other.id).catch(() => {});
    }
    const ids = others.map(({ id }) => id);
    this.twins = (await sentBatches(this.sql, run)).filter(({ remote }) => ids.includes(remote!));
  }

  async #look(): Promise<boolean> {
    const { batch, model, remote: id, given_up } = this.of;
    const remote = await retrieveBatch(model, id!);
    if (!remote && given_up) {
      await closeBatch(this.sql, this.of, this.of.lines);
      return false;
    }
    if (!remote) {
      throw new Error(
        `${model.id}: the provider has no batch ${id} any more: give it up, and what it held is asked again ` +
          "and may be paid twice",
      );
    }
    const { word, counts, faults } = remote;
    await this.#to("submitted", { word, said: { counts, faults } });
    if (remote.over) {
      const { output, errors, least } = remote;
      if (output !== null) await this.#fetch("output", output, least);
      if (errors !== null) await this.#fetch("errors", errors, 0);
      await this.#to("fetched");
      return true;
    }
    this.ending = given_up;
    if (given_up && remote.over === false && !/^cancell?ing$/i.test(word)) {
      await dialectFor(model).cancel(model, id!);
    }
    const [row] = await this.sql<{ old: boolean }[]>`
      select submitted < now() - ${VANISHES_DAYS} * interval '1 day' as old
      from batches where batch = ${batch}`;
    await this.tell(
      remote.over === null
        ? `the provider says ${JSON.stringify(word)}, which is not known: it is waited for`
        : row!.old
        ? `sent more than ${VANISHES_DAYS} days ago: after 29 days its results may be gone`
        : given_up
        ? "given up, and ends: its questions are asked again when it is known what it has answered"
        : null,
    );
    return false;
  }

  /** Fetches results; those that seem cut off once more, unless they come the same again. */
  async #fetch(name: string, file: string, least: number): Promise<void> {
    const { batch, model } = this.of;
    let before: string | null = null;
    for (let fetched = 1;; fetched++) {
      const content = await dialectFor(model).content(model, file);
      const { sha256 } = await keepFile(this.sql, batch, name, content);
      let lines = 0, last = "";
      for await (const line of keptLines(this.sql, batch, name)) {
        if (!line.trim()) continue;
        lines += 1;
        last = line;
      }
      const whole = (!last || resultOf(this.of, last) !== null) && lines >= least;
      if (whole || sha256 === before) return;
      if (fetched === FETCHES) {
        throw new Error(
          `${model.id}: results ${file} were cut off ${fetched} times: look again later`,
        );
      }
      before = sha256;
    }
  }

  async #ingest(): Promise<boolean> {
    const { answered, final, retry, lost, late } = await takeIn(this.sql, this.of, [
      "output",
      "errors",
    ]);
    this.moved ||= answered + final + retry + lost + late > 0;
    await this.#to("ingested");
    return true;
  }

  async #close(): Promise<boolean> {
    const { sql, of: { batch, model, said, word } } = this;
    const [row] = await sql<{ paid: number; came: number }[]>`
      select count(*) filter (where outcome = 'answered' or (lost and outcome <> 'lost'))::int as paid,
             count(outcome)::int as came
      from batch_lines where batch = ${batch}`;
    const { paid, came } = row!, faults = said?.faults ?? [];
    const named = faults.flatMap(({ line, message }) => line === null ? [] : [{ line, message }]);
    const failed = await refuseBatch(sql, this.of, named);
    // More was answered than came: what is missing may be charged for.
    const unsure = Math.max(0, (said?.counts?.completed ?? 0) - paid);
    const lost = await closeBatch(sql, this.of, unsure);
    this.moved ||= failed + lost > 0;
    this.of = { ...this.of, state: "closed" };
    if (/^failed$/i.test(word ?? "") && came + failed === 0) {
      const why = faults.map(({ message }) => message).join("; ") || "it gives no reason";
      this.refused =
        `${model.id}: batch ${batch} was refused as a whole, and nothing is charged: ${why}`;
      await this.tell(this.refused);
    } else if (!this.of.given_up) {
      await this.tell(faults.map(({ message }) => message).join("; ") || null);
    }
    return false;
  }
}

/** What became of the batches of a run that were given up. */
export interface GivenUp {
  /** Questions that had not been sent, and can be asked otherwise now. */
  back: number;
  /** Batches that end: what they have answered comes, and is paid for. */
  cancelled: number;
  /** Batches that nobody can reach: their questions can be asked again, and may be paid for twice. */
  lost: number;
}

/** Takes back what was not sent, and ends what was; a batch that cannot be reached is given up. */
export async function endBatches(sql: Sql, run: Run): Promise<GivenUp> {
  return await alone(sql, run, async () => {
    const given: GivenUp = { back: await recallLines(sql, run.run), cancelled: 0, lost: 0 };
    for (const of of await sentBatches(sql, run.run)) {
      if (of.given_up || !/^submitt/.test(of.state)) continue;
      try {
        if (of.remote === null) throw new Error("nobody knows whether it was made");
        await dialectFor(of.model).cancel(of.model, of.remote);
        given.cancelled += 1;
      } catch {
        await giveUp(sql, of);
        given.lost += 1;
      }
    }
    return given;
  });
}
