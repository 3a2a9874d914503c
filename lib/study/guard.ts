/**
 * What may be asked of a model in a notebook: what the user has just seen with its calls and cost, and
 * nothing after a cell that failed, when variables hold what an earlier pass left in them.
 */
import { type Pass, pass } from "../cells.ts";
import { identity, type Plan } from "./plan.ts";

/** Behind a plan whose cost was shown at the price of batches. */
const BATCH = " in batches";

/** What one `openStudy` was shown and has registered: a pass through a notebook has one. */
export class Guard {
  readonly #pass: Pass;
  /** By the name of a run, what its plan is. */
  readonly #registered = new Map<string, string>();
  /** Plans of which the cost was shown, since there was more to do. */
  readonly #shown = new Set<string>();

  constructor(schema: string) {
    this.#pass = pass("enter", schema);
  }

  registered(plan: Plan): void {
    this.#registered.set(plan.name, identity(plan));
  }

  /** @param batch whether at the price of batches, which is no more than that of single calls */
  shown(plan: Plan, batch = false): void {
    this.#shown.add(identity(plan) + (batch ? BATCH : ""));
  }

  /** There is more to do than was shown. */
  grown(plan: Plan): void {
    for (const how of ["", BATCH]) this.#shown.delete(identity(plan) + how);
  }

  /** @throws {Error} when a cell of this pass failed, naming it */
  sound(): void {
    const trouble = this.#pass.trouble();
    if (trouble === null) return;
    throw new Error(
      `${trouble}, and no model is asked with what the variables still hold: mend what failed, then ` +
        "run the notebook again from its first cell (Cell → Run All; in doubt restart the kernel before)",
    );
  }

  /**
   * @param costs whether it may cost money
   * @param batch whether it is asked in batches
   * @throws {Error} when a run was not registered in this pass, its cost was not shown while it may cost
   *   any, or a cell failed
   */
  run(name: string, costs: boolean, batch = false): void {
    this.sound();
    const plan = this.#registered.get(name);
    if (plan === undefined) {
      throw new Error(
        `Run ${name} was not registered here: a run begins where its plan was ` +
          "registered, `const run = await lab.register(plan)`, in this pass through the notebook",
      );
    }
    const ways = batch ? ["", BATCH] : [""];
    if (!costs || ways.some((way) => this.#shown.has(plan + way))) return;
    throw new Error(
      `What run ${name} will cost was not shown since its plan last changed: ` +
        `\`await show(await lab.estimate(plan${
          batch ? ", { batch: true }" : ""
        }), "Cost")\` in a ` +
        "cell above",
    );
  }

  /**
   * @param costs whether the trial may cost money
   * @throws {Error} when a cell failed, or its cost was not shown while it may cost any
   */
  trial(plan: Plan, costs: boolean): void {
    this.sound();
    if (!costs || this.#shown.has(identity(plan))) return;
    throw new Error(
      "What this trial will cost was not shown since its prompts, profiles or models last changed: " +
        "`lab.tried` without a budget shows it and asks nothing",
    );
  }
}
