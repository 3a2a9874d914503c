/**
 * The paper's side of every table: how it prints our numbers, what it printed itself, and whether the
 * two agree.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DataFrame } from "polars";
import { z } from "zod";
import { columnOf } from "../columns.ts";
import { ROOT } from "../config.ts";
import { records } from "../csv.ts";
import { ATTRIBUTES, layout, markerOf, marks, type Mode, type TableName } from "./design.ts";
import { frame, type Kind, rows } from "../frames.ts";
import { custom, DASH, fixed, shortest } from "../format.ts";
import { type Grid, headingOf } from "../press.ts";
import { carried } from "../provenance.ts";
import { rounded } from "../stats.ts";
import { COMPARED } from "./tables.ts";

export { type Surviving, surviving, survivingGrid } from "./print/surviving.ts";

type Cell = Record<string, string | number | null>;

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

const number = (cell: Cell, name: string): number | null => cell[name] as number | null;
const hasRows = (cell: Cell): boolean => Number(cell.n ?? 0) > 0;
/** The original fills an undefined SD (one repetition) with zero before it prints. */
const orZero = (value: number | null): number => value ?? 0;

const demographics: Style = {
  numbers: { mean: "number", sd: "number", p: "number" },
  more: { n: "integer", count: "integer", z: "number" },
  marked: true,
  known: (cell) => cell.mean !== null,
  print: (cell, marker, mode) => {
    const sd = number(cell, "sd");
    const spread = sd === null && mode === "corrected" ? DASH : fixed(orZero(sd) * 100, 2);
    return `${fixed(number(cell, "mean")! * 100, 2)} ± ${spread}${marker}`;
  },
  published: ({ mean_pct, sd_pct, marker }) => `${mean_pct} ± ${sd_pct}${marker}`,
};

const SIGNED = z.enum(["p<0.001", "p<0.01", "p<0.05", ""]);
function emphasised(text: string, level: z.infer<typeof SIGNED>): string {
  return { "p<0.001": `**${text}**`, "p<0.01": `*${text}*`, "p<0.05": `<u>${text}</u>`, "": text }[
    level
  ];
}

const alphaStyle = (undefinedAs: string): Style => ({
  numbers: { alpha: "number" },
  more: { n: "integer" },
  marked: false,
  known: hasRows,
  print: (cell, _, mode) => {
    const alpha = number(cell, "alpha");
    if (alpha === null) return mode === "printed" ? undefinedAs : DASH;
    return fixed(rounded(alpha, 2), 2);
  },
  published: ({ alpha }) => alpha || undefinedAs,
});

const agreementStyle: Style = {
  numbers: { value: "number" },
  more: { n: "integer" },
  marked: false,
  known: hasRows,
  print: (cell, _, mode) => {
    const value = number(cell, "value");
    if (value === null && mode === "corrected") return DASH;
    const error = cell.metric === "mae" || cell.metric === "rmse";
    return error ? fixed(orZero(value), 6) : custom(value);
  },
  published: ({ metric, value }) =>
    metric === "mae" || metric === "rmse" ? fixed(Number(value), 6) : value!,
};

const STYLES: Record<TableName, Style> = {
  table1: demographics,
  table2: demographics,
  table3: demographics,
  table4: {
    numbers: COMPARED,
    more: {},
    marked: true,
    known: (cell) => cell.mean !== null,
    print: (cell, marker) =>
      `${fixed(number(cell, "mean")!, 2)} ± ${fixed(orZero(number(cell, "sd")), 2)}${marker}`,
    published: ({ mean, sd, markers }) => `${mean} ± ${sd}${markers}`,
  },
  table5: {
    numbers: { n: "integer", r: "number", p: "number" },
    more: {},
    marked: false,
    known: hasRows,
    print: (cell, level, mode) => {
      const r = number(cell, "r");
      if (mode === "printed" && number(cell, "n")! < 5) return "n<5";
      if (r === null) return mode === "printed" ? "nan" : DASH;
      return emphasised(fixed(r, 3), SIGNED.parse(level));
    },
    published: ({ r, significance }) => emphasised(r!, SIGNED.parse(significance)),
  },
  table6: alphaStyle("NaN"),
  tableA4: {
    numbers: { mean: "number", sd: "number" },
    more: { n: "integer" },
    marked: false,
    known: hasRows,
    print: (cell, _, mode) => {
      const sd = number(cell, "sd");
      const spread = sd === null && mode === "corrected" ? DASH : custom(sd);
      return `${custom(number(cell, "mean"))} $\\pm$ ${spread}`;
    },
    published: ({ mean, sd }) => `${mean} $\\pm$ ${sd}`,
  },
  tableA5: alphaStyle("-"),
  tableA6: agreementStyle,
  tableA7: agreementStyle,
  baselines: {
    numbers: { value: "number" },
    more: { n: "integer" },
    marked: false,
    known: hasRows,
    print: (cell, _, mode) => {
      const value = number(cell, "value");
      if (value === null) return mode === "printed" ? "nan" : DASH;
      return shortest(rounded(value, 2));
    },
    published: ({ value }) => shortest(Number(value)),
  },
};

/**
 * A table with its `marker` (where the paper marks significance) and `printed`: each cell as the
 * paper prints it, `—` where there are no data.
 *
 * @param table as `lib/paper/tables.ts` builds it
 * @returns keys, numbers, marker, printed, then what else the table holds
 */
export const printed = carried((
  name: TableName,
  table: DataFrame,
  options: { mode?: Mode } = {},
): DataFrame => {
  const style = STYLES[name], mode = options.mode ?? "printed";
  const tidy = cellsOf(table).map((cell) => {
    const marker = markerOf(number(cell, "p"), marks(name, mode));
    return { ...cell, marker, printed: style.known(cell) ? style.print(cell, marker, mode) : DASH };
  });
  const keys = Object.fromEntries(layout(name).keys.map((key) => [key, "text" as Kind]));
  return frame(tidy, {
    ...keys,
    ...style.numbers,
    ...(style.marked ? { marker: "text" as Kind } : {}),
    printed: "text",
    ...style.more,
  });
});

// Not z.number(): a t of differences that do not vary is infinite.
const Number_ = z.custom<number>((value) => typeof value === "number" && !Number.isNaN(value));
const Cells = z.record(z.string(), z.union([z.string(), Number_, z.null()]));
const cellsOf = (table: DataFrame): Cell[] => rows(table, Cells);

/**
 * What the paper prints: one row per cell with the table's keys and `printed`, in the same form as
 * ours.
 *
 * Source: `dataset/paper`, transcribed from the paper's stored outputs.
 */
export function paperTable(name: TableName): DataFrame {
  const keys = layout(name).keys;
  const path = join(ROOT, "dataset", "paper", `${name}.csv`);
  const tidy = records(readFileSync(path, "utf8"), path, "")
    .map((cell) => name === "baselines" ? baseline(cell) : cell)
    .filter((cell) => cell !== null)
    .map((cell) => ({ ...pick(cell, keys), printed: STYLES[name].published(cell) }));
  return frame(tidy, Object.fromEntries([...keys, "printed"].map((key) => [key, "text" as Kind])));
}

/** The BFI rows of the baselines are the reference rows of Tables A4 and A5. */
function baseline(cell: Record<string, string>): Record<string, string> | null {
  if (cell.instrument !== "epqra") return null;
  return { ...cell, statistic: cell.statistic!.replace("cronbach_alpha", "alpha") };
}

const pick = (cell: Record<string, string>, keys: readonly string[]): Record<string, string> =>
  Object.fromEntries(keys.map((key) => {
    const value = cell[key];
    if (value === undefined) {
      throw new Error(`Column ${key} is missing: found ${Object.keys(cell)}`);
    }
    return [key, value];
  }));

/** The outcome of a comparison with the paper. */
export interface Comparison {
  /**
   * Keys of the cell, `paper`, `ours`, `agrees` (yes, no, or no data): one row per printed cell of the
   * paper.
   */
  cells: DataFrame;
  /** How many cells agree, out of those that the paper prints and the data can fill. */
  agree: number;
  printed: number;
  /** How many cells the paper prints for which the data hold no row: neither right nor wrong. */
  absent: number;
  /** The others, as sentences. */
  differing: string[];
}

/**
 * The paper's printed cells beside ours: mean, SD and marker as one string, at the paper's precision.
 *
 * @param table as `lib/paper/tables.ts` builds it, in `printed` mode
 */
export const compare = carried((name: TableName, table: DataFrame): Comparison => {
  const keys = layout(name).keys;
  const key = (cell: Cell) => keys.map((name) => cell[name]).join(" ");
  const ours = new Map(cellsOf(printed(name, table)).map((cell) => [key(cell), cell]));
  const cells = cellsOf(paperTable(name)).map((cell) => {
    const own = ours.get(key(cell));
    const agrees = !own || !hasRows(own) ? "no data" : own.printed === cell.printed ? "yes" : "no";
    return { ...cell, paper: cell.printed!, ours: own?.printed ?? DASH, agrees };
  });
  const of = (agrees: string) => cells.filter((cell) => cell.agrees === agrees);
  const differing = of("no");
  const columns = [...keys, "paper", "ours", "agrees"];
  return {
    cells: frame(cells, Object.fromEntries(columns.map((name) => [name, "text" as Kind]))),
    agree: of("yes").length,
    printed: of("yes").length + differing.length,
    absent: of("no data").length,
    differing: differing.map((cell) => `${key(cell)}: paper ${cell.paper}, ours ${cell.ours}`),
  };
});

/** Titles that name the paper's models or conditions, as they read with a study's own beside them. */
const WIDER: Partial<Record<TableName, string>> = {
  table1: "Demographics of personas (%)",
  tableA7: "Agreement with the profile's answers, all conditions but Base",
};

/**
 * The printed layout of a table.
 *
 * @param mode `corrected` also shows the rows that the paper's code lost
 */
export const grid = (name: TableName, table: DataFrame, options: { mode?: Mode } = {}): Grid =>
  worded(name, placed(name, table, options));

/** A printed layout with its headings, and what is an id, in words. */
function worded(name: TableName, { side, head, body, ...grid }: Grid): Grid {
  const { columns } = layout(name);
  return {
    ...grid,
    side: side.map(headingOf),
    head: head.map((labels, level) =>
      labels.map((label) => {
        const words = levelOf(columns[level]!, label);
        return head.length > 1 ? words : headingOf(words);
      })
    ),
    body: body.map(({ keys, cells }) => ({
      keys: keys.map((key, at) => levelOf(side[at]!, key)),
      cells,
    })),
  };
}

const levelOf = (column: string, value: string): string =>
  columnOf(column)?.levels?.[value] ?? value;

/** The printed layout with the names and values of the frame. */
function placed(name: TableName, table: DataFrame, options: { mode?: Mode }): Grid {
  const { title, rows: side, columns, cells: published } = layout(name);
  const lost = ({ category, subcategory }: Cell) =>
    options.mode !== "corrected" &&
    ATTRIBUTES.some((attribute) =>
      attribute.category === category && attribute.hidden === subcategory
    );
  const cells = cellsOf(printed(name, table, options)).filter((cell) => !lost(cell));
  const label = (keys: readonly string[]) => (cell: Cell) => keys.map((key) => `${cell[key]}`);
  const distinct = (
    keys: readonly string[],
  ): string[][] => [
    ...new Map(cells.map(label(keys)).map((labels) => [labels.join("|"), labels])).values(),
  ];
  const across = distinct(columns), down = distinct(side);
  const at = new Map(
    cells.map((cell) => [
      [...label(side)(cell), ...label(columns)(cell)].join("|"),
      String(cell.printed),
    ]),
  );
  const wider = (["model", "condition"] as const).some((key) => {
    const known = new Set<unknown>(published.map((cell) => cell[key]));
    return cells.some((cell) => key in cell && !known.has(cell[key]));
  });
  return {
    title: (wider ? WIDER[name] : undefined) ?? title,
    side: [...side],
    head: columns.map((_, level) => across.map((labels) => labels[level]!)),
    body: down.map((keys) => ({
      keys,
      cells: across.map((labels) => at.get([...keys, ...labels].join("|")) ?? DASH),
    })),
  };
}

/**
 * The printed layout with two rows for each, the paper's above ours: what differs is marked with ≠.
 *
 * @param table as `lib/paper/tables.ts` builds it, in `printed` mode
 */
export function besidePaper(name: TableName, table: DataFrame): Grid {
  const { rows: side, columns } = layout(name);
  const ours = placed(name, table, {});
  const at = (labels: readonly unknown[]) => labels.join("|");
  const published = new Map(
    cellsOf(paperTable(name)).map((cell) => [
      at([...side, ...columns].map((key) => cell[key])),
      String(cell.printed),
    ]),
  );
  const body = ours.body.flatMap(({ keys, cells }) => {
    const paper = cells.map((_, column) =>
      published.get(at([...keys, ...ours.head.map((level) => level[column])])) ?? DASH
    );
    const own = cells.map((cell, column) =>
      [cell, DASH].includes(paper[column]!) || cell === DASH ? cell : `${cell} ≠`
    );
    return [{ keys: [...keys, "paper"], cells: paper }, { keys: [...keys, "ours"], cells: own }];
  });
  return worded(name, { ...ours, side: [...side, "from"], body });
}

/** The printed layout as a frame of text, for `show`. */
export const laidOut = carried((
  name: TableName,
  table: DataFrame,
  options: { mode?: Mode } = {},
): DataFrame => {
  const { side, body } = placed(name, table, options);
  const { head } = grid(name, table, options);
  const names = head[0]!.map((_, column) => head.map((level) => level[column]).join(" "));
  const records = body.map(({ keys, cells }) =>
    Object.fromEntries([
      ...side.map((name, index) => [name, keys[index]]),
      ...names.map((name, index) => [name, cells[index]]),
    ])
  );
  return frame(
    records,
    Object.fromEntries([...side, ...names].map((name) => [name, "text" as Kind])),
  );
});
