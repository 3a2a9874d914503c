/** What every command shares: flags, help, and errors that a user can act on. */
import { parseArgs, type ParseArgsConfig } from "node:util";

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
}

/** Wrong arguments: the command ends with status 2. */
export class UsageError extends Error {}

/**
 * Runs a command: `--help` prints its help; an error prints one line and ends with status 1, wrong
 * arguments with status 2.
 */
export async function main(
  command: Command,
  run: (flags: Values, words: string[]) => Promise<number | void>,
): Promise<never> {
  try {
    const options: Flags = { ...command.flags, help: { type: "boolean", short: "h" } };
    const { values, positionals } = parse(options, command.words ?? false);
    if (values.help) {
      console.log(`${command.usage}\n\n${command.help}`);
      Deno.exit(0);
    }
    Deno.exit(await run(values as Values, positionals) ?? 0);
  } catch (error) {
    const usage = error instanceof UsageError;
    console.error(usage ? `${error.message}\n${command.usage}` : message(error));
    Deno.exit(usage ? 2 : 1);
  }
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

/** The known word that takes the fewest changes. */
export function nearest(word: string, known: readonly string[]): string {
  return known.toSorted((a, b) => distance(word, a) - distance(word, b))[0]!;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** An error and what caused it, in one line each, without a stack. */
export function message(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause ? `\n  because: ${message(error.cause)}` : "";
  return `${error.message}${cause}`;
}

/** One Ctrl-C in a terminal comes twice: from the terminal, and from `deno task`, which passes it on. */
const SAME_MS = 500;

/** Ctrl-C as a signal; a second one ends the process. */
export function interruptible(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  Deno.addSignalListener("SIGINT", () => {
    if (!controller.signal.aborted) {
      first = performance.now();
      controller.abort(new Error("Stopped"));
    } else if (performance.now() - first > SAME_MS) Deno.exit(130);
  });
  return controller.signal;
}

/** A line that is written over while work goes on; silent when the output is not a terminal. */
export function progress(text: string): void {
  if (Deno.stderr.isTerminal()) {
    Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
  }
}
