/** A published table in the report: the paper's cells and ours, corrected, and what survives. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import pl, { type DataFrame } from "polars";
import { settings } from "lib/config.ts";
import type { Dataset } from "lib/db.ts";
import { marks, type Mode, TABLE_NAMES, type TableName } from "lib/paper/design.ts";
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
import { escape } from "lib/press.ts";
import { build, distributions } from "lib/paper/tables.ts";
import { figureOf, type Origin, type Section, tableOf } from "./parts.ts";

/** A section, and how far its table is the paper's. */
export interface Published extends Section {
  name: TableName;
  checked: Comparison;
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
  const own = (mode: Mode) => ({ notes: markersOf(name, mode) });
  const beside = besidePaper(name, table), corrected = grid(name, mended, { mode });
  const title = `${titleOf(name)}. ${beside.title}`;
  const views = {
    printed: `<div class="pairs">\n${
      tableOf(
        { ...beside, ...own("printed"), title: `${title}: the paper’s cells and ours` },
        printed(name, table),
        name,
        origin,
      )
    }\n</div>\n${await figure(name, study, table, origin)}`,
    corrected: tableOf(
      { ...corrected, ...own(mode), title: `${title}: corrected` },
      printed(name, mended, { mode }),
      `${name}_corrected`,
      origin,
    ),
    ...tested && { survives: survives(name, tested, origin) },
  };
  return {
    id: name,
    title,
    name,
    checked,
    html: `${verdictHtml(checked)}\n${switched(name, titleOf(name), views)}`,
  };
}

/** The type faces of Table 5. */
const FACES: Readonly<Record<string, string>> = {
  "p<0.001": "bold",
  "p<0.01": "italic",
  "p<0.05": "underlined",
};

/** What a table's markers mean, as a note; none where it has none. */
function markersOf(name: TableName, mode: Mode): string[] {
  const words = marks(name, mode)?.map(([below, marker]) =>
    `${FACES[marker] ?? marker}: p < ${below}`
  );
  return words ? [`${words.join("; ")}; by the paper’s test, not adjusted.`] : [];
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
  return [
    `<div class="views">`,
    `<fieldset><legend>Show ${title}</legend>${choices.join("")}</fieldset>`,
    ...Object.entries(views).map(([view, html]) =>
      `<div class="view ${view}">\n<h3>${VIEWS[view]}</h3>\n${html}\n</div>`
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
    ...origin.caution ? [`<p>${escape(origin.caution)}</p>`] : [],
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
