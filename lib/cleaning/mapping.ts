/** What maps free text to categories: counted pairs and ordered keyword rules, checked and indexed. */

/** Columns of `personas` that the model writes freely (`{field}_original`) and that are cleaned. */
export const FIELDS: readonly string[] = [
  "gender",
  "race",
  "sexual_orientation",
  "religious_belief",
  "occupation",
  "political_orientation",
  "location",
];
export type Field = string;

/** What a cleaned column holds where nothing maps the text: never empty, never "Other". */
export const UNMAPPED = "unmapped";

/**
 * The published categories. A rule may give these, or what the learned pairs give, and nothing else: a
 * misspelt one would fall among a table's others unseen. The categories of occupations and locations
 * were never listed.
 *
 * Source: the dataset's documentation and the rows of Tables 1–3.
 */
export const CATEGORIES: Readonly<Partial<Record<Field, readonly string[]>>> = {
  gender: ["female", "male", "non-binary", "other"],
  race: ["Asian", "Black", "Hispanic", "Latino", "White", "Other"],
  sexual_orientation: ["heterosexual", "lgbtq+", "unspecified"],
  religious_belief: [
    "Agnostic",
    "Atheist",
    "Buddhist",
    "Christian",
    "Hinduist",
    "Jewish",
    "Muslim",
    "None",
    "Others",
  ],
  political_orientation: [
    "Centre",
    "Conservative",
    "Libertarian",
    "Moderate",
    "Progressive",
    "Other",
  ],
};

/** A text, the category it was given, and how often; `count` is null where we wrote the line by hand. */
export interface Pair {
  field: Field;
  original: string;
  /** null: the published column is empty. */
  cleaned: string | null;
  count: number | null;
}

/** A pair that was counted in data. */
export type Counted = Pair & { count: number };

/** A keyword and its category. */
export interface Rule {
  field: Field;
  /** Rules are tried from the lowest up; those of one order as they stand. */
  order: number;
  /**
   * A regular expression (JavaScript's, flags `iu`) that must match whole words of the text: `bi`
   * matches "bi-curious" and not "ambiguous". The text has lower case, single spaces, no accents and
   * plain hyphens when it is tried.
   */
  pattern: string;
  /** A category of the field, or `unmapped`: the text is known to be ambiguous. */
  cleaned: string;
  note: string;
}

/** One text with several categories. */
export interface Conflict {
  field: Field;
  /** `exact`: the text as written; `folded`: spellings that differ in case or space only. */
  by: "exact" | "folded";
  text: string;
  /** The most frequent one; of equals the first in the order of code points. */
  used: string | null;
  /** All of them with their counts, the most frequent first. */
  given: readonly { cleaned: string | null; count: number }[];
}

/** The category that a mapping gives, and what gave it. */
export interface Cleaned {
  /** What the cleaned column is to hold; `unmapped` where nothing maps the text. */
  value: string | null;
  by: "exact" | "folded" | "rule" | "unmapped";
  /** The rule that decided, if one did. */
  rule?: Rule;
}

type Given = Map<string | null, number>;
type Text = { field: Field; text: string };

/** Pairs and rules, ready to be asked. */
export class Mapping {
  readonly pairs: readonly Pair[];
  readonly rules: readonly Rule[];
  #levels: Record<"exact" | "trimmed" | "folded", Map<string, Given>>;
  #patterns: Map<Field, { rule: Rule; pattern: RegExp }[]>;

  /** @throws {RangeError} naming a pattern that is none, or a category that the field does not have */
  constructor(pairs: readonly Pair[], rules: readonly Rule[]) {
    this.pairs = pairs;
    this.rules = rules.toSorted((a, b) => a.order - b.order);
    this.#levels = {
      exact: counted(pairs, (text) => text),
      trimmed: counted(pairs, (text) => text.trim()),
      folded: counted(pairs, folded),
    };
    this.#check();
    const compiled = this.rules.map((rule) => ({ rule, pattern: compile(rule) }));
    this.#patterns = Map.groupBy(compiled, ({ rule }) => rule.field);
  }

  /** Texts that were given more than one category. */
  get conflicts(): Conflict[] {
    const spellings = Map.groupBy(
      this.#levels.exact.keys().map((key) => JSON.parse(key) as Text),
      ({ field, text }) => at(field, folded(text)),
    );
    return (["exact", "folded"] as const).flatMap((by) =>
      [...this.#levels[by]].flatMap(([key, given]): Conflict[] => {
        const { field, text } = JSON.parse(key) as Text;
        if (given.size < 2 || (by === "folded" && spellings.get(key)!.length < 2)) return [];
        const sorted = [...given].toSorted(mostFrequent);
        return [{
          field,
          by,
          text,
          used: sorted[0]![0],
          given: sorted.map(([cleaned, count]) => ({ cleaned, count })),
        }];
      })
    );
  }

  /** The category of a text: the pairs as written, trimmed, case-folded; then the rules in order. */
  cleaned(field: Field, original: string): Cleaned {
    const found = (level: "exact" | "trimmed" | "folded", text: string) => {
      const given = this.#levels[level].get(at(field, text));
      return given && [...given].toSorted(mostFrequent)[0]!;
    };
    const exact = found("exact", original);
    if (exact) return { value: exact[0], by: "exact" };
    const near = found("trimmed", original.trim()) ?? found("folded", folded(original));
    if (near) return { value: near[0], by: "folded" };
    const text = plain(original);
    const hit = this.#patterns.get(field)?.find(({ pattern }) => pattern.test(text));
    if (!hit) return { value: UNMAPPED, by: "unmapped" };
    const { rule } = hit;
    return { value: rule.cleaned, by: rule.cleaned === UNMAPPED ? "unmapped" : "rule", rule };
  }

  #check(): void {
    for (const field of FIELDS) {
      const categories = CATEGORIES[field];
      if (!categories) continue;
      const learned = this.pairs.filter((pair) => pair.field === field && pair.count !== null);
      const known = new Set<string | null>([
        ...categories,
        UNMAPPED,
        ...learned.map(({ cleaned }) => cleaned),
      ]);
      const own = [
        ...this.pairs.filter((pair) => pair.count === null)
          .map((pair) => ({ ...pair, what: `original ${JSON.stringify(pair.original)}` })),
        ...this.rules.map((rule) => ({ ...rule, what: `rule ${rule.order} (${rule.pattern})` })),
      ];
      const wrong = own.find((one) => one.field === field && !known.has(one.cleaned));
      if (!wrong) continue;
      throw new RangeError(
        `${field}, ${wrong.what}: there is no category ${JSON.stringify(wrong.cleaned)}: ` +
          `known are ${[...known].filter((x) => x).join(", ")}`,
      );
    }
  }
}

const at = (field: Field, text: string): string => JSON.stringify({ field, text });

function counted(pairs: readonly Pair[], level: (text: string) => string): Map<string, Given> {
  const all = new Map<string, Given>();
  for (const { field, original, cleaned, count } of pairs) {
    const key = at(field, level(original));
    const given = all.get(key) ?? new Map();
    all.set(key, given.set(cleaned, (given.get(cleaned) ?? 0) + (count ?? 0)));
  }
  return all;
}

function mostFrequent(a: [string | null, number], b: [string | null, number]): number {
  return b[1] - a[1] || ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1);
}

/** Case and space do not count. */
export const folded = (text: string): string =>
  text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();

/** Nor do accents, and one hyphen and one apostrophe are like another. */
const plain = (text: string): string =>
  unaccented(folded(text)).replace(/[\u2010-\u2015\u2212]/g, "-").replace(/[\u2018\u2019]/g, "'");

const unaccented = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "");

function compile({ field, order, pattern }: Rule): RegExp {
  const which = `${field}, rule ${order} (${pattern})`;
  try {
    // Alone first: brackets that do not match could match those around it.
    if (!new RegExp(pattern, "u").test("")) {
      return new RegExp(`(?<![\\p{L}\\p{N}])(?:${unaccented(pattern)})(?![\\p{L}\\p{N}])`, "iu");
    }
  } catch (error) {
    throw new RangeError(`${which} is no regular expression: ${(error as Error).message}`);
  }
  throw new RangeError(`${which} matches the empty text, and so every text`);
}
