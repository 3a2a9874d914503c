/** Stand-ins: providers that compute here, and say something else than the simulated model. */
import { tokens } from "../prompts.ts";
import { register } from "./providers.ts";
import { simulated } from "./simulated.ts";

/** What a stand-in was asked. */
export interface Question {
  system: string;
  user: string;
  /** The request, with what the model's entry says in `more`. */
  body: Readonly<Record<string, unknown>>;
  /** By which chance is drawn: of the same request the same. */
  key: string;
}

/**
 * Makes a stand-in known: its replies are the simulated model's with another content, and the tokens that
 * this has.
 */
export function standIn(
  name: string,
  make: (content: string, asked: Question) => string,
): void {
  register({
    ...simulated,
    name,
    body: (model, call) => ({ ...simulated.body(model, call), ...model.more }),
    async send(model, body, signal, key) {
      const messages = body.messages as { role: string; content: string }[];
      const said = (role: string) =>
        messages.filter((message) => message.role === role).map(({ content }) => content)
          .join("\n");
      const asked = { system: said("system"), user: said("user"), body, key };
      return rewritten(
        await simulated.send(model, body, signal, key),
        (content) => make(content, asked),
      );
    },
  });
}

function rewritten(reply: string, make: (content: string) => string): string {
  const made = JSON.parse(reply);
  const { message } = made.choices[0];
  message.content = make(message.content);
  const { prompt_tokens } = made.usage;
  const completion_tokens = tokens(message.content);
  made.usage = {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
  };
  return JSON.stringify(made);
}
