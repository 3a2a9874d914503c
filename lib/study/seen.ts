/** What a run has seen of one model, and what follows from it for the next calls. */
import type { Sql } from "../db.ts";
import { whole } from "../format.ts";
import { type CallError, type Model, type Opened, openReply, type Transport } from "../llm.ts";
import { type Place, Room } from "./batch.ts";
import type { Charge, Work } from "./queue.ts";

/** A model whose calls fail so often in a row is not there. */
const FAILURES_IN_A_ROW = 30;
/** So many questions that are refused before a model has replied at all are about every question. */
const REFUSED_AT_FIRST = 5;
/** So many calls that bring something else than a reply, before any reply, go to no model. */
const ASTRAY_AT_FIRST = 5;
/** So many replies in a row that are cut off, and none that is whole, are about every reply. */
const CUT_AT_FIRST = 5;
/**
 * Bytes of replies in flight, of all models together. A reply is there several times while it is read:
 * as it came, as JSON, as text, as what is made of it, and as it is sent to the database.
 */
const IN_FLIGHT = 8 * 2 ** 20;

/** What to do where replies do not fit into `max_tokens`. */
const REMEDY =
  "raise max_tokens in the model's entry and plan again, under another variant where " +
  "the study has such work already, or go on with --allow-truncated (allowTruncated: true)";

/**
 * One model in one run.
 *
 * Calls are made one by one until a reply has come that is whole: only then is it known how long replies
 * are, whether `max_tokens` binds, and that what is asked for fits into it.
 */
export class Seen {
  /** Whether the model has replied in this run, in whatever process. */
  #replied: boolean;
  #whole: boolean;
  /** Replies in a row that were cut off. */
  #cut: number;
  /** Calls in a row that brought no reply. */
  #failures = 0;
  /** By how much a reply was dearer than it could be. */
  #stretch = { tokens: 1, usd: 1 };
  #bytes = Infinity;
  /** Whether these are the bytes of a reply. */
  #measured = false;
  /** Questions that were refused before the model has replied. */
  #aside: { work: Work; error: CallError }[] = [];
  #room: Room;

  private constructor(
    readonly model: Model,
    readonly transport: Transport,
    models: number,
    private readonly needed: number,
    before: readonly Opened[],
    private readonly allowTruncated: boolean,
  ) {
    this.#room = new Room(IN_FLIGHT / models);
    const first = before.findIndex(({ finish }) => finish !== "length");
    this.#replied = before.length > 0;
    this.#whole = first >= 0;
    this.#cut = this.#whole ? first : before.length;
  }

  /**
   * @param models how many models the run asks
   * @param needed the fewest tokens that a whole reply takes
   * @param allowTruncated whether it goes on when replies are cut off
   */
  static async of(
    sql: Sql,
    run: number,
    model: Model,
    transport: Transport,
    models: number,
    needed: number,
    allowTruncated: boolean,
  ): Promise<Seen> {
    // One at a time: a reply may be long, and most often the first is whole.
    const before: Opened[] = [];
    while (before.length < CUT_AT_FIRST && (before.at(-1)?.finish ?? "length") === "length") {
      const [row] = await sql<{ provider: Model["provider"]; reply: string }[]>`
        select q.provider, q.reply from requests q join work w on w.work = q.work
        where q.run = ${run} and w.model_id = ${model.id}
        order by q.request desc limit 1 offset ${before.length}`;
      if (!row) break;
      before.push(openReply(row.provider, row.reply));
    }
    return new Seen(model, transport, models, needed, before, allowTruncated);
  }

  /**
   * Waits until there is room for a reply. Whoever came when nothing was known goes alone until a reply has
   * been measured, and then beside the others.
   */
  async turn(): Promise<Place> {
    const asked = this.#bytes;
    return await this.#room.enter(() => this.#measured ? this.#bytes : asked);
  }

  /** Room for a reply that is stored. */
  async room(bytes: number): Promise<Place> {
    return await this.#room.enter(() => bytes);
  }

  /** Nobody waits for a turn any more: the run ends. */
  open(): void {
    this.#room.open();
  }

  /** What a call can cost at most, by what the dearest so far has cost. */
  most({ calls, tokens, usd }: Charge): Charge {
    return {
      calls,
      tokens: Math.ceil(tokens * this.#stretch.tokens),
      usd: usd * this.#stretch.usd,
    };
  }

  /** A reply has come: what it cost, what it could cost at most, and how long it is. */
  replied(reply: Opened, bytes: number, bill: Charge, worst: Charge): void {
    const { tokens, usd } = this.#stretch;
    this.#stretch = {
      tokens: Math.max(tokens, bill.tokens / worst.tokens),
      usd: worst.usd > 0 ? Math.max(usd, bill.usd / worst.usd) : usd,
    };
    this.#replied = true;
    this.#failures = 0;
    this.#cut = reply.finish === "length" ? this.#cut + 1 : 0;
    this.#whole ||= reply.finish !== "length";
    // One very long reply is not expected for ever.
    const before = Number.isFinite(this.#bytes) ? this.#bytes * 0.9 : 0;
    if (this.#whole || this.allowTruncated) {
      this.#bytes = Math.max(bytes, before);
      this.#measured = true;
    }
  }

  /** Those set aside, once it is known that they were refused for what they ask. */
  refused(): { work: Work; error: CallError }[] {
    return this.#replied ? this.#aside.splice(0) : [];
  }

  /**
   * A question was refused while nothing is known of the model: it is set aside.
   *
   * @returns whether it was; of a model that has replied, the refusal is about this question
   */
  setAside(work: Work, error: CallError): boolean {
    if (this.#replied) return false;
    this.#aside.push({ work, error });
    return true;
  }

  /** A call brought no reply, and not because of what it asked. */
  failed(): void {
    this.#failures += 1;
    // With nothing known it goes on beside others: else a server that is away is noticed late.
    if (!Number.isFinite(this.#bytes)) this.#bytes = 0;
  }

  /**
   * Why nothing more should be asked of the model; null where there is no such reason.
   *
   * @param idle whether there is nothing else to ask it
   */
  trouble(last?: CallError, idle = false): string | null {
    const { model: { id, max_tokens }, transport: { outside, pace } } = this;
    const inARow = FAILURES_IN_A_ROW + (pace?.concurrency ?? 0);
    const refused = this.#aside.length;
    if (refused >= REFUSED_AT_FIRST || (refused && idle)) {
      const { message } = this.#aside[0]!.error;
      return refused === 1
        ? message
        : `${message}; ${refused} of ${refused} questions were refused`;
    }
    const astray = last?.kind === "no reply" && !this.#replied;
    if (last && this.#failures >= (astray ? ASTRAY_AT_FIRST : inARow)) {
      return `${id}: ${this.#failures} calls in a row failed, the last: ${last.message}: run again ` +
        "when it answers";
    }
    if (this.allowTruncated || !outside) return null;
    const most = this.#whole ? inARow : CUT_AT_FIRST;
    const cut = this.#cut >= most
      ? `the last ${this.#cut} replies were cut off at max_tokens ${max_tokens}` +
        (this.#whole ? "" : ", and none was whole")
      : !this.#whole && this.needed > max_tokens
      ? `a whole reply takes at least ${whole(this.needed)} tokens, and its max_tokens is ` +
        `${whole(max_tokens)}: replies would be cut off`
      : null;
    return cut && `${id}: ${cut}: ${REMEDY}`;
  }
}
