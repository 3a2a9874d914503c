/** A published table in the report: the paper's cells and ours, corrected, and what survives. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import pl, { type DataFrame } from "polars";
import { settings } from "lib/config.ts";
import type { Dataset } from "lib/db.ts";
import { TABLE_NAMES, type TableName } from "lib/paper/design.ts";
import { verdictHtml } from "lib/notebook.ts";
import {
  besidePaper,
  compare,
  type Comparison,
  grid,
  printed,
  robustnessGrid,
} from "lib/paper/print.ts";
import {
  agreement,
  alphas,
  forest,
  kappas,
  robustnessFigure,
  scores,
  shares,
} from "lib/paper/figures.ts";
import { type Drawing, heatmap, histograms } from "lib/plots.ts";
import type { Grid } from "lib/press.ts";
import { build, distributions } from "lib/paper/tables.ts";
import { figureOf, type Origin, type Section, tableOf } from "./parts.ts";

/** A section, and how far its table is the paper's. */
export interface Published extends Section {
  name: TableName;
  checked: Comparison;
  /** As printed, and what survives of it, where its notebook has computed that. */
  table: DataFrame;
  survived: DataFrame | null;
}

/** How far a table is the paper's. */
export type Compared = Omit<Comparison, "cells"> & { name: TableName };

/** Over the paper's tables; the profiles' own scores are beside them, not in them. */
export function inAll(compared: readonly Compared[]): Omit<Compared, "name" | "differing"> {
  const tables = compared.filter(({ name }) => name !== "baselines");
  const sum = (of: "agree" | "printed" | "absent") =>
    tables.reduce((total, one) => total + one[of], 0);
  return { agree: sum("agree"), printed: sum("printed"), absent: sum("absent") };
}

/** All published tables, each as a section. */
export const published = (study: Dataset, origin: Origin): Promise<Published[]> =>
  Promise.all(TABLE_NAMES.map((name) => section(name, study, origin)));

/** `Table A4`, as the paper calls it; what it gives beside its tables has no number. */
export const titleOf = (name: TableName): string =>
  name === "baselines" ? "The profiles themselves" : `Table ${name.slice("table".length)}`;

async function section(name: TableName, study: Dataset, origin: Origin): Promise<Published> {
  const table = await build(name, study);
  const mended = await build(name, study, { mode: "corrected" });
  const tested = survivalOf(name);
  const checked = compare(name, table);
  const mode = "corrected";
  const beside = besidePaper(name, table), corrected = grid(name, mended, { mode });
  const title = `${titleOf(name)}. ${beside.title}`;
  const changed = differing(corrected, grid(name, table));
  const views = {
    printed: [
      tableOf({ ...beside, title }, printed(name, table), name, origin),
      ...changed.length ? [] : [`<p class="note">Corrected, it is the same table.</p>`],
      await figure(name, study, table, origin),
    ].join("\n"),
    ...changed.length && {
      corrected: tableOf(
        { ...corrected, body: changed, title: `${title}: the rows that corrections change` },
        printed(name, mended, { mode }),
        `${name}_corrected`,
        origin,
      ),
    },
    ...tested && { survives: survives(name, tested, origin) },
  };
  return {
    id: name,
    title,
    name,
    checked,
    table,
    survived: tested,
    html: `${verdictHtml(checked)}\n${switched(name, titleOf(name), views)}`,
  };
}

/** The rows that another table does not have, or has otherwise. */
function differing({ body, head }: Grid, other: Grid): Grid["body"] {
  const written = (row: Grid["body"][number]) => JSON.stringify([head, row]);
  const known = new Set(other.body.map((row) => JSON.stringify([other.head, row])));
  return body.filter((row) => !known.has(written(row)));
}

const VIEWS: Readonly<Record<string, string>> = {
  printed: "Printed",
  corrected: "Corrected",
  survives: "What survives",
};

/** Views of one table, of which the style shows the chosen one; browsers that cannot show all of them. */
function switched(name: string, title: string, views: Readonly<Record<string, string>>): string {
  const choices = Object.keys(views).map((view, i) =>
    `<span class="choice"><input type="radio" class="to-${view}" name="${name}" id="${name}-${view}"${
      i ? "" : " checked"
    }><label for="${name}-${view}">${VIEWS[view]}</label></span>`
  );
  if (choices.length < 2) return Object.values(views).join("\n");
  return [
    `<div class="views">`,
    `<fieldset><legend>Show ${title}</legend>${choices.join("")}</fieldset>`,
    ...Object.entries(views).map(([view, html]) =>
      `<div class="view ${view}">\n<h4>${VIEWS[view]}</h4>\n${html}\n</div>`
    ),
    "</div>",
  ].join("\n");
}

/**
 * What survives, as the table's notebook saved it: drawing its intervals again would take as long as all
 * the rest of the report.
 */
function survivalOf(name: TableName): DataFrame | null {
  const folder = join(settings().outDir, "papers");
  const notebook = existsSync(folder) &&
    readdirSync(folder).find((own) => own.split("_")[1] === name);
  const path = notebook && join(folder, notebook, "survives.csv");
  if (!path || !existsSync(path)) return null;
  return pl.readCSV(path, { inferSchemaLength: 100_000 });
}

function survives(name: TableName, tested: DataFrame, origin: Origin): string {
  if (name === "baselines") throw new Error("Nothing is tested in the baselines");
  const drawn = survivalFigure(name, tested);
  return [
    ...origin.caution
      ? [
        '<p class="note">Intervals, and p by profile, are arbitrary in a reconstruction (“How sure”).</p>',
      ]
      : [],
    tableOf(robustnessGrid(name, tested), tested, `${name}_survives`, origin),
    ...drawn ? [figureOf(...drawn, tested, `${name}_survives`, origin)] : [],
  ].join("\n");
}

function survivalFigure(
  name: TableName,
  tested: DataFrame,
): [drawing: Drawing, caption: string] | null {
  const of = titleOf(name);
  switch (name) {
    case "table1":
    case "table2":
    case "table3":
      return [
        robustnessFigure(tested),
        `${of}: change from Base by profile, and what becomes of the marker`,
      ];
    case "table4":
      return [forest(tested), `${of}: difference from the profile, and the zone of equivalence`];
    case "table6":
    case "tableA5":
      return [
        alphas(tested.rename({ estimate: "alpha" })),
        `${of}: Cronbach’s alpha with 95 % intervals by profile; the dashed line is .7`,
      ];
    case "tableA6":
    case "tableA7":
      return [
        kappas(tested.filter(pl.col("metric").eq(pl.lit("accuracy")))),
        `${of}: Cohen’s kappa of the persona’s and the profile’s answers`,
      ];
    default:
      return null;
  }
}

async function figure(
  name: TableName,
  study: Dataset,
  table: DataFrame,
  origin: Origin,
): Promise<string> {
  if (name === "baselines") {
    const [reference, random] = await Promise.all([
      study.profiles("reference"),
      study.profiles("random"),
    ]);
    const behind = distributions({ reference, random });
    const caption = "EPQR-A scores of the reference and the random profiles";
    return figureOf(histograms(behind), caption, behind, `${name}_figure`, origin);
  }
  const [draw, caption] = FIGURES[name];
  return figureOf(draw(table), `${titleOf(name)}: ${caption}`, table, `${name}_figure`, origin);
}

type Drawn = readonly [draw: (table: DataFrame) => Drawing, caption: string];

const SHARES: Drawn = [shares, "share of personas in each category; bars: ± 1 SD over repetitions"];
const ALPHAS: Drawn = [alphas, "Cronbach’s alpha; the dashed line is .7"];
const AGREEMENT: Drawn = [agreement, "agreement with the profile’s answers (%)"];

const FIGURES: Readonly<Record<Exclude<TableName, "baselines">, Drawn>> = {
  table1: SHARES,
  table2: SHARES,
  table3: SHARES,
  table4: [forest, "difference from the profile in scale points (0–6), with 95 % interval"],
  table5: [heatmap, "Pearson correlation of EPQR-A and BFI scores"],
  table6: ALPHAS,
  tableA4: [scores, "BFI trait scores by model; bars: ± 1 SD over sheets"],
  tableA5: ALPHAS,
  tableA6: AGREEMENT,
  tableA7: AGREEMENT,
};
