/**
 * The report: one self-contained page with every table, the paper's beside ours, every figure with its
 * data, agreement, quality, costs and provenance.
 */
import { codeVersion, hidden } from "lib/config.ts";
import { bannerOf, connect, type Dataset, type Provenance } from "lib/db.ts";
import { MODELS } from "lib/paper/design.ts";
import { whole } from "lib/format.ts";
import { frame } from "lib/frames.ts";
import { verdictText } from "lib/notebook.ts";
import { escape, gridOf, html } from "lib/press.ts";
import { prompts } from "lib/prompts.ts";
import { ownStudies } from "./report/own.ts";
import type { Origin, Section } from "./report/parts.ts";
import { inAll, type Published, published, titleOf } from "./report/published.ts";
import { type Executed, shown } from "./report/shown.ts";
import { STYLE } from "./report/style.ts";

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
  const [server] = await sql<{ version: string; today: string }[]>`
    select current_setting('server_version') as version,
           to_char(now() at time zone 'utc', 'YYYY-MM-DD HH24:MI "UTC"') as today`;
  const own = await ownStudies(sql, origin.code);
  await sql.end();
  const tables = await published(study, origin);
  const compared = tables.map(({ name, checked }) => ({ ...checked, name }));
  const agreement = verdictText({ ...inAll(compared), differing: [] });
  const facts = {
    "Data": origin.banner.replace(/^Data: /, ""),
    "Restored": provenance.restoredAt ?? "—",
    "Code": origin.code ?? "unknown (no git)",
    "Deno": Deno.version.deno,
    "PostgreSQL": server!.version,
    "Seed of intervals": "826, 2,000 draws of whole profiles",
    "Page written": server!.today,
  };
  return page(origin, [
    ...gaps.length ? [missing(gaps)] : [],
    { id: "agreement", title: "Agreement with the paper", html: agreed(tables, agreement) },
    ...tables,
    ...executed.filter(({ name }) => !TOLD.test(name)).map(shown),
    {
      id: "own",
      title: "Studies made here: flow, quality, cost",
      html: own.join("\n") || "<p>None yet.</p>",
    },
    { id: "provenance", title: "Provenance", html: sources(facts, provenance) },
  ], agreement);
}

const STUDY =
  "“The Personality Trap” (arXiv 2602.03334) gives five language models the answers of 826 people " +
  "to a personality questionnaire (EPQR-A), as they are (Base) and with all items of neuroticism " +
  "(MaxN) or psychoticism (MaxP) set to the highest, has them write a person from each, and lets that " +
  "person fill in the EPQR-A and the BFI-44. Its tables say who these persons are (1–3), how far they " +
  "answer like their profile (4, A6, A7), and whether their answers hang together (5, 6, A4, A5).";

const ARBITRARY =
  "What the paper does not print is arbitrary in a reconstruction: which answers stand on one sheet, " +
  "how alike the repetitions of a profile are, and so intervals, and p that takes account of profiles. " +
  "They show the method and are no finding about any model.";

const HOW =
  "Each table can be shown in three ways. Printed: what the paper’s code computes, quirks included, " +
  "with the paper’s cell above ours; ≠ marks a cell that differs. Corrected: the same with the plain " +
  "bugs of that code repaired. What survives: estimates with intervals and effect sizes, and p that " +
  "takes profiles, not sheets, for independent. In print all three follow each other.";

function page(
  { banner, caution }: Origin,
  sections: readonly Section[],
  agreement: string,
): string {
  const contents = sections.map(({ id, title }) =>
    `<li><a href="#${id}">${escape(title)}</a></li>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Persona Audit: report</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
<header>
<h1>Persona Audit: the tables of “The Personality Trap”</h1>
<p class="data">${escape([banner, caution].filter((words) => words).join(". "))}</p>
<p>${escape(STUDY)}</p>
<p><strong>${escape(agreement)}.</strong> ${escape(HOW)}</p>
</header>
<nav aria-label="Contents"><ul>
${contents.join("\n")}
</ul></nav>
<main id="main" tabindex="-1">
${sections.map(({ id, title, html }) => part(id, title, html)).join("\n")}
</main>
</body>
</html>
`;
}

const part = (id: string, title: string, html: string): string =>
  `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${escape(title)}</h2>
${html}
</section>`;

/** A notebook that failed, and why. */
export interface Gap {
  name: string;
  failures: readonly string[];
}

const missing = (gaps: readonly Gap[]): Section => ({
  id: "missing",
  title: "What is missing here",
  html: [
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
});

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
