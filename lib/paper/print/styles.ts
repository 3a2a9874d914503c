/** How the paper prints the cells of each table, and how its transcribed rows read. */
import { z } from "zod";
import { custom, DASH, fixed, shortest } from "../../format.ts";
import { type Kind } from "../../frames.ts";
import { rounded } from "../../stats.ts";
import { marks, type Mode, type TableName } from "../design.ts";
import { COMPARED } from "../tables.ts";

export type Cell = Record<string, string | number | null>;

interface Style {
  /** Columns of the tidy file after the keys and before `marker` and `printed`. */
  numbers: Record<string, Kind>;
  /** More columns, after `printed`. */
  more: Record<string, Kind>;
  /** Whether the marker has a column of its own. */
  marked: boolean;
  /** The cell as the paper prints it, with its marker; called for cells that have data. */
  print(cell: Cell, marker: string, mode: Mode): string;
  /** Whether the cell has data. */
  known(cell: Cell): boolean;
  /** The cell as the paper printed it, from a row of `dataset/paper`. */
  published(cell: Record<string, string>): string;
}

export const number = (cell: Cell, name: string): number | null => cell[name] as number | null;
export const hasRows = (cell: Cell): boolean => Number(cell.n ?? 0) > 0;

/** What is a table's own, and what most have in common. */
const style = (
  own: Pick<Style, "numbers" | "print" | "published"> & Partial<Style>,
): Style => ({ more: { n: "integer" }, marked: false, known: hasRows, ...own });

/** A number as text; where it is undefined, what the paper's code prints then, or a dash. */
const or = (
  value: number | null,
  mode: Mode,
  undefinedAs: string,
  text: (value: number) => string,
): string => value !== null ? text(value) : mode === "printed" ? undefinedAs : DASH;

/** The original fills an undefined SD (one repetition) with zero before it prints. */
const ZERO = fixed(0, 2);

const demographics = style({
  numbers: { mean: "number", sd: "number", p: "number" },
  more: { n: "integer", count: "integer", z: "number" },
  marked: true,
  known: (cell) => cell.mean !== null,
  print: (cell, marker, mode) => {
    const percent = (share: number) => fixed(share * 100, 2);
    const spread = or(number(cell, "sd"), mode, ZERO, percent);
    return `${percent(number(cell, "mean")!)} ± ${spread}${marker}`;
  },
  published: ({ mean_pct, sd_pct, marker }) => `${mean_pct} ± ${sd_pct}${marker}`,
});

const SIGNED = z.enum(["p<0.001", "p<0.01", "p<0.05", ""]);
function emphasised(text: string, level: z.infer<typeof SIGNED>): string {
  return { "p<0.001": `**${text}**`, "p<0.01": `*${text}*`, "p<0.05": `<u>${text}</u>`, "": text }[
    level
  ];
}

const alpha = (undefinedAs: string): Style =>
  style({
    numbers: { alpha: "number" },
    print: (cell, _, mode) =>
      or(number(cell, "alpha"), mode, undefinedAs, (alpha) => fixed(rounded(alpha, 2), 2)),
    published: ({ alpha }) => alpha || undefinedAs,
  });

const isError = ({ metric }: Cell): boolean => metric === "mae" || metric === "rmse";
const agreement = style({
  numbers: { value: "number" },
  print: (cell, _, mode) => {
    const text = isError(cell) ? (value: number) => fixed(value, 6) : custom;
    return or(number(cell, "value"), mode, text(0), text);
  },
  published: (cell) => isError(cell) ? fixed(Number(cell.value), 6) : cell.value!,
});

export const STYLES: Record<TableName, Style> = {
  table1: demographics,
  table2: demographics,
  table3: demographics,
  table4: style({
    numbers: COMPARED,
    more: {},
    marked: true,
    known: (cell) => cell.mean !== null,
    print: (cell, marker) =>
      `${fixed(number(cell, "mean")!, 2)} ± ${fixed(number(cell, "sd") ?? 0, 2)}${marker}`,
    published: ({ mean, sd, markers }) => `${mean} ± ${sd}${markers}`,
  }),
  table5: style({
    numbers: { n: "integer", r: "number", p: "number" },
    more: {},
    print: (cell, level, mode) =>
      mode === "printed" && number(cell, "n")! < 5
        ? "n<5"
        : or(number(cell, "r"), mode, "nan", (r) => emphasised(fixed(r, 3), SIGNED.parse(level))),
    published: ({ r, significance }) => emphasised(r!, SIGNED.parse(significance)),
  }),
  table6: alpha("NaN"),
  tableA4: style({
    numbers: { mean: "number", sd: "number" },
    print: (cell, _, mode) =>
      `${custom(number(cell, "mean"))} $\\pm$ ${or(number(cell, "sd"), mode, ZERO, custom)}`,
    published: ({ mean, sd }) => `${mean} $\\pm$ ${sd}`,
  }),
  tableA5: alpha("-"),
  tableA6: agreement,
  tableA7: agreement,
  baselines: style({
    numbers: { value: "number" },
    print: (cell, _, mode) =>
      or(number(cell, "value"), mode, "nan", (value) => shortest(rounded(value, 2))),
    published: ({ value }) => shortest(Number(value)),
  }),
};

/** The type faces of Table 5. */
const FACES: Readonly<Record<string, string>> = {
  "p<0.001": "bold",
  "p<0.01": "italic",
  "p<0.05": "underlined",
};

/**
 * What a table's markers mean, as a note; none where it has none.
 *
 * The markers that Table 4 has twice are one test: a paired t, and a t of the differences against 0.
 */
export function markerNotes(name: TableName, mode: Mode = "printed"): string[] {
  const words = marks(name, mode)?.map(([below, marker]) =>
    `${FACES[marker] ?? [...marker].join(" and ")}: p < ${String(below).replace(/^0/, "")}`
  );
  if (!words) return [];
  const twice = name === "table4" && mode === "printed"
    ? " (one test under two names: † and * as paired, ¶ and § of the differences)"
    : "";
  return [`${words.join("; ")}; by the paper’s test, not adjusted${twice}.`];
}
