/** How long whole processes take, and how much memory. */
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { whole } from "lib/format.ts";
import { progress } from "../cli.ts";

/** One run of a whole process, as the operating system saw it. */
export interface Run {
  seconds: number;
  /** Largest resident size in MB; null where it cannot be read. */
  megabytes: number | null;
}

export async function timed(
  command: string,
  args: string[],
  env: Record<string, string> = {},
  ends: readonly number[] = [0],
): Promise<Run> {
  const started = performance.now();
  const child = new Deno.Command(command, {
    args,
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let peak = 0;
  const poll = setInterval(() => peak = Math.max(peak, residentPeak(child.pid)), 20);
  const { code, stderr } = await child.output();
  clearInterval(poll);
  const seconds = (performance.now() - started) / 1000;
  if (!ends.includes(code)) {
    throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
  return { seconds, megabytes: peak || null };
}

/** In MB, from Linux; 0 where there is no /proc. */
function residentPeak(pid: number): number {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
    return Number(found?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** What a figure is to be, at least or at most. */
export type Goal = { least: number } | { most: number };

/** A goal beside its figure, and whether it is missed. */
export function against(value: number, goal: Goal): string {
  const [sign, at, held] = "least" in goal
    ? ["≥", goal.least, value >= goal.least]
    : ["≤", goal.most, value <= goal.most];
  const shown = at >= 1000 ? whole(Math.round(at)) : String(at);
  return `goal ${sign} ${shown}${held ? "" : ": missed"}`;
}

/** A line of figures. */
export const say = (what: string, value: string, goal = ""): void =>
  console.log(`${what.padEnd(48)} ${value}${goal && `   ${goal}`}`);

export interface Measured {
  name: string;
  seconds: number[];
  megabytes: number | null;
}

export async function measure(
  name: string,
  runs: number,
  run: () => Promise<Run>,
): Promise<Measured> {
  const done: Run[] = [];
  for (let index = 0; index < runs; index++) {
    progress(`${name}: run ${index + 1} of ${runs}`);
    done.push(await run());
  }
  progress("");
  const peaks = done.map(({ megabytes }) => megabytes).filter((peak) => peak !== null);
  const measured = {
    name,
    seconds: done.map(({ seconds }) => seconds),
    megabytes: peaks.length ? median(peaks) : null,
  };
  const [low, high] = [Math.min(...measured.seconds), Math.max(...measured.seconds)];
  console.log(
    `${name.padEnd(48)} ${median(measured.seconds).toFixed(2).padStart(7)} s ` +
      `(${low.toFixed(2)}–${high.toFixed(2)})` +
      (measured.megabytes ? `  ${measured.megabytes.toFixed(0).padStart(4)} MB peak` : ""),
  );
  return measured;
}

/** One of our commands. */
export const deno = (script: string, ...args: string[]): Promise<Run> =>
  timed(Deno.execPath(), ["run", "-A", join("scripts", `${script}.ts`), ...args]);
