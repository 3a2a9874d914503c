/** Models at a local server, for tests of calls. */
import assert from "node:assert/strict";
import { CallError, type Model, model } from "lib/llm.ts";
import type { Message } from "lib/prompts.ts";
import { type Answer, provider, type Server } from "./llm_server.ts";

export const KEY = "sk-test-0123456789";

/** The environment of a test; what is set outside, such as a user's key, is not seen. */
export const CLEAN = {
  MODELS_FILE: "/nonexistent/models.json",
  OPENAI_API_KEY: KEY,
  OPENAI_ORG_ID: "",
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "AKIATEST0123456789",
  AWS_SECRET_ACCESS_KEY: "aws-secret-0123456789",
  AWS_SESSION_TOKEN: "",
  AWS_BEARER_TOKEN_BEDROCK: "",
  AWS_PROFILE: "",
};

export async function under(env: Record<string, string>, run: () => Promise<void>): Promise<void> {
  const before = Object.keys(env).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  try {
    await run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

export interface Room {
  server: Server;
  /** A model of each real provider, at the server. */
  both: Model[];
  gpt: Model;
  claude: Model;
}

/** A test with a server; `answer` may be changed while it runs. */
export function served(
  name: string,
  answer: Answer,
  run: (room: Room) => Promise<void>,
  env: Record<string, string> = {},
): void {
  Deno.test(name, async () => {
    const server = provider({ answer });
    try {
      const endpoint = { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: server.url };
      await under({ ...CLEAN, ...endpoint, ...env }, async () => {
        const gpt = { ...model("gpt4o"), base_url: `${server.url}/v1` };
        // Paces are kept by model: every test has models of its own.
        const claude = { ...model("claude35sonnet"), model: `claude-${server.url.slice(-5)}` };
        await run({ server, gpt, claude, both: [gpt, claude] });
      });
    } finally {
      await server.close();
    }
  });
}

export const ask = (...texts: string[]): Message[] =>
  texts.map((content, place) => ({ role: place ? "user" : "system", content }));
export const HELLO = ask("You are brief.", "Say hello in JSON.");

export async function failure(call: Promise<unknown>): Promise<CallError> {
  const error = await call.then(() => null, (error) => error);
  assert.ok(error instanceof CallError, `expected a CallError, got ${error}`);
  return error;
}
