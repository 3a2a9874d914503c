/** What a stand-in makes of the simulated model's replies. */
import { tokens } from "../../prompts.ts";

/** A reply in OpenAI's form with another content, and the tokens that this has. */
export function rewritten(reply: string, make: (content: string) => string): string {
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
