/**
 * The report: one self-contained page. Two pages say what was found, how sure it is and what it is not; what
 * they rest on follows, every table and figure with its data, agreement, quality, costs and provenance.
 */
import { codeVersion, hidden } from "lib/config.ts";
import { bannerOf, connect, type Dataset, type Provenance } from "lib/db.ts";
import { MODELS, type TableName } from "lib/paper/design.ts";
import { whole } from "lib/format.ts";
import { frame } from "lib/frames.ts";
import { verdictText } from "lib/notebook.ts";
import { countsOf, publishedMethods, type Survived } from "lib/paper/readings.ts";
import { escape, gridOf, html, proseHtml } from "lib/press.ts";
import { prompts } from "lib/prompts.ts";
import { softwareOf } from "lib/study.ts";
import { panels } from "./figure.ts";
import { opening } from "./report/opening.ts";
import { ownStudies } from "./report/own.ts";
import { figureOf, type Origin, type Part, type Section } from "./report/parts.ts";
import { inAll, type Published, published, titleOf } from "./report/published.ts";
import { type Executed, shown } from "./report/shown.ts";
import { running, STYLE } from "./report/style.ts";

/** Notebooks whose tables and figures are those of the sections on the published tables, or of `own`. */
const TOLD = /^0[0345][abc]?_|_table[A\d]/;

/**
 * The page as text; it loads nothing.
 *
 * @param executed the notebooks with their outputs
 * @param gaps the notebooks that failed, and why
 */
export async function report(
  study: Dataset,
  executed: readonly Executed[],
  gaps: readonly Gap[] = [],
): Promise<string> {
  const { provenance } = study;
  const origin: Origin = {
    banner: bannerOf(provenance),
    code: await codeVersion(),
    caution: provenance.source === "reconstruction" ? ARBITRARY : null,
  };
  const sql = await connect("reader");
  const [now] = await sql<{ today: string }[]>`
    select to_char(now() at time zone 'utc', 'YYYY-MM-DD HH24:MI "UTC"') as today`;
  const software = await softwareOf(sql);
  const own = await ownStudies(sql, origin.code);
  await sql.end();
  const tables = await published(study, origin);
  const compared = tables.map(({ name, checked }) => ({ ...checked, name }));
  const agreement = verdictText({ ...inAll(compared), differing: [] });
  const { profiles, made } = await countsOf(study);
  const methods = await publishedMethods(study);
  const facts = {
    "Data": origin.banner.replace(/^Data: /, ""),
    "Restored": provenance.restoredAt ?? "—",
    "Code": origin.code ?? "unknown (no git)",
    ...software,
    "Page written": now!.today,
  };
  const of = <T>(value: (one: Published) => T) =>
    Object.fromEntries(tables.map((one) => [one.name, value(one)])) as Record<TableName, T>;
  const survived = Object.fromEntries(
    Object.entries(of(({ survived }) => survived)).filter(([, frame]) => frame !== null),
  ) as Survived;
  const [whom, alike] = await panels(study);
  const first = opening({
    origin,
    source: provenance.source,
    tables: of(({ table }) => table),
    survived,
    agreement,
    counts: { profiles, ...made },
    costs: own.map(({ cost }) => cost),
    gaps: gaps.length,
    figures: [
      figureOf(whom!.drawing, whom!.heading, whom!.data, "shares", origin),
      figureOf(alike!.drawing, alike!.heading, alike!.data, "scores", origin),
    ],
  });
  const parts: Part[] = [
    ...gaps.length ? [missing(gaps)] : [],
    alone("agreement", "Agreement with the paper", agreed(tables, agreement)),
    ...GROUPS.map(({ id, title, names }) => ({
      id,
      title,
      sections: names.map((name) => tables.find((table) => table.name === name)!),
    })),
    ...STUDIES.flatMap(({ id, title, names }) => {
      const own = executed.filter(({ name }) => !TOLD.test(name) && names.test(name));
      return own.length
        ? [{ id, title, sections: own.map((one) => shown(one, origin.banner)) }]
        : [];
    }),
    {
      id: "own",
      title: "Studies made here: methods, flow, quality, cost",
      sections: own.map(({ section }) => section),
    },
    {
      id: "made",
      title: "Methods and provenance",
      sections: [
        { id: "methods", title: "Methods, as a paragraph for a paper", html: proseHtml(methods) },
        { id: "provenance", title: "Provenance", html: sources(facts, provenance) },
      ],
    },
  ];
  return page(origin, first, parts);
}

/** A part that is one section. */
const alone = (id: string, title: string, html: string): Part => ({
  id,
  title,
  sections: [{ id: `${id}-all`, title: "", html }],
});

/** The published tables by what they are about. */
const GROUPS: readonly { id: string; title: string; names: readonly TableName[] }[] = [
  {
    id: "people",
    title: "Whom a model invents: Tables 1–3",
    names: ["table1", "table2", "table3"],
  },
  {
    id: "alike",
    title: "Persona and profile: Tables 4, A6, A7",
    names: ["table4", "tableA6", "tableA7"],
  },
  { id: "instruments", title: "Two questionnaires: Tables 5, A4", names: ["table5", "tableA4"] },
  { id: "reliability", title: "Reliability: Tables 6, A5", names: ["table6", "tableA5"] },
  { id: "profiles", title: "The profiles and their random control", names: ["baselines"] },
];

/** The notebooks beside the published tables, by study. */
const STUDIES = [
  { id: "checks", title: "What survives, and what else the data say", names: /^3/ },
  { id: "materials", title: "Instruments, profiles, and a study of one’s own", names: /^0/ },
  { id: "opinions", title: "The second study: opinions", names: /^4/ },
  { id: "validity", title: "Validity: is it the person’s, or the way of asking?", names: /^5/ },
];

const ARBITRARY =
  "What the paper does not print is arbitrary in a reconstruction: which answers stand on one sheet, " +
  "how alike the repetitions of a profile are, and so intervals, and p that takes account of profiles. " +
  "They show the method and are no finding about any model.";

const HOW =
  "Each table is shown in up to three ways. Printed: what the paper’s code computes, quirks included; a " +
  "cell that differs from the paper’s is marked ≠, and shows both. Corrected: the rows that change when " +
  "the plain bugs of that code are repaired. What survives: estimates with intervals and effect sizes, " +
  "and p that takes profiles, not sheets, for independent. In print they follow each other.";

function page(
  { banner, caution }: Origin,
  opening: readonly Section[],
  parts: readonly Part[],
): string {
  const contents = parts.map(({ id, title, sections }, at) => {
    const own = sections.filter(({ title }) => title).map(({ id, title }) =>
      `<li><a href="#${id}">${escape(title)}</a></li>`
    );
    return `<li><a href="#${id}">${numbered(at, title)}</a>` +
      (own.length ? `\n<ul>\n${own.join("\n")}\n</ul>` : "") + "</li>";
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Persona Audit: report</title>
<style>${STYLE}${
    running(banner, parts.map(({ id, title }, at) => [id, `S${at + 1} ${title}`]))
  }</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
<header>
<h1>Persona Audit: the tables of “The Personality Trap”</h1>
<p class="data">${escape([banner, caution].filter((words) => words).join(". "))}</p>
</header>
<main id="main" tabindex="-1">
<div class="opening">
${opening.map((section) => sectionOf(section, 2)).join("\n")}
</div>
<nav aria-labelledby="contents"><h2 id="contents">What this rests on</h2>
<p>${escape(HOW)}</p>
<ul>
${contents.join("\n")}
</ul></nav>
${parts.map(partOf).join("\n")}
</main>
</body>
</html>
`;
}

/** In print nothing can look up a page: numbers of parts, which stand at the head of each, are found by leafing. */
const numbered = (at: number, title: string): string =>
  `<span class="number">S${at + 1} </span>${escape(title)}`;

const partOf = ({ id, title, sections }: Part, at: number): string =>
  `<section class="part" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${numbered(at, title)}</h2>
${sections.map((section) => sectionOf(section, 3)).join("\n") || "<p>None yet.</p>"}
</section>`;

const sectionOf = ({ id, title, html }: Section, level: 2 | 3): string =>
  title
    ? `<section id="${id}" aria-labelledby="${id}-title">
<h${level} id="${id}-title">${escape(title)}</h${level}>
${html}
</section>`
    : html;

/** A notebook that failed, and why. */
export interface Gap {
  name: string;
  failures: readonly string[];
}

const missing = (gaps: readonly Gap[]): Part =>
  alone(
    "missing",
    "What is missing here",
    [
      `<p>${gaps.length} of the notebooks did not run to the end, so their tables and figures are not ` +
      "on this page, nor, where a published table is theirs, what survives of it. " +
      "<code>deno task start</code> tries them again.</p>",
      "<dl>",
      ...gaps.flatMap(({ name, failures }) => [
        `<dt><code>${escape(name)}</code></dt>`,
        ...failures.map((failure) => `<dd>${escape(hidden(failure))}</dd>`),
      ]),
      "</dl>",
    ].join("\n"),
  );

function agreed(tables: readonly Published[], agreement: string): string {
  const counts = frame(
    tables.map(({ name, checked }) => ({
      table: titleOf(name),
      printed_cells: checked.printed + checked.absent,
      compared: checked.printed,
      agree: checked.agree,
      differ: checked.differing.length,
    })),
    {
      table: "text",
      printed_cells: "integer",
      compared: "integer",
      agree: "integer",
      differ: "integer",
    },
  );
  return [
    html({
      ...gridOf(counts, "Printed cells by table, and how many of them come out of these data"),
      notes: [
        "A cell agrees when it is the paper’s to the last printed digit, with its SD and its marker. " +
        `${agreement}: the sum over the paper’s tables; the profiles’ own scores are beside them.`,
      ],
    }),
  ].join("\n");
}

function sources(facts: Readonly<Record<string, string>>, { files }: Provenance): string {
  const list = Object.entries(facts).map(([name, value]) =>
    `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`
  );
  const restored = frame(
    files.map(({ path, bytes, sha256 }) => ({ file: path, sha256, bytes: whole(bytes) })),
    { file: "text", sha256: "text", bytes: "text" },
  );
  const models = frame(MODELS.map(({ label, provider }) => ({ model: label, version: provider })), {
    model: "text",
    version: "text",
  });
  const kept = frame(prompts().map(({ purpose, version, hash }) => ({ purpose, version, hash })), {
    purpose: "text",
    version: "text",
    hash: "text",
  });
  return [
    `<dl>\n${list.join("\n")}\n</dl>`,
    html(gridOf(restored, "Files that the data were restored from")),
    html({
      ...gridOf(models, "Models of the paper"),
      notes: ["Models that studies made here asked stand with them."],
    }),
    html({
      ...gridOf(kept, "Prompts of this version of the code, by SHA-256"),
      notes: [
        "The paper’s prompts for personas were not published: these are for studies made here, whose " +
        "own prompts stand with them.",
      ],
    }),
  ].join("\n");
}
