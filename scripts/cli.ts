/** What every command shares: flags, help, and errors that a user can act on. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { nearest, visible } from "lib/format.ts";
import { Interrupted } from "./jupyter/kernel.ts";

type Flags = NonNullable<ParseArgsConfig["options"]>;
type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

export interface Command {
  /** One line, as typed. */
  usage: string;
  /** What it does and what each flag means. */
  help: string;
  flags?: Flags;
  /** Whether words without a flag may follow. */
  words?: boolean;
  /** What the same, typed again, does after an error, where that is the next thing to do. */
  again?: string;
}

/** Wrong arguments: the command ends with status 2. */
export class UsageError extends Error {}

/** Exit status of a program that was interrupted. */
const INTERRUPTED = 130;

/**
 * Runs a command: `--help` prints its help; an error prints what went wrong, without a stack, and ends
 * with status 1, wrong arguments with status 2, an interruption with 130 and what to type next.
 */
export async function main(
  command: Command,
  run: (flags: Values, words: string[]) => Promise<number | void>,
): Promise<never> {
  // All that commands print passes here: texts of models and files must not command the terminal.
  for (const way of ["log", "error", "warn", "info"] as const) {
    const print = console[way];
    console[way] = (...said: unknown[]) =>
      print(...said.map((one) => typeof one === "string" ? visible(one) : one));
  }
  const fail = (error: unknown): never => {
    progress("");
    const usage = error instanceof UsageError;
    const said = message(error);
    console.error(usage ? `${said}\n${command.usage}` : said + advice(said));
    if (usage) Deno.exit(2);
    const interrupted = stopped || error instanceof Interrupted;
    const again = command.again ? ` (${command.again})` : "";
    if (interrupted || again) console.error(`Go on: ${typed(command)}${again}`);
    Deno.exit(interrupted ? INTERRUPTED : 1);
  };
  // What nobody waits for must not print a stack either.
  addEventListener("unhandledrejection", ({ reason }) => fail(reason));
  addEventListener("error", ({ error }) => fail(error));
  try {
    const options: Flags = { ...command.flags, help: { type: "boolean", short: "h" } };
    const { values, positionals } = parse(options, command.words ?? false);
    if (values.help) {
      console.log(`${command.usage}\n\n${command.help}`);
      Deno.exit(0);
    }
    Deno.exit(await run(values as Values, positionals) ?? 0);
  } catch (error) {
    return fail(error);
  }
}

/** What to say to a word that is none of those that may stand in its place. */
export const unknown = (word: string | undefined, known: readonly string[]): string =>
  word === undefined
    ? `Say one of ${known.join(", ")}`
    : `Unknown word ${word}: did you mean ${nearest(word, known)}?`;

/** The command as it was typed. */
function typed({ usage }: Command): string {
  const quoted = (word: string) => /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word);
  return [...usage.split(" ").slice(0, 3), ...Deno.args.map(quoted)].join(" ");
}

function parse(options: Flags, words: boolean) {
  try {
    return parseArgs({ args: Deno.args, options, allowPositionals: words });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const given = /'(--?[^' =]+)/.exec(message)?.[1];
    if (code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION" || !given) {
      throw new UsageError(message.split(". ")[0]);
    }
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`Unknown flag ${given}: did you mean ${nearest(given, known)}?`);
  }
}

/** An error and what caused it, in one line each, without a stack. */
export function message(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause ? `\n  because: ${message(error.cause)}` : "";
  return `${error.message}${cause}`;
}

/** What to do about errors of others, whose own text does not say it. */
const ADVICE: [RegExp, string][] = [
  [
    /no space left on device|disk( is)? full/i,
    "Make room on that disk, or choose another: DATA_DIR for the database (.env.example), --out for files",
  ],
  [
    /it cannot be reached|it refused the request \(404/,
    "Check the network, and the model's name and address: deno task config shows them",
  ],
  [
    // What never let anybody in says itself what to check.
    /^(?!.* does not let \S+ in \().*(?:\b(read|write) (ECONNRESET|EPIPE)|ended by the other party|CONNECTION_(CLOSED|DESTROYED|ENDED)|terminating connection|Connection terminated)/s,
    "The database was lost on the way: run this again; `deno task status` shows whether it is there",
  ],
  [/address already in use|EADDRINUSE/i, "Another program has this port: choose another"],
];

/** What to do about an error, a line of its own; nothing where its own text says it. */
export function advice(said: string): string {
  const found = ADVICE.find(([of]) => of.test(said));
  return found ? `\n${found[1]}` : "";
}

/** One Ctrl-C in a terminal comes twice: from the terminal, and from `deno task`, which passes it on. */
const SAME_MS = 500;

let stopped = false;

/** Ctrl-C as a signal; a second one ends the process. */
export function interruptible(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  Deno.addSignalListener("SIGINT", () => {
    if (!controller.signal.aborted) {
      first = performance.now();
      stopped = true;
      controller.abort(new Error("Stopped"));
    } else if (performance.now() - first > SAME_MS) Deno.exit(INTERRUPTED);
  });
  return controller.signal;
}

/** A line that is written over while work goes on; silent when the output is not a terminal. */
export function progress(text: string): void {
  if (Deno.stderr.isTerminal()) {
    Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${visible(text)}`));
  }
}
