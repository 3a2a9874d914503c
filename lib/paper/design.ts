/**
 * The study's factors, their levels and labels, and the layout of every printed table.
 * Pure data: an order or a label that two rooms need stands here once.
 */

/** A model of the paper: the short id in `personas`, the label it prints, the id sent to its provider. */
export interface Model {
  id: string;
  label: string;
  provider: string;
}

const GPT4O = { id: "gpt4o", label: "GPT-4o", provider: "gpt-4o-2024-11-20" };
const GPT35 = { id: "gpt35", label: "GPT-3.5", provider: "gpt-3.5-turbo-0125" };
const CLAUDE = {
  id: "claude35sonnet",
  label: "Claude-3.5-s",
  provider: "anthropic.claude-3-5-sonnet-20240620-v1:0",
};
const LLAMA70 = {
  id: "llama3170B",
  label: "Llama3.1-70B",
  provider: "us.meta.llama3-1-70b-instruct-v1:0",
};
const LLAMA3 = {
  id: "llama323B",
  label: "Llama3.2-3B",
  provider: "eu.meta.llama3-2-3b-instruct-v1:0",
};

/** The paper's five models, in the order of Tables 6, A6 and A7. */
export const MODELS: readonly Model[] = [GPT4O, GPT35, CLAUDE, LLAMA70, LLAMA3];

/** How a profile was changed before a persona was made from it. */
export const CONDITIONS = ["Base", "MaxN", "MaxP"] as const;
export type Condition = (typeof CONDITIONS)[number];

/** EPQR-A: extraversion, neuroticism, psychoticism, lie; in printed order. */
export const SCALES = ["E", "N", "P", "L"] as const;

/** BFI-44: extraversion, neuroticism, agreeableness, conscientiousness, openness; in printed order. */
export const TRAITS = ["E", "N", "A", "C", "O"] as const;

/** Profiles in the paper's reference sample. */
export const PROFILES = 826;

/** How often, and from which seed, is drawn where nothing else is said. */
export const DRAWN = { draws: 2000, seed: 826 } as const;

/** Repetitions of each persona that Tables 1–3 use (the rest of Base is repetitions 6–10). */
export const REPETITIONS = 5;

/** Fewer sheets or pairs that leave the commonest score make no correlation, and no alpha, to go by. */
export const FEWEST_OFF = 20;

/** The group that answered the BFI from the bare profile: the paper's BFI reference. */
export const BFI_REFERENCE_GROUP = 372;

/** The label of that group's row in Tables A4 and A5. */
export const REFERENCE = "Reference";

/**
 * - `printed`: what the paper's code computes, with its quirks.
 * - `corrected`: the same tables with the plain bugs repaired.
 */
export type Mode = "printed" | "corrected";

/** What a table marks below which p, strictest first. */
export type Marks = readonly (readonly [below: number, marker: string])[];

/**
 * The significance markers of a table; null for one that marks nothing.
 *
 * Table 5 marks by its type face, bold, italic or underlined: its levels stand for these. Table 4 makes
 * one test twice and marks both; `corrected` marks it once.
 */
export function marks(name: TableName, mode: Mode = "printed"): Marks | null {
  switch (name) {
    case "table1":
    case "table2":
    case "table3":
      return [[0.001, "‡"], [0.01, "†"], [0.05, "*"]];
    case "table4":
      return mode === "printed" ? [[0.01, "†¶"], [0.05, "*§"]] : [[0.01, "†"], [0.05, "*"]];
    case "table5":
      return [[0.001, "p<0.001"], [0.01, "p<0.01"], [0.05, "p<0.05"]];
    default:
      return null;
  }
}

/** The marker of a p; none where p is undefined or the table marks nothing. */
export const markerOf = (p: number | null | undefined, marks: Marks | null): string =>
  p === null || p === undefined ? "" : marks?.find(([below]) => p < below)?.[1] ?? "";

/** A demographic attribute: its column in `personas` and its rows, in printed order. */
export interface Attribute {
  column: "gender" | "political_orientation" | "race" | "religious_belief" | "sexual_orientation";
  category: string;
  rows: readonly string[];
  /** Computed by the paper's code but lost before printing, because two rows had one title. */
  hidden?: string;
  /** Missing in the paper's code; a row of the corrected table only. */
  added?: string;
}

export const ATTRIBUTES: readonly Attribute[] = [
  { column: "gender", category: "Gender", rows: ["Female", "Male", "Non-bin.", "Other"] },
  {
    column: "political_orientation",
    category: "Pol. Or.",
    rows: ["Centre", "Con.", "Others", "Prog."],
  },
  {
    column: "race",
    category: "Race",
    rows: ["Asian", "Black", "Latin", "White"],
    hidden: "Other",
  },
  {
    column: "religious_belief",
    category: "Relig. Beli.",
    rows: ["Agnostic", "Atheist", "Christian"],
    hidden: "Others",
  },
  {
    column: "sexual_orientation",
    category: "Sex. Or.",
    rows: ["Hetero.", "LGBTQ+", "Unspe."],
    added: "Others",
  },
];

export const TABLE_NAMES = [
  "table1",
  "table2",
  "table3",
  "table4",
  "table5",
  "table6",
  "tableA4",
  "tableA5",
  "tableA6",
  "tableA7",
  "baselines",
] as const;
export type TableName = (typeof TABLE_NAMES)[number];

type Keys = Readonly<Record<string, string>>;

/** One printed table: which keys name a cell, which of them run down and which across, in printed order. */
export interface Layout {
  title: string;
  /** What its cells are told apart by before the keys that are the table's own, and the levels in print. */
  factors: readonly string[];
  published: readonly Keys[];
  /** The cells of one combination of levels. */
  own: readonly Keys[];
  /** Key columns, factors first, in the order of the tidy file. */
  keys: readonly string[];
  /** Keys down the side and across the top. */
  rows: readonly string[];
  columns: readonly string[];
  /** Every cell, in printed order. */
  cells: readonly Keys[];
}

/** A layout of its factors and of what is its own, whose last key runs across unless said. */
function laid(
  title: string,
  factors: Record<string, readonly string[]>,
  own: readonly Keys[],
  columns?: readonly string[],
): Layout {
  const published = cross(factors);
  const keys = [...Object.keys(factors), ...Object.keys(own[0]!)];
  const across = columns ?? keys.slice(-1);
  return {
    title,
    factors: Object.keys(factors),
    published,
    own,
    keys,
    rows: keys.filter((key) => !across.includes(key)),
    columns: across,
    cells: published.flatMap((levels) => own.map((cell) => ({ ...levels, ...cell }))),
  };
}

const labels = (models: readonly Model[]): string[] => models.map((model) => model.label);

/** Every combination of levels, the first factor slowest. */
function cross(factors: Record<string, readonly string[]>): Record<string, string>[] {
  return Object.entries(factors).reduce<Record<string, string>[]>(
    (cells, [name, levels]) =>
      cells.flatMap((cell) => levels.map((level) => ({ ...cell, [name]: level }))),
    [{}],
  );
}

function demographics(title: string, models: readonly Model[], mode: Mode): Layout {
  const rows = ATTRIBUTES.flatMap(({ category, rows, hidden, added }) => {
    const all = mode === "printed" ? rows : [...rows, ...[hidden, added].filter((x) => x)];
    return all.toSorted().map((subcategory) => ({ category, subcategory: subcategory! }));
  });
  const factors = { model: labels(models), condition: CONDITIONS };
  return laid(title, factors, rows, Object.keys(factors));
}

/** The order of Tables 4, A4 and A5, which print the two Llamas the other way round. */
const LLAMA3_FIRST = [GPT4O, GPT35, CLAUDE, LLAMA3, LLAMA70];
const METRICS = ["accuracy", "precision", "recall", "specificity", "mae", "rmse"];

/**
 * The layout of a published table: what the paper prints, and where.
 *
 * `corrected` adds the rows that the paper's code lost (Race Other, Relig. Others) or never had
 * (Sex. Or. Others); all other tables have one layout.
 */
export function layout(name: TableName, mode: Mode = "printed"): Layout {
  switch (name) {
    case "table1":
      return demographics("Demographics of GPT personas (%)", [GPT4O, GPT35], mode);
    case "table2":
      return demographics("Demographics of Llama personas (%)", [LLAMA3, LLAMA70], mode);
    case "table3":
      return demographics("Demographics of Claude personas (%)", [CLAUDE], mode);
    case "table4":
    case "table6":
      return laid(
        name === "table4" ? "EPQR-A scale scores (0–6)" : "Cronbach's alpha of the EPQR-A",
        { model: labels(name === "table4" ? LLAMA3_FIRST : MODELS), condition: CONDITIONS },
        cross({ scale: SCALES }),
      );
    case "table5":
      return laid(
        "Pearson correlation of EPQR-A and BFI-44 scores, condition Base",
        { model: labels(MODELS).toSorted() },
        cross({ epqra_scale: SCALES, bfi_trait: TRAITS }),
      );
    case "tableA4":
    case "tableA5":
      return laid(
        name === "tableA4"
          ? "BFI-44 scores (mean of items, 1–5), condition Base"
          : "Cronbach's alpha of the BFI-44, condition Base",
        { model: [...labels(LLAMA3_FIRST), REFERENCE] },
        cross({ trait: TRAITS }),
      );
    case "tableA6":
    case "tableA7":
      return laid(
        name === "tableA6"
          ? "Agreement with the profile's answers, condition Base"
          : "Agreement with the profile's answers, conditions MaxN and MaxP",
        {
          model: labels(MODELS),
          condition: name === "tableA6" ? ["Base"] : ["MaxN", "MaxP"],
        },
        cross({ scale: SCALES, metric: METRICS }),
      );
    case "baselines":
      return {
        ...laid(
          "EPQR-A of the reference and the random profiles",
          { source: ["reference", "random"], instrument: ["epqra"] },
          cross({ scale: SCALES, statistic: ["score_mean", "score_sd", "alpha"] }),
        ),
        rows: ["source", "scale"],
      };
  }
}
