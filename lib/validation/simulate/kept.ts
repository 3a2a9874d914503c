/** Simulations that are drawn once: their results are kept by all that they depend on. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ROOT, settings } from "../../config.ts";
import { normalCoverage, scoreCoverage, sheetCoverage } from "./coverage.ts";
import { errorRates, shareCoverage } from "./rates.ts";
import { sheetErrorRates } from "./sheets.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A file and all files that it imports, however far, as one hash. Packages are not among them. */
export function codeOf(...entries: readonly string[]): string {
  const texts = new Map<string, string>();
  const visit = (path: string) => {
    if (texts.has(path)) return;
    const text = readFileSync(path, "utf8");
    texts.set(path, text);
    for (const [, to] of text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      visit(resolve(dirname(path), to!));
    }
  };
  entries.forEach(visit);
  return sha256(JSON.stringify([...texts].map(([path, text]) => [relative(ROOT, path), text])));
}

/**
 * The code that draws: read with the modules, so that a kernel does not keep what it drew by old code as
 * if it came of the new. The lock file stands for the packages, V8 for Math.
 */
const CODE = sha256(JSON.stringify([
  codeOf(import.meta.filename!),
  readFileSync(join(ROOT, "deno.lock"), "utf8"),
  Deno.version.v8,
  Deno.build.arch,
])).slice(0, 16);

type Simulation<A extends readonly unknown[], R> = (...args: A) => R;

/**
 * A simulation that looks first whether it has been drawn already, in `.data/simulated`.
 *
 * The name of a file is the hash of the code and of all arguments, and it holds a hash of its content: a
 * file that is damaged or another's is not read, and is written anew. What JSON would change, such as
 * NaN, is neither looked for nor kept. Results of other code are deleted.
 */
function keeping<A extends readonly unknown[], R>(
  name: string,
  simulation: Simulation<A, R>,
): Simulation<A, R> {
  return (...args) => {
    if (!isDeepStrictEqual(asJson(args), args)) return simulation(...args);
    const inputs = JSON.stringify([CODE, name, args]);
    const home = join(settings().dataDir, "simulated");
    const path = join(home, CODE, `${sha256(inputs).slice(0, 32)}.json`);
    const found = stored(path, inputs);
    if (found !== null) return found.value as R;
    const value = simulation(...args);
    if (isDeepStrictEqual(asJson(value), value)) store(home, path, inputs, value);
    return value;
  };
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const digest = (inputs: string, value: unknown): string => sha256(inputs + JSON.stringify(value));

function stored(path: string, inputs: string): { value: unknown } | null {
  try {
    const { sha256, value } = JSON.parse(readFileSync(path, "utf8"));
    return sha256 === digest(inputs, value) ? { value } : null;
  } catch {
    return null; // not drawn yet, or damaged
  }
}

/** A folder that cannot be written to costs the time to draw again, and nothing else. */
function store(home: string, path: string, inputs: string, value: unknown): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    for (const name of readdirSync(home)) {
      const old = /^[0-9a-f]{16}$/.test(name) && name !== CODE;
      if (old) rmSync(join(home, name), { recursive: true, force: true });
    }
    const made = `${path}.${crypto.randomUUID()}`;
    writeFileSync(made, JSON.stringify({ sha256: digest(inputs, value), inputs, value }));
    renameSync(made, path);
  } catch {
    // as above
  }
}

/** The simulations that take long, with their arguments and results, drawn once. */
export const kept = {
  errorRates: keeping("errorRates", errorRates),
  shareCoverage: keeping("shareCoverage", shareCoverage),
  sheetErrorRates: keeping("sheetErrorRates", sheetErrorRates),
  normalCoverage: keeping("normalCoverage", normalCoverage),
  scoreCoverage: keeping("scoreCoverage", scoreCoverage),
  sheetCoverage: keeping("sheetCoverage", sheetCoverage),
};
