/** Names of columns as headings: words, and one heading over columns that belong together. */

/** Abbreviations as they are written. */
const WRITTEN: Readonly<Record<string, string>> = {
  ci: "95% CI",
  sd: "SD",
  se: "SE",
  icc: "ICC",
  deff: "design effect",
  holm: "Holm",
  bh: "BH",
  feldt: "Feldt",
  fisher: "Fisher",
  newcombe: "Newcombe",
  epqra: "EPQR-A",
  bfi: "BFI",
  usd: "USD",
  sha256: "SHA-256",
  mae: "MAE",
  rmse: "RMSE",
};

/** One column's heading, and what stands over it and its neighbours; nothing, "". */
export interface Head {
  over: string;
  label: string;
}

/**
 * Headings of columns. Neighbours whose names begin with the same words share these as one heading:
 * `ci_lower` and `ci_upper` are "95% CI" over "lower" and "upper", `p_naive` and `p_holm` are "p" over
 * "naive" and "Holm".
 */
export function headsOf(names: readonly string[]): Head[] {
  const parts = names.map(partsOf);
  const heads: Head[] = [];
  while (heads.length < names.length) {
    const from = heads.length;
    const first = parts[from]![0];
    const end = parts.findIndex((words, i) => i > from && !(words[0] === first && words[1]));
    const run = parts.slice(from, end < 0 ? undefined : end);
    heads.push(...limits(run) ?? family(run));
  }
  return heads;
}

/** `effect_lower` and `effect_upper`, wherever they stand in a run: the interval of the effect. */
function limits(run: readonly string[][]): Head[] | null {
  const [lower, upper] = run;
  if (lower?.at(-1) !== "lower" || upper?.at(-1) !== "upper") return null;
  const of = lower.slice(0, -1);
  if (of.join() !== upper.slice(0, -1).join() || !of.length) return null;
  const over = OVER[of[0]!]?.(words(of)) ?? `95% CI of ${words(of)}`;
  return [{ over, label: "lower" }, { over, label: "upper" }];
}

/** Intervals that are not those of a quantity, and how they read. */
const OVER: Readonly<Record<string, (name: string) => string>> = {
  ci: (name) => name,
  boot: () => "95% CI (bootstrap)",
  bound: () => "bounds",
  feldt: (name) => `95% CI (${name})`,
  newcombe: (name) => `95% CI (${name})`,
};

/** The columns up to the next interval. */
function family(run: readonly string[][]): Head[] {
  const next = run.findIndex((_, i) => i > 0 && limits(run.slice(i)));
  const own = run.slice(0, next < 0 ? undefined : next);
  if (own.length < 2 || !own[0]![1]) return [{ over: "", label: words(own[0]!) }];
  const shortest = Math.min(...own.map((one) => one.length)) - 1;
  const differs = own[0]!.findIndex((word, i) => own.some((one) => one[i] !== word));
  const shared = Math.min(shortest, differs < 0 ? shortest : differs);
  const over = words(own[0]!.slice(0, shared));
  return own.map((one) => ({ over, label: words(one.slice(shared)) }));
}

/** The words of a name; a letter with its index is one. */
const partsOf = (name: string): string[] =>
  SYMBOL.test(name) ? [name] : name.split(/[_ ]+/).filter((word) => word);

/** One name in words. */
export const worded = (name: string): string => words(partsOf(name));

/** As a heading begins: with a capital, unless it is a statistic of one letter. */
export const capital = (text: string): string =>
  symbolOf(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);

const words = (parts: readonly string[]): string =>
  parts.map((word) => WRITTEN[word] ?? word).join(" ");

/** Statistics that are one letter, with or without an index: `p`, `d_z`. */
const SYMBOL = /^([dghknprtzF])(?:_(z|av|s))?$/;

/** A label whose first word is a statistic of one letter, in pieces; null for other text. */
export function symbolOf(text: string): { letter: string; index: string; rest: string } | null {
  const [first, ...rest] = text.split(" ");
  const found = SYMBOL.exec(first!);
  return found && { letter: found[1]!, index: found[2] ?? "", rest: rest.join(" ") };
}
