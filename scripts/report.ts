/** The report: one self-contained page with every table and figure, agreement and provenance. */
import { basename } from "node:path";
import { bannerOf, type Provenance } from "lib/db.ts";
import { type Notebook, source, text } from "./jupyter/notebook.ts";

export interface Section {
  /** File name without its ending. */
  name: string;
  notebook: Notebook;
  /** The line that `verdict` showed, or null. */
  verdict: string | null;
}

const STYLE = `
:root { color-scheme: light; }
body { font: 16px/1.5 "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; color: #1a1a1a;
  background: #fff; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
.data { border-left: 4px solid #b04a00; padding: .5rem .75rem; background: #fff4ea; }
table { font-size: .82rem; margin: .75rem 0; } caption { font-weight: bold; padding: .25rem 0; }
th, td { padding: .15rem .5rem; vertical-align: top; } thead th { border-bottom: 1px solid #333; }
tbody tr:nth-child(even) { background: #f6f6f6; }
figure { margin: 1rem 0; } figcaption { font-size: .9rem; }
nav ul { columns: 2 18rem; padding-left: 1.2rem; } nav li { break-inside: avoid; } code { overflow-wrap: anywhere; } dd { margin-left: 1rem; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; }
  h2 { break-before: page; } figure, tr { break-inside: avoid; } div { overflow: visible !important; max-height: none !important; }
  table { font-size: 7.5pt; } }
`;

/** The page as text; it loads nothing. */
export function report(
  sections: readonly Section[],
  provenance: Provenance,
  facts: Readonly<Record<string, string>>,
): string {
  const total = facts.agreement ?? "";
  const contents = sections.map(({ name, notebook, verdict }) =>
    `<li><a href="#${name}">${escape(title(notebook, name))}</a>${
      verdict ? `<br>${escape(verdict)}` : ""
    }</li>`
  );
  const files = provenance.files.map(({ path, bytes, sha256 }) =>
    `<li><code>${escape(path)}</code>: ${
      bytes.toLocaleString("en")
    } bytes, SHA-256 <code>${sha256}</code></li>`
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
<header>
<h1>Persona Audit: the tables of “The Personality Trap”</h1>
<p class="data">${escape(bannerOf(provenance))}</p>
<p><strong>${escape(total)}</strong></p>
</header>
<nav aria-label="Contents"><ul>
${contents.join("\n")}
</ul></nav>
<main>
${sections.map(part).join("\n")}
<section id="provenance">
<h2>Provenance</h2>
<dl>
${
    Object.entries(facts).map(([name, value]) =>
      `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`
    ).join("\n")
  }
</dl>
<p>Files restored:</p>
<ul>
${files.join("\n")}
</ul>
</section>
</main>
</body>
</html>
`;
}

function part({ name, notebook }: Section): string {
  return `<section id="${name}">
<h2>${escape(title(notebook, name))}</h2>
${outputs(notebook).join("\n")}
</section>`;
}

/** A notebook's first heading. */
function title({ cells }: Notebook, name: string): string {
  const heading = /^# (.+)$/m.exec(source(cells[0]!))?.[1];
  return (heading ?? basename(name)).replaceAll("`", "");
}

/** What a notebook shows, in order, as HTML. */
function outputs({ cells }: Notebook): string[] {
  return cells.flatMap((cell) => cell.outputs ?? []).flatMap((output) => {
    const html = "data" in output ? output.data["text/html"] : undefined;
    return typeof html === "string" || Array.isArray(html) ? [text(html)] : [];
  });
}

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
