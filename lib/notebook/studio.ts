/**
 * A page on which a prompt is edited, tried and kept, served from the kernel on the loopback.
 *
 * Whoever knows the address may spend money, so it holds a secret; whoever does not, such as another
 * page in the same browser or another user of the machine, gets nothing: the secret is compared in
 * constant time, the Host header must be this server's (DNS rebinding), a POST must come from this page
 * and be JSON (no form of another site can send that), and no other origin is ever allowed.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { hidden } from "../config.ts";
import { dollars, plural } from "../format.ts";
import { rows } from "../frames.ts";
import { edited, type Prompt } from "../prompts.ts";
import type { Budget, Laboratory, Plan, Tried } from "../study.ts";
import { comparedHtml } from "./compare.ts";
import { escape } from "./html.ts";
import { tableHtml } from "./table.ts";
import { editsHtml, exchangeHtml } from "./talk.ts";

export interface Served {
  /** With the secret, and a slash at its end. */
  url: string;
  close(): Promise<void>;
}

const WHERE =
  "It is served by this kernel and can be reached only from a browser on the same computer: " +
  "on JupyterHub, Colab or VS Code remote, use lab.tried and compared in cells. " +
  "It ends with the kernel, or with `await studio.close()`.";

/** The page framed, with a plain link to it; and as plain text. */
export function studioOf(
  url: string,
  schema: string,
  { purpose, version }: Prompt,
): [html: string, text: string] {
  const title = `Studio: the ${purpose} prompt ${version} of ${schema}`;
  return [
    `<p><strong>${escape(title)}</strong> · ` +
    `<a href="${
      escape(url)
    }" target="_blank" rel="noopener">open it in a tab of its own</a></p>\n` +
    `<p>${escape(WHERE)}</p>\n` +
    `<iframe src="${escape(url)}" title="${escape(title)}" ` +
    `style="width:100%;height:52em;border:1px solid"></iframe>`,
    `${title}\n  ${url}\n  ${WHERE}`,
  ];
}

/** Bytes of a request: prompts are a few thousand. */
const LARGEST = 256 * 1024;
const MOST_PROFILES = 20;

const Edit = z.strictObject({ system: z.string(), user: z.string() });
const Look = Edit.extend({
  model: z.string(),
  condition: z.string(),
  profiles: z.string(),
});
const Amount = z.number().min(0, "A budget is 0 or more");
const Ask = Look.extend({
  budget: z.union([z.strictObject({ calls: Amount }), z.strictObject({ usd: Amount })]),
});
const Save = Edit.extend({ note: z.string() });

/** A request that is not answered, with its status. */
class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** What a route answers: HTML for the page, a sentence, and what is left to ask. */
type Answer = { html: string; said: string; calls?: number; ask?: string };

/** Serves the page of a plan; see `studio` in the door of this room. */
export async function served(lab: Laboratory, plan: Plan): Promise<Served> {
  const token = randomBytes(32).toString("hex");
  const page = await pageOf(lab, plan);
  const routes = routesOf(lab, plan);
  // One thing at a time, as cells are run.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work, work);
    last = done.catch(() => {});
    return done;
  };
  let host = "";
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      try {
        const route = routeOf(request, host, token);
        if (request.method === "GET") return page();
        const read = routes.get(route);
        if (!read) throw new Refused(404, "There is nothing here");
        const body = await bodyOf(request);
        return json(200, await inTurn(() => read(body)));
      } catch (error) {
        const status = error instanceof Refused ? error.status : 422;
        return json(status, { error: hidden((error as Error).message) });
      }
    },
  );
  host = `127.0.0.1:${(server.addr as Deno.NetAddr).port}`;
  return {
    url: `http://${host}/${token}/`,
    close: () => server.shutdown(),
  };
}

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();

/** The route that a request may take: "" for the page. */
function routeOf(request: Request, host: string, token: string): string {
  const { headers, method } = request;
  if (headers.get("host") !== host) throw new Refused(403, "This is another host");
  const [, given = "", route = "", ...rest] = new URL(request.url).pathname.split("/");
  if (!timingSafeEqual(digest(given), digest(token)) || rest.length) {
    throw new Refused(404, "There is nothing here");
  }
  if (method !== "GET" && method !== "POST") throw new Refused(405, "GET and POST only");
  const origin = headers.get("origin");
  if (origin === null ? method === "POST" : origin !== `http://${host}`) {
    throw new Refused(403, "Another page may not ask this");
  }
  if ((method === "GET") !== (route === "")) throw new Refused(404, "There is nothing here");
  return route;
}

async function bodyOf(request: Request): Promise<unknown> {
  if (!/^application\/json(;|$)/.test(request.headers.get("content-type") ?? "")) {
    throw new Refused(415, "JSON only");
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > LARGEST) throw new Refused(413, `A request has at most ${LARGEST} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(await new Blob(chunks).text());
  } catch {
    throw new Refused(400, "This is no JSON");
  }
}

const HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

const json = (status: number, body: object): Response =>
  Response.json(body, { status, headers: HEADERS });

function checked<T>(shape: z.ZodType<T>, body: unknown): T {
  const { success, data, error } = shape.safeParse(body);
  if (success) return data;
  const { path, message } = error.issues[0]!;
  throw new Refused(400, `${path.join(".") || "The request"}: ${message}`);
}

/** What the page may ask for; each does what the cells of a notebook do. */
function routesOf(
  lab: Laboratory,
  plan: Plan,
): ReadonlyMap<string, (body: unknown) => Promise<Answer>> {
  const before = plan.prompt;
  const changed = ({ system, user }: z.infer<typeof Edit>): Plan => ({
    ...plan,
    prompt: edited(before, { system, user }),
  });
  const trial = ({ model, condition, profiles, ...edit }: z.infer<typeof Look>) => {
    const models = plan.models.filter(({ id }) => id === model);
    if (models.length !== Math.min(1, plan.models.length)) {
      const known = plan.models.map(({ id }) => id).join(", ");
      throw new Refused(400, `The plan names no model ${model}: it has ${known}`);
    }
    return {
      plan: { ...changed(edit), models },
      options: { before, condition, profiles: numbers(profiles) },
    };
  };
  const shown = async (plan: Plan, { condition, profiles }: Chosen, tried: Tried) => {
    const preview = await lab.preview(plan, { condition, profile: profiles[0]! });
    return [
      section("Edits", editsHtml(before, plan.prompt, "Beside the version it came from")),
      section("Replies", comparedHtml(tried, "Before and after")),
      section(
        "What is sent",
        exchangeHtml(preview, `Profile ${preview.profile} under ${preview.condition}, filled`),
      ),
    ].join("\n");
  };
  return new Map(Object.entries({
    async look(body: unknown): Promise<Answer> {
      const { plan, options } = trial(checked(Look, body));
      const tried = await lab.tried(plan, options);
      return {
        html: await shown(plan, options, tried),
        said: "This is what would be asked; nothing was asked for it",
        ...rest(tried),
      };
    },
    async ask(body: unknown): Promise<Answer> {
      const { budget, ...look } = checked(Ask, body);
      const { plan, options } = trial(look);
      const tried = await lab.tried(plan, { ...options, budget: budget as Budget });
      const left = rest(tried);
      const said = left.calls
        ? `The budget ends here: ${plural(left.calls, "call")} not made`
        : "All that was to be asked is there";
      return { html: await shown(plan, options, tried), said, ...left };
    },
    async save(body: unknown): Promise<Answer> {
      const { note, ...edit } = checked(Save, body);
      const { prompt } = changed(edit);
      await lab.savePrompt(prompt, { from: before, note });
      const versions = tableHtml(await lab.prompts(), "What was made with each version");
      return {
        html: section("Versions", versions),
        said: `Saved as version ${prompt.version}: await lab.prompt("${prompt.purpose}", ` +
          `"${prompt.version}") brings it into a cell`,
      };
    },
  }));
}

type Chosen = { condition: string; profiles: readonly number[] };

const section = (head: string, html: string): string =>
  `<section><h2>${escape(head)}</h2>\n${html}\n</section>`;

function numbers(text: string): number[] {
  const all = text.split(/[\s,;]+/).filter((one) => one);
  if (!all.length || !all.every((one) => /^\d{1,9}$/.test(one))) {
    throw new Refused(400, "Profiles are numbers, such as 1, 2, 3");
  }
  if (all.length <= MOST_PROFILES) return all.map(Number);
  throw new Refused(400, `At most ${MOST_PROFILES} profiles are tried here: got ${all.length}`);
}

const Left = z.object({ calls: z.number(), usd_most: z.number().nullable() });

/** What is left to ask, as the button says it. */
function rest({ left }: Tried): { calls: number; ask: string } {
  const { calls, usd_most } = rows(left, Left).at(-1)!;
  const price = usd_most === null ? "price unknown" : `at most ${dollars(usd_most)}`;
  return { calls, ask: calls ? `Ask: ${plural(calls, "call")}, ${price}` : "Nothing left to ask" };
}

const FILE = join(import.meta.dirname!, "studio.html");

/** The page, as it is at first: a new nonce each time it is sent. */
async function pageOf(lab: Laboratory, plan: Plan): Promise<() => Response> {
  const { prompt, models } = plan;
  const { profile, condition } = await lab.preview(plan);
  const conditions = await lab.conditions(plan);
  const option = (value: string, label: string) =>
    `<option value="${escape(value)}"${value === condition ? " selected" : ""}>${
      escape(label)
    }</option>`;
  const values: Record<string, string> = {
    schema: escape(lab.schema),
    purpose: escape(prompt.purpose),
    version: escape(prompt.version),
    system: escape(prompt.system),
    user: escape(prompt.user),
    profiles: escape(String(profile)),
    conditions: conditions.map((name) => option(name, name)).join(""),
    models: models.length
      ? models.map(({ id, label }) => option(id, label)).join("")
      : option("", "the one that wrote the persona"),
  };
  const html = readFileSync(FILE, "utf8");
  return () => {
    const nonce = randomBytes(16).toString("base64");
    // A prompt has places in braces of its own: what is filled in is not read again.
    const text = html.replace(
      /\{\{ *(\w+) *\}\}/g,
      (whole, name: string) => name === "nonce" ? nonce : values[name] ?? whole,
    );
    return new Response(text, {
      headers: {
        ...HEADERS,
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy(nonce),
      },
    });
  };
}

/** Jupyter and VS Code may frame the page, nobody else; styles stand in attributes of what is shown. */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src-elem 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors http://localhost:* http://127.0.0.1:* vscode-webview: vscode-file:",
  ].join("; ");
