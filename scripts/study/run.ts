/** Runs: agreed to, worked on, shown while they go, summed up. */
import { relative } from "node:path";
import pl from "polars";
import { z } from "zod";
import { clock, dollars, duration, plural, rate, whole } from "lib/format.ts";
import { rows } from "lib/frames.ts";
import { type Model, paceOf, recorded, recordedFile, transportOf } from "lib/llm.ts";
import { tableText } from "lib/notebook.ts";
import { type Budget, type Ended, type Progress, RunError, type Study } from "lib/study.ts";
import { interruptible, progress, UsageError } from "../cli.ts";
import { type Cost, cost, enough, inWords, printCost } from "./cost.ts";
import { type Flags, number, text } from "./flags.ts";
import { leftOf, reasons, runs, type Standing, statusOf, typed, within } from "./place.ts";

/** Exit status: an error, or most of the work failed. */
const FAILED = 1;
/** Exit status: something is left to do, because of a stop, the budget or a limit. */
export const LEFT = 3;

export function budgetOf(flags: Flags): Budget {
  const usd = number(flags, "budget-usd", "amount");
  const calls = number(flags, "budget-calls", "amount");
  const tokens = number(flags, "budget-tokens", "amount");
  return {
    ...usd !== undefined && { usd },
    ...calls !== undefined && { calls },
    ...tokens !== undefined && { tokens },
  };
}

/**
 * Works on runs, one after the other, once the user has agreed to what it may cost.
 *
 * @param how `limit`: pieces of work of each model; `next`: whether it says what to type next; `batch`:
 *   whether it asks in batches
 * @returns the exit status; null where the user did not agree
 */
async function launch(
  lab: Study,
  names: readonly string[],
  flags: Flags,
  { limit, next, batch = false }: {
    limit?: number | undefined;
    next: boolean;
    batch?: boolean;
  },
): Promise<number | null> {
  const budget = budgetOf(flags);
  const concurrency = number(flags, "concurrency", "count");
  const from = text(flags, "recorded-from");
  const stored = from !== undefined || Boolean(flags.recorded);
  const transport = stored
    ? recorded(from === undefined ? undefined : recordedFile(from))
    : transportOf;
  const open: string[] = [];
  let asks = false, code = 0;
  for (const now of await statusOf(lab, names)) {
    const { plan, models } = await lab.planned(now.run);
    for (const model of models) if (concurrency) paceOf(model).most = concurrency;
    if (!leftOf(now)) {
      console.log(`${counted(now)}: nothing to do`);
      for (const line of await nextOf(lab, now)) console.log(line);
      code = worse(code, mostly(now));
      continue;
    }
    const unasked = leftOf(now) - now.submitted;
    if (!unasked && !batch) {
      console.log(`${counted(now)}: what is left is in batches`);
      for (const line of await nextOf(lab, now)) console.log(line);
      code = worse(code, LEFT);
      continue;
    }
    open.push(now.run);
    const paid = models.filter((model) => transport(model).costs);
    if (!unasked) {
      console.log(
        `${now.run}: ${
          whole(now.submitted)
        } in batches; what is not answered, or cannot be read, is ` +
          `asked again, for ${
            now.held_usd ? `at most ${dollars(now.held_usd)} more` : "what its budget has left"
          }`,
      );
      asks ||= paid.length > 0;
      continue;
    }
    const hindrance = stored || flags["allow-truncated"] ? null : await lab.hindrance(now.run);
    if (hindrance !== null) throw new Error(hindrance);
    const price = await cost(lab, plan, batch);
    const most = Math.min(unasked, (limit ?? Infinity) * models.length);
    const others = now.submitted ? `, and ${whole(now.submitted)} in batches` : "";
    console.log(
      `${now.run}: ${whole(unasked)} to do${others}${
        limit ? `, now ${limit} of each model` : ""
      }: ${stored ? "from stored replies only" : inWords(price, most)}${
        batch ? ", in batches" : ""
      }`,
    );
    if (!paid.length) continue;
    checkBudgeted(now, paid, price, budget);
    asks = true;
  }
  if (asks && !agreed(flags, budget)) return null;
  const signal = stopping();
  const options = {
    ...Object.keys(budget).length && { budget },
    ...limit !== undefined && { limit },
    ...batch ? { batch, wait: Boolean(flags.wait) } : { transport },
    allowTruncated: Boolean(flags["allow-truncated"]),
    signal,
  };
  for (const name of open) {
    code = worse(code, signal.aborted ? LEFT : await worked(lab, name, options, next));
  }
  return code;
}

/** @throws {Error} when models that may cost money are asked, and there is no budget, with one that is enough */
export function checkBudgeted(
  now: Standing,
  paid: readonly Model[],
  price: Cost,
  budget: Budget,
): void {
  const kept = [now.budget_usd, now.budget_calls, now.budget_tokens].some((one) => one !== null);
  if (kept || Object.keys(budget).length) return;
  const ids = paid.map(({ id }) => id).join(", ");
  throw new Error(
    `${now.run} asks ${ids}, which may cost money, and has no budget: add ${enough(price, now)} ` +
      "(or --budget-usd, --budget-calls or --budget-tokens of your own)",
  );
}

/**
 * Whether the user agrees to what was shown.
 *
 * @throws {Error} when nobody can be asked, and neither a budget nor --yes says so
 */
export function agreed(flags: Flags, budget: Budget): boolean {
  if (flags.yes) return true;
  if (Deno.stdin.isTerminal()) {
    const goes = confirm("Go on?");
    if (!goes) console.log("Nothing was asked");
    return goes;
  }
  if (Object.keys(budget).length) return true;
  throw new Error(
    "Without a terminal nobody can be asked whether to go on: add --yes, which takes the budget " +
      "that the run has, or give a budget",
  );
}

/** Ctrl-C, which finishes what is in flight. */
export function stopping(): AbortSignal {
  const signal = interruptible();
  signal.addEventListener("abort", () => {
    progress("");
    console.error("Finishing what is in flight; Ctrl-C again ends at once, and loses it");
  });
  return signal;
}

/** The exit status of two: an error goes before work that is left. */
const worse = (one: number, other: number): number =>
  [FAILED, LEFT].find((code) => one === code || other === code) ?? 0;

/** The exit status of a run most of whose work failed, which it says; else 0. */
function mostly({ run, done, failed }: Standing, ended?: Ended): number {
  const now = ended && Object.values(ended.failed).reduce((sum, n) => sum + n, 0);
  const of = now !== undefined && now > ended!.done
    ? [now, now + ended!.done]
    : failed > done
    ? [failed, failed + done]
    : null;
  if (!of) return 0;
  console.log(`${run}: most of the work failed: ${whole(of[0]!)} of ${whole(of[1]!)}`);
  return FAILED;
}

type RunOptions = NonNullable<Parameters<Study["run"]>[1]>;

/**
 * Works on a run, or on several that were registered together, and says what came of each.
 *
 * @returns the exit status
 */
export async function worked(
  lab: Study,
  name: string | readonly string[],
  options: RunOptions,
  next: boolean,
): Promise<number> {
  const names = [name].flat(), face = new Face(lab, names);
  let ended: Ended;
  try {
    ended = await lab.run(name, {
      ...options,
      onProgress: (now) => face.show(now),
      onNote: (note) => {
        progress("");
        console.error(`${names.join(", ")}: ${note}`);
      },
    });
  } catch (error) {
    progress("");
    if (error instanceof RunError) {
      const all = await statusOf(lab, names).catch(() => []);
      for (const now of all) {
        console.log(`${counted(now)}\nGo on: ${typed(lab, `run ${now.run}`)}`);
      }
    }
    throw error;
  }
  progress("");
  if (options.batch) { for (const name of names) await printBatches(lab, name); }
  const all = await statusOf(lab, names);
  // Of several only the last one is what ended.
  const own = names.length === 1 ? ended : undefined;
  for (const now of all) {
    for (const line of own ? await summary(lab, own, now) : [counted(now)]) console.log(line);
    if (next) { for (const line of await nextOf(lab, now, own)) console.log(line); }
  }
  console.log(await lab.banner());
  return all.reduce(
    (code, now) => worse(code, worse(mostly(now, own), leftOf(now) ? LEFT : 0)),
    0,
  );
}

/** The batches of a run that are not closed, or have something odd about them. */
export async function printBatches(lab: Study, run: string): Promise<void> {
  const all = await lab.batches(run);
  const shown = all.filter(pl.col("state").neq(pl.lit("closed")).or(pl.col("note").isNotNull()));
  if (shown.height === 0) return;
  const odd = ["doubled", "unknown", "broken"].filter((name) => shown.getColumn(name).sum() === 0);
  console.log(tableText(shown.drop("kind", ...odd), `Batches of ${run}`));
}

const LONG_WAIT_MS = 30_000;

/** The line that shows how far a run is. */
class Face {
  #now: Standing | null = null;
  #asked = false;
  #last = 0;
  #told = 0;

  constructor(private readonly lab: Study, private readonly runs: readonly string[]) {}

  show(progressed: Progress): void {
    const { perSecond, concurrency, failed, waitingUntil } = progressed;
    const waits = waitingUntil &&
      `the provider asks to wait until ${clock(waitingUntil, new Date())}`;
    if (!Deno.stderr.isTerminal()) {
      // Where lines are not written over, a wait that is long, and each of them once.
      const until = Number(waitingUntil ?? 0);
      if (until - Date.now() < LONG_WAIT_MS || until - this.#told < LONG_WAIT_MS) return;
      this.#told = until;
      return console.error(`${this.runs.join(", ")}: ${waits}`);
    }
    this.#refresh();
    const now = this.#now;
    if (!now) return;
    const failures = Object.entries(failed).toSorted(([, a], [, b]) => b - a)
      .map(([reason, n]) => `${n}× ${reason}`);
    const left = leftOf(now);
    const atOnce = Object.values(concurrency).reduce((sum, n) => sum + n, 0);
    const line = [
      ...waits ? [waits] : [],
      `${whole(now.done)} of ${whole(now.done + now.failed + left)} done`,
      `${whole(now.failed)} failed`,
      rate(perSecond),
      ...atOnce ? [`${atOnce} at a time`] : [],
      ...used(now),
      ...now.submitted ? [`${whole(now.submitted)} in batches`] : [],
      `${whole(left)} left${perSecond ? `, ${duration(left / perSecond)}` : ""}`,
      ...failures,
    ].join(" · ");
    progress(fitting(line));
  }

  /** Over all processes; not more often than the database bears. */
  #refresh(): void {
    if (this.#asked || performance.now() - this.#last < 1000) return;
    this.#asked = true;
    statusOf(this.lab, this.runs).then((all) => (this.#now = together(all))).catch(() => {})
      .finally(() => {
        this.#asked = false;
        this.#last = performance.now();
      });
  }
}

/** Several runs as one; what one has for a limit is not that of all. */
function together([first, ...others]: readonly Standing[]): Standing {
  return others.reduce((sum, one) => ({
    ...sum,
    to_do: sum.to_do + one.to_do,
    claimed: sum.claimed + one.claimed,
    submitted: sum.submitted + one.submitted,
    done: sum.done + one.done,
    failed: sum.failed + one.failed,
    calls: sum.calls + one.calls,
    tokens: sum.tokens + one.tokens,
    usd: sum.usd === null || one.usd === null ? null : sum.usd + one.usd,
    lost_usd: sum.lost_usd + one.lost_usd,
    held_usd: sum.held_usd + one.held_usd,
    budget_usd: null,
    budget_calls: null,
    budget_tokens: null,
  }), first!);
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

/** What a run has used, each of its limit where there is one. */
function used(now: Standing, all = false): string[] {
  return ([
    [plural(now.calls, "call"), now.budget_calls, whole],
    [plural(now.tokens, "token"), now.budget_tokens, whole],
    [dollars(now.usd), now.budget_usd, dollars],
  ] as const).flatMap(([used, limit, as], kind) =>
    limit !== null ? [`${used} of ${as(limit)}`] : all || kind === 2 ? [used] : []
  );
}

/** How a run stands, in one line. */
export const counted = (now: Standing): string =>
  `${now.run}: ${whole(now.done)} of ${whole(now.done + now.failed + leftOf(now))} done, ` +
  `${whole(now.failed)} failed, ${whole(leftOf(now))} left; spent ${used(now, true).join(", ")}` +
  (now.lost_usd ? `, and at most ${dollars(now.lost_usd)} in calls that were lost` : "") +
  (now.held_usd ? `, and at most ${dollars(now.held_usd)} in batches` : "");

/** What came of a run, and why it ended. */
async function summary(lab: Study, ended: Ended, now: Standing): Promise<string[]> {
  const left = leftOf(now);
  const why = left === 0 ? "Finished" : {
    finished: "The others are worked on elsewhere",
    submitted: "What is left is in batches",
    stopped: "Stopped when what was in flight had come in",
    "budget spent": "Stopped: no further call fits into the budget",
    "limit reached": "Stopped at the limit",
  }[ended.ended];
  const speed = ended.done ? `, ${rate(ended.perSecond)}` : "";
  const stored = ended.stored
    ? `; ${whole(ended.stored)} of the replies were stored already, and not bought again`
    : "";
  return [
    `${counted(now)}. ${why}, after ${duration(ended.seconds)}${speed}${stored}.`,
    ...await reasons(lab, now.run),
    ...ended.over
      ? [
        `  ${whole(ended.over)} ${
          ended.over === 1 ? "reply was" : "replies were"
        } longer than max_tokens: the limit does not bind there, and ` +
        "a budget holds only for what it is known to bind",
      ]
      : [],
  ];
}

/** The folders in which questions of a run are handed out, as they are named from here. */
async function handedOut(lab: Study, run: string): Promise<string[]> {
  const open = (await lab.batches(run)).filter(pl.col("state").neq(pl.lit("closed")));
  const folders = new Set(rows(open, Handed).flatMap(({ folder }) => folder ?? []));
  return [...folders].map((folder) => relative(Deno.cwd(), folder) || ".");
}

const Handed = z.object({ folder: z.string().nullable() });

/** What to type next. */
export async function nextOf(lab: Study, now: Standing, ended?: Ended): Promise<string[]> {
  const { run, kind } = now;
  const steps: [string, string][] = [];
  const { plan } = await lab.planned(run);
  if (now.submitted) {
    const folders = await handedOut(lab, run);
    const ways = folders.length
      ? folders.map((folder) => `take-in ${folder}`)
      : [`run ${run} --batch`];
    for (const way of ways) steps.push(["Take in what has come", typed(lab, way)]);
  } else if (leftOf(now)) {
    const raise = ended?.ended === "budget spent" ? ` ${enough(await cost(lab, plan), now)}` : "";
    steps.push(["Go on", typed(lab, `run ${run}${raise}`)]);
  }
  if (now.failed) steps.push(["Ask those that failed again", typed(lab, `retry-failed ${run}`)]);
  const own = plan.kind === "personas" ? plan.form?.name : undefined;
  const answering = own === undefined ? "epqra" : `FILE --form ${own}`;
  if (!leftOf(now) && now.done && kind !== "trial") {
    steps.push(
      kind === "personas"
        ? ["Let them answer", typed(lab, `plan administrations --instrument ${answering}`)]
        : ["Build the tables", `deno task tables --schema ${lab.schema}`],
    );
  }
  const width = Math.max(...steps.map(([what]) => what.length));
  return steps.map(([what, command]) => `${`${what}:`.padEnd(width + 1)} ${command}`);
}

/** `run RUN …` */
export async function run(flags: Flags, words: string[]): Promise<number> {
  const names = runs(words);
  budgetOf(flags);
  const limit = number(flags, "limit", "count");
  const ways = ["recorded", "recorded-from", "batch"].filter((way) => flags[way]);
  if (ways.length > 1) throw new UsageError(`--${ways[0]} and --${ways[1]} exclude each other`);
  if (flags.wait && !flags.batch) throw new UsageError("--wait is for --batch");
  return await within(
    flags,
    false,
    async (lab) =>
      await launch(lab, names, flags, { limit, next: true, batch: Boolean(flags.batch) }) ?? LEFT,
  );
}

/** `end-batches RUN` */
export async function endBatches(flags: Flags, words: string[]): Promise<void> {
  const names = runs(words, 1);
  await within(flags, false, async (lab) => {
    const [{ run }] = await statusOf(lab, names) as [Standing];
    const { back, cancelled, lost } = await lab.endBatches(run);
    console.log(
      `${run}: ${plural(back, "question")} that had not been sent can be asked otherwise`,
    );
    if (cancelled) {
      console.log(
        `  Of its batches ${
          whole(cancelled)
        } will end: what is answered by then is paid for, and comes ` +
          `with \`${typed(lab, `run ${run} --batch`)}\` in ten minutes`,
      );
    }
    if (lost) {
      console.log(
        `  Of its batches ${
          whole(lost)
        } could not be reached and are given up: questions that are asked ` +
          "again may be paid for twice; answers that come all the same are kept",
      );
    }
    for (const line of await nextOf(lab, (await statusOf(lab, names))[0]!)) console.log(line);
  });
}

/** So many of each model are asked before an estimate, where one asks for it. */
export const PILOT = 20;

/** `estimate RUN` */
export async function estimate(flags: Flags, words: string[]): Promise<number> {
  const names = runs(words, 1);
  return await within(flags, false, async (lab) => {
    await statusOf(lab, names);
    const pilot = { limit: PILOT, next: false };
    const piloted = flags.pilot ? await launch(lab, names, flags, pilot) : 0;
    if (piloted === null) return LEFT;
    const { plan } = await lab.planned(names[0]!);
    const price = await cost(lab, plan, Boolean(flags.batch));
    printCost(price);
    const [now] = await statusOf(lab, names);
    if (now!.failed) {
      console.log(
        `  ${plural(now!.failed, "call")} that failed before ${now!.failed === 1 ? "is" : "are"} ` +
          "among them, and asked only after retry-failed",
      );
    }
    if (leftOf(now!)) {
      const budget = price.most === 0 ? "" : ` ${enough(price, now!)}`;
      const way = flags.batch ? " --batch" : "";
      console.log(`\nNext: ${typed(lab, `run ${names[0]}${way}${budget}`)}`);
    }
    return piloted === FAILED ? FAILED : 0;
  });
}
