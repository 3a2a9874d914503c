/** What is said to models and what they reply, and what changed from one prompt to another. */
import { dollars, whole } from "../format.ts";
import { changes, type Message, type Prompt, tokens } from "../prompts.ts";
import type { Preview, Stored } from "../study.ts";
import { escape } from "../press.ts";

const ROLES = { system: "System", user: "User", assistant: "Model" } as const;

/** Kept as it was written, in the page's own colours; a line at the side says where it ends. */
const LETTER =
  "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;font-family:monospace;" +
  "font-size:90%;line-height:1.4;max-width:50em;margin:0.25em 0 1em 0;padding:0 0 0 0.75em;" +
  "border:0;border-left:3px solid;color:inherit;background:none";

/** A text as it was written. A line break after `<pre>` is not part of its text, so that one of the text's own survives. */
export const letter = (html: string): string => `<pre style="${LETTER}">\n${html}</pre>`;

function parts(caption: string, blocks: readonly (readonly [string, string])[], foot: string) {
  return [
    `<p>${escape(caption)}</p>`,
    ...blocks.map(([head, html]) =>
      `<p style="margin:0"><strong>${escape(head)}</strong></p>\n${html}`
    ),
    `<p>${escape(foot)}</p>`,
  ].join("\n");
}

/** The messages of an exchange with its reply where there is one, by who says it. */
function letters(of: Preview | Stored): [head: string, text: string][] {
  const said = of.messages.map(({ role, content }): [string, string] => [ROLES[role], content]);
  return "reply" in of ? [...said, ["Reply", of.reply]] : said;
}

/** Tokens and price in a sentence. */
function price(of: Preview | Stored): string {
  if ("reply" in of) {
    const { messages, reply, usd, state } = of;
    const asked = counted(messages);
    return [
      `${whole(asked)} tokens asked, ${whole(tokens(reply))} replied, as GPT-4o counts them`,
      usd === null ? "its price is not known" : dollars(usd),
      ...state === "done" ? [] : [state],
    ].join(" · ");
  }
  const most = Object.entries(of.most).map(([model, usd]) =>
    usd === null ? `no price is known for ${model}` : `at most ${dollars(usd)} with ${model}`
  );
  return [`${whole(of.tokens)} tokens, as GPT-4o counts them`, ...most].join(" · ");
}

const counted = (messages: readonly Message[]): number =>
  messages.reduce((sum, { content }) => sum + tokens(content), 0);

/** An exchange, or what would be asked, as HTML. */
export function exchangeHtml(of: Preview | Stored, caption: string): string {
  const blocks = letters(of).map(([head, text]) => [head, letter(escape(text))] as const);
  return parts(caption, blocks, price(of));
}

/** An exchange, or what would be asked, as plain text. */
export function exchangeText(of: Preview | Stored, caption: string): string {
  const blocks = letters(of).map(([head, text]) => `${head}:\n${indented(text)}`);
  return [caption, ...blocks, price(of)].join("\n\n");
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, "  ");

const SIGNS = { added: ["{+", "+}"], removed: ["[-", "-]"] } as const;
/** Tints that are seen on light and on dark pages. */
const TAGS = {
  added: { tag: "ins", tint: "rgba(46,160,67,.2)" },
  removed: { tag: "del", tint: "rgba(248,81,73,.2)" },
} as const;

/** How a prompt was changed; null where it was not. */
function edited(before: Prompt, after: Prompt) {
  if (before.hash === after.hash) return null;
  const all = changes(before, after);
  return (["system", "user"] as const).map((part) => ({
    head: ROLES[part],
    words: all.filter((change) => change.part === part),
  }));
}

const unchanged = ({ purpose, version }: Prompt): string =>
  `nothing is changed: this is the ${purpose} prompt ${version} as it stands`;

/** What is the same, added and removed, word by word; signs say it as well as underlines. */
export function editsHtml(before: Prompt, after: Prompt, caption: string): string {
  const made = edited(before, after);
  if (!made) return `<p>${escape(`${caption}: ${unchanged(before)}`)}</p>`;
  const blocks = made.map(({ head, words }) => {
    const html = words.map(({ kind, text }) => {
      if (kind === "same") return escape(text);
      const [open, close] = SIGNS[kind];
      const { tag, tint } = TAGS[kind];
      return `<${tag} style="background:${tint}">${escape(open + text + close)}</${tag}>`;
    });
    return [head, letter(html.join(""))] as const;
  });
  return parts(caption, blocks, legend(before, after));
}

/** The same as plain text. */
export function editsText(before: Prompt, after: Prompt, caption: string): string {
  const made = edited(before, after);
  if (!made) return `${caption}: ${unchanged(before)}`;
  const blocks = made.map(({ head, words }) => {
    const text = words.map(({ kind, text }) =>
      kind === "same" ? text : SIGNS[kind][0] + text + SIGNS[kind][1]
    ).join("");
    return `${head}:\n${indented(text)}`;
  });
  return [caption, ...blocks, legend(before, after)].join("\n\n");
}

const legend = (before: Prompt, after: Prompt): string =>
  `From version ${before.version} to ${after.version}: {+added+}, [-removed-]`;
