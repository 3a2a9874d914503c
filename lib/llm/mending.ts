/** Which field of a model's entry mends what its provider does not take. */
import { type Model, shown } from "./registry.ts";

const NOT = String
  .raw`(?:un(?:known|expected|supported)|invalid|deprecated|(?:n't|not|no longer|only|never|cannot)\b)`;

/** Whether a sentence says of one of these words that it is not taken. */
const denied = (words: string): RegExp =>
  new RegExp(String.raw`${NOT}.{0,100}\b(?:${words})|\b(?:${words})\b.{0,100}\b${NOT}`, "i");

const SYSTEM = new RegExp(
  `${denied("(?:system|developer)\\W{0,3}(?:role|message|prompt|instruction|field)s?").source}|` +
    `(?:n't|not) support.{0,20}'(?:system|developer)'|roles must alternate`,
  "i",
);
const SAMPLING = (name: string): RegExp =>
  new RegExp(
    String.raw`${denied(name).source}|\b${name}\b.{0,100}\b(?:must|should|range|between|less)\b`,
    "i",
  );
const LIMIT = /max_?(?:completion_?|output_?|new_?)?tokens|maximum tokens|completion tokens/i;
const FORMAT =
  /response_?format|json_(?:schema|object)|structured.?outputs?|json.?mode|outputConfig|textFormat/i;
const UNKNOWN = new RegExp(
  String.raw`\bmodel\b.{0,160}(?:${NOT}|no such)|(?:${NOT}|no such) model|inference profile`,
  "i",
);

/**
 * What to change in a model's entry, where the provider's message tells; null where it does not.
 *
 * @param message what the provider said about a request that it did not take
 */
export function mending(model: Model, message: string): string | null {
  const change = changeOf(model, message);
  return change && `${change} in the entry of ${model.id} in ${shown()}`;
}

function changeOf(model: Model, message: string): string | null {
  const { max_tokens_as, temperature, top_p, format, more } = model;
  if (model.system !== false && SYSTEM.test(message)) return 'set "system": false';
  if (/max_completion_tokens/.test(message)) {
    if (max_tokens_as !== "max_completion_tokens") {
      return 'set "max_tokens_as": "max_completion_tokens"';
    }
    if (denied("max_completion_tokens").test(message)) return 'set "max_tokens_as": "max_tokens"';
  }
  // Top-p first: where both may not be given at once, it is the one to leave out.
  if (top_p !== undefined && SAMPLING("top_?p").test(message)) return 'set "top_p": null';
  if (temperature !== undefined && SAMPLING("temperature").test(message)) {
    return 'set "temperature": null';
  }
  if (/enable_thinking/.test(message)) return 'set "more": {"enable_thinking": false}';
  const extra = Object.keys(more ?? {}).find((name) => message.includes(name));
  if (extra) return `change ${JSON.stringify(extra)} of "more"`;
  if (format !== "text" && FORMAT.test(message)) return 'set "format": "text"';
  if (LIMIT.test(message)) return 'set a smaller "max_tokens"';
  return UNKNOWN.test(message) ? 'set the right "model"' : null;
}
