/** What became of every question that a study asked: also of those whose reply is no sheet. */
import { z } from "zod";
import type { DataFrame } from "polars";
import type { Dataset, Replied } from "../../db.ts";
import { Collected } from "../../frames.ts";
import { type Instrument, type Item, optionOf, optionsOf } from "../../instruments.ts";
import { openReply } from "../../llm.ts";
import { from, sourcesOf } from "../../provenance.ts";
import { jsonIn } from "../../replies.ts";
import { classOf, type Question, questionsOf, type ReplyClass } from "../answers.ts";
import type { Asking, Opinion } from "../replies.ts";

type Reader = (text: string | null, question: Question, asking: Asking) => Opinion;

/** Reasons of failed calls that say what became of their questions, whatever they were. */
const FAILED: Readonly<Record<string, ReplyClass>> = {
  truncated: "truncated",
  refused: "refusal",
  filtered: "refusal",
  "no reply": "missing",
  empty: "missing",
};

const Content = z.union([z.string(), z.array(z.object({ text: z.string() }))]);
const Messages = z.object({ messages: z.array(z.object({ content: Content })) });

/** The options of an item in the order in which a request showed them; null where it does not say. */
function shownIn(sent: string | null, instrument: Instrument, item: Item): number[] | null {
  const parsed = sent === null ? null : Messages.safeParse(JSON.parse(sent));
  if (!parsed?.success) return null;
  const text = parsed.data.messages.map(({ content }) =>
    typeof content === "string" ? content : content.map(({ text }) => text).join("\n")
  ).join("\n");
  const begins = `"item": ${JSON.stringify(item.text)},`;
  const at = text.indexOf(begins);
  if (at < 0) return null;
  const [, list] = /"answers": ([[{].*[\]}])\n/.exec(text.slice(at)) ?? [];
  if (list === undefined) return null;
  const labels = [...list.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([one]) =>
    JSON.parse(one!) as string
  );
  const options = optionsOf(instrument, item);
  const codes = labels.flatMap((label) => {
    const found = options.find((option) => option.label === label);
    return found ? [found.code] : [];
  });
  return codes.length === options.length ? codes : null;
}

/** What stands for an item in a reply that is JSON; the whole reply where it is none and one was asked. */
function partOf(text: string | null, number: number, alone: boolean): string | null {
  if (text === null) return null;
  const json = text.includes("{") ? jsonIn(text) : { problem: "no JSON" };
  const value = "value" in json ? json.value : null;
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const own = (value as Record<string, unknown>)[String(number)];
    if (own !== undefined) return typeof own === "string" ? own : JSON.stringify(own);
  }
  return alone ? text : null;
}

/**
 * Reads all calls of an instrument: a row for each question that was asked.
 *
 * @param read what a reply in words gives, for what the sheet could not read
 */
export async function asked(
  study: Dataset,
  instrument: Instrument,
  read: Reader,
  names: Readonly<Record<number, string>>,
  besides: { with?: readonly string[] | "all" },
): Promise<DataFrame> {
  const { columns, calls } = await study.replies(instrument.name, besides);
  const questions = questionsOf(instrument, names);
  const made = new Collected({
    ...columns,
    question: "text",
    option: "text",
    reply_class: "text",
    reply_reason: "text",
    place: "integer",
    places: "integer",
  });
  for await (const call of calls) {
    for (const row of rowsOf(call, instrument, questions, read)) made.add({ ...call.keys, ...row });
  }
  return from(made.frame(), sourcesOf(study));
}

function* rowsOf(
  call: Replied,
  instrument: Instrument,
  questions: readonly Question[],
  read: Reader,
) {
  const { answers, options, reasons, reason, sent } = call;
  const items = call.items ?? itemsIn(call, instrument);
  const reply = call.reply === null ? null : openReply(call.provider!, call.reply);
  for (const number of items) {
    const at = instrument.items.findIndex((item) => item.number === number);
    const item = instrument.items[at]!, question = questions[at]!;
    const own = options?.[at];
    const shown = Array.isArray(own)
      ? own as number[]
      : options?.length && !Array.isArray(options[0])
      ? options as readonly number[]
      : shownIn(sent, instrument, item) ?? optionsOf(instrument, item).map(({ code }) => code);
    const answer = answers?.[at] ?? null;
    const given: Opinion = answer !== null
      ? {
        replyClass: classOf(
          question.options.find(({ option }) => option === String(answer))?.role,
        ),
        option: String(answer),
        reason: reasons?.[at] ?? null,
      }
      : reason !== null && FAILED[reason]
      ? { replyClass: FAILED[reason], option: null, reason: null }
      : read(partOf(reply?.text ?? null, number, items.length === 1), question, {
        coding: codingOf(call.coding),
        shown: shown.map(String),
        language: call.language,
        finish: reply?.finish ?? null,
      });
    // A refusal has a place of its own, behind all answers, whatever the order.
    const among = shown.filter((code) => !optionOf(instrument, item, code)!.role);
    const place = given.option === null ? -1 : among.indexOf(Number(given.option));
    yield {
      question: question.question,
      option: given.option,
      reply_class: given.replyClass,
      reply_reason: given.reason,
      place: place < 0 ? null : place + 1,
      places: among.length,
    };
  }
}

const codingOf = (coding: string): NonNullable<Asking["coding"]> =>
  coding === "letter" || coding === "number" ? coding : "label";

/** The items of a call that led to no sheet: those whose text its request holds. */
function itemsIn({ sent }: Replied, { items }: Instrument): number[] {
  if (sent === null) return [];
  return items.filter(({ text }) => {
    const quoted = JSON.stringify(text);
    return sent.includes(quoted) || sent.includes(JSON.stringify(quoted).slice(1, -1));
  }).map(({ number }) => number);
}
