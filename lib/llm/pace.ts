/** How many calls are made at a time. */
import PQueue from "p-queue";
import { Fault } from "./faults.ts";

/** How many calls at a time a model starts with, and how many it may come to. */
export const START = 20;
export const MOST = 64;

/**
 * Makes calls a few at a time, and finds out how many.
 *
 * Additive increase, multiplicative decrease, as TCP does it: a round of calls that all went well
 * allows one more, a call that was turned away for overload halves them. Calls that were under way
 * when it fell do not halve it again, and it rises only while at least half of it is in use. When
 * the provider says how long to wait, no call starts before.
 *
 * Source: Chiu & Jain 1989, doi:10.1016/0169-7552(89)90019-6; RFC 5681; once per round: RFC 6582;
 * only what is used: RFC 7661.
 */
export class Pace {
  readonly #queue: PQueue;
  #most: number;
  #inFlight = 0;
  /** Calls started so far, and how many there were when the concurrency last fell. */
  #started = 0;
  #fellAt = 0;
  /** Successes and the most calls in flight since the concurrency last changed. */
  #successes = 0;
  #peak = 0;
  #heldUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws {RangeError} when a limit is no whole number of 1 or more */
  constructor({ start = START, most = MOST }: { start?: number; most?: number } = {}) {
    this.#most = limit("most", most);
    this.#queue = new PQueue({ concurrency: Math.min(limit("start", start), most) });
  }

  /** How many calls may be in flight now. */
  get concurrency(): number {
    return this.#queue.concurrency;
  }

  /** How many calls are in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many calls wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** For how long no call starts because the provider asked for it, ms. */
  get held(): number {
    return Math.max(0, this.#heldUntil - performance.now());
  }

  /** Until when no call starts because the provider asked for it; null where it does not ask. */
  get waitingUntil(): Date | null {
    const { timeOrigin } = performance;
    return this.held > 0 ? new Date(timeOrigin + this.#heldUntil) : null;
  }

  /** The most calls that may ever be in flight. */
  get most(): number {
    return this.#most;
  }

  /** Sets the limit; calls already in flight are not stopped. */
  set most(most: number) {
    this.#most = limit("most", most);
    if (this.concurrency > most) this.#change(most);
  }

  /**
   * Makes a call when its turn comes.
   *
   * @param call throws a Fault when the provider did not give a reply
   * @param again whether it was tried before: then it goes before the others
   * @throws what the call throws, or the signal's reason
   */
  async run<T>(call: () => Promise<T>, signal?: AbortSignal, again = false): Promise<T> {
    this.#hold();
    try {
      return await this.#queue.add(() => this.#made(call), {
        priority: Number(again),
        ...(signal && { signal }),
      });
    } finally {
      // A timer must not outlive the calls that it holds back.
      if (this.#queue.size === 0) this.#release();
    }
  }

  async #made<T>(call: () => Promise<T>): Promise<T> {
    const place = ++this.#started;
    this.#peak = Math.max(this.#peak, ++this.#inFlight);
    try {
      const value = await call();
      if (place > this.#fellAt) this.#rise();
      return value;
    } catch (error) {
      if (error instanceof Fault) {
        if (error.overloaded && place > this.#fellAt) this.#fall();
        if (error.waitMs !== null) {
          this.#heldUntil = Math.max(this.#heldUntil, performance.now() + error.waitMs);
          this.#hold();
        }
      }
      throw error;
    } finally {
      this.#inFlight--;
    }
  }

  #rise(): void {
    if (++this.#successes < this.concurrency) return;
    const used = 2 * this.#peak >= this.concurrency;
    this.#change(used ? Math.min(this.#most, this.concurrency + 1) : this.concurrency);
  }

  #fall(): void {
    this.#fellAt = this.#started;
    this.#change(Math.max(1, Math.floor(this.concurrency / 2)));
  }

  #change(concurrency: number): void {
    this.#successes = 0;
    this.#peak = this.#inFlight;
    if (concurrency !== this.concurrency) this.#queue.concurrency = concurrency;
  }

  #hold(): void {
    if (this.held === 0) return;
    this.#queue.pause();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#release(), Math.ceil(this.held));
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#queue.isPaused) this.#queue.start();
  }
}

function limit(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(
    `concurrency.${name} must be a whole number of 1 or more: current value is ${value}`,
  );
}
