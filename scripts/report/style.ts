/** How the report looks: on a phone, on a screen, on paper. Every colour on white has a contrast of 7 or more. */
export const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { font: 1rem/1.55 "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; color: #1a1a1a; background: #fff;
  max-width: 64rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .5rem 0 1rem; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 3.5rem 0 .75rem; padding-top: .75rem; border-top: 2px solid #1a1a1a; }
h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p, li, dd { max-width: 46rem; }
a { color: #0a4a8f; text-underline-offset: .15em; }
code { font: .9em ui-monospace, Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid #0a4a8f; outline-offset: 2px; }
.skip { position: absolute; left: -100rem; background: #fff; padding: .5rem 1rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 2; }
.data { border-left: 4px solid #b04a00; padding: .5rem .75rem; background: #fff4ea; }
.note { font-size: .8rem; line-height: 1.45; color: #444; margin: .4rem 0; }
.get { font-size: .85rem; margin: .4rem 0 1rem; } .get a { display: inline-block; padding: .2rem 0; margin-right: 1rem; }
nav ul { columns: 2 20rem; column-gap: 2rem; padding-left: 1.4rem; } nav li { break-inside: avoid; padding: .15rem 0; }
.box { overflow: auto; max-width: 100%; margin: .75rem 0 .4rem; width: fit-content; }
.survives .box { max-height: 44rem; overflow-y: scroll; border-bottom: 1px solid #8a8a8a; }
table { border-collapse: collapse; font-size: .82rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
caption { caption-side: top; text-align: left; font-weight: bold; padding: .25rem 0 .5rem; }
caption span { display: inline-block; position: sticky; left: 0; max-width: min(46rem, calc(100vw - 2.6rem)); white-space: normal; }
th, td { padding: .2rem .55rem; text-align: right; vertical-align: top; }
th[scope=row], .words { text-align: left; } thead th { vertical-align: bottom; }
tbody th { font-weight: normal; } .views tbody th { white-space: nowrap; } tbody tr:first-child > th[rowspan]:first-child { font-weight: 600; }
th[scope=colgroup] { text-align: center; border-bottom: 1px solid #8a8a8a; }
thead { position: sticky; top: 0; background: #fff; box-shadow: 0 1px 0 #1a1a1a; }
tbody { border-bottom: 1px solid #c9c9c9; } table { border-bottom: 1px solid #1a1a1a; }
.pairs tbody tr:nth-child(even) { background: #f3f5f8; } .pairs tbody th[rowspan] { background: #fff; }
fieldset { border: 0; padding: 0; margin: 1rem 0 .25rem; display: flex; flex-wrap: wrap; gap: .5rem; min-width: 0; }
legend { font-size: .85rem; padding: 0 0 .25rem; }
.choice { position: relative; }
.choice input { position: absolute; opacity: 0; inset: 0; width: 100%; height: 100%; margin: 0; cursor: pointer; }
.choice label { display: block; padding: .45rem .9rem; border: 1px solid #5a5a5a; border-radius: .3rem; font-size: .9rem; }
.choice input:checked + label { background: #0a4a8f; border-color: #0a4a8f; color: #fff; }
.choice input:focus-visible + label { outline: 3px solid #0a4a8f; outline-offset: 2px; }
@media screen {
  .views:has(.to-printed:checked) > .view:not(.printed),
  .views:has(.to-corrected:checked) > .view:not(.corrected),
  .views:has(.to-survives:checked) > .view:not(.survives) { display: none; }
}
@supports selector(:has(a)) { @media screen {
  .view > h3 { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
} }
figure { margin: 1.5rem 0 .25rem; } .drawn { overflow-x: auto; } figcaption { font-size: .9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; } dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { padding: .75rem .9rem 3rem; } h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; }
}
@page { size: A4; margin: 15mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 9.5pt; } nav, fieldset, .get, .skip, .scrolls { display: none; }
  h2 { break-before: page; margin-top: 0; border: 0; } h2, h3, caption { break-after: avoid; }
  figure, tr:not(:has(> th[rowspan])) { break-inside: avoid; }
  section:first-child h2 { break-before: auto; margin-top: 1.5rem; }
  .drawn { overflow: visible; } .drawn svg { max-width: 100%; height: auto; }
  .box, .kept > div { overflow: visible !important; max-height: none !important; width: auto !important; }
  thead { position: static !important; box-shadow: none; border-bottom: 1px solid #1a1a1a; }
  caption span { position: static; max-width: none; }
  table:has(thead th:nth-child(10)) { font-size: 6pt; } table:has(thead th:nth-child(10)) :is(th, td) { padding: .1rem .2rem; }
  table:has(thead th:nth-child(15)) { font-size: 5pt; } table:has(thead th:nth-child(15)) :is(th, td) { padding: .1rem .15rem; }
  table { font-size: 7pt; } th, td { padding: .1rem .3rem; min-width: 0 !important; }
  th[scope=row], .words { overflow-wrap: anywhere; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;
