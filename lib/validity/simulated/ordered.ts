/**
 * A stand-in whose answers follow the place of an option and the setting by stated amounts.
 *
 * It answers the items of an instrument that all have the same options. A persona has a level on each scale,
 * spread evenly over `persona` steps of the answers to either side of the middle; a setting moves all
 * personas of a scale by up to `setting` steps, and each persona in it by up to `both` more. An answer is the
 * level rounded up or down at random, so that it is the level on average. With probability `first` it is the option
 * that is shown first instead, whatever it says. A setting is what is asked with, but for the persona and the items:
 * the user's message without its items.
 */
import type { DataFrame } from "polars";
import { frame } from "../../frames.ts";
import { bounds, hasOwnOptions, type Instrument } from "../../instruments.ts";
import { answersListed, type Model, model, standIn } from "../../llm.ts";
import { from } from "../../provenance.ts";
import { seeded } from "../../random.ts";

const NAME = "simulated-order";

/** What it is told; steps are those of the answers, 0 where left out. */
export interface Ordered {
  /** Share of the answers that are the first option shown. */
  first?: number;
  persona?: number;
  setting?: number;
  both?: number;
}

const known = new Set<Instrument>();

/**
 * The simulated model that follows order and setting; whatever else it is asked is left to it.
 *
 * @throws {RangeError} when a number is below 0, a share above 1, or levels would leave the instrument's answers
 */
export function orderedModel(told: Ordered, instrument: Instrument): Model {
  const { first = 0, persona = 0, setting = 0, both = 0 } = told;
  for (const [name, value] of Object.entries({ first, persona, setting, both })) {
    if (value >= 0 && value < Infinity) continue;
    throw new RangeError(`${name} is a number of 0 or more: got ${value}`);
  }
  if (first > 1) throw new RangeError(`first is a share, from 0 to 1: got ${first}`);
  if (hasOwnOptions(instrument)) {
    throw new RangeError(`${instrument.title} has items with options of their own`);
  }
  const { lowest, highest } = bounds(instrument), reach = persona + setting + both;
  if (reach > (highest - lowest) / 2) {
    throw new RangeError(
      `Levels reach ${reach} steps from the middle, and the answers of ${instrument.title} ` +
        `${(highest - lowest) / 2}`,
    );
  }
  known.add(instrument);
  const more = { first, persona, setting, both };
  return {
    ...model("simulated"),
    id: `ordered_${Object.values(more).join("_")}`,
    label: `Simulated, first places ${first}, settings ${setting} (no model)`,
    provider: NAME,
    model: NAME,
    more,
  };
}

const ITEMS = /\{\n(?:[ \t]*"\d+": "(?:[^"\\]|\\.)*",?\n)+[ \t]*\}/;
const ITEM = /^\s*"(\d+)": ("(?:[^"\\]|\\.)*"),?$/gm;
/** A persona that the simulated model wrote ends in its profile; of others the whole text tells them apart. */
const CARRIED = /\[simulated persona: [^\]]+\]/;

function answered(
  content: string,
  { system, user, body, key }: {
    system: string;
    user: string;
    body: Readonly<Record<string, unknown>>;
    key: string;
  },
): string {
  const items = ITEMS.exec(user)?.[0];
  if (items === undefined) return content;
  const texts = [...items.matchAll(ITEM)].map(([, number, text]) => ({
    number: Number(number),
    text: JSON.parse(text!) as string,
  }));
  const instrument = [...known].find((one) =>
    texts.every(({ number, text }) =>
      one.items.some((item) => item.number === number && item.text === text)
    )
  );
  if (!instrument) return content;
  const { lowest, highest } = bounds(instrument), middle = (lowest + highest) / 2;
  const words = answersListed(user, instrument), [first] = words.values();
  const told = body as Required<Ordered>;
  const persona = CARRIED.exec(`${system}\n${user}`)?.[0] ?? system;
  const asked = user.replace(items, "").replace(CARRIED, "");
  const random = seeded("ordered", key);
  const even = (reach: number, ...of: string[]) =>
    (2 * seeded("ordered", ...of).uniform() - 1) * reach;
  const sheet = JSON.parse(content) as Record<string, string | { answer: string }>;
  for (const { number } of texts) {
    const { scale, reverse } = instrument.items.find((item) => item.number === number)!;
    const level = middle + even(told.persona, persona, scale ?? "") +
      even(told.setting, asked, scale ?? "") + even(told.both, persona, asked, scale ?? "");
    const below = Math.floor(level);
    const score = Math.min(highest, below + Number(random.uniform() < level - below));
    const takes = random.uniform() < told.first;
    const word = takes ? first! : words.get(reverse ? lowest + highest - score : score)!;
    const given = sheet[String(number)]!;
    sheet[String(number)] = typeof given === "string" ? word : { ...given, answer: word };
  }
  return JSON.stringify(sheet);
}

/**
 * What the stand-in is told, as variances of scores that are means of items: by component (persona, setting,
 * persona × setting), truth, in squared steps. First places pull every level towards the option that is first:
 * each variance is (1 − first)² of that of its level, besides what moves the setting of another order.
 */
export function declaredVariances(told: Ordered): DataFrame {
  const { first = 0, persona = 0, setting = 0, both = 0 } = told;
  const variance = (reach: number) => (1 - first) ** 2 * reach ** 2 / 3;
  const rows = [
    { variance_of: "persona", truth: variance(persona) },
    { variance_of: "setting", truth: variance(setting) },
    { variance_of: "persona × setting", truth: variance(both) },
  ];
  return from(frame(rows, { variance_of: "text", truth: "number" }), [
    { line: "Data: simulated, what the stand-in was told", schema: null },
  ]);
}

standIn(NAME, answered);
