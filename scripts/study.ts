/** `deno task study`: a study from the plan to the files, without a notebook and on the same code. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import pl from "polars";
import { z } from "zod";
import { CONDITIONS } from "lib/conditions.ts";
import { PUBLISHED, ROOT, schemaName, settings } from "lib/config.ts";
import { connect } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { bfi44, epqra, type Instrument } from "lib/instruments.ts";
import { type Model, model, models, paceOf, recordedFile } from "lib/llm.ts";
import { exchange, tableText } from "lib/notebook.ts";
import { type Prompt, prompt } from "lib/prompts.ts";
import {
  administrations,
  type Budget,
  type Ended,
  enter,
  type Laboratory,
  personas,
  type Plan,
  type Progress,
} from "lib/study.ts";
import { type Command, interruptible, main, nearest, progress, UsageError } from "./cli.ts";
import { outdated } from "./config.ts";

type Flags = Parameters<Parameters<typeof main>[1]>[0];

/** What is left to do has not been done: asked to stop, budget spent, limit reached. */
const LEFT = 3;

const whole = (number: number): string => number.toLocaleString("en");
const dollars = (usd: number): string => `USD ${usd.toFixed(usd > 0 && usd < 10 ? 4 : 2)}`;
const plural = (n: number, one: string): string => `${whole(n)} ${one}${n === 1 ? "" : "s"}`;

// Flags

const text = (flags: Flags, name: string): string | undefined => flags[name] as string | undefined;

/** Values of a flag that is given several times, or once with commas. */
const many = (flags: Flags, name: string): string[] =>
  ((flags[name] ?? []) as string[]).flatMap((value) => value.split(","))
    .map((value) => value.trim()).filter((value) => value);

function number(flags: Flags, name: string, kind: "count" | "integer" | "amount") {
  const given = text(flags, name);
  if (given === undefined) return undefined;
  const value = given.trim() === "" ? NaN : Number(given);
  const fits = kind === "amount"
    ? Number.isFinite(value) && value >= 0
    : Number.isSafeInteger(value) && (kind === "integer" || value >= 1);
  if (fits) return value;
  const what = {
    count: "a whole number of 1 or more",
    integer: "a whole number",
    amount: "0 or more",
  }[kind];
  throw new UsageError(`--${name} is ${what}: current value is ${given}`);
}

function oneOf<T extends string>(flags: Flags, name: string, known: readonly T[]): T | undefined {
  const given = text(flags, name);
  const found = known.find((value) => value === given);
  if (given === undefined || found) return found;
  throw new UsageError(
    `--${name} is ${known.join(", ")}: current value is ${given}: did you mean ${
      nearest(given, known)
    }?`,
  );
}

/** What is wrong with a value of the user's is wrong arguments. */
function argument<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function modelOf(id: string): Model {
  const known = models();
  if (known.some((model) => model.id === id)) return model(id);
  throw new UsageError(
    `No model ${id}: did you mean ${nearest(id, known.map(({ id }) => id))}? ` +
      "`deno task config` lists them and says how one is added",
  );
}

/** A name that can be typed in a command. */
function runName(flags: Flags): { name?: string } {
  const name = text(flags, "name");
  if (name === undefined) return {};
  if (/^[\p{L}\p{N}][\p{L}\p{N}._+-]{0,79}$/u.test(name)) return { name };
  throw new UsageError(
    `--name is 1 to 80 letters, digits, ., _, + and -: current value is ${JSON.stringify(name)}`,
  );
}

const BUILT_IN: readonly Instrument[] = [epqra, bfi44];

async function instrumentOf(lab: Laboratory, from: string, language?: string) {
  const known = BUILT_IN.find(({ name }) => name === from);
  if (known) return await lab.instrument(known, language);
  file("instrument", from, /\.(json|csv)$/i, BUILT_IN.map(({ name }) => name));
  const own = await lab.instrument(from);
  if (language === undefined || language === own.language) return own;
  throw new UsageError(
    `--language is for ${
      BUILT_IN.map(({ name }) => name).join(" and ")
    }: ${from} says that it is ` +
      `in ${own.language}`,
  );
}

/** A value is a known word or the path of a file. */
function file(flag: string, given: string, form: RegExp, known: readonly string[]): void {
  if (existsSync(given) || form.test(given)) return;
  throw new UsageError(
    `--${flag} is ${known.join(", ")} or a file: there is no file ${given}: did you mean ${
      nearest(given, known)
    }?`,
  );
}

async function promptOf(lab: Laboratory, purpose: Prompt["purpose"], version?: string) {
  return purpose === "administration" && version === "published"
    ? await lab.publishedPrompt()
    : argument(() => prompt(purpose, version));
}

// The study

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
async function within<T>(
  flags: Flags,
  made: boolean,
  act: (lab: Laboratory) => Promise<T>,
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
  const lab = await enter({ schema });
  try {
    return await act(lab);
  } finally {
    await lab.close();
  }
}

/** A command as the user would type it, for the same schema. */
const typed = (lab: Laboratory, words: string): string =>
  `deno task study ${words}` +
  (lab.schema === settings().studySchema ? "" : ` --schema ${lab.schema}`);

const Count = z.number();
const Limit = z.number().nullable();
const Standing = z.object({
  run: z.string(),
  kind: z.enum(["personas", "administrations"]),
  planned: Count,
  claimed: Count,
  done: Count,
  failed: Count,
  skipped: Count,
  calls: Count,
  tokens: Count,
  usd: Count,
  lost_usd: Count,
  budget_calls: Limit,
  budget_tokens: Limit,
  budget_usd: Limit,
});
type Standing = z.infer<typeof Standing>;

const standings = async (lab: Laboratory): Promise<Standing[]> =>
  rows(await lab.status(), Standing);

const leftOf = ({ planned, claimed }: Standing): number => planned + claimed;

/** How runs stand, in the order of their names. */
async function standing(lab: Laboratory, names: readonly string[]): Promise<Standing[]> {
  const all = await standings(lab);
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

function runs(words: readonly string[], most = Infinity): readonly string[] {
  if (!words.length) {
    throw new UsageError("Name a run: `deno task study status` lists them");
  }
  if (words.length > most) throw new UsageError(`One run at a time: unexpected ${words[most]}`);
  const twice = words.find((word, index) => words.indexOf(word) < index);
  if (twice) throw new UsageError(`Run ${twice} is named twice`);
  return words;
}

// Cost

const Row = z.object({
  model: z.string(),
  calls: z.number().nullable(),
  replies_measured: z.number().nullable(),
  usd: z.number().nullable(),
  usd_most: z.number().nullable(),
  price_as_of: z.string().nullable(),
});

interface Cost {
  calls: number;
  usd: number | null;
  most: number | null;
  /** Models that have no price. */
  unpriced: string[];
  table: string;
  notes: string[];
}

/** Calls, tokens and cost of what a plan has left, as a table and as numbers. */
async function cost(lab: Laboratory, plan: Plan): Promise<Cost> {
  const frame = await lab.estimate(plan);
  const all = rows(frame, Row);
  const { calls, usd, usd_most: most } = all.pop()!;
  const asked = all.filter((row) => row.calls);
  const paid = asked.filter((row) => row.usd_most !== 0);
  const named = (rows: typeof all) => rows.map(({ model }) => model).join(", ");
  const unmeasured = paid.filter((row) => !row.replies_measured);
  const unpriced = paid.filter((row) => row.usd === null);
  const old = paid.filter(({ price_as_of }) => price_as_of && outdated(price_as_of));
  const notes = [
    ...calls && paid.length
      ? [
        "usd_most takes every reply as long as the model may write; replies that do not fit and " +
        "are asked for again come on top",
      ]
      : [],
    ...unmeasured.length
      ? [
        `the length of replies is assumed for ${named(unmeasured)}: \`${
          typed(lab, `estimate ${plan.name} --pilot`)
        }\` measures it`,
      ]
      : [],
    ...unpriced.length ? [`no price is known for ${named(unpriced)}`] : [],
    ...old.map((row) => `the price of ${row.model} is of ${row.price_as_of}: more than a year old`),
  ];
  const decimals = (most ?? 0) >= 10 ? 2 : 4;
  return {
    calls: calls ?? 0,
    usd,
    most,
    unpriced: unpriced.map((row) => row.model),
    table: tableText(frame, `What ${plan.name} has left to do`, {
      decimals: { tokens_in: 0, tokens_out: 0, usd: decimals, usd_most: decimals },
    }),
    notes,
  };
}

function printCost({ table, notes }: Cost): void {
  console.log(`\n${table}`);
  for (const note of notes) console.log(`  ${note}`);
}

const inWords = ({ calls, usd, most, unpriced }: Cost): string =>
  `${plural(calls, "call")}, ` +
  (usd === null
    ? `cost unknown (no price of ${unpriced.join(", ")})`
    : most === 0
    ? "free of charge"
    : `about ${dollars(usd)}, at most ${dollars(most!)}`);

/** A budget that should do: what the run costs at most, or some calls to spare for asking again. */
const enough = ({ most, calls }: Cost, spent: Standing): string =>
  most === null
    ? `--budget-calls ${Math.ceil(spent.calls + calls * 1.2)}`
    : `--budget-usd ${(Math.ceil((spent.usd + spent.lost_usd + most) * 100) / 100).toFixed(2)}`;

const mayCost = ({ provider, price }: Model): boolean =>
  provider !== "simulated" && !(price && price.input === 0 && price.output === 0);

// plan

const SCHEMA = `  --schema NAME    the study (default: STUDY_SCHEMA, or study)`;

const PLAN_FLAGS = {
  model: { type: "string", multiple: true },
  repetitions: { type: "string" },
  prompt: { type: "string" },
  seed: { type: "string" },
  variant: { type: "string" },
  name: { type: "string" },
} as const;

const PLAN_HELP =
  `  --seed N         chooses the items of doses and the orders of items and options (default: 1)
  --variant NAME   tells what this plan makes from what another made of the same model and condition,
                   as with another prompt; it stands beside the model in tables
  --name NAME      of the run (default: made from what is planned)
${SCHEMA}

Planning asks nothing and costs nothing. The same plan again is the same run.`;

function common(flags: Flags) {
  const seed = number(flags, "seed", "integer");
  const repetitions = number(flags, "repetitions", "count");
  const variant = text(flags, "variant");
  return {
    ...seed !== undefined && { seed },
    ...repetitions !== undefined && { repetitions },
    ...variant !== undefined && { variant },
    ...runName(flags),
  };
}

async function planPersonas(flags: Flags, words: string[]): Promise<void> {
  none(words);
  const asked = many(flags, "model").map(modelOf);
  if (!asked.length) {
    throw new UsageError("Say who writes: --model ID; `deno task config` lists the models");
  }
  const conditions = many(flags, "condition");
  const profiles = number(flags, "profiles", "count");
  const from = number(flags, "first-repetition", "count");
  const given = common(flags);
  const population = text(flags, "population");
  const answered = text(flags, "instrument-of-profiles");
  if (population !== undefined) {
    file("population", population, /\.csv$/i, ["reference", "random"]);
  }
  if (answered !== undefined && (population === undefined || BUILT_IN_POPULATIONS(population))) {
    throw new UsageError(
      "--instrument-of-profiles says what a file of profiles are answers to: " +
        "give it together with --population FILE.csv",
    );
  }
  const version = text(flags, "prompt");
  const written = argument(() => prompt("persona", version));
  const plan = argument(() =>
    personas({
      models: asked,
      ...conditions.length && { conditions },
      ...profiles !== undefined && { profiles },
      ...from !== undefined && { from },
      prompt: written,
      ...given,
    })
  );
  await within(flags, true, async (lab) => {
    const instrument = answered === undefined ? undefined : await instrumentOf(lab, answered);
    const people = await lab.population(population, instrument);
    const first = plan.from, last = plan.from + plan.repetitions - 1;
    await planned(lab, plan, [
      [
        "profiles",
        `${Math.min(plan.profiles ?? Infinity, people.profiles)} of ${people.name}` +
        ` (${people.profiles})`,
      ],
      ["models", plan.models.map(({ id }) => id).join(", ")],
      ["conditions", plan.conditions.map(({ name }) => name).join(", ")],
      ["repetitions", first === last ? `${first}` : `${first} to ${last}`],
    ]);
  });
}

const BUILT_IN_POPULATIONS = (name: string): boolean => name === "reference" || name === "random";

async function planAdministrations(flags: Flags, words: string[]): Promise<void> {
  none(words);
  const name = text(flags, "instrument");
  if (name === undefined) {
    throw new UsageError("Say what is answered: --instrument epqra, bigfive or a file of your own");
  }
  const asked = many(flags, "model").map(modelOf);
  const items = oneOf(flags, "items", ["printed", "shuffled"]);
  const options = oneOf(flags, "options", ["printed", "reversed", "shuffled"]);
  const coding = oneOf(flags, "coding", ["true/false", "yes/no", "number", "label"]);
  const which = many(flags, "personas");
  if (which.some((one) => one !== "all" && !/^[1-9]\d*$/.test(one))) {
    throw new UsageError(
      `--personas is all, or repetitions such as 1,2: current value is ${which.join(",")}`,
    );
  }
  const given = common(flags);
  await within(flags, true, async (lab) => {
    const instrument = await instrumentOf(lab, name, text(flags, "language"));
    const written = await promptOf(lab, "administration", text(flags, "prompt"));
    const plan = argument(() =>
      administrations({
        instrument,
        models: asked,
        ...which.length && { personas: which.includes("all") ? "all" : which.map(Number) },
        ...items && { items },
        ...options && { options },
        ...coding && { coding },
        original: Boolean(flags["original-rule"]),
        prompt: written,
        ...given,
      })
    );
    const { setting } = plan;
    await planned(lab, plan, [
      [
        "instrument",
        `${instrument.title} (${instrument.language}), ${instrument.items.length} ` +
        `items in order ${setting.items}, options ${setting.options}, coded ${setting.coding}`,
      ],
      [
        "answered by",
        asked.length ? asked.map(({ id }) => id).join(", ") : "the model that wrote the persona",
      ],
      ["personas", plan.personas ? `repetition ${plan.personas.join(", ")}` : "all"],
      ["repetitions", `${plan.repetitions}`],
      ...plan.original
        ? [["rule", "the original's: incomplete or all-alike is no sheet"] as const]
        : [],
    ]);
  });
}

/** Registers a plan, and says what it is, what it costs and what to type next. */
async function planned(
  lab: Laboratory,
  plan: Plan,
  facts: readonly (readonly [string, string])[],
): Promise<void> {
  const run = await lab.register(plan);
  const [now] = await standing(lab, [run]);
  const { done, failed, skipped } = now!;
  const left = leftOf(now!);
  const what = plan.kind === "personas" ? "persona" : "sheet";
  console.log([
    `Run ${run} in schema ${lab.schema}: ${plural(left, what)} to do`,
    ...done || failed ? [`${whole(done)} done and ${whole(failed)} failed before`] : [],
    ...skipped ? [`${whole(skipped)} that another run has are skipped`] : [],
  ].join(", "));
  const all = [
    ...facts,
    ["prompt", `${plan.prompt.purpose} ${plan.prompt.version}`],
    ["seed", `${plan.seed}${plan.variant ? `, variant ${plan.variant}` : ""}`],
  ];
  for (const [name, value] of all) console.log(`  ${name!.padEnd(12)} ${value}`);
  const price = await cost(lab, plan);
  printCost(price);
  if (!left) return console.log(`\nNothing is left to do: \`${typed(lab, `status ${run}`)}\``);
  const budget = price.most === 0 ? "" : ` ${enough(price, now!)}`;
  console.log(`\nLook at one question:  ${typed(lab, `preview ${run}`)}`);
  console.log(`Ask them all:          ${typed(lab, `run ${run}${budget}`)}`);
}

function none(words: readonly string[]): void {
  if (words.length) throw new UsageError(`Unexpected ${words[0]}`);
}

// preview and estimate

async function preview(flags: Flags, words: string[]): Promise<void> {
  const names = runs(words, 1);
  const profile = number(flags, "profile", "count");
  const condition = text(flags, "condition");
  await within(flags, false, async (lab) => {
    await standing(lab, names);
    const { plan } = await lab.planned(names[0]!);
    const known = plan.kind === "personas" ? plan.conditions.map(({ name }) => name) : null;
    const found = known?.find((name) => name.toLowerCase() === condition?.toLowerCase());
    const shown = await lab.preview(plan, {
      ...profile !== undefined && { profile },
      ...condition !== undefined && { condition: found ?? condition },
    }).catch((error) => {
      throw error instanceof RangeError ? new UsageError(error.message) : error;
    });
    await exchange(
      shown,
      `Run ${plan.name}: profile ${shown.profile} under ${shown.condition}, as it would be asked`,
    );
  });
}

const PILOT = 20;

async function estimate(flags: Flags, words: string[]): Promise<number> {
  const names = runs(words, 1);
  return await within(flags, false, async (lab) => {
    await standing(lab, names);
    if (flags.pilot) {
      const code = await launch(lab, names, flags, PILOT);
      if (code !== 0) return code;
    }
    const { plan } = await lab.planned(names[0]!);
    const price = await cost(lab, plan);
    printCost(price);
    const [now] = await standing(lab, names);
    if (now!.failed) {
      console.log(
        `  ${plural(now!.failed, "call")} that failed before ${now!.failed === 1 ? "is" : "are"} ` +
          "among them, and asked only after retry-failed",
      );
    }
    if (leftOf(now!)) {
      const budget = price.most === 0 ? "" : ` ${enough(price, now!)}`;
      console.log(`\nNext: ${typed(lab, `run ${names[0]}${budget}`)}`);
    }
    return 0;
  });
}

// run

const RUN_FLAGS = {
  "budget-usd": { type: "string" },
  "budget-calls": { type: "string" },
  "budget-tokens": { type: "string" },
  yes: { type: "boolean", short: "y" },
} as const;

const BUDGET_HELP =
  `  --budget-usd X   hard limit of the run in USD, over all processes that work on it and all that was
                   spent on it before; checked before every call with what is in flight
  --budget-calls N, --budget-tokens N
                   the same in calls, in tokens (asked and replied); several limits hold together.
                   A budget stays with the run until another is given
  --yes            do not ask whether to go on; without a terminal it takes the run's own budget`;

function budgetOf(flags: Flags): Budget {
  const usd = number(flags, "budget-usd", "amount");
  const calls = number(flags, "budget-calls", "amount");
  const tokens = number(flags, "budget-tokens", "amount");
  return {
    ...usd !== undefined && { usd },
    ...calls !== undefined && { calls },
    ...tokens !== undefined && { tokens },
  };
}

/** Works on runs, one after the other, once the user has agreed to what it may cost. */
async function launch(
  lab: Laboratory,
  names: readonly string[],
  flags: Flags,
  limit?: number,
): Promise<number> {
  const budget = budgetOf(flags);
  const concurrency = number(flags, "concurrency", "count");
  const from = text(flags, "recorded-from");
  const recorded: RunOptions["recorded"] = from !== undefined
    ? recordedFile(from)
    : flags.recorded
    ? true
    : undefined;
  let asks = false;
  for (const now of await standing(lab, names)) {
    const { plan, models } = await lab.planned(now.run);
    for (const model of models) if (concurrency) paceOf(model).most = concurrency;
    if (!leftOf(now)) continue;
    const price = await cost(lab, plan);
    const part = limit === undefined ? "" : `, of these at most ${limit} for each model now`;
    console.log(
      `${now.run}: ${whole(leftOf(now))} to do${part}: ${
        recorded ? "from stored replies only" : inWords(price)
      }`,
    );
    if (recorded || !models.some(mayCost)) continue;
    const kept = [now.budget_usd, now.budget_calls, now.budget_tokens].some((one) => one !== null);
    if (!Object.keys(budget).length && !kept) {
      const ids = models.filter(mayCost).map(({ id }) => id).join(", ");
      throw new Error(
        `${ids} may cost money, and the run has no budget: add ${enough(price, now)} (or ` +
          "--budget-usd, --budget-calls or --budget-tokens of your own)",
      );
    }
    asks = true;
  }
  if (asks && !flags.yes) {
    if (Deno.stdin.isTerminal()) {
      if (!confirm("Go on?")) {
        console.log("Nothing was asked");
        return LEFT;
      }
    } else if (!Object.keys(budget).length) {
      throw new Error(
        "Nobody is there to be asked whether to go on: add --yes, which takes the budget that the " +
          "run has, or give a budget",
      );
    }
  }
  const signal = interruptible();
  signal.addEventListener("abort", () => {
    progress("");
    console.error("Finishing what is in flight; Ctrl-C again ends at once");
  });
  const options = {
    ...Object.keys(budget).length && { budget },
    ...limit !== undefined && { limit },
    ...recorded !== undefined && { recorded },
    signal,
  };
  let code = 0;
  for (const name of names) {
    code = Math.max(code, await worked(lab, name, options));
    if (signal.aborted) break;
  }
  return code;
}

type RunOptions = NonNullable<Parameters<Laboratory["run"]>[1]>;

async function worked(lab: Laboratory, name: string, options: RunOptions): Promise<number> {
  const face = new Face(lab, name);
  let ended: Ended;
  try {
    ended = await lab.run(name, { ...options, onProgress: (now) => face.show(now) });
  } catch (error) {
    progress("");
    const [now] = await standing(lab, [name]).catch(() => []);
    if (now) console.log(`${counted(now)}\nGo on: ${typed(lab, `run ${name}`)}\n`);
    throw error;
  }
  progress("");
  const [now] = await standing(lab, [name]);
  console.log(await summary(lab, ended, now!));
  return leftOf(now!) ? LEFT : 0;
}

/** The line that shows how far a run is. */
class Face {
  #now: Standing | null = null;
  #asked = false;
  #last = 0;

  constructor(private readonly lab: Laboratory, private readonly run: string) {}

  show(progressed: Progress): void {
    if (!Deno.stderr.isTerminal()) return;
    this.#refresh();
    const now = this.#now;
    if (!now) return;
    const { perSecond, concurrency, failed } = progressed;
    const failures = Object.entries(failed).toSorted(([, a], [, b]) => b - a)
      .map(([reason, n]) => `${n}× ${reason}`);
    const left = leftOf(now);
    const line = [
      `${whole(now.done)} of ${whole(now.done + now.failed + left)} done`,
      `${whole(now.failed)} failed`,
      `${perSecond.toPrecision(perSecond < 100 ? 2 : 3)} per second`,
      `${Object.values(concurrency).reduce((sum, n) => sum + n, 0)} at a time`,
      spent(now),
      `${whole(left)} left${perSecond ? `, ${duration(left / perSecond)}` : ""}`,
      ...failures,
    ].join(" · ");
    progress(fitting(line));
  }

  /** Over all processes; not more often than the database bears. */
  #refresh(): void {
    if (this.#asked || performance.now() - this.#last < 1000) return;
    this.#asked = true;
    standing(this.lab, [this.run]).then(([now]) => (this.#now = now!)).catch(() => {})
      .finally(() => {
        this.#asked = false;
        this.#last = performance.now();
      });
  }
}

/** As much as one line of the terminal takes: a longer one could not be written over. */
function fitting(line: string): string {
  let columns = 80;
  try {
    ({ columns } = Deno.consoleSize());
  } catch {
    // No terminal that tells its size.
  }
  const letters = [...line.replace(/\s+/g, " ")];
  return letters.length < columns ? letters.join("") : `${letters.slice(0, columns - 2).join("")}…`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** What a run has cost, of its budget where it has one. */
function spent(now: Standing): string {
  const of = (used: string, limit: string | null) => limit === null ? used : `${used} of ${limit}`;
  const count = (limit: number | null) => limit === null ? null : whole(limit);
  return [
    of(plural(now.calls, "call"), count(now.budget_calls)),
    of(`${whole(now.tokens)} tokens`, count(now.budget_tokens)),
    of(dollars(now.usd), now.budget_usd === null ? null : dollars(now.budget_usd)),
    ...now.lost_usd ? [`at most ${dollars(now.lost_usd)} in calls that were lost`] : [],
  ].join(", ");
}

const counted = (now: Standing): string =>
  `${now.run}: ${whole(now.done)} of ${whole(now.done + now.failed + leftOf(now))} done, ` +
  `${whole(now.failed)} failed, ${whole(leftOf(now))} left; spent ${spent(now)}`;

/** What came of a run, why it ended, and what to type next. */
async function summary(lab: Laboratory, ended: Ended, now: Standing): Promise<string> {
  const left = leftOf(now);
  const why = {
    finished: left ? "Nothing more can be done now" : "Finished",
    stopped: "Stopped when what was in flight had come in",
    "budget spent": "Stopped: no further call fits into the budget",
    "limit reached": "Stopped at the limit",
  }[ended.ended];
  const speed = ended.done ? `, ${ended.perSecond.toPrecision(3)} per second` : "";
  const stored = ended.stored
    ? `; ${plural(ended.stored, "reply").replace(/ys$/, "ies")} ` +
      "were stored already and not bought again"
    : "";
  return [
    `${counted(now)}. ${why}, after ${duration(ended.seconds)}${speed}${stored}.`,
    ...await reasons(lab, now.run),
    ...await nextOf(lab, now, ended),
    await lab.banner(),
  ].join("\n");
}

const Failure = z.object({ run: z.string(), reason: z.string(), n: z.number() });
const SHOWN = 10;

/** Why work of a run failed, the most frequent first. */
async function reasons(lab: Laboratory, run: string): Promise<string[]> {
  const sums = new Map<string, number>();
  for (const { run: of, reason, n } of rows((await lab.quality()).failures, Failure)) {
    if (of === run) sums.set(reason, (sums.get(reason) ?? 0) + n);
  }
  const lines = [...sums].toSorted(([, a], [, b]) => b - a)
    .map(([reason, n]) => `  ${whole(n)} failed: ${reason}`);
  const more = lines.length - SHOWN;
  return more > 0 ? [...lines.slice(0, SHOWN), `  … and ${plural(more, "other reason")}`] : lines;
}

/** What to type next. */
async function nextOf(lab: Laboratory, now: Standing, ended?: Ended): Promise<string[]> {
  const { run, kind } = now;
  const steps: [string, string][] = [];
  if (leftOf(now)) {
    const raise = ended?.ended === "budget spent"
      ? ` ${enough(await cost(lab, (await lab.planned(run)).plan), now)}`
      : "";
    steps.push(["Go on", typed(lab, `run ${run}${raise}`)]);
  }
  if (now.failed) steps.push(["Ask those that failed again", typed(lab, `retry-failed ${run}`)]);
  if (!leftOf(now) && now.done) {
    steps.push(
      kind === "personas"
        ? ["Let them answer", typed(lab, "plan administrations --instrument epqra")]
        : ["Build the tables", `deno task tables --schema ${lab.schema} --out out/${lab.schema}`],
    );
  }
  const width = Math.max(...steps.map(([what]) => what.length));
  return steps.map(([what, command]) => `${`${what}:`.padEnd(width + 1)} ${command}`);
}

async function run(flags: Flags, words: string[]): Promise<number> {
  const names = runs(words);
  budgetOf(flags);
  const limit = number(flags, "limit", "count");
  if (flags.recorded && flags["recorded-from"]) {
    throw new UsageError("--recorded and --recorded-from exclude each other");
  }
  return await within(flags, false, (lab) => launch(lab, names, flags, limit));
}

// stop, status, retry-failed, export

async function stop(flags: Flags, words: string[]): Promise<void> {
  const names = runs(words);
  await within(flags, false, async (lab) => {
    for (const now of await standing(lab, names)) {
      await lab.stop(now.run);
      console.log(
        now.claimed
          ? `${now.run} was asked to stop: its processes finish what is in flight, and end`
          : `${now.run}: nobody works on it now; ${plural(leftOf(now), "piece")} of work left`,
      );
      if (leftOf(now)) console.log(`Go on: ${typed(lab, `run ${now.run}`)}`);
    }
  });
}

const MONEY = { calls: 0, tokens: 0, usd: 4 } as const;

async function status(flags: Flags, words: string[]): Promise<void> {
  await within(flags, false, async (lab) => {
    if (!words.length) {
      const frame = (await lab.status()).select(
        pl.col("run"),
        pl.col("kind"),
        pl.col("planned").add(pl.col("claimed")).alias("left"),
        pl.col("claimed").alias("under way"),
        ...["done", "failed", "skipped", "calls", "tokens", "usd"].map((name) => pl.col(name)),
      );
      console.log(tableText(frame, `Runs of schema ${lab.schema}`, { decimals: MONEY }));
    }
    const named = words.length ? await standing(lab, runs(words)) : [];
    const { flow } = await lab.quality();
    for (const now of named) {
      const own = flow.filter(pl.col("run").eq(pl.lit(now.run)));
      console.log(tableText(own.drop("run", "kind"), counted(now), { decimals: 4 }));
      const [failed, next] = [await reasons(lab, now.run), await nextOf(lab, now)];
      for (const line of [...failed, ...next]) console.log(line);
    }
    console.log(await lab.banner());
  });
}

async function retryFailed(flags: Flags, words: string[]): Promise<void> {
  const names = runs(words, 1);
  const reason = text(flags, "reason");
  await within(flags, false, async (lab) => {
    const [now] = await standing(lab, names);
    const why = await reasons(lab, now!.run);
    const n = await lab.retryFailed(now!.run, reason);
    if (n) {
      console.log(`${plural(n, "piece")} of work of ${now!.run} planned once more`);
      console.log(`Next: ${typed(lab, `run ${now!.run}`)}`);
    } else if (now!.failed) {
      console.log(`Nothing failed for a reason that contains ${JSON.stringify(reason)}:`);
      for (const line of why) console.log(line);
    } else console.log(`Nothing of ${now!.run} has failed`);
  });
}

async function exporting(flags: Flags, words: string[]): Promise<void> {
  none(words);
  await within(flags, false, async (lab) => {
    const folder = text(flags, "out") ?? join(ROOT, "out", "study", lab.schema);
    for (const { file, rows } of await lab.export(folder)) {
      console.log(`${whole(rows).padStart(9)} rows  ${file}`);
    }
    console.log(await lab.banner());
  });
}

// The commands

interface Sub extends Command {
  run: (flags: Flags, words: string[]) => Promise<number | void>;
}

const names = (of: readonly { name: string }[]): string => of.map(({ name }) => name).join(", ");

const PLANS: Record<string, Sub> = {
  "plan personas": {
    usage: "deno task study plan personas --model ID … [--condition NAME …] [--repetitions N] …",
    help: `Plans personas: each profile under each condition, written by each model so many times.

  --model ID       who writes; repeat it, or separate by commas, for several
  --condition NAME ${names(CONDITIONS)}, or a dose: N=3, N=3+P=2
                   (default: Base, MaxN and MaxP); repeat it, or separate by commas
  --repetitions N  personas of each profile under each condition (default: 1)
  --first-repetition N
                   number of the first of them (default: 1): 6 with --repetitions 5 adds 6 to 10
  --profiles N     only the first so many profiles (default: all)
  --population     reference: the 826 published profiles (default); random: their random control; or
                   FILE.csv: a column personality_id and one column per item. A study has one
                   population; when it has one, leave this out
  --instrument-of-profiles
                   what the profiles in FILE.csv are answers to: epqra (default), bigfive, or a file
  --prompt VERSION of lib/prompts/persona-VERSION.md (default: the highest)
${PLAN_HELP}`,
    flags: {
      ...PLAN_FLAGS,
      condition: { type: "string", multiple: true },
      "first-repetition": { type: "string" },
      profiles: { type: "string" },
      population: { type: "string" },
      "instrument-of-profiles": { type: "string" },
    },
    run: planPersonas,
  },
  "plan administrations": {
    usage: "deno task study plan administrations --instrument NAME|FILE [--personas 1,2|all] …",
    help: `Plans administrations: each persona of the study fills in a questionnaire.

  --instrument     epqra, bigfive, or FILE.json or FILE.csv: a questionnaire of your own
  --language CODE  epqra in another language of the restored data: es, de, …; a file says its own
  --model ID       who answers (default: the model that wrote the persona); several as above
  --personas       which repetitions of the personas: 1 (default), 1,2 or all
  --repetitions N  sheets of each persona (default: 1)
  --items          printed (default) or shuffled, anew for each sheet
  --options        printed (default), reversed or shuffled, anew for each sheet
  --coding         how answers are written: true/false (default where there are two), number (default
                   else), yes/no, label
  --original-rule  as the original did: an incomplete sheet, or one of all-alike answers, is no sheet;
                   the same is asked up to three times
  --prompt VERSION of lib/prompts/administration-VERSION.md (default: the highest), or published: the
                   original's, verbatim from the restored data
${PLAN_HELP}
After more personas were written, the same plan again takes them in.`.replace(
      "several as above",
      "repeat it for several",
    ),
    flags: {
      ...PLAN_FLAGS,
      instrument: { type: "string" },
      language: { type: "string" },
      personas: { type: "string", multiple: true },
      items: { type: "string" },
      options: { type: "string" },
      coding: { type: "string" },
      "original-rule": { type: "boolean" },
    },
    run: planAdministrations,
  },
};

const EXIT =
  `Exit status: 0 finished, 1 an error, 2 wrong arguments, 3 stopped with work left (Ctrl-C,
study stop, budget spent, --limit, or a no to “Go on?”)`;

const COMMANDS: Record<string, Sub> = {
  ...PLANS,
  preview: {
    usage: "deno task study preview RUN [--profile N] [--condition NAME]",
    help: `Shows what a run would ask first, filled with a real profile or persona. Asks nobody.

  --profile N      id of the profile (default: the first)
  --condition NAME one of the run's (default: the first)
${SCHEMA}`,
    flags: { profile: { type: "string" }, condition: { type: "string" } },
    run: preview,
  },
  estimate: {
    usage: "deno task study estimate RUN [--pilot [--budget-usd X] [--yes]]",
    help: `Calls, tokens and cost in USD of what a run has left to do, by model.

  --pilot          asks the first ${PILOT} of each model first, and estimates from their replies
${BUDGET_HELP}
${SCHEMA}`,
    flags: { ...RUN_FLAGS, pilot: { type: "boolean" } },
    run: estimate,
  },
  run: {
    usage: "deno task study run RUN … [--budget-usd X] [--limit N] [--concurrency N] [--yes]",
    help:
      `Works on runs, one after the other, until nothing is left to do. Shows what it will cost and
asks before it begins. Start it again to go on, also elsewhere or several times at once: no reply that
is stored is bought again. Ctrl-C finishes what is in flight; a second one ends at once.

${BUDGET_HELP}
  --limit N        at most so many personas or sheets of each model, then stop
  --concurrency N  at most so many calls of each model at a time (default: the model's own, or 64; the
                   pace finds out what the provider bears)
  --recorded       only replies that are stored; what has none fails, and nobody is asked
  --recorded-from FILE
                   the same, and replies from a file: requests.jsonl of \`study export\`
${SCHEMA}

${EXIT}`,
    flags: {
      ...RUN_FLAGS,
      limit: { type: "string" },
      concurrency: { type: "string" },
      recorded: { type: "boolean" },
      "recorded-from": { type: "string" },
    },
    run,
  },
  stop: {
    usage: "deno task study stop RUN …",
    help:
      `Asks all processes that work on a run, here and elsewhere, to finish what is in flight and
end. \`study run\` goes on.

${SCHEMA}`,
    run: stop,
  },
  status: {
    usage: "deno task study status [RUN …]",
    help: `Where the runs stand; of a run that is named also its models and conditions, why work
failed, and what to type next.

${SCHEMA}`,
    run: status,
  },
  "retry-failed": {
    usage: "deno task study retry-failed RUN [--reason TEXT]",
    help:
      `Plans the failed work of a run once more. What got a reply of no use is asked anew; the old
reply stays stored.

  --reason TEXT    only what failed for a reason that contains this text
${SCHEMA}`,
    flags: { reason: { type: "string" } },
    run: retryFailed,
  },
  export: {
    usage: "deno task study export [--out DIR]",
    help:
      `Writes the study to files: requests.jsonl (what was sent and replied, verbatim), personas,
sheets and work, each as .jsonl and .parquet. Files of an earlier export are replaced.

  --out DIR        where to (default: out/study/SCHEMA)
${SCHEMA}`,
    flags: { out: { type: "string" } },
    run: exporting,
  },
};

const OVERVIEW = `A study without a notebook, in the order in which it is made:

  plan personas         which profiles, conditions and models: written down, and what it will cost
  plan administrations  which questionnaire the personas answer, and how
  preview RUN           what would be asked, with a real profile in it
  estimate RUN          calls, tokens and cost of what is left; --pilot measures first
  run RUN …             asks; stop it whenever you like, and go on
  stop RUN …            asks the processes that work on a run to end
  status [RUN …]        where the runs stand, and what to type next
  retry-failed RUN      plans once more what failed
  export                everything as JSON Lines and Parquet

deno task study plan personas --model simulated --profiles 10   needs no key and costs nothing.
Each has --help. Models, keys and prices: deno task config. Stored replies, read again: deno task
reparse.

${EXIT}`;

/** The command in the arguments, and how many words it takes. */
function chosen(): [Sub, number] {
  const args = [...Deno.args];
  const word = args.find((arg) => !arg.startsWith("-"));
  const after = args[args.indexOf(word ?? "") + 1];
  const known = (name: string): Sub | undefined =>
    Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (word === "plan" && after !== undefined && known(`plan ${after}`)) {
    return [known(`plan ${after}`)!, 2];
  }
  if (word !== undefined && known(word)) return [known(word)!, 1];
  const plans = word === "plan";
  const of = plans ? PLANS : COMMANDS;
  const choices = [...new Set(Object.keys(of).map((name) => name.split(" ")[plans ? 1 : 0]!))];
  return [{
    usage: plans
      ? "deno task study plan personas|administrations …"
      : `deno task study ${choices.join("|")} …`,
    help: plans
      ? Object.values(PLANS).map(({ usage, help }) => `${usage}\n\n${help}`).join("\n\n\n")
      : OVERVIEW,
    flags: Object.assign({}, ...Object.values(of).map(({ flags }) => flags ?? {})),
    run: (_, words) => {
      const given = words[plans ? 1 : 0];
      throw new UsageError(
        given === undefined
          ? `Say ${choices.join(", ")}`
          : `No ${plans ? "plan" : "subcommand"} ${given}: did you mean ${
            nearest(given, choices)
          }?`,
      );
    },
  }, 0];
}

if (import.meta.main) {
  const [command, taken] = chosen();
  const flags = { ...command.flags, schema: { type: "string" } } as const;
  await main({ ...command, flags, words: true }, async (flags, words) => {
    return await command.run(flags, words.slice(taken));
  });
}
