/**
 * The page on which people are looked at: what it reads, beside the database and sheets scored by hand; and
 * the page in a real browser, served and as a file.
 *
 * `SCREENSHOTS=FOLDER` keeps pictures.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { ROOT, settings } from "lib/config.ts";
import { type Dataset, openDataset } from "lib/db.ts";
import { score } from "lib/instruments.ts";
import { epqra } from "lib/paper/instruments.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { fileOf, servedPage } from "lib/notebook/browse.ts";
import { packed } from "lib/notebook/browse/packed.ts";
import * as rows from "lib/notebook/browse/rows.js";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import { administrations, personas } from "lib/study.ts";
import { accessible } from "./axe.ts";
import { evaluated, PATIENCE_MS, script } from "./command.ts";
import { restored } from "./data.ts";
import { launched, withoutBrowser } from "./jupyter.ts";
import { type Asked, provider, standIn } from "./llm_server.ts";
import { Folder } from "./made.ts";
import { Made, profiles, served as standing } from "./study_worker.ts";

const lacking = await withoutBrowser();
const inBrowser = lacking ? ` (left out: ${lacking})` : "";

const SCHEMA = "browse_people";
const HOSTILE = `<img src=x onerror="document.title='hit'"><script>document.title='hit'</script>`;

/** Writes a hostile biography, says no where a profile says no to everything, and one sheet that is odd. */
function answer(asked: Asked): string {
  const { user } = asked;
  if (!/^question,answer$/m.test(user)) return standIn(asked);
  if (!/,True$/m.test(user)) return "I would rather not <b>do that</b>.";
  const brief = user.includes("Be brief.");
  const written = JSON.parse(standIn(asked));
  return JSON.stringify({
    ...written,
    description: brief
      ? `Lives in Ávila, 100% alone. ${HOSTILE}`
      : `${written.description} Born near Ourense. ${HOSTILE}`,
  });
}

let making: Promise<void> | null = null;

/** Four profiles, two conditions, two prompts, two repetitions; the last profile's Base persona fails. */
const study = (): Promise<void> => making ??= make();

async function make(): Promise<void> {
  const four = profiles(3).concat({ id: 4, answers: epqra.items.map(() => 0) });
  await using made = await Made.with(SCHEMA, four);
  const { lab } = made;
  const server = provider({ answer });
  const models = [standing(server.url, 2)], written = shippedPrompt("persona");
  const brief = editPrompt(written, { user: `${written.user}\n\nBe brief.` });
  const plans = [
    personas({ models, conditions: ["Base", "MaxN"], repetitions: 2 }),
    personas({ models, conditions: ["Base", "MaxN"], prompt: brief, variant: "brief" }),
    administrations({ instrument: epqra }),
  ];
  for (const plan of plans) await lab.run(await lab.register(plan), { budget: { calls: 500 } });
  await server.close();
}

const opened = (schema = SCHEMA): Promise<Dataset> => openDataset({ schema, beside: true });

Deno.test("rows are the study's work, and behind each stands what was sent, written and answered", async () => {
  await study();
  await using data = disposable(await opened());
  const reads = data.of.browsed();
  const { rows: people, parts } = await reads.personas();
  // Eight settings of four profiles, in two of which twice.
  assert.equal(people.height, 24);
  assert.equal(parts.get("prompt"), "factor");
  assert.equal(parts.get("gender"), "field");
  assert.ok(!people.has("description") && people.has("description words"));
  const states = people.words("state"), profile = people.numbers("profile");
  const failed = states.flatMap((state, row) => state === "done" ? [] : [row]);
  assert.deepEqual(failed.map(profile), [4, 4, 4]);
  assert.match(states[failed[0]!]!, /^failed: /);
  assert.deepEqual(new Set(failed.map((row) => people.words("condition")[row])), new Set(["Base"]));

  const id = people.numbers("id"), first = await reads.behindPersonas([id(0)!, id(failed[0]!)!]);
  assert.ok(String(first[0]!.fields.description).endsWith(HOSTILE));
  assert.equal(first[0]!.calls.length, 1);
  assert.match(first[0]!.calls[0]!.sent, /question,answer/);
  assert.ok(first[1]!.calls.length >= 1);
  assert.match(first[1]!.trouble!, /./);
  assert.match(first[1]!.calls.at(-1)!.reply, /would rather not/);

  const { rows: sheets } = await reads.sheets();
  // Of each persona setting the first repetition is asked.
  assert.equal(sheets.height, 14);
  const [sheet] = await reads.behindSheets([sheets.numbers("id")(0)!]);
  const byHand = Object.fromEntries(
    score(epqra, sheet!.answers).map(({ scale, score }) => [scale, score]),
  );
  assert.deepEqual(sheet!.scores, byHand);
  for (const scale of epqra.scales) assert.equal(sheets.numbers(scale)(0), byHand[scale]);
  const hashes = new Map<number, string>();
  const all = [...ids(sheets)], read = await reads.behindSheets(all);
  for (const [row, { answers }] of read.entries()) {
    const hash = sheets.numbers("hash")(row)!;
    assert.equal(hashes.get(hash) ?? answers.join(), answers.join());
    hashes.set(hash, answers.join());
  }
  assert.equal(hashes.size, new Set(hashes.values()).size);
  const persona = sheets.numbers("of")(0)!;
  assert.equal(people.words("state")[[...ids(people)].indexOf(persona)], "done");

  const [known] = await reads.behindProfiles([["made4", 4]]);
  assert.deepEqual(known!.answers, epqra.items.map(() => 0));
  assert.equal(known!.instrument, epqra.name);
});

Deno.test("a search finds the personas whose texts hold all words, whatever their case, and no pattern", async () => {
  await study();
  await using data = disposable(await opened());
  const { find, personas } = data.of.browsed();
  const { rows: people } = await personas();
  const briefs =
    people.words("variant").filter((variant, row) =>
      variant === "brief" && people.words("state")[row] === "done"
    ).length;
  assert.equal(briefs, 7);
  assert.equal((await find(["ÁVILA"])).length, briefs);
  assert.equal((await find(["ávila", "LIVES in"])).length, briefs);
  assert.equal((await find(["100%"])).length, briefs);
  assert.equal((await find(["1_0%"])).length, 0);
  assert.equal((await find(["àvila"])).length, 0);
  assert.equal((await find(["ourense"])).length, 21 - briefs);
  assert.equal((await find(["ourense", "Ávila"])).length, 0);
});

Deno.test("rows travel as a few bytes each, and are the same behind it", async () => {
  await study();
  await using data = disposable(await opened());
  const reads = data.of.browsed(), people = await reads.personas();
  const table = rows.tableOf(await rows.inflated(packed(people, await reads.forms(), 1)));
  assert.equal(table.height, people.rows.height);
  for (const name of people.rows.names) {
    const text = people.rows.kind(name) === "text";
    const words = text ? people.rows.words(name) : null,
      number = text ? null : people.rows.numbers(name);
    for (let row = 0; row < table.height; row++) {
      const value = rows.valueOf(table.of.get(name), row);
      assert.equal(value, words ? words[row] : number!(row), `${name}, row ${row}`);
    }
  }
  assert.equal(table.of.get("political_orientation").label, "Political orientation");
});

/** A table of columns: texts, or whole numbers. */
function tableFrom(columns: Record<string, (string | number | null)[]>) {
  const made = Object.entries(columns).map(([name, all]) => {
    const texts = all.some((value) => typeof value === "string")
      ? [...new Set(all.filter((value) => value !== null))]
      : null;
    const values = Int32Array.from(
      all,
      (value) => value === null ? -1 : texts ? texts.indexOf(value) : value as number,
    );
    return { name, label: name, kind: texts ? "text" : "integer", texts, values, none: -1 };
  });
  return {
    height: Object.values(columns)[0]!.length,
    columns: made,
    of: new Map(made.map((column) => [column.name, column])),
  };
}

Deno.test("rows are filtered, counted, sorted, put together and paired", () => {
  const table = tableFrom({
    model: ["a", "b", "a", "b", "a", "c"],
    variant: [null, "x", null, "x", null, null],
    profile: [1, 1, 2, 2, 3, 3],
    place: ["item 10", null, "item 9", "item 9", "item 10", "item 1"],
  });
  const of = (levels: number[]) => ({ levels: new Set(levels) });
  const both = new Map<string, object>([["model", of([0, 1])], ["place", of([1, -1])]]);
  const { rows: left, counts } = rows.filtered(table, both, null, ["model", "place"]);
  assert.deepEqual([...left], [1, 2, 3]);
  // Each beside the other filter: of `place` 9 and none there are one a, two b and no c.
  assert.deepEqual([...counts.get("model")!.of], [1, 2, 0]);
  assert.deepEqual([...counts.get("place")!.of, counts.get("place")!.without], [2, 2, 0, 1]);
  const range = new Map([["profile", { least: 2, most: null }]]);
  assert.deepEqual([...rows.filtered(table, range, null, []).rows], [2, 3, 4, 5]);
  const within = Uint8Array.from([1, 0, 0, 0, 0, 1]);
  assert.deepEqual([...rows.filtered(table, new Map(), within, []).rows], [0, 5]);

  const all = Uint32Array.from([0, 1, 2, 3, 4, 5]);
  assert.deepEqual([...rows.sorted(table, all, "place", false)], [5, 2, 3, 0, 4, 1]);
  assert.deepEqual([...rows.sorted(table, all, "place", true)], [0, 4, 2, 3, 5, 1]);
  assert.deepEqual(rows.together(table, all, ["model"]), [[0, 2, 4], [1, 3], [5]]);
  // The variant goes with the model, and tells no pairs apart.
  const factors = ["model", "variant", "profile"];
  const { pairs, alone } = rows.paired(table, all, factors, "model", [0, 1]);
  assert.deepEqual([pairs, alone], [[[0, 1], [2, 3]], 1]);
  const place = [table.of.get("place")!];
  assert.deepEqual(pairs.map(([a, b]: number[]) => rows.differ(place, [a, b])), [true, false]);
  assert.equal(rows.csvOf([["a", "b"], ["x,y", null], ['"', 1.5]]), 'a,b\n"x,y",\n"""",1.5\n');
});

Deno.test("the published form: a sheet is of a profile, and its request stands beside it", async () => {
  await restored("browse_small", join(ROOT, "tests", "fixtures", "small-public", "csv"));
  await using data = disposable(await opened("browse_small"));
  const reads = data.of.browsed();
  const { rows: people, parts } = await reads.personas();
  const { rows: sheets } = await reads.sheets();
  assert.ok(people.height > 0 && sheets.height > 0);
  assert.equal(parts.get("condition"), "factor");
  assert.deepEqual(new Set(sheets.numbers("of") && [sheets.numbers("of")(0)]), new Set([null]));
  const read = await reads.behindSheets([...ids(sheets)].slice(0, 5));
  assert.equal(read.length, 5);
  for (const { answers, scores } of read) {
    assert.ok(answers.some((one) => one !== null));
    assert.ok(Object.keys(scores).length >= 4);
  }
  const [persona] = await reads.behindPersonas([...ids(people)].slice(0, 1));
  const word = String(persona!.fields.description).split(" ")[0]!;
  assert.ok((await reads.find([word])).includes(persona!.id));
});

Deno.test("a page is served to who knows it, and answers what it understands", async () => {
  await study();
  const page = servedPage(await opened());
  const post = async (route: string, body: unknown) => {
    const response = await fetch(page.url + route, {
      method: "POST",
      headers: { "content-type": "application/json", origin: new URL(page.url).origin },
      body: JSON.stringify(body),
    });
    return { status: response.status, said: await response.json() };
  };
  const html = await fetch(page.url);
  const policy = html.headers.get("content-security-policy")!;
  const text = await html.text();
  assert.match(policy, /^default-src 'none'; script-src 'nonce-[^']+'; /);
  assert.ok(text.includes(`nonce="${/nonce-([^']+)'/.exec(policy)![1]}"`));
  assert.doesNotMatch(text, /\b(?:src|href)="/);
  assert.equal((await post("open", {})).said.about.asked, true);
  for (
    const [route, body] of [
      ["open", { more: 1 }],
      ["find", { words: [] }],
      ["find", { words: "x" }],
      ["behind", { kind: "personas", keys: ["1 or true"] }],
      ["behind", { kind: "requests", keys: [1] }],
      ["behind", { kind: "personas", keys: Array(2000).fill(1) }],
    ] as const
  ) assert.equal((await post(route, body)).status, 400, JSON.stringify(body).slice(0, 60));
  assert.equal((await post("nothing", {})).status, 404);
  await page.close();
  await assert.rejects(() => fetch(page.url), TypeError);
});

Deno.test("outside a notebook the link and the first rows are printed; a file says what it holds", async () => {
  await study();
  const { out, err, code } = await evaluated(`
    import "lib/paper/published.ts";
    import { openDataset } from "lib/db.ts";
    import { browse } from "lib/notebook.ts";
    import { openStudy } from "lib/study.ts";
    const study = await openDataset({ schema: "${SCHEMA}" });
    await browse(study);
    await browse(study, { to: "people.html" });
    await study.close();
    const lab = await openStudy({ schema: "${SCHEMA}" });
    await browse(lab, { to: "people.html" });
    await lab.close();
    await browse("${SCHEMA}").catch((error) => console.log(error.message));`);
  assert.equal(err, "");
  assert.equal(code, 0);
  assert.match(out, /^People of browse_people\n {2}http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{64}\/\n/);
  assert.match(out, /The first 12 of 24 personas/);
  assert.match(out, /people\.html: 24 personas and 14 sheets in one page of 0\.1 MB/);
  assert.equal(out.split("Data: own study, not the published dataset").length, 4);
  assert.match(out, /`browse\(study\)` takes a study \(`await openDataset\(\)`/);
});

Deno.test("a file that cannot be written says where and why, and leaves nothing", async () => {
  await study();
  using folder = new Folder();
  Deno.mkdirSync(join(folder.path, "taken.html"));
  Deno.writeTextFileSync(join(folder.path, "file"), "");
  for (const [to, code] of [["taken.html", "EISDIR"], ["file/people.html", "ENOTDIR|EEXIST"]]) {
    const path = join(folder.path, to!);
    const { code: ended, err } = await script("study", [
      "browse",
      "--schema",
      SCHEMA,
      "--to",
      path,
    ]);
    assert.equal(ended, 1);
    const says = `\\.html cannot be written \\((${code})\\): name another file`;
    assert.match(err, new RegExp(says));
  }
  const left = [...Deno.readDirSync(folder.path)].map(({ name }) => name).toSorted();
  assert.deepEqual(left, ["file", "taken.html"]);
});

// In a browser

const disposable = (of: Dataset) => ({ of, [Symbol.asyncDispose]: () => of.close() });

function* ids(of: { height: number; numbers(name: string): (row: number) => number | null }) {
  const id = of.numbers("id");
  for (let row = 0; row < of.height; row++) yield id(row)!;
}

/** A page, and whatever it complains of. */
async function looking(
  browser: Browser,
  url: string,
  { width = 1280, colorScheme = "light" as "light" | "dark" } = {},
): Promise<{ page: Page; wrong: string[] }> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage(), wrong: string[] = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(message.text());
  });
  await page.goto(url);
  await page.waitForSelector("body[data-ready]");
  return { page, wrong };
}

const picture = async (page: Page, name: string): Promise<void> => {
  const folder = Deno.env.get("SCREENSHOTS");
  if (folder) await page.screenshot({ path: join(folder, `browse_${name}.png`) });
};

const said = (page: Page) => page.locator("#said").textContent();
const says = (page: Page, text: string) =>
  page.locator("#said").getByText(text, { exact: true }).waitFor();
const line = (page: Page, n: number) => page.locator(`#line-${n}`);

/** What the page can do, from the kernel or from a file. */
async function driven(page: Page, name: string): Promise<void> {
  assert.equal(await said(page), "24 personas");
  assert.match((await page.locator("#data").textContent())!, /^Data: own study/);
  await picture(page, `${name}_list`);
  await accessible(page, "the list");

  await page.locator(`details[data-name="state"] label:has-text("failed")`).click();
  assert.equal(await said(page), "3 of 24 personas");
  await page.locator("#grid").focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#person h3");
  const failed = (await page.locator("#person").textContent())!;
  assert.match(failed, /Failed: /);
  assert.ok(failed.includes("I would rather not <b>do that</b>."));
  await picture(page, `${name}_failed`);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#person").isVisible(), false);
  await page.locator("#filters").getByText("Take off all").click();
  assert.equal(await said(page), "24 personas");

  await page.keyboard.press("/");
  await page.keyboard.type("Ourense");
  await says(page, "14 of 24 personas");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#person mark");
  const one = (await page.locator("#person").textContent())!;
  for (const part of ["Profile 1 of made4", "question,answer", HOSTILE, "EPQR-A", "Persona"]) {
    assert.ok(one.includes(part), part);
  }
  assert.equal(await page.locator("#person img").count(), 0);
  await accessible(page, "one person");
  await picture(page, `${name}_one`);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  assert.equal(await said(page), "24 personas");

  await page.getByTitle("Sort by Age").click();
  const ages = async () =>
    (await page.locator(`#grid tbody tr[id] td:nth-child(${await columnOf(page, "Age")})`)
      .allTextContents()).filter((age) => age !== "—").map(Number);
  const rising = await ages();
  assert.deepEqual(rising, rising.toSorted((a, b) => a - b));
  await page.getByTitle("Sort by Age").click();
  assert.deepEqual(await ages(), rising.toReversed());
  await page.getByTitle("Sort by Age").click();

  await page.locator("#together").check();
  assert.equal(await said(page), "24 personas in 16 rows");
  await page.locator("#grid").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#grid").getAttribute("aria-rowcount"), "19");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.locator("#grid").getAttribute("aria-rowcount"), "17");

  await page.locator("#pair").click();
  await page.locator("#factor").selectOption("prompt");
  assert.match((await said(page))!, /^8 pairs, \d differ; 8 have no other$/);
  await page.locator("#differ").check();
  await page.locator("#grid").focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#person .sides");
  await accessible(page, "two side by side");
  await picture(page, `${name}_pair`);
  await page.keyboard.press("Escape");
  await page.locator("#pair").click();

  await page.locator("#copy").click();
  await says(page, "24 rows copied");
  const copied = await page.evaluate<string>("navigator.clipboard.readText()");
  const lines = copied.trimEnd().split("\n");
  assert.equal(lines.length, 25);
  assert.match(lines[0]!, /^id,profile_population,model,condition,.*,state,flags,data$/);
  assert.match(lines[1]!, /,"?Data: own study, not the published dataset/);

  await page.locator("#sheets").click();
  await says(page, "14 sheets");
  await page.locator("#grid").focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#person h3");
  assert.match((await page.locator("#person").textContent())!, /I answered as I am\./);
  await picture(page, `${name}_sheet`);
  assert.equal(await page.title(), `People of ${SCHEMA}`);
}

const columnOf = async (page: Page, label: string): Promise<number> =>
  (await page.locator("#grid thead th").allTextContents()).findIndex((text) =>
    text.startsWith(label)
  ) + 1;

Deno.test({
  name: `the served page: filters, search, one person, two side by side, keys, CSV${inBrowser}`,
  ignore: lacking !== null,
  fn: async () => {
    await study();
    await using browser = await launched();
    const served = servedPage(await opened());
    const { page, wrong } = await looking(browser, served.url);
    await driven(page, "served");
    assert.deepEqual(wrong, []);
    await page.reload();
    await page.waitForSelector("#person h3");
    await served.close();
    await page.locator("#search").fill("x");
    await says(page, "The kernel does not answer: run the cell again");
  },
});

Deno.test({
  name: `the file does the same from the disk, and asks for nothing${inBrowser}`,
  ignore: lacking !== null,
  fn: async () => {
    await study();
    const path = join(settings().outDir, "browse", "people.html");
    await using data = disposable(await opened());
    await fileOf(data.of, path);
    const { href } = pathToFileURL(path);
    await using browser = await launched();
    const { page, wrong } = await looking(browser, href);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.context().setOffline(true);
    await driven(page, "file");
    // A phone goes from the list to one person and back.
    for (const colorScheme of ["light", "dark"] as const) {
      const phone = await looking(browser, href, { width: 390, colorScheme });
      await picture(phone.page, `phone_${colorScheme}`);
      await accessible(phone.page, "a phone");
      const wide = await phone.page.evaluate<number>("document.documentElement.scrollWidth");
      assert.ok(wide <= 390, `${wide} px`);
      await line(phone.page, 1).click();
      await phone.page.waitForSelector("#person h3");
      assert.equal(await phone.page.locator("#list").isVisible(), false);
      await picture(phone.page, `phone_${colorScheme}_one`);
      await accessible(phone.page, "one person on a phone");
      await phone.page.goBack();
      assert.equal(await phone.page.locator("#list").isVisible(), true);
      assert.deepEqual(phone.wrong, []);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(asked, []);
  },
});

Deno.test({
  name: `82,600 people are few rows in the page, and few bytes${inBrowser}`,
  ignore: lacking !== null,
  fn: async () => {
    await restored(PUBLISHED);
    await using browser = await launched();
    const served = servedPage(await opened(PUBLISHED));
    let bytes = 0;
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("response", async (response) => (bytes += (await response.body()).length));
    await page.goto(served.url);
    await page.waitForSelector("body[data-ready]");
    assert.equal(await said(page), "82,600 personas");
    assert.ok(bytes < 2e6, `${bytes} bytes`);
    const few = async () => {
      const elements = await page.locator("#grid tbody tr").count();
      assert.ok(elements > 10 && elements < 80, `${elements} rows`);
    };
    await few();
    await page.locator("#grid").focus();
    await page.keyboard.press("End");
    await line(page, 82_599).waitFor();
    await few();
    await page.locator("#together").check();
    assert.equal(await said(page), "82,600 personas in 12,390 rows");
    await few();
    await served.close();
  },
});
