/**
 * A page served from the kernel on the loopback, to the one who knows its address.
 *
 * Whoever knows the address may spend money, so it holds a secret; whoever does not, such as another
 * page in the same browser or another user of the machine, gets nothing: the secret is compared in
 * constant time, the Host header must be this server's (DNS rebinding), a POST must come from the page
 * itself and be JSON (no form of another site can send that), and no other origin is ever allowed.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { hidden } from "../config.ts";

export interface Served {
  /** With the secret, and a slash at its end. */
  url: string;
  close(): Promise<void>;
}

/** Bytes of a request: prompts are a few thousand. */
const LARGEST = 256 * 1024;

/** A request that is not answered, with its status. */
export class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** The HTML of a page, with the colours that all of them have where its style says so. */
export const pageIn = (path: string): string =>
  readFileSync(path, "utf8").replace(
    "/* colours */",
    () => readFileSync(join(import.meta.dirname!, "colours.css"), "utf8"),
  );

/** A request of the shape that a route takes. @throws {Refused} naming what does not fit */
export function checked<T>(shape: z.ZodType<T>, body: unknown): T {
  const { success, data, error } = shape.safeParse(body);
  if (success) return data;
  const { path, message } = error.issues[0]!;
  throw new Refused(400, `${path.join(".") || "The request"}: ${message}`);
}

/** What is served: a page, made with a nonce for its script and style, and routes for its requests. */
export interface Offered {
  page: (nonce: string) => string;
  routes: ReadonlyMap<string, (body: unknown) => Promise<object>>;
}

/** Serves a page on a port that is free, until it is closed. */
export function serve({ page, routes }: Offered): Served {
  const token = randomBytes(32).toString("hex");
  // One thing at a time, as cells are run.
  let last: Promise<unknown> = Promise.resolve();
  // What was asked for is finished and stored; a request that has not come in whole is not waited for.
  const closing = new AbortController(), cut = new AbortController();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    closing.signal.throwIfAborted();
    const done = last.then(work, work);
    last = done.catch(() => {});
    return done;
  };
  const answered = async (request: Request): Promise<Response> => {
    const route = routeOf(request, host, token);
    if (request.method === "GET") return html(page);
    const read = routes.get(route);
    if (!read) throw new Refused(404, "There is nothing here");
    const body = await bodyOf(request, closing.signal);
    return json(200, await inTurn(() => read(body)));
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: cut.signal, onListen() {} },
    (request) =>
      answered(request).catch((error) =>
        json(error instanceof Refused ? error.status : 422, { error: hidden(error.message) })
      ),
  );
  const host = `127.0.0.1:${(server.addr as Deno.NetAddr).port}`;
  return {
    url: `http://${host}/${token}/`,
    async close() {
      closing.abort(new Refused(503, "The page is closed"));
      await last;
      // `shutdown` would wait for whoever holds a connection open.
      cut.abort();
      await server.finished;
    },
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

async function bodyOf(request: Request, closing: AbortSignal): Promise<unknown> {
  if (!/^application\/json(;|$)/.test(request.headers.get("content-type") ?? "")) {
    throw new Refused(415, "JSON only");
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const sized = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      size += chunk.length;
      if (size > LARGEST) throw new Refused(413, `A request has at most ${LARGEST} bytes`);
      controller.enqueue(chunk);
    },
  });
  for await (const chunk of request.body?.pipeThrough(sized, { signal: closing }) ?? []) {
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

function html(page: Offered["page"]): Response {
  const nonce = randomBytes(16).toString("base64");
  return new Response(page(nonce), {
    headers: {
      ...HEADERS,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy(nonce),
    },
  });
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
    "frame-ancestors http://localhost:* https://localhost:* http://127.0.0.1:* https://127.0.0.1:* vscode-webview: vscode-file:",
  ].join("; ");
