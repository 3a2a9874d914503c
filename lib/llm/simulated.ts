/**
 * A stand-in for a model: it computes its replies here, from the prompt and a seed, without a key and
 * without a network. What it writes says nothing about any model; it is for trying out the study.
 *
 * For a persona prompt it draws demographics from the stated rates below and writes a biography that
 * ends in a line with the profile's answers; a form of other fields it fills in by their kinds. For an
 * administration prompt it finds that line and answers from it, with a stated rate of errors.
 */
import { ERROR_RATE, TABLE } from "./simulated/carried.ts";
import { administration, chosen } from "./simulated/answers.ts";
import { form, isUsual, outlineIn, persona } from "./simulated/people.ts";
import { tokens } from "../prompts.ts";
import { seeded } from "../random.ts";
import { openai } from "./openai.ts";
import type { Provider } from "./provider.ts";

const ITEMS = /\{\n(?:[ \t]*"\d+": "(?:[^"\\]|\\.)*",?\n)+[ \t]*\}/;

/** Items with options of their own: a list of labels, or labels by number or letter. */
const OWN_ITEM =
  /^ {2}"(\d+)": \{\n {4}"item": ("(?:[^"\\]|\\.)*"),\n {4}"answers": ([[{].*[\]}])\n {2}\}/gm;

export const simulated: Provider = {
  name: "simulated",
  here: true,
  setting: "nothing",
  address: () => "computed here",
  remedy: () => "none is needed",
  ready: () => "yes, computed here",
  faults: () => [],
  margin: () => 1.5,
  seller: () => null,
  listedAs: () => [],
  // Its replies are in OpenAI's form.
  read: (body) => openai.read(body),

  body: (model, { messages }) => ({
    model: model.model,
    messages: messages.map(({ role, content }) => ({ role, content: content.toWellFormed() })),
    error_rate: model.error_rate ?? ERROR_RATE,
    max_tokens: model.max_tokens,
  }),

  send(model, body, _signal, key) {
    const messages = body.messages as { role: string; content: string }[];
    const spoken = (role: string) =>
      messages.filter((message) => message.role === role).map(({ content }) => content).join("\n");
    const [system, user] = [spoken("system"), spoken("user")];
    const random = seeded("simulated", key);
    const items = ITEMS.exec(user);
    const table = TABLE.exec(user);
    const outline = outlineIn(`${system}\n${user}`);
    const own = [...user.matchAll(OWN_ITEM)];
    const content = own.length
      ? chosen(model, system, user, own, random)
      : items
      ? administration(model, system, user, items[0], random)
      : table && (!outline || isUsual(outline))
      ? persona(table[1]!, user, random)
      : outline
      ? form(model, outline, `${system}\n${user}`, table?.[1] ?? null, random)
      : "This is a simulated reply: there is neither a profile nor a questionnaire in the prompt.";
    const input = tokens(system) + tokens(user);
    const output = tokens(content);
    return Promise.resolve(JSON.stringify({
      id: `simulated-${key.slice(0, 16)}`,
      object: "chat.completion",
      model: model.model,
      choices: [{
        index: 0,
        message: { role: "assistant", content, refusal: null },
        finish_reason: "stop",
      }],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    }));
  },
};
