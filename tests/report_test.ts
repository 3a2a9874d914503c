/**
 * The report: its structure as text, and the page in a real browser, at three widths, by keyboard, and
 * under an accessibility checker.
 *
 * `SCREENSHOTS=FOLDER` keeps pictures at each width, and the PDF.
 */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Page } from "playwright-core";
import { settings } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { openDataset } from "lib/db.ts";
import { TABLE_NAMES } from "lib/paper/design.ts";
import { model } from "lib/llm.ts";
import { csv } from "lib/press.ts";
import { openStudy, personas } from "lib/study.ts";
import { robustness } from "lib/paper/tables.ts";
import { read } from "../scripts/jupyter/notebook.ts";
import { find } from "../scripts/notebooks.ts";
import { report } from "../scripts/report.ts";
import { stateOf } from "../scripts/report/own.ts";
import { accessible } from "./axe.ts";
import { PATIENCE_MS } from "./command.ts";
import { as, restored } from "./data.ts";
import { launched, withoutBrowser } from "./jupyter.ts";

const lacking = await withoutBrowser();
const inBrowser = lacking ? ` (left out: ${lacking})` : "";

let made: Promise<string> | null = null;

/** The report on the shipped data, with what the stored notebooks show; made once. */
const pageText = (): Promise<string> => made ??= written();

async function written(): Promise<string> {
  await restored(PUBLISHED);
  const study = await openDataset();
  // One that judges markers, of which some are none, and one that does not.
  for (
    const [notebook, table] of [
      ["14_table4_personality", "table4"],
      ["16_table6_reliability", "table6"],
    ] as const
  ) {
    const folder = join(settings().outDir, "papers", notebook);
    await Deno.mkdir(folder, { recursive: true });
    const kept = csv(await robustness(table, study, { draws: 50 }), "Data: drawn for a test");
    await Deno.writeTextFile(join(folder, "survives.csv"), kept);
  }
  const executed = find([]).map((path) => ({
    name: basename(path, ".ipynb"),
    notebook: read(path),
  }));
  const text = await report(study, executed);
  await study.close();
  return text;
}

Deno.test("a study that goes on calls for another report; a trial alone and a look do not", async () => {
  await restored(PUBLISHED);
  const state = () => as("reader", stateOf);
  const lab = await openStudy({ schema: "report_state" });
  // The name of an inference profile has no place where a line could break.
  const long = { ...model("simulated"), model: `arn:aws:${"0123456789".repeat(12)}` };
  const plan = personas({ models: [long], profiles: 2, name: "two" });
  await lab.population();
  const before = await state();
  await lab.tried(plan, { profiles: [1], budget: { usd: 0 } });
  assert.equal(await state(), before);
  await lab.register(plan);
  const planned = await state();
  assert.notEqual(planned, before);
  await lab.preview(plan);
  assert.equal(await state(), planned);
  await lab.run("two");
  assert.notEqual(await state(), planned);
  await lab.close();
});

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found]) => found!);

Deno.test("the report has one title, headings in order, and every published table", async () => {
  const page = await pageText();
  const levels = all(page, /<h([1-6])[ >]/g).map(Number);
  assert.equal(levels.filter((level) => level === 1).length, 1);
  assert.equal(levels[0], 1);
  for (const [i, level] of levels.entries()) {
    assert.ok(i === 0 || level <= levels[i - 1]! + 1, `heading ${i + 1} skips a level`);
  }
  for (const name of TABLE_NAMES) assert.ok(page.includes(`<section id="${name}"`), name);
  assert.match(page, /<html lang="en">/);
  assert.match(page, /<a class="skip" href="#main">/);
});

Deno.test("the report's tables have captions and scopes, its figures titles, its ids and links an end", async () => {
  const page = await pageText();
  const tables = page.split("<table").slice(1).map((rest) => rest.split("</table>")[0]!);
  assert.ok(tables.length > 40, `${tables.length} tables`);
  for (const table of tables) {
    assert.match(table, /<caption/);
    assert.ok(!/<th(?![^>]*scope=)/.test(table.replaceAll("<thead", "")), table.slice(0, 200));
  }
  const figures = all(page, /(<svg [^>]*>(?:<title>[^<]+<\/title><desc>[^<]+<\/desc>)?)/g);
  assert.ok(figures.length > 20, `${figures.length} figures`);
  for (const figure of figures) assert.match(figure, /role="img".*<title>.*<desc>/);
  const ids = all(page, / id="([^"]+)"/g);
  assert.equal(new Set(ids).size, ids.length);
  for (const target of all(page, /href="#([^"]+)"/g)) assert.ok(ids.includes(target), target);
  // Nothing is loaded from anywhere.
  assert.deepEqual(all(page, /(?:src|href)="(?!#|data:)([^"]*)"/g), []);
  assert.ok(!/<script|@import|url\(/.test(page));
});

Deno.test("the report shows the paper's cells and ours once, what was corrected, and what survives", async () => {
  const page = await pageText();
  const section = page.split(`<section id="table6"`)[1]!.split("</section>")[0]!;
  assert.match(section, /60 of 60 printed cells agree/);
  // What agrees is shown once, and nothing differs in the shipped data.
  const printed = section.split(`class="view corrected"`)[0]!;
  assert.equal(all(printed, /(>Base<\/th><td>1\.00<\/td><td>0\.94<\/td>)/g).length, 1);
  assert.doesNotMatch(page, /<mark>/);
  assert.deepEqual(all(section, /class="to-(\w+)"/g), ["printed", "corrected", "survives"]);
  const links = all(section, /base64,([^"]+)"/g).map((file) => atob(file));
  assert.ok(links.some((file) => file.startsWith("model,condition,scale,alpha,printed,n,data\n")));
  assert.equal(links.length, 5);
  assert.match(page, /Data: reconstruction/);
  const [, tested] = section.split(`<div class="view survives">`);
  assert.match(tested!, /arbitrary in a reconstruction/);
  assert.match(page, /‡: p &lt; \.001; †: p &lt; \.01; \*: p &lt; \.05; by the paper’s test/);
  assert.match(page, /[0-9a-f]{64}/);
});

Deno.test("the report opens with what was found, and first of all with what these data are not", async () => {
  const page = await pageText();
  const opening = page.split(`<div class="opening">`)[1]!.split("<nav")[0]!;
  assert.deepEqual(all(opening, /<section id="(\w+)"/g), [
    "asked",
    "found",
    "sure",
    "not",
    "cost",
    "data",
  ]);
  const found = opening.split(`<section id="found"`)[1]!.split("</section>")[0]!;
  assert.match(
    found,
    /^[^<]*<h2[^<]*What the paper’s cells say, which these data repeat<\/h2>\s*<p><strong>By construction/m,
  );
  assert.equal(all(found, /(<li>)/g).length, 5);
  assert.doesNotMatch(opening, /What was found/);
  assert.ok(page.indexOf("arbitrary in a reconstruction") < page.indexOf(`id="found"`));
  // Numbers of Table 6 in a sentence, and of the one judged table that is here.
  assert.match(found, /Alpha of the EPQR-A is 0\.01 to 1\.00, and below 0\.7 in 21 of 59 cells/);
  assert.match(opening.split(`id="sure"`)[1]!, /Table 4<\/th><td>60<\/td><td>51<\/td>/);
  assert.match(opening, /82,600 personas, 12,390 answer sheets of the EPQR-A/);
  assert.match(opening, /910 of 910 printed cells agree/);
});

Deno.test("contents of the report go by part and section, and so do the heads of its pages", async () => {
  const page = await pageText();
  const contents = page.split("<nav")[1]!.split("</nav>")[0]!;
  const linked = all(contents, /href="#([\w-]+)"/g);
  const parts = all(page, /<section class="part" id="(\w+)"/g);
  assert.deepEqual(parts.filter((id) => !linked.includes(id)), []);
  for (const [at, id] of parts.entries()) {
    assert.ok(
      page.includes(`#${id} { page: ${id}; } @page ${id} { @top-left { content: "S${at + 1} `),
      id,
    );
  }
  for (const name of TABLE_NAMES) assert.ok(linked.includes(name), name);
  assert.match(page, /@page { @bottom-left { content: "Data: reconstruction: /);
  const methods = page.split(`<section id="methods"`)[1]!.split("</section>")[0]!;
  assert.match(
    methods,
    /<p><strong>Data\.<\/strong> A reconstruction, .* nobody was asked for it\./,
  );
  assert.match(methods, /There are 82,600 personas\./);
});

/** Opens the report as a file; anything else that it asks for is noted. */
async function opened(page: Page, asked: string[]): Promise<void> {
  const path = join(settings().outDir, "report.html");
  await Deno.writeTextFile(path, await pageText());
  const { href } = pathToFileURL(path);
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("request", (request) => {
    if (request.url() !== href && !request.url().startsWith("data:")) asked.push(request.url());
  });
  await page.goto(href);
}

/** In CSS pixels; of paper what the margins of 15 mm leave of A4. */
const WIDTHS = { phone: 390, screen: 1024, paper: 680 };

Deno.test({
  name: `the report on a phone, a screen and paper: no sideways scroll, no request${inBrowser}`,
  ignore: lacking !== null,
  fn: async () => {
    await using browser = await launched();
    const asked: string[] = [];
    const folder = Deno.env.get("SCREENSHOTS");
    for (const [name, width] of Object.entries(WIDTHS)) {
      const page = await browser.newPage({ viewport: { width, height: 900 } });
      await opened(page, asked);
      if (name === "paper") await page.emulateMedia({ media: "print" });
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
      if (folder) await page.screenshot({ path: join(folder, `report_${name}.png`) });
      if (folder && name === "paper") {
        await page.pdf({ path: join(folder, "report.pdf"), preferCSSPageSize: true });
      }
      assert.ok(wide <= width, `${name}: ${wide} px in ${width}`);
      await page.close();
    }
    assert.deepEqual(asked, []);
  },
});

Deno.test({
  name: `the report's opening takes two pages of A4${inBrowser}`,
  ignore: lacking !== null,
  fn: async () => {
    await using browser = await launched();
    const page = await browser.newPage();
    await opened(page, []);
    await page.addStyleTag({ content: "nav, .part { display: none !important; }" });
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    assert.equal(pdf.match(/\/Type \/Page\b/g)!.length, 2);
  },
});

Deno.test({
  name: `the report's switch works by keyboard, and paper has all views${inBrowser}`,
  ignore: lacking !== null,
  fn: async () => {
    await using browser = await launched();
    const page = await browser.newPage();
    await opened(page, []);
    const seen = () =>
      Promise.all(
        ["printed", "corrected", "survives"].map((view) =>
          page.locator(`#table6 .view.${view}`).isVisible()
        ),
      );
    assert.deepEqual(await seen(), [true, false, false]);
    await page.locator("#table6-printed").focus();
    await page.keyboard.press("ArrowRight");
    assert.deepEqual(await seen(), [false, true, false]);
    await page.keyboard.press("ArrowRight");
    assert.deepEqual(await seen(), [false, false, true]);
    await page.keyboard.press("Tab");
    const focused = "document.activeElement.getAttribute('aria-label')";
    assert.match(await page.evaluate<string>(focused), /What survives of Table 6/);
    await page.emulateMedia({ media: "print" });
    assert.deepEqual(await seen(), [true, true, true]);
    await page.emulateMedia({ media: "screen" });
    await page.goto(page.url().split("#")[0]!);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate("document.activeElement.className"), "skip");
  },
});

Deno.test({
  name: `the accessibility checker finds nothing in the report${inBrowser}`,
  ignore: lacking !== null,
  fn: async () => {
    await using browser = await launched();
    for (
      const [width, colorScheme] of [[WIDTHS.phone, "dark"], [WIDTHS.screen, "light"]] as const
    ) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      await opened(page, []);
      // Hidden views would not be looked at.
      await page.addStyleTag({ content: ".views > .view { display: block !important; }" });
      await accessible(page, `at ${width} px, ${colorScheme}`);
      await page.close();
    }
  },
});
