/**
 * A study: a population, personas written from it, instruments answered by them, and nothing lost.
 *
 * Everything that is to be done is a row before the first call, and every reply is stored as it came
 * before it is read: a study can be stopped, killed, continued and shared between machines.
 */
import { join } from "node:path";
import type { DataFrame } from "polars";
import { betweenCells, bottom, kernel } from "./cells.ts";
import { type Mapping, mapping } from "./cleaning.ts";
import { codeVersion, settings } from "./config.ts";
import { bannerOf, connect, migrate, readProvenance, type Sql } from "./db.ts";
import { later, type Model, transportOf, type Travel, worstCost } from "./llm.ts";
import type { Population } from "./population.ts";
import { type Message, type Prompt, tokens } from "./prompts.ts";
import { from, sourcesOf } from "./provenance.ts";
import { analysesOf, keepAnalysis } from "./study/analyses.ts";
import { checkAffordable, checkBudget, setBudget, shared } from "./study/budget.ts";
import { estimate, inOrder } from "./study/estimate.ts";
import { exportStudy } from "./study/export.ts";
import { Guard } from "./study/guard.ts";
import { factsOf, methodsOf } from "./study/methods.ts";
import type { AdministrationsPlan, Plan } from "./study/plan.ts";
import {
  codebook,
  population,
  populationOf,
  populations,
  storePopulation,
} from "./study/population.ts";
import { failures, flags, flow } from "./study/quality.ts";
import { reclean } from "./study/reclean.ts";
import { cellsOf, respondentsOf } from "./study/cells.ts";
import { loadRun, register } from "./study/register.ts";
import { reparse, type Reparsed } from "./study/reparse.ts";
import type { Given, Row } from "./study/respondents.ts";
import { type Budget, conduct, type Ended, hindrance, type RunOptions } from "./study/run.ts";
import {
  checkFree,
  type HandedOut,
  handOut,
  type HandOutOptions,
  type HandOutStanding,
  readManifest,
  takeInFolder,
} from "./study/shards.ts";
import { batchesOf, openBatches, recallLines } from "./study/batches.ts";
import { conductBatches, endBatches, type GivenUp, inBatchesOf } from "./study/submit.ts";
import { type Asked, exchanges, faults, statusOf, type Stored } from "./study/stored.ts";
import { broughtBy, lacks, prepareTrial, reopenTrial, type Trial, trialOf } from "./study/trial.ts";
import { checkBy, compareTrial, type Tried } from "./study/tried.ts";
import { promptOf, savePrompt, versions } from "./study/versions.ts";
import { counts, personas, type Text, texts } from "./study/written.ts";

export { sheetOf, textOf } from "./study/files.ts";
export { instrumentFrom } from "./study/instruments.ts";
export { formFrom } from "./study/forms.ts";
export { administrations, personas, waysOf, withPrompts } from "./study/plan.ts";
export type { AdministrationsPlan, Context, PersonasPlan, Plan } from "./study/plan.ts";
export { codebookFrom, type Given, populationFrom, type Row } from "./study/respondents.ts";
export { type Facts, methodsOf, softwareOf } from "./study/methods.ts";
export type { GivenUp } from "./study/submit.ts";
export type { Reparsed } from "./study/reparse.ts";
export { type Budget, type Ended, type Progress, RunError } from "./study/run.ts";
export {
  checkAsk,
  type HandedOut,
  type HandOutOptions,
  type HandOutStanding,
  readManifest,
} from "./study/shards.ts";
export { sentMessages, type Stored } from "./study/stored.ts";
export type { Trial } from "./study/trial.ts";
export type { Tried } from "./study/tried.ts";

/** What a plan would ask first, filled with a real profile or persona. */
export interface Preview {
  messages: readonly Message[];
  /** Tokens of the messages as GPT-4o counts them. */
  tokens: number;
  /** By model: the most that this call can cost, USD; null without a price. */
  most: Readonly<Record<string, number | null>>;
  profile: number;
  condition: string;
}

/** Nobody is asked: questions wait for a batch. What is computed here is computed. */
const gathering: Travel = (model) => (transportOf(model).outside ? later : transportOf)(model);

/** A schema in which a study is made; see {@link openStudy}. What is read from it knows that it is of this schema. */
export class Study {
  #mapping: Mapping | null = null;
  /** By run: see {@link stops}. */
  readonly #stops = new Map<string, AbortController>();

  /** @param page whether somebody at a page asks, and not a cell; see {@link beside} */
  constructor(
    readonly schema: string,
    private readonly sql: Sql,
    private readonly guard = new Guard(schema),
    private readonly page = false,
  ) {}

  /**
   * The same study over connections of its own, for a page beside the cells: a trial asks there when
   * somebody says so who has just seen what it costs.
   */
  async beside(): Promise<Study> {
    const lab = new Study(this.schema, await connected(this.schema), this.guard, true);
    return from(lab, sourcesOf(this));
  }

  /** With the data line of this study. */
  #of<T>(made: T): T {
    return from(made, sourcesOf(this));
  }

  /** The mapping from what models write to categories. */
  get mapping(): Mapping {
    return this.#mapping ??= mapping();
  }

  /**
   * Gives the study respondents. The first population is its reference, whom a plan is about that names
   * none; another is named by a plan.
   *
   * @param from a population that a package brings, by its name (of the paper's, `reference`: the
   *   published profiles; `random`: their random control); the path of a CSV, or rows such as
   *   `[{ sex: "female", age: 41 }]`, read as `populationFrom` says; or a population that was made
   *   otherwise. Left out: the study's reference, or the first that a package brings
   * @param given the instrument that columns headed by a number are answers to; or this and more:
   *   `instrument` (null: none), `codebook` (variables, or a file of them), `name`
   * @returns name of the population, number of profiles
   * @throws {Error} when rows or codebook do not fit, or the study has another population of that name
   */
  async population(
    from?: string | readonly Row[] | Population,
    given: Given | Given["instrument"] = {},
  ): Promise<{ name: string; profiles: number }> {
    const there = from === undefined ? await populationOf(this.sql) : null;
    if (there) return { name: there.name, profiles: there.profiles };
    const options = given === null || "items" in given ? { instrument: given } : given;
    const found = await population(from, options);
    await storePopulation(this.sql, this.schema, found);
    await this.banner();
    return { name: found.name, profiles: found.profiles.length };
  }

  /**
   * The populations of the study, its reference first, each with its random control behind it: name, role
   * (reference, other, control), origin, profiles, variables (names of the codebook's), instrument
   * (undefined where they answered none), weighted (yes or no), strata (how many).
   */
  async populations(): Promise<DataFrame> {
    return this.#of(await populations(this.sql));
  }

  /**
   * The variables of a population: variable, label, kind, levels, unit, n (profiles with a value),
   * missing.
   *
   * @param name the study's reference where left out
   * @throws {Error} when there is none
   */
  async codebook(name?: string): Promise<DataFrame> {
    const there = await populationOf(this.sql, name);
    if (there) return this.#of(await codebook(this.sql, there));
    throw new Error(`Schema ${this.schema} has no population: \`lab.population(…)\` gives it one`);
  }

  /**
   * What a plan would ask, filled with a real profile or persona.
   *
   * @param profile id of the profile; the first one where left out
   * @param condition one of the plan's; the first where left out
   * @throws {Error} when there is nothing to ask about
   */
  async preview(
    plan: Plan,
    { profile, condition }: { profile?: number; condition?: string } = {},
  ): Promise<Preview> {
    const { run, asked: [task] } = await prepareTrial(
      this.sql,
      this.schema,
      plan,
      this.mapping,
      {
        profiles: profile === undefined ? null : [profile],
        conditions: condition === undefined ? null : [condition],
      },
    );
    const { messages, schema } = task!;
    const models = new Map([...run.cells.values()].map(({ model }) => [model.id, model])).values();
    return this.#of({
      messages,
      tokens: messages.reduce((sum, { content }) => sum + tokens(content), 0),
      most: Object.fromEntries([...models].map((model) => [
        model.id,
        worstCost(model, { messages, ...(schema && { schema }) }).usd,
      ])),
      profile: task!.work.profile,
      condition: run.cells.get(task!.work.cell)!.condition,
    });
  }

  /**
   * What a plan brings on few profiles in each of its cells, side by side: prompts × models × conditions, and
   * settings where it has several.
   *
   * Without a budget nothing is asked: what is stored is read, and `left` says what the others would
   * cost. With one they are asked through a run of the kind `trial`; a reply that an earlier trial or
   * the study itself has stored is never asked for again. The study does not use what a trial was
   * replied, and no table, view or count of results holds it.
   *
   * In a notebook a trial that asks anybody is given to `compared` as a function, which calls it when
   * the cell and all above it have ended well.
   *
   * @param options `profiles`; `prompts` in place of the plan's own, the first being what others are compared
   *   with; some of its `conditions`; `by`: the factor whose levels are held side by side; `budget`: for what this
   *   call asks
   * @throws {RangeError} when a profile is not there, the plan lacks the condition, or one of the
   *   prompts cannot be filled: before anybody is asked
   * @throws {Error} in a notebook, when a cell failed or the cost was not shown
   * @throws {RunError} as `run` does
   */
  async tried(
    plan: Plan,
    options: Trial & { budget?: Budget; allowTruncated?: boolean },
  ): Promise<Tried> {
    const certain = betweenCells();
    const { budget } = options;
    checkBudget(budget);
    const trial = await trialOf(this.sql, this.schema, plan, options);
    // All of it is filled before anybody is asked.
    let brought = await this.#brought(trial);
    checkBy(brought, options.by);
    if (budget && lacks(brought)) {
      this.#allowed(trial, brought.asked.map(({ task }) => task.model), certain);
      await this.#ask(trial, budget, options);
      brought = await this.#brought(trial);
    } else this.guard.shown(trial);
    return this.#of(await compareTrial(this.sql, brought, options.by));
  }

  #allowed(trial: Plan, models: readonly Model[], certain: boolean): void {
    const by = models.map(transportOf);
    if (!by.some(({ outside }) => outside) || (kernel() === null && !this.page)) return;
    if (certain || this.page) return this.guard.trial(trial, by.some(({ costs }) => costs));
    throw new Error(
      "A cell that asks a model waits until it and all above it have ended well: " +
        '`await compared(() => lab.tried(plan, { …, budget }), "…")` in place of ' +
        "`compared(await lab.tried(…))`",
    );
  }

  #brought(trial: Plan): ReturnType<typeof broughtBy> {
    return broughtBy(this.sql, this.schema, trial, this.mapping);
  }

  /** Asks what a trial lacks, within a budget on top of what it has used. */
  async #ask(
    trial: Plan,
    budget: Budget,
    { allowTruncated = false }: { allowTruncated?: boolean },
  ): Promise<void> {
    const run = await this.register(trial);
    const was = await reopenTrial(this.sql, run, budget);
    const kinds = Object.keys(budget) as (keyof Budget)[];
    const own = Object.fromEntries(kinds.map((kind) => [kind, was[kind] + budget[kind]!]));
    await this.#run(run, { budget: own, allowTruncated });
  }

  /**
   * Keeps a prompt as a version of the study, dated by the database.
   *
   * @param from what it was made from
   * @param note what was changed, and why
   * @throws {RangeError} without a note, or when nothing is changed
   */
  async savePrompt(
    prompt: Prompt,
    { from, note }: { from: Prompt; note: string },
  ): Promise<Prompt> {
    return await savePrompt(this.sql, prompt, from, note);
  }

  /**
   * A prompt that the study holds, because it was saved or used.
   *
   * @param version such as `1+ab12cd34`
   * @throws {RangeError} when there is none, naming those there are
   */
  async prompt(purpose: Prompt["purpose"], version: string): Promise<Prompt> {
    return await promptOf(this.sql, this.schema, purpose, version);
  }

  /**
   * The prompts of the study, and what was made with each: purpose, version, hash (its first 12
   * digits), parent (the version it was made from), saved (UTC; undefined where it is here because it
   * was used), runs, personas, sheets, failed (pieces of work), tried (profiles in trials), calls,
   * tokens, usd (trials included; undefined where a reply's price is unknown), note (its first line; of
   * a version of the files its first sentence).
   */
  async prompts(): Promise<DataFrame> {
    return this.#of(await versions(this.sql));
  }

  /**
   * Writes an analysis plan down, dated by the database, with what every run had been replied by then. The
   * same plan again keeps its date.
   *
   * @param analysis data: whatever is decided before the results are seen
   * @returns its SHA-256, in hexadecimal, which depends on no order of keys
   */
  async keepAnalysis(analysis: object): Promise<string> {
    return await keepAnalysis(this.sql, analysis);
  }

  /**
   * The analysis plans that were written down, each with the runs that had been asked by then: hash,
   * written (UTC), run (undefined where none had), calls (replies of the run by then).
   */
  async analyses(): Promise<DataFrame> {
    return this.#of(await analysesOf(this.sql));
  }

  /** The conditions that a plan asks about, in its order. */
  async conditions(plan: Plan): Promise<string[]> {
    const cells = await cellsOf(this.sql, this.schema, plan);
    return [...new Set(cells.map(({ condition }) => condition))];
  }

  /**
   * Whom a plan asks, of those that are there: condition, profile_population, profile, persona (undefined
   * where profiles answer), run (in which the persona was written).
   */
  async respondents(plan: AdministrationsPlan): Promise<DataFrame> {
    return this.#of(await respondentsOf(this.sql, this.schema, plan));
  }

  /**
   * Calls, tokens and cost of what is left to do; see `study/estimate.ts` for the columns.
   *
   * @param plan or several, in the order in which they are begun: of personas that one of them will have
   *   written, what asks them counts too
   * @param of `batch`: at the price of batches; `shown`: false where the frame is computed with and not put
   *   before the user, so that nothing may begin for it
   */
  async estimate(
    plan: Plan | readonly Plan[],
    { batch = false, shown = true }: { batch?: boolean; shown?: boolean } = {},
  ): Promise<DataFrame> {
    const plans = [plan].flat();
    const costs = await estimate(this.sql, this.schema, plans, batch);
    if (shown) { for (const one of plans) this.guard.shown(one, batch); }
    return this.#of(costs);
  }

  /**
   * Writes down all that a plan has to do. Nothing is asked yet; a plan that was registered before is
   * completed by what has become possible since (personas that were written meanwhile).
   *
   * @param plan or several, in the order in which they are to be begun together
   * @returns the name of the run, or the names
   */
  async register(plans: readonly Plan[]): Promise<string[]>;
  async register(plan: Plan): Promise<string>;
  async register(plan: Plan | readonly Plan[]): Promise<string | string[]> {
    const plans = [plan].flat(), code = await codeVersion(), names: string[] = [];
    await inOrder(this.sql, this.schema, plans, async (plan, _, coming) => {
      const run = await register(this.sql, this.schema, plan, code, coming);
      this.guard.registered(plan);
      names.push((await loadRun(this.sql, this.schema, run)).plan.name);
    });
    await this.banner();
    return Array.isArray(plan) ? names : names[0]!;
  }

  /**
   * A plan that was registered, the models that it asks, at the prices of today's registry, and the
   * prompts that it asks with.
   *
   * @throws {Error} when there is none of that name, with those there are
   */
  async planned(
    name: string,
  ): Promise<{ plan: Plan; models: readonly Model[]; prompts: readonly Prompt[] }> {
    const { plan, cells } = await loadRun(this.sql, this.schema, name);
    const prompts = new Map([...cells.values()].map(({ prompt }) => [prompt.hash, prompt]));
    const models = new Map([...cells.values()].map(({ model }) => [model.id, model]));
    return { plan, models: [...models.values()], prompts: [...prompts.values()] };
  }

  /**
   * Works on a run until nothing is left, the budget is spent or it is asked to stop; with it work any
   * other processes that run the same.
   *
   * In a notebook `begin` does this, when its cell and all above it have ended well.
   *
   * @param name or several, one after the other: before each is begun it is completed by what those before
   *   it have written, and one that does not finish ends them all. Their budget is of all together
   * @param options `budget` bounds the run over all processes, and stays until another is given, which
   *   takes its place whole (after 0 USD, 1,000 calls are 1,000 calls); it must be there before a model
   *   is asked that costs, or may cost, money
   * @throws {RunError} when a provider refuses the key or every request, gives no reply time and again,
   *   or cuts replies off, as `hindrance` says before; what was answered stays
   */
  async run(
    name: string | readonly string[],
    options: RunOptions & { budget?: Budget } = {},
  ): Promise<Ended> {
    const names = [name].flat();
    const stops = [this.stops(name), ...options.signal ? [options.signal] : []];
    options = { ...options, signal: AbortSignal.any(stops) };
    for (const one of names) {
      if (betweenCells()) break;
      const { models } = await this.planned(one);
      if (!models.map(options.transport ?? transportOf).some(({ outside }) => outside)) continue;
      throw new Error(
        `A cell that asks a model waits until it and all above it have ended well: \`await begin(lab, ` +
          `${JSON.stringify(name)}, …)\`, and \`await ended(lab, …)\` in the next cell`,
      );
    }
    if (!Array.isArray(name)) return await this.#run(names[0]!, options);
    let end: Ended | null = null;
    const plans: Plan[] = [];
    for (const one of names) {
      if (end && end.ended !== "finished") break;
      plans.push((await this.planned(one)).plan);
      if (end) await this.#completed(plans);
      const budget = options.budget && await shared(this.sql, one, names, options.budget);
      end = await this.#run(one, { ...options, ...budget && { budget } });
    }
    if (end) return end;
    throw new RangeError("Runs are begun together that were registered together: got none");
  }

  /** Writes down what the last of plans has to do, now that those before it are done. */
  async #completed(plans: readonly Plan[]): Promise<void> {
    const code = await codeVersion();
    await inOrder(this.sql, this.schema, plans, async (plan, _, coming) => {
      if (plan === plans.at(-1)) await register(this.sql, this.schema, plan, code, coming);
    });
  }

  /**
   * Whether `begin` may begin a run.
   *
   * @throws {Error} when it was not registered here, its cost was not shown or its budget does
   *   not do while it may cost money, or a cell of the notebook failed
   */
  async ready(
    name: string | readonly string[],
    options: RunOptions & { budget?: Budget } = {},
  ): Promise<void> {
    for (const one of [name].flat()) {
      const { run, cells } = await loadRun(this.sql, this.schema, one);
      const models = [...cells.values()].map(({ model }) => model);
      await checkAffordable(this.sql, run, models, options);
      this.guard.run(
        one,
        models.map(options.transport ?? transportOf).some(({ costs }) => costs),
        options.batch,
      );
    }
  }

  async #run(name: string, options: RunOptions & { budget?: Budget }): Promise<Ended> {
    if (options.batch && options.transport) {
      throw new RangeError("A run goes in batches or by a transport of its own: got both");
    }
    const run = await loadRun(this.sql, this.schema, name);
    const models = [...run.cells.values()].map(({ model }) => model);
    await setBudget(this.sql, run.run, models, options);
    // One that was asked to stop since it was begun does not let others go on that were asked as well.
    if (!options.signal?.aborted) {
      await this.sql`update runs set stopping = false where run = ${run.run}`;
    }
    return options.batch
      ? await conductBatches(this.sql, inBatchesOf(run), this.mapping, options)
      : await conduct(this.sql, run, this.mapping, options);
  }

  /**
   * The batches of a run, oldest first: batch, model, kind (provider or files), state (of it here), word (the
   * provider's last), sent (UTC), lines, answered, final (refused for what they ask), retry (failed, and asked
   * again), lost (nothing came, and asked again), waiting, doubled, unknown and broken (lines of its results that
   * are none of its own), note (what went wrong last).
   */
  async batches(name: string): Promise<DataFrame> {
    const { run } = await loadRun(this.sql, this.schema, name);
    return this.#of(await batchesOf(this.sql, run));
  }

  /**
   * Takes the questions of a run back that wait for a batch, and ends its batches: what these have answered
   * still comes and is paid for, when it is run in batches again. One that cannot be reached is given up:
   * its questions can be asked again, and may then be paid for twice.
   *
   * @returns `back`: questions that were not sent; `cancelled`, `lost`: batches that end, that were given up
   */
  async endBatches(name: string): Promise<GivenUp> {
    return await endBatches(this.sql, await loadRun(this.sql, this.schema, name));
  }

  /**
   * Why a run would end before it asks anything, without `allowTruncated`: its replies do not fit into
   * `max_tokens`. Null where nothing is in its way.
   */
  async hindrance(name: string): Promise<string | null> {
    return await hindrance(this.sql, await loadRun(this.sql, this.schema, name));
  }

  /**
   * Writes what a run has left to ask as files, for a cluster without a network; until it is taken in nobody
   * else asks it. What has a stored reply is read, and not handed out.
   *
   * @param folder for each model one in it, where the run asks several
   * @returns a hand-out for each model that has questions
   * @throws {Error} when the folder has a hand-out, or a model does not speak OpenAI's chat completions
   */
  async handOut(
    name: string,
    folder: string,
    { budget, allowTruncated, ...options }:
      & HandOutOptions
      & Pick<RunOptions, "allowTruncated">
      & { budget?: Budget } = {},
  ): Promise<HandedOut[]> {
    const { run, models } = await this.#asking(name);
    const other = models.find(({ provider }) => provider !== "openai");
    if (other) {
      throw new Error(
        `${other.id} does not speak OpenAI's chat completions: it cannot be handed out`,
      );
    }
    const places = models.map((model) => models.length > 1 ? join(folder, model.id) : folder);
    for (const place of places) await checkFree(place);
    await this.#run(name, {
      transport: gathering,
      ...budget && { budget },
      ...allowTruncated !== undefined && { allowTruncated },
    });
    const made = [];
    for (const [index, model] of models.entries()) {
      const of = { schema: this.schema, run, name, model };
      made.push(await handOut(this.sql, of, places[index]!, options));
    }
    return made.filter((one) => one !== null);
  }

  /** A run, and the models that are asked for it and not computed here. */
  async #asking(name: string): Promise<{ run: number; models: Model[] }> {
    const { run, cells } = await loadRun(this.sql, this.schema, name);
    const models = new Map([...cells.values()].map(({ model }) => [model.id, model]));
    return { run, models: [...models.values()].filter((model) => transportOf(model).outside) };
  }

  /**
   * Takes in what has come of a hand-out, finished or not, and reads it; the same again changes nothing.
   * What brought no answer is planned again.
   *
   * @param folder with its manifest and what there is of `out_….jsonl`
   * @param options `end`: nothing more is waited for, and what is missing is planned again, too
   * @returns the run, how the hand-out stands, and what came of reading it
   * @throws {Error} when a file is not the hand-out's, or the hand-out is another study's
   */
  async takeIn(
    folder: string,
    { end = false }: { end?: boolean } = {},
  ): Promise<{ run: string; standing: HandOutStanding; ended: Ended }> {
    const manifest = await readManifest(folder);
    const { schema, run } = manifest;
    if (schema !== this.schema) {
      throw new Error(
        `${folder} is of the study in schema ${schema}, and this one is ${this.schema}`,
      );
    }
    await this.planned(run);
    const standing = await takeInFolder(this.sql, folder, manifest, end);
    const ended = await this.#run(run, { transport: gathering, allowTruncated: true });
    // What is to be asked anew is handed out, sent or asked, as its user likes.
    const { run: number } = await loadRun(this.sql, this.schema, run);
    const open = await openBatches(this.sql, number);
    if (!open.some(({ kind }) => kind === "provider")) await recallLines(this.sql, number);
    return { run, standing, ended };
  }

  /** Asks all processes that work on a run to finish what is in flight and end. */
  async stop(name: string): Promise<void> {
    const { run } = await loadRun(this.sql, this.schema, name);
    this.#stops.get(name)?.abort();
    this.#stops.delete(name);
    await this.sql`update runs set stopping = true where run = ${run}`;
  }

  /** Aborted when a run, or one of several, is asked to stop here from now on: also one that has yet to begin. */
  stops(name: string | readonly string[]): AbortSignal {
    return AbortSignal.any(
      [name].flat().map((one) => {
        const controller = this.#stops.get(one) ?? new AbortController();
        this.#stops.set(one, controller);
        return controller.signal;
      }),
    );
  }

  /**
   * Where the runs stand, oldest first: run, kind, to_do, claimed, submitted, done, failed, skipped, calls,
   * tokens, usd (paid; undefined where a reply's price is unknown), lost_usd (calls of killed processes:
   * at most), held_usd (what is in batches: at most), budget_calls, budget_tokens, budget_usd, stopping (yes or no).
   */
  async status(): Promise<DataFrame> {
    return this.#of(await statusOf(this.sql));
  }

  /**
   * Plans failed work once more, but sheets of a persona that is none any more; where its reply was of no
   * use it is asked anew.
   *
   * @param reason only those whose reason, or its particulars, contain this text
   * @returns how many
   * @throws {Error} when the run is a trial, which asks again by itself
   */
  async retryFailed(name: string, reason = ""): Promise<number> {
    const { run, plan } = await loadRun(this.sql, this.schema, name);
    if (plan.trial) {
      throw new Error(`Run ${name} is a trial: what failed is asked again when it is tried again`);
    }
    const { count } = await this.sql`
      update work w
      set state = 'planned', reason = null, detail = null, finished = null,
          ask = ask + (exists (select from requests q where q.work = w.work))::int
      where run = ${run} and state = 'failed'
        and position(${reason} in concat_ws(': ', w.reason, w.detail)) > 0
        and (persona is null or persona in (select id from personas))`;
    if (count) this.guard.grown(plan);
    return count;
  }

  /** Parses the stored replies of a run again; `write: false` only counts what would change. */
  async reparse(name: string, options: { write?: boolean } = {}): Promise<Reparsed> {
    return await reparse(this.sql, this.schema, name, this.mapping, options.write ?? true);
  }

  /**
   * Cleans all personas' demographics again, by the mapping given or the project's.
   *
   * @returns how many personas changed, by field
   */
  async clean(by: Mapping = this.mapping): Promise<Record<string, number>> {
    this.#mapping = by;
    return await reclean(this.sql, by);
  }

  /**
   * The first personas, by profile, condition and repetition: model, condition, profile, repetition, and
   * each field of their form, by its category where these are known, else as written.
   *
   * @param form by its name; where left out the one in which they were written
   * @throws {Error} when they were written in several and none is named, or none in this one
   */
  async personas(most = 20, form?: string): Promise<DataFrame> {
    return this.#of(await personas(this.sql, this.schema, most, form));
  }

  /** What models wrote in the fields that are cleaned, with how often: what `coverage` takes. */
  async texts(): Promise<Text[]> {
    return this.#of(await texts(this.sql));
  }

  /**
   * The personas' demographics as a mapping cleans them, without storing that: what the builder of
   * Tables 1–3 takes.
   */
  async demographics(by: Mapping = this.mapping): Promise<DataFrame> {
    return this.#of(counts(await texts(this.sql), by));
  }

  /** What became of the planned work of a run, by cell: the rows of `flow` that are its own. */
  async flow(run: string): Promise<DataFrame> {
    return this.#of(await flow(this.sql, run));
  }

  /** Why work of a run failed: the rows of `failures` that are its own. */
  async failures(run: string): Promise<DataFrame> {
    return this.#of(await failures(this.sql, run));
  }

  /** What became of the planned work: `flow` by run and cell, `failures` by reason, `flags` of personas and sheets. */
  async quality(): Promise<{ flow: DataFrame; failures: DataFrame; flags: DataFrame }> {
    return this.#of({
      flow: await flow(this.sql),
      failures: await failures(this.sql),
      flags: await flags(this.sql),
    });
  }

  /**
   * How the study was made, as the paragraphs of a methods section: respondents, what was varied, models with
   * the days on which they were asked, prompts by hash, what was planned, asked, answered and excluded, analysis,
   * seeds and software. `say` shows them, and `save` writes them.
   *
   * @param options `tests`: how it was analysed, as sentences
   */
  async methods({ tests = [] }: { tests?: readonly string[] } = {}): Promise<string[]> {
    await this.banner();
    return this.#of(methodsOf(await factsOf(this.sql, this.schema, tests)));
  }

  /**
   * Stored questions and replies of a run, in the order of its work, of each the earliest first.
   *
   * @param options `profile`, `condition`: of these only; `failed`: where work failed; `most`: so many
   */
  async exchanges(
    name: string,
    options: Asked = {},
  ): Promise<Stored[]> {
    const { run } = await loadRun(this.sql, this.schema, name);
    return (await exchanges(this.sql, run, name, options)).map((one) => this.#of(one));
  }

  /**
   * What went wrong with the calls of a run, the most frequent first: kind, n, last (UTC), message and
   * body (the beginning of what a server answered instead of a reply) of the last one; also replies that
   * were longer than `max_tokens`. That a call failed is not that its work did: most are made again.
   */
  async faults(name: string): Promise<DataFrame> {
    const { run } = await loadRun(this.sql, this.schema, name);
    return this.#of(await faults(this.sql, run));
  }

  /**
   * Writes the study to files, all that its results can be computed from: populations with their variables
   * and profiles, instruments, forms, prompts, runs with their plans, cells with the levels of all factors,
   * requests (verbatim), personas, sheets, work and faults, as JSON Lines and, but for requests, Parquet;
   * and columns.csv, which says what each column is.
   *
   * @returns the files with their rows
   */
  async export(folder: string): Promise<{ file: string; rows: number }[]> {
    return await exportStudy(this.sql, this.schema, folder);
  }

  /** What must stand beside what is shown of this study. */
  async banner(): Promise<string> {
    const line = bannerOf(await readProvenance(this.sql, this.schema));
    from(this, [{ schema: this.schema, line }]);
    return line;
  }

  /** Closes the connections; at the end of a notebook it says which cells failed. */
  async close(): Promise<void> {
    if (!this.page) await bottom();
    await this.sql.end();
  }
}

/**
 * Opens a schema to make a study in, by default the one of the settings; makes it where it is not there.
 *
 * @throws {Error} when the schema holds restored data
 */
export async function openStudy(options: { schema?: string } = {}): Promise<Study> {
  const schema = options.schema ?? settings().studySchema;
  await migrate(schema, "study");
  const lab = new Study(schema, await connected(schema));
  await lab.banner();
  return lab;
}

const connected = (schema: string): Promise<Sql> =>
  connect("owner", { schema, connections: settings().connections });
