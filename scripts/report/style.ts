/** How the report looks: on a phone, on a screen, in the dark, on paper. Text has a contrast of 7 or more. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --quiet: #444; --line: #c9c9c9; --rule: #8a8a8a;
  --link: #0a4a8f; --on-link: #fff; --box: #fff4ea; --edge: #b04a00; --mark: #ffe9a8; --jp-layout-color0: var(--paper);
  --jp-content-font-color1: var(--ink); }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --paper: #161616; --quiet: #c4c4c4; --line: #444; --rule: #8a8a8a; --link: #9cc8ff;
    --on-link: #10243c; --box: #33220f; --edge: #ff9d4d; --mark: #5c4700; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { font: 1rem/1.55 "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--paper);
  max-width: 64rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .5rem 0 1rem; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.25rem 0 .5rem; }
.part > h2, nav h2 { font-size: 1.5rem; margin: 4rem 0 .75rem; padding-top: .75rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
h4 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p, li, dd { max-width: 46rem; }
a { color: var(--link); text-underline-offset: .15em; }
code { font: .9em ui-monospace, Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
mark { background: var(--mark); color: inherit; padding: 0 .15em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; background: var(--paper); padding: .5rem 1rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 2; }
.data { border-left: 4px solid var(--edge); padding: .5rem .75rem; background: var(--box); }
.note { font-size: .8rem; line-height: 1.45; color: var(--quiet); margin: .4rem 0; }
.get { font-size: .85rem; margin: .4rem 0 1rem; } .get a { display: inline-block; padding: .2rem 0; margin-right: 1rem; }
.said { padding-left: 1.2rem; } .said li { margin: .35rem 0; }
nav ul { padding-left: 0; list-style: none; } nav > ul { columns: 2 20rem; column-gap: 2.5rem; }
nav > ul > li { break-inside: avoid; padding: .3rem 0; } nav > ul > li > a { font-weight: 600; }
nav ul ul li { padding: .1rem 0; font-size: .92rem; }
nav > ul > li { padding-left: 2.2rem; text-indent: -2.2rem; } nav ul ul { padding-left: 0; text-indent: 0; }
.number { display: inline-block; min-width: 2.2rem; text-indent: 0; } .part > h2 .number { min-width: 2.6rem; }
.box { overflow: auto; max-width: 100%; margin: .75rem 0 .4rem; width: fit-content; }
.survives .box { max-height: 44rem; overflow-y: scroll; border-bottom: 1px solid var(--rule); }
table { border-collapse: collapse; font-size: .82rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
caption { caption-side: top; text-align: left; font-weight: bold; padding: .25rem 0 .5rem; }
caption span { display: inline-block; position: sticky; left: 0; max-width: min(46rem, calc(100vw - 2.6rem)); white-space: normal; }
th, td { padding: .2rem .55rem; text-align: right; vertical-align: top; }
th[scope=row], .words { text-align: left; } thead th { vertical-align: bottom; }
tbody th { font-weight: normal; } .views tbody th { white-space: nowrap; } tbody tr:first-child > th[rowspan]:first-child { font-weight: 600; }
th[scope=colgroup] { text-align: center; border-bottom: 1px solid var(--rule); }
thead { position: sticky; top: 0; background: var(--paper); box-shadow: 0 1px 0 var(--ink); }
tbody { border-bottom: 1px solid var(--line); } table { border-bottom: 1px solid var(--ink); }
fieldset { border: 0; padding: 0; margin: 1rem 0 .25rem; display: flex; flex-wrap: wrap; gap: .5rem; min-width: 0; }
legend { font-size: .85rem; padding: 0 0 .25rem; }
.choice { position: relative; }
.choice input { position: absolute; opacity: 0; inset: 0; width: 100%; height: 100%; margin: 0; cursor: pointer; }
.choice label { display: block; padding: .45rem .9rem; border: 1px solid var(--rule); border-radius: .3rem; font-size: .9rem; }
.choice input:checked + label { background: var(--link); border-color: var(--link); color: var(--on-link); }
.choice input:focus-visible + label { outline: 3px solid var(--link); outline-offset: 2px; }
@media screen {
  .views:has(.to-printed:checked) > .view:not(.printed),
  .views:has(.to-corrected:checked) > .view:not(.corrected),
  .views:has(.to-survives:checked) > .view:not(.survives) { display: none; }
}
@supports selector(:has(a)) { @media screen {
  .view > h4 { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
} }
.view.printed caption { padding: 0; } .view.printed caption span { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
figure { margin: 1.5rem 0 .25rem; } .drawn { overflow-x: auto; } figcaption { font-size: .9rem; }
@media screen and (prefers-color-scheme: dark) { figure svg { padding: .75rem; border-radius: .3rem; } }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; } dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { padding: .75rem .9rem 3rem; } h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; } .part > h2, nav h2 { font-size: 1.25rem; margin-top: 3rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; }
}
@page { size: A4; margin: 17mm 15mm 16mm; }
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 9.5pt; line-height: 1.4; } fieldset, .get, .skip, .scrolls { display: none; }
  p, li, dd { max-width: none; orphans: 3; widows: 3; }
  h1 { font-size: 16pt; margin: 0 0 2mm; } h2 { font-size: 11.5pt; margin: 3.5mm 0 1mm; } h3 { font-size: 11pt; margin: 6mm 0 1.5mm; } h4 { font-size: 9.5pt; margin: 4mm 0 1mm; }
  h2, h3, h4, caption, h3 + p, .note:has(+ .box) { break-after: avoid; break-inside: avoid; }
  thead { break-after: avoid; } thead + tbody { break-before: avoid; } thead + tbody tr:first-child { break-before: avoid; }
  table:not(:has(tbody tr:nth-child(13), tbody:nth-of-type(4))) { break-inside: avoid; }
  thead + tbody tr:nth-child(-n+3) { break-after: avoid; } tbody:last-child tr:nth-last-child(-n+3) { break-before: avoid; }
  table + *, .box + .note { break-before: avoid; } p:empty, p:has(> span:only-child:empty) { display: none; }
  .part > h2, nav h2 { font-size: 14pt; margin: 0 0 3mm; border: 0; padding: 0; } nav { break-before: page; } .part { break-before: page; }
  #sure { break-before: page; } figcaption { font-size: 8.5pt; } .note { font-size: 7.5pt; margin: .8mm 0; } nav > ul { columns: 2; font-size: 8.5pt; } nav ul ul li { font-size: 8pt; padding: .2mm 0; }
  nav a { text-decoration: none; } nav > ul > li { padding: .7mm 0 .7mm 9mm; text-indent: -9mm; } nav p { font-size: 8.5pt; margin: 0 0 2mm; } .number { min-width: 9mm; }
  .opening figure { margin: 2mm 0 0; } .opening figure svg { max-height: 72mm; } #sure figure svg { max-height: 52mm; } .opening .box { margin: 1mm 0; } .opening p { margin: 1mm 0; } .opening .said { margin: 1mm 0; } .opening .said li { margin: .6mm 0; } .opening { font-size: 9pt; line-height: 1.33; }
  .drawn { overflow: visible; } .drawn svg { max-width: 100%; height: auto; }
  figure, tr:not(:has(> th[rowspan])) { break-inside: avoid; } figure svg { max-height: 190mm; width: auto; } .views figure svg { max-height: 112mm; }
  section#agreement.part { break-before: auto; margin-top: 6mm; page: auto; } .view.printed > h4 { display: none; }
  .box, .kept > div { overflow: visible !important; max-height: none !important; width: auto !important; }
  thead { position: static !important; box-shadow: none; border-bottom: 1px solid #1a1a1a; }
  caption span { max-width: none; } .view:not(.printed) caption span { position: static; }
  table { font-size: 7pt; } th, td { padding: .1rem .3rem; min-width: 0 !important; }
  table:has(thead th:nth-child(10)) { font-size: 6pt; } table:has(thead th:nth-child(10)) :is(th, td) { padding: .1rem .2rem; }
  table:has(thead th:nth-child(15)) { font-size: 5pt; } table:has(thead th:nth-child(15)) :is(th, td) { padding: .1rem .15rem; }
  th[scope=row], .words { overflow-wrap: anywhere; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;

/** The type of what stands in the margins of a page. */
const SMALL = `font: 7pt "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; color: #444;`;

/**
 * What stands on every page in print: which part it is of, where its data come from, its number.
 *
 * @param parts ids and headings
 */
export const running = (banner: string, parts: readonly (readonly [id: string, head: string])[]) =>
  [
    `@page { @bottom-left { content: ${quoted(banner)}; ${SMALL} width: 160mm; }`,
    `  @bottom-right { content: counter(page) " / " counter(pages); ${SMALL} } }`,
    ...parts.map(([id, head]) =>
      `#${id} { page: ${id}; } @page ${id} { @top-left { content: ${quoted(head)}; ${SMALL} } }`
    ),
  ].join("\n");

/** A text as CSS writes it, of which HTML reads nothing. */
const quoted = (text: string): string =>
  JSON.stringify(text.replaceAll("<", "‹").replaceAll("\\", "/"));
