/** How much is done at a time: together, and beside each other. */

/**
 * Gathers single requests into one: what is asked for while an earlier batch is under way goes
 * together in the next. One statement then does what would take dozens.
 *
 * @param all does a batch: one result per item, in order; an error fails every item of the batch
 * @param most items of a batch
 * @param bytes how large an item is; a batch ends before it is larger than a few of them may be
 */
export class Batch<T, R> {
  #waiting: { item: T; done: (result: R) => void; failed: (error: unknown) => void }[] = [];
  #busy = false;

  constructor(
    private readonly all: (items: T[]) => Promise<R[]>,
    private readonly most: number,
    private readonly bytes: (item: T) => number = () => 0,
  ) {}

  add(item: T): Promise<R> {
    return new Promise((done, failed) => {
      this.#waiting.push({ item, done, failed });
      if (!this.#busy) this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    // What the same turn of the event loop adds belongs to the batch.
    await new Promise((resolve) => setTimeout(resolve));
    while (this.#waiting.length) {
      const batch = this.#waiting.splice(0, this.#fitting());
      try {
        const results = await this.all(batch.map(({ item }) => item));
        batch.forEach(({ done }, index) => done(results[index]!));
      } catch (error) {
        batch.forEach(({ failed }) => failed(error));
      }
    }
    this.#busy = false;
  }

  /** How many of those that wait go together: one at least. */
  #fitting(): number {
    let n = 0, size = 0;
    for (const { item } of this.#waiting) {
      size += this.bytes(item);
      if (n === this.most || (n > 0 && size > PAGE)) break;
      n++;
    }
    return n;
  }
}

/** Bytes that travel to or from the database at a time, one row at least. */
export const PAGE = 2 * 2 ** 20;

/** Room for so many bytes at a time; what is larger than all of it has it alone. */
export class Room {
  #free: number;
  #waiting: { bytes: () => number; enter: (taken: number) => void }[] = [];

  constructor(private readonly bytes: number) {
    this.#free = bytes;
  }

  /**
   * Waits until there is room, in the order of asking.
   *
   * @param bytes asked again while it waits: what is not known at first may be known when its turn comes
   */
  async enter(bytes: () => number): Promise<Place> {
    const taken = await new Promise<number>((enter) => {
      this.#waiting.push({ bytes, enter });
      this.#change(0);
    });
    return new Place(taken, (more) => this.#change(more));
  }

  /** Lets everybody in: nothing more is coming. */
  open(): void {
    this.#change(-Infinity);
  }

  #change(more: number): void {
    this.#free -= more;
    while (this.#waiting.length) {
      const taken = Math.min(this.#waiting[0]!.bytes(), this.bytes);
      if (taken > this.#free) return;
      this.#free -= taken;
      this.#waiting.shift()!.enter(taken);
    }
  }
}

/** Room that is taken: as large as it turned out, until it is left. */
export class Place {
  constructor(private bytes: number, private readonly change: (more: number) => void) {}

  /** Says how large it is after all, which nobody waits for. */
  resize(bytes: number): void {
    this.change(bytes - this.bytes);
    this.bytes = bytes;
  }

  leave(): void {
    this.resize(0);
  }
}
