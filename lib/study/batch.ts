/**
 * Gathers single requests into one: what is asked for while an earlier batch is under way goes
 * together in the next. One statement then does what would take dozens.
 *
 * @param all does a batch: one result per item, in order; an error fails every item of the batch
 */
export class Batch<T, R> {
  #waiting: { item: T; done: (result: R) => void; failed: (error: unknown) => void }[] = [];
  #busy = false;

  constructor(
    private readonly all: (items: T[]) => Promise<R[]>,
    private readonly most: number,
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
      const batch = this.#waiting.splice(0, this.most);
      try {
        const results = await this.all(batch.map(({ item }) => item));
        batch.forEach(({ done }, index) => done(results[index]!));
      } catch (error) {
        batch.forEach(({ failed }) => failed(error));
      }
    }
    this.#busy = false;
  }
}
