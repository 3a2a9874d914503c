/** Where a run stands, in words. */
import { z } from "zod";
import { clock, dollars, duration, firstOf, rate, whole } from "../format.ts";
import { rows } from "../frames.ts";
import type { Budget, Ended, Progress, Study } from "../study.ts";
import { escape } from "../press.ts";

const Count = z.number();
const Limit = z.number().nullable();
const Row = z.object({
  run: z.string(),
  to_do: Count,
  claimed: Count,
  submitted: Count,
  done: Count,
  failed: Count,
  calls: Count,
  tokens: Count,
  usd: Limit,
  lost_usd: Count,
  held_usd: Count,
  budget_calls: Limit,
  budget_tokens: Limit,
  budget_usd: Limit,
  stopping: z.enum(["yes", "no"]),
});

/** A run over all processes that work on it, and what failed in it by reason. */
export interface RunStatus extends z.infer<typeof Row> {
  reasons: Readonly<Record<string, number>>;
}

const Failure = z.object({ reason: z.string(), n: Count });

/**
 * How a run stands, or several together.
 *
 * @param reasons of failed work with their counts; null: of all of it, as stored
 * @param budget that several have together
 */
export async function runStatus(
  lab: Study,
  runs: readonly string[],
  reasons: Readonly<Record<string, number>> | null,
  budget: Budget = {},
): Promise<RunStatus> {
  const all = rows(await lab.status(), Row).filter(({ run }) => runs.includes(run));
  const told = reasons ?? await stored(lab, runs);
  if (all.length === 1) return { ...all[0]!, reasons: told };
  const sum = (of: (row: z.infer<typeof Row>) => number) =>
    all.reduce((total, row) => total + of(row), 0);
  return {
    run: `${all.length} runs`,
    to_do: sum(({ to_do }) => to_do),
    claimed: sum(({ claimed }) => claimed),
    submitted: sum(({ submitted }) => submitted),
    done: sum(({ done }) => done),
    failed: sum(({ failed }) => failed),
    calls: sum(({ calls }) => calls),
    tokens: sum(({ tokens }) => tokens),
    usd: all.some(({ usd }) => usd === null) ? null : sum(({ usd }) => usd!),
    lost_usd: sum(({ lost_usd }) => lost_usd),
    held_usd: sum(({ held_usd }) => held_usd),
    budget_calls: budget.calls ?? null,
    budget_tokens: budget.tokens ?? null,
    budget_usd: budget.usd ?? null,
    stopping: all.some(({ stopping }) => stopping === "yes") ? "yes" : "no",
    reasons: told,
  };
}

async function stored(lab: Study, runs: readonly string[]): Promise<Record<string, number>> {
  const reasons: Record<string, number> = {};
  for (const run of runs) {
    for (const { reason, n } of rows(await lab.failures(run), Failure)) {
      reasons[reason] = (reasons[reason] ?? 0) + n;
    }
  }
  return reasons;
}

/** What ended a run in this process: its own word for it, or an error. */
export type Outcome = Ended["ended"] | Error;

const MOST_REASONS = 10;

/** The words that are shown: a first line, more lines, and reasons as a list. */
function said(now: RunStatus, progress: Progress | null, outcome: Outcome | null) {
  const left = now.to_do + now.claimed + now.submitted, all = left + now.done + now.failed;
  const head = `${whole(now.done)} of ${whole(all)} done, ${whole(now.failed)} failed` +
    (left ? `, ${whole(left)} left` : "") +
    (now.submitted ? `, of these ${whole(now.submitted)} in batches` : "");
  const reasons = Object.entries(now.reasons).toSorted(([, a], [, b]) => b - a)
    .map(([reason, n]) => `${whole(n)} failed: ${reason}`);
  return {
    left,
    all,
    head,
    lines: [
      ...outcome === null ? [under(now, left, progress)] : [ending(outcome, left)],
      over(progress),
      spent(now),
    ].filter((line) => line),
    reasons: firstOf(reasons, MOST_REASONS),
  };
}

/** What goes on while the run has not ended. */
const under = (now: RunStatus, left: number, progress: Progress | null): string =>
  now.stopping === "yes" ? "Stopping: what is in flight comes in" : pace(left, progress);

/** What the budget could not bound. */
const over = (progress: Progress | null): string =>
  progress?.over
    ? `Replies longer than max_tokens: ${
      whole(progress.over)
    }. That limit does not bind there, and a ` +
      "call may cost more than its most"
    : "";

/** How fast it goes, or until when it waits; nothing before the first reply. */
function pace(left: number, progress: Progress | null): string {
  if (progress?.waitingUntil) {
    const now = new Date(performance.timeOrigin + performance.now());
    return `The provider asks to wait until ${clock(progress.waitingUntil, now)}`;
  }
  if (!progress || progress.perSecond === 0) return "It has begun";
  const { perSecond, concurrency, stored } = progress;
  const atOnce = Object.entries(concurrency).map(([model, n]) => `${model} ${n}`).join(", ");
  return [
    rate(perSecond),
    ...atOnce ? [`at most in flight: ${atOnce}`] : [],
    ...stored ? [`${whole(stored)} replies were stored already`] : [],
    `about ${duration(left / perSecond)} left`,
  ].join(" · ");
}

function spent(now: RunStatus): string {
  const limits = [
    [`${whole(now.calls)} calls`, now.budget_calls, whole],
    [`${whole(now.tokens)} tokens`, now.budget_tokens, whole],
    [dollars(now.usd), now.budget_usd, dollars],
  ] as const;
  const paid = limits.map(([used, limit, as]) => limit === null ? used : `${used} of ${as(limit)}`);
  const lost = now.lost_usd ? [`at most ${dollars(now.lost_usd)} in calls that were lost`] : [];
  const held = now.held_usd ? [`at most ${dollars(now.held_usd)} in batches`] : [];
  return `Spent: ${[...paid, ...lost, ...held].join(" · ")}`;
}

function ending(outcome: Outcome, left: number): string {
  if (outcome instanceof Error) return outcome.message;
  switch (outcome) {
    case "finished":
      return "Finished: nothing is left to do";
    case "submitted":
      return "What is left is in batches: run the cell again later to take in what has come";
    case "stopped":
      return left ? "Stopped: run the cell again to go on" : "Stopped: nothing is left to do";
    case "budget spent":
      return "No further call fits into the budget: raise it and run the cell again to go on";
    case "limit reached":
      return "As much as it was to do is done: run the cell again to go on";
  }
}

/** Where a run stands as HTML. */
export function standingHtml(now: RunStatus, progress: Progress | null, outcome: Outcome | null) {
  const { left, all, head, lines, reasons } = said(now, progress, outcome);
  const name = escape(now.run);
  const bar = `<progress value="${all - left}" max="${Math.max(1, all)}" ` +
    `aria-label="${name}" style="width:100%;max-width:32em"></progress>`;
  return [
    `<p><strong>${name}</strong>: ${escape(head)}</p>`,
    ...outcome === null ? [`<p>${bar}</p>`] : [],
    ...lines.map((line) => `<p>${escape(line)}</p>`),
    ...reasons.length
      ? [`<ul>\n${reasons.map((reason) => `<li>${escape(reason)}</li>`).join("\n")}\n</ul>`]
      : [],
  ].join("\n");
}

/** Where a run stands as plain text. */
export function standingText(now: RunStatus, progress: Progress | null, outcome: Outcome | null) {
  const { head, lines, reasons } = said(now, progress, outcome);
  return [`${now.run}: ${head}`, ...[...lines, ...reasons].map((line) => `  ${line}`)].join("\n");
}
