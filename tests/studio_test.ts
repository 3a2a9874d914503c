/** The page of a prompt over real HTTP: who may ask it what, and that it computes nothing of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DOMParser } from "linkedom";
import { epqra } from "lib/paper/instruments.ts";
import { model } from "lib/llm.ts";
import { comparedHtml } from "lib/notebook/compare.ts";
import { escape } from "lib/press.ts";
import { serve, type Served } from "lib/notebook/served.ts";
import { served, studioOf } from "lib/notebook/studio.ts";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import { administrations, openStudy, personas, type Plan } from "lib/study.ts";
import { accessible } from "./axe.ts";
import { evaluated, PATIENCE_MS } from "./command.ts";
import { launched, withoutBrowser } from "./jupyter.ts";
import { type Answer, provider, type Server, standIn } from "./llm_server.ts";
import { Made, served as standing } from "./study_worker.ts";

const WRITTEN = shippedPrompt("persona");

/** A study of five made profiles, a server that stands for its model, and the page of a plan. */
class Bench implements AsyncDisposable {
  private constructor(
    readonly made: Made,
    readonly server: Server,
    readonly plan: Plan,
    readonly page: Served,
  ) {}

  static async with(schema: string, answer: Answer = standIn): Promise<Bench> {
    const made = await Made.with(schema, 5);
    const server = provider({ answer });
    const plan = personas({
      models: [standing(server.url, 2), model("simulated")],
      conditions: ["Base", "MaxN"],
    });
    // The page goes on when the last cell of its notebook has closed the study.
    const notebook = await openStudy({ schema });
    const page = await served(notebook, plan);
    await notebook.close();
    return new Bench(made, server, plan, page);
  }

  /** A POST as the page sends it, but for what is given. */
  async post(
    route: string,
    body: unknown,
    { headers = {}, method = "POST" }: { headers?: Record<string, string>; method?: string } = {},
  ): Promise<{ status: number; said: Record<string, string>; headers: Headers }> {
    const response = await fetch(this.page.url + route, {
      method,
      headers: {
        "content-type": "application/json",
        origin: new URL(this.page.url).origin,
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, said: await response.json(), headers: response.headers };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
    await this.server.close();
    await this.made[Symbol.asyncDispose]();
  }
}

const EDIT = {
  system: WRITTEN.system,
  user: `${WRITTEN.user}\n\nThe person lives in Spain & <i>reads</i>.`,
};
const EDIT_SPAIN = { user: `${WRITTEN.user}\n\nThe person lives in Spain.` };

const LOOK = {
  ...EDIT,
  models: ["own"],
  conditions: ["MaxN"],
  versions: [] as string[],
  profiles: "2, 1",
  by: "",
};

/** The first line that a server answers to a request written by hand. */
async function firstLine(url: string, host: string): Promise<string> {
  const { port, pathname } = new URL(url);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(64);
  const size = await connection.read(buffer);
  return new TextDecoder().decode(buffer.slice(0, size ?? 0)).split("\r\n")[0]!;
}

Deno.test("only who knows the address, and only the page itself, is answered", async () => {
  await using bench = await Bench.with("studio_guarded");
  const { page, server } = bench;
  const url = new URL(page.url);
  assert.equal(url.hostname, "127.0.0.1");
  const [, token] = url.pathname.split("/");
  assert.match(token!, /^[0-9a-f]{64}$/);

  const wrong = token!.replace(/^./, (digit) => digit === "0" ? "1" : "0");
  for (const path of ["/", "/look", `/${wrong}/`, `/${token!.slice(1)}/`, `/${token}/look/more`]) {
    const response = await fetch(url.origin + path);
    assert.equal(response.status, 404, path);
    assert.deepEqual(await response.json(), { error: "There is nothing here" });
  }
  assert.match(await firstLine(page.url, url.host), /^HTTP\/1\.1 200 /);
  for (const host of [`localhost:${url.port}`, "evil.example", `evil.example:${url.port}`]) {
    assert.match(await firstLine(page.url, host), /^HTTP\/1\.1 403 /, host);
  }

  const status = async (...given: Parameters<Bench["post"]>) => (await bench.post(...given)).status;
  assert.equal(await status("look", LOOK), 200);
  for (
    const origin of [
      "null",
      "http://evil.example",
      `http://localhost:${url.port}`,
      "http://127.0.0.1",
    ]
  ) {
    assert.equal(await status("look", LOOK, { headers: { origin } }), 403, origin);
  }
  const without = await fetch(`${page.url}look`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(LOOK),
  });
  assert.equal(without.status, 403);
  await without.body?.cancel();
  const framed = await fetch(page.url, { headers: { origin: "http://evil.example" } });
  assert.equal(framed.status, 403);
  await framed.body?.cancel();

  const asked = await bench.post("look", LOOK, {
    method: "OPTIONS",
    headers: { origin: "http://evil.example", "access-control-request-method": "POST" },
  });
  assert.equal(asked.status, 405);
  for (const [name] of asked.headers) assert.ok(!name.startsWith("access-control"), name);
  assert.equal(await status("look", LOOK, { method: "PUT" }), 405);
  assert.equal(await status("nothing", LOOK), 404);
  assert.equal(await status("toString", LOOK), 404);
  assert.equal(await status("look", LOOK, { headers: { "content-type": "text/plain" } }), 415);
  assert.equal(await status("look", "{"), 400);
  assert.equal(await status("look", { ...LOOK, more: 1 }), 400);
  assert.equal(await status("look", { ...LOOK, system: 1 }), 400);
  assert.equal(await status("look", { ...LOOK, user: "x".repeat(300_000) }), 413);
  assert.equal(server.tally().requests, 0);
});

Deno.test("the page loads nothing, holds the prompt as text, and can be read without eyes", async () => {
  await using bench = await Bench.with("studio_page");
  const { made: { lab } } = bench;
  const odd = editPrompt(WRITTEN, {
    system: `\n</textarea><script>alert("1")</script> {{schema}} {{instrument}}`,
  });
  const page = await served(lab, { ...bench.plan, prompt: odd });
  const responses = [await fetch(page.url), await fetch(page.url)];
  const [html, again] = await Promise.all(responses.map((response) => response.text()));
  await page.close();
  const [{ headers }] = responses as [Response];
  const policy = headers.get("content-security-policy")!;
  assert.match(policy, /^default-src 'none'; script-src 'nonce-[^']+'; /);
  assert.doesNotMatch(policy, /script-src[^;]*unsafe/);
  assert.match(policy, /connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors /);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("access-control-allow-origin"), null);
  const nonce = /nonce-([^']+)'/.exec(policy)![1]!;
  assert.ok(html!.includes(`<script nonce="${nonce}">`));
  assert.ok(!again!.includes(nonce));

  assert.doesNotMatch(html!, /\b(?:src|href|url|import)\s*[=(]/);
  assert.equal(html!.split("<script").length, 2);
  const document = new DOMParser().parseFromString(html!, "text/html");
  // A line break behind the tag is not part of the text; linkedom leaves its entities as they are.
  assert.equal(document.querySelector("#system")!.textContent.slice(1), escape(odd.system));
  const fields = "textarea, input:not([type=checkbox]), select";
  for (const field of document.querySelectorAll(fields)) {
    assert.equal(document.querySelectorAll(`label[for="${field.id}"]`).length, 1, field.id);
  }
  const choices = (name: string) =>
    [...document.querySelectorAll(`input[name="${name}"]`)].map((one) => [
      one.parentElement!.textContent.trim(),
      one.hasAttribute("checked"),
    ]);
  assert.deepEqual(choices("models"), [["Own model", true], [model("simulated").label, false]]);
  assert.deepEqual(choices("conditions"), [["Base", true], ["MaxN", false]]);
  assert.equal(document.querySelector("#profiles")!.getAttribute("value"), "1");
});

Deno.test("looking asks nothing; asking needs a budget, and shows what a cell shows", async () => {
  await using bench = await Bench.with(
    "studio_asked",
    (asked) => standIn(asked).replace(`"name":"`, `"name":"<b>`),
  );
  const { made: { lab }, server, plan } = bench;
  const look = await bench.post("look", LOOK);
  assert.match(look.said.ask!, /^Ask: 4 calls, at most USD 0\.0\d+$/);
  assert.match(look.said.html!, /lives in Spain &amp; &lt;i&gt;reads/);
  assert.match(look.said.html!, /<ins [^>]*>[^<]*Spain/);
  assert.match(look.said.html!, /Profile 2 under MaxN, filled/);
  assert.match(look.said.html!, /\d+ tokens, as GPT-4o counts them · at most USD 0\.\d+ with own/);
  assert.doesNotMatch(look.said.html!, /<i>/);
  assert.equal(server.tally().requests, 0);
  assert.equal(await bench.made.value("select count(*) from runs"), 0);

  for (
    const budget of [undefined, {}, { calls: -1 }, { calls: 0.5 }, { calls: "9" }, {
      calls: 1,
      usd: 1,
    }]
  ) {
    assert.equal((await bench.post("ask", { ...LOOK, budget })).status, 400);
  }
  const part = await bench.post("ask", { ...LOOK, budget: { calls: 3 } });
  assert.equal(part.said.said, "The budget ends here: 1 call not made");
  const [whole, twice] = await Promise.all([
    bench.post("ask", { ...LOOK, budget: { calls: 1 } }),
    bench.post("ask", { ...LOOK, budget: { calls: 9 } }),
  ]);
  assert.equal(whole!.said.said, "All that was to be asked is there");
  assert.equal(twice!.said.said, whole!.said.said);
  assert.equal(server.tally().requests, 4);
  assert.doesNotMatch(whole!.said.html!, /<b>/);
  assert.match(whole!.said.html!, /&lt;b&gt;/);

  const models = plan.kind === "personas" ? plan.models.slice(0, 1) : [];
  const cell = await lab.tried({ ...plan, models }, {
    prompts: [WRITTEN, editPrompt(WRITTEN, EDIT)],
    profiles: [1, 2],
    conditions: ["MaxN"],
  });
  assert.ok(whole!.said.html!.includes(comparedHtml(cell, "Side by side")));

  const other = await bench.post("look", { ...LOOK, models: ["simulated"] });
  assert.equal(other.said.ask, "Ask: 4 calls, at most USD 0.00");
});

Deno.test("what cannot be asked or saved is said in words; what is saved is listed", async () => {
  await using bench = await Bench.with("studio_saved");
  const { made: { lab } } = bench;
  const refused = async (route: string, body: object, message: RegExp) => {
    const { status, said } = await bench.post(route, body);
    assert.deepEqual([status >= 400, Object.keys(said)], [true, ["error"]]);
    assert.match(said.error!, message);
  };
  await refused("look", { ...LOOK, user: "Nothing" }, /lacks \{\{table\}\}, the place of the data/);
  await refused("look", { ...LOOK, profiles: "1, x" }, /^Profiles are numbers/);
  await refused("look", { ...LOOK, profiles: "1 77" }, /^Profile 77 is not there in schema/);
  await refused(
    "look",
    { ...LOOK, conditions: ["MaxP"] },
    /has no condition MaxP: it has Base, MaxN/,
  );
  await refused(
    "look",
    { ...LOOK, models: ["gpt4o"] },
    /names no model gpt4o: it has own, simulated/,
  );
  await refused(
    "look",
    { ...LOOK, models: [] },
    /^Choose one model at least: the plan has own, sim/,
  );
  await refused("look", { ...LOOK, conditions: [] }, /^Choose one condition at least/);
  await refused("look", { ...LOOK, versions: ["9"] }, /no persona prompt of version 9/);
  await refused("look", { ...LOOK, by: "model" }, /by is a factor of the trial .* It has prompt/);
  await refused("save", { ...EDIT, note: "" }, /^A version is saved with a note/);
  await refused("save", { ...EDIT, user: WRITTEN.user, note: "x" }, /^Nothing is changed/);

  const { said } = await bench.post("save", { ...EDIT, note: "The <place>" });
  const { version } = editPrompt(WRITTEN, EDIT);
  assert.ok(said.said!.startsWith(`Saved as version ${version}: `));
  assert.match(said.html!, /The &lt;place&gt;/);
  assert.equal((await lab.prompt("persona", version)).note, "The <place>");
});

Deno.test("sheets are tried by the model that wrote the persona where the plan names none", async () => {
  await using made = await Made.with("studio_sheets", 3);
  const { lab } = made;
  await lab.run(
    await lab.register(personas({ models: [model("simulated")], conditions: ["Base"] })),
  );
  const page = await served(lab, administrations({ instrument: epqra }));
  const { system, user } = shippedPrompt("administration");
  const response = await fetch(`${page.url}ask`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: new URL(page.url).origin },
    body: JSON.stringify({
      system,
      user: `${user}\n\nThink first.`,
      models: [],
      conditions: ["Base"],
      versions: [],
      profiles: "3",
      by: "",
      budget: { usd: 0 },
    }),
  });
  const { html, calls } = await response.json();
  await page.close();
  assert.equal(calls, 0);
  assert.match(html, /Simulated \(no model\) reads no instructions/);
  assert.match(html, /Scale E/);
});

Deno.test("a page that is opened again replaces the first, and is gone when it is closed", async () => {
  const { out, err, code } = await evaluated(`
    import { model } from "lib/llm.ts";
    import { studio } from "lib/notebook.ts";
    import { personas } from "lib/study.ts";
    import { Made } from "./tests/study_worker.ts";
    const { lab, sql } = await Made.with("studio_twice", 2);
    const plan = personas({ models: [model("simulated")] });
    const said = [];
    const log = console.log;
    console.log = (text) => said.push(text);
    await studio(lab, plan);
    await studio(lab, plan);
    console.log = log;
    const [first, second] = said.map((text) => /http:\\S+/.exec(text)[0]);
    const status = (url) => fetch(url).then((page) => page.text().then(() => page.status), () => "gone");
    const before = [await status(first), await status(second)];
    await studio.close();
    await studio.close();
    console.log(JSON.stringify([first !== second, ...before, await status(second)]));
    console.log(said[1]);
    await lab.close();
    await sql.end();`);
  assert.equal(err, "");
  assert.equal(code, 0);
  assert.match(out, /^\[true,"gone",200,"gone"\]\n/);
  assert.match(out, /only from a browser on the same computer: on JupyterHub, Colab or VS Code/);
  const [html] = studioOf("http://127.0.0.1:1/a/", `<b>`, WRITTEN);
  assert.match(html, /<a href="http:\/\/127\.0\.0\.1:1\/a\/" .*>open it in a tab of its own<\/a>/);
  assert.match(html, /<iframe src="http:\/\/127\.0\.0\.1:1\/a\/" title="Studio: the persona/);
  assert.doesNotMatch(html, /<b>/);
});

Deno.test("a page closes although somebody sends half a request, and finishes what was asked", async () => {
  const work = Promise.withResolvers<void>(), began = Promise.withResolvers<void>();
  let stored = false;
  const page = serve({
    page: () => "",
    routes: new Map([["ask", async () => {
      began.resolve();
      await work.promise;
      stored = true;
      return {};
    }]]),
  });
  const { origin, host, port, pathname } = new URL(page.url);
  const head = `POST ${pathname}ask HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\n` +
    "Content-Type: application/json\r\nContent-Length: 100\r\n";
  const connections: Deno.Conn[] = [];
  for (const half of [`${head}\r\n{"half"`, head, "PO"]) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    await connection.write(new TextEncoder().encode(half));
    connections.push(connection);
  }
  const asked = fetch(`${page.url}ask`, {
    method: "POST",
    headers: { "content-type": "application/json", origin },
    body: "{}",
  }).then((response) => response.body?.cancel(), () => {});
  await began.promise;
  const closed = page.close();
  assert.equal(await Promise.race([closed, Promise.resolve("open")]), "open");
  work.resolve();
  await closed;
  assert.equal(stored, true);
  await asked;
  await assert.rejects(() => fetch(page.url), TypeError);
  for (const connection of connections) connection.close();
});

const lacking = await withoutBrowser();

Deno.test({
  name: `prompts × models × conditions in a browser: cost first, then side by side${
    lacking ? ` (left out: ${lacking})` : ""
  }`,
  ignore: lacking !== null,
  fn: async () => {
    await using bench = await Bench.with(
      "studio_matrix",
      (asked) =>
        asked.user.includes("lives in Spain")
          ? standIn(asked).replace(/"location":"[^"]*"/, `"location":"Madrid"`)
          : standIn(asked),
    );
    const { made: { lab }, server, plan } = bench;
    const third = editPrompt(WRITTEN, { user: `${WRITTEN.user}\n\nBe brief.` });
    await lab.savePrompt(third, { from: WRITTEN, note: "Shorter" });
    const opened = await served(await openStudy({ schema: "studio_matrix" }), plan);
    await using browser = await launched();
    for (const [width, colorScheme] of [[1280, "light"], [390, "dark"]] as const) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      page.setDefaultTimeout(PATIENCE_MS);
      const wrong: string[] = [];
      page.on("pageerror", (error) => wrong.push(error.message));
      await page.goto(opened.url);
      const before = server.tally().requests;
      const first = before === 0;
      await page.locator("#user").fill(`${WRITTEN.user}\n\nThe person lives in Spain.`);
      for (const name of [model("simulated").label, "MaxN", "Shorter"]) {
        await page.locator(".choice", { hasText: name }).locator("input").check();
      }
      await page.locator("#profiles").fill("1, 2");
      assert.equal(await page.locator("#ask").isDisabled(), true);
      await page.locator("#look").click();
      // 3 prompts, 2 models, 2 conditions, 2 profiles.
      const ask = page.locator("#ask");
      await ask.getByText(first ? /^Ask: 24 calls, at most USD 0\.\d+$/ : "Nothing left to ask")
        .waitFor();
      await page.locator("#shown h2").first().waitFor();
      assert.equal(server.tally().requests, before);
      if (first) {
        await page.locator("#amount").fill("24");
        // What is asked is what the cost was shown for.
        await page.locator(".choice", { hasText: "Shorter" }).locator("input").uncheck();
        assert.equal(await ask.isDisabled(), true);
        await page.locator(".choice", { hasText: "Shorter" }).locator("input").check();
        await ask.click();
        await page.locator("#said").getByText("All that was to be asked is there").waitFor();
        assert.equal(server.tally().requests, 12);
      }
      const shown = page.locator("#shown");
      const table = shown.locator("table", { hasText: "profile 1: " });
      assert.equal(await table.locator("thead th").count(), 1 + 3 * 2 * 2);
      const places = await table.locator("tr", { hasText: "location" }).locator("td")
        .allTextContents();
      const heads = (await table.locator("thead th").allTextContents()).slice(1);
      const { version } = editPrompt(WRITTEN, EDIT_SPAIN);
      for (const [at, head] of heads.entries()) {
        if (head !== `prompt ${version} · Own model · Base`) continue;
        assert.equal(places[at], "≠ Madrid");
        // What it is compared with stands on its left: the same model and condition.
        assert.match(heads.slice(0, at).join(" | "), /prompt 1 · Own model · Base/);
      }
      assert.ok(heads.includes(`prompt ${version} · Own model · Base`), heads.join(" | "));
      const differences = shown.locator("table", { hasText: "What each level does otherwise" });
      // Words, and the share of fields that differ, for each of four levels that are not the first.
      assert.equal(await differences.locator("tbody tr").count(), 8);
      assert.match((await shown.textContent())!, /A model may answer the same question otherwise/);

      await page.locator("#by").selectOption("model");
      await page.locator("#look").click();
      await shown.getByText(/^Compared by model, against Own model: \d+ of \d+ fields differ$/)
        .waitFor();
      await accessible(page, `the matrix at ${width} px, ${colorScheme}`);
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
      assert.ok(wide <= width, `${wide} px of ${width}`);
      const folder = Deno.env.get("SCREENSHOTS");
      if (folder) {
        await page.screenshot({ path: join(folder, `studio_${width}.png`), fullPage: true });
      }
      assert.deepEqual(wrong, []);
      await page.close();
    }
    await opened.close();
  },
});
