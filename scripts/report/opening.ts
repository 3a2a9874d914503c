/** The first two pages: what was asked, of whom, what was found, how sure, what it cost, what it is not. */
import type { DataFrame } from "polars";
import pl from "polars";
import type { Provenance } from "lib/db.ts";
import { MODELS, TABLE_NAMES, type TableName } from "lib/paper/design.ts";
import { dollars, whole } from "lib/format.ts";
import { frame } from "lib/frames.ts";
import { foundReading, limitsReading, sureReading, type Survived } from "lib/paper/readings.ts";
import { markers } from "lib/paper/tables.ts";
import { escape, gridOf, html, proseHtml } from "lib/press.ts";
import type { Cost } from "./own.ts";
import type { Origin, Section } from "./parts.ts";
import { titleOf } from "./published.ts";

const STUDY =
  "“The Personality Trap” (arXiv 2602.03334) gives language models the answers of people to a personality " +
  "questionnaire (EPQR-A), as they are (Base) and with all items of neuroticism (MaxN) or psychoticism " +
  "(MaxP) set to the highest, has them write a person from each, and lets that person fill in the EPQR-A " +
  "and the BFI-44. Who are these persons, do they answer like their profile, and do their answers hang " +
  "together?";

/** What the opening is made from. */
export interface Opened {
  origin: Origin;
  source: Provenance["source"];
  /** The tables as printed, and what survives of them where that was computed. */
  tables: Readonly<Record<TableName, DataFrame>>;
  survived: Survived;
  /** How far the cells are the paper's. */
  agreement: string;
  /** How many of what is in the data, such as profiles, personas and sheets. */
  counts: Readonly<Record<string, number>>;
  costs: readonly Cost[];
  /** How many notebooks did not run to the end. */
  gaps: number;
  /** Drawings of what was found, and of how far it is sure. */
  figures: readonly [found: string, sure: string];
}

/** The opening as sections; nothing in it is a finding about models where the data are fitted. */
export function opening(of: Opened): Section[] {
  return [
    { id: "asked", title: "What was asked", html: `<p>${escape(STUDY)}</p>\n${whom(of)}` },
    {
      id: "found",
      title: isFitted(of)
        ? "What the paper’s cells say, which these data repeat"
        : "What was found",
      html: `${found(of)}\n${of.figures[0]}`,
    },
    { id: "sure", title: "How sure", html: `${sure(of)}\n${of.figures[1]}` },
    { id: "not", title: "What may not be concluded", html: bullets(limitsReading(of)) },
    { id: "cost", title: "What it cost", html: proseHtml([cost(of.costs)]) },
    { id: "data", title: "On which data", html: proseHtml([onData(of)]) },
  ];
}

/** Whether the data are fitted to what the paper prints. */
const isFitted = ({ source }: Opened): boolean => source === "reconstruction";

function whom({ counts, tables }: Opened): string {
  const made = Object.entries(counts).map(([what, n]) => `${whole(n)} ${what}`).join(", ");
  const labels = shares(tables).filter(pl.col("n").gt(0)).getColumn("model").unique().toArray();
  const models = MODELS.filter(({ label }) => labels.includes(label))
    .map(({ label, provider }) => `${label} (\`${provider}\`)`);
  const others = labels.length - models.length;
  return proseHtml([
    `**Of whom:** ${[...models, ...others ? [`${others} more`] : []].join(", ")}. ` +
    `In these data: ${made}.`,
  ]);
}

const shares = ({ table1, table2, table3 }: Opened["tables"]): DataFrame =>
  pl.concat([table1, table2, table3]);

const found = (of: Opened): string =>
  (isFitted(of)
    ? `<p><strong>By construction.</strong> ${
      escape(
        "These numbers are the paper’s: the data were fitted to them, and say nothing of their own.",
      )
    }</p>\n`
    : "") +
  bullets(foundReading({ ...of.tables, shares: shares(of.tables) }));

/** A number and its % on one line. */
const bound = (text: string): string => text.replaceAll(/(\d) %/g, "$1\u00a0%");

const bullets = (paragraphs: readonly string[]): string =>
  `<ul class="said">\n${
    paragraphs.map((text) => proseHtml([bound(text)]).replace(/^<p>(.*)<\/p>$/s, "<li>$1</li>"))
      .join("\n")
  }\n</ul>`;

function sure({ origin, survived }: Opened): string {
  const judged = TABLE_NAMES.flatMap((name) => {
    const own = /^table[1-5]$/.test(name) && survived[name];
    return own ? [[name, own] as const] : [];
  });
  if (!judged.length) {
    return "<p>Nothing was computed yet: what survives of the tables is in the notebooks " +
      "<code>11</code> to <code>27</code>, which did not run.</p>";
  }
  const counted = markers(Object.fromEntries(judged));
  const all = counted.filter(pl.col("rows").eq(pl.lit("all"))).toRecords() as Record<
    string,
    never
  >[];
  const columns = ["family", "markers", "stands", "weakens", "vanishes", "appears"] as const;
  const table = frame(
    all.map((row) => ({ ...row, table: titleOf(row.table as unknown as TableName) })),
    {
      table: "text",
      ...Object.fromEntries(columns.map((name) => [name, "integer" as const])),
    },
  );
  const notes = [
    "Stands: p by profile, adjusted by Holm for all tests of the table, is below the level of the " +
    "marker; weakens: only below .05; vanishes: not; appears: below .05 without a marker.",
  ];
  return [
    ...origin.caution
      ? ["<p>In a reconstruction this is arbitrary, as said above: it shows the method.</p>"]
      : [],
    html({ ...gridOf(table, "What becomes of the paper’s markers, table by table"), notes }),
    bullets(sureReading(counted, survived)),
  ].join("\n");
}

/** Few enough to be named. */
const NAMED = 4;

function cost(costs: readonly Cost[]): string {
  const start = "Nobody was asked for the tables of this report: their data are given. ";
  if (!costs.length) return `${start}No study was made here yet.`;
  const sum = (of: (one: Cost) => number) => costs.reduce((total, one) => total + of(one), 0);
  const unknown = costs.some(({ usd }) => usd === null);
  const each = costs.slice(0, NAMED).map(({ schema, calls, usd, simulated }) =>
    `\`${schema}\` ${whole(calls)} calls, ${usd === null ? "price unknown" : dollars(usd)}` +
    (simulated ? " (simulated)" : "")
  );
  const more = costs.length > NAMED ? `; ${costs.length - NAMED} more` : "";
  const made = costs.length === 1 ? "1 study was" : `${costs.length} studies were`;
  return `${start}${made} made here: ` +
    `${whole(sum(({ calls }) => calls))} calls, ${whole(sum(({ tokens }) => tokens))} tokens, ` +
    `${dollars(sum(({ usd }) => usd ?? 0))}${unknown ? " and what has no known price" : ""}. ` +
    `${each.join("; ")}${more}.`;
}

const onData = ({ origin, agreement, gaps }: Opened): string =>
  `${origin.banner}. ${agreement}, to the last printed digit. ` +
  (gaps ? `Of the notebooks ${gaps} did not run to the end. ` : "") +
  `Code: ${
    origin.code ?? "version unknown (no git)"
  }. Files, prompts and versions stand under Provenance.`;
