/**
 * A stand-in that heeds the trait scores in a person's text to a stated degree when it fills in an
 * instrument: what a comparison of scores written with scores answered should find.
 *
 * Each answer is, with probability `heed`, the score that the text says; otherwise, and always where it says
 * none, one that flatters: of the three answers at the better end each as likely as the others. Items that
 * are scored in reverse are answered in reverse.
 */
import type { DataFrame } from "polars";
import { frame } from "../../frames.ts";
import { bounds, type Instrument, type UniformInstrument } from "../../instruments.ts";
import { answersListed, type Model, model, standIn } from "../../llm.ts";
import { seeded } from "../../random.ts";

const NAME = "simulated-heeding";

/** Of each scale the name that its score has in a person's text, and which end of it is the better one. */
export type Traits = Readonly<Record<string, { label: string; better: "low" | "high" }>>;

const known: { instrument: Instrument; traits: Traits }[] = [];

/**
 * The simulated model that heeds trait scores; whatever else it is asked is left to it.
 *
 * @param heed from 0, not at all, to 1
 * @param instrument whose items it answers so
 * @throws {RangeError} when heed is no share
 */
export function heedingModel(heed: number, instrument: UniformInstrument, traits: Traits): Model {
  if (!(heed >= 0 && heed <= 1)) throw new RangeError(`To heed is from 0 to 1: got ${heed}`);
  if (!known.some((one) => one.instrument === instrument)) known.push({ instrument, traits });
  return {
    ...model("simulated"),
    id: `heeding_${heed}`,
    label: `Simulated, heeds ${heed} (no model)`,
    provider: NAME,
    model: NAME,
    more: { heed },
  };
}

/** The three answers that flatter. */
const flattering = (instrument: Instrument, better: "low" | "high"): number[] => {
  const { lowest, highest } = bounds(instrument);
  return [0, 1, 2].map((step) => better === "low" ? lowest + step : highest - step);
};

/** An item with its number, in a list of items. */
const ITEM = /^\s*"(\d+)": ("(?:[^"\\]|\\.)*"),?$/gm;

function answered(
  content: string,
  { heed, system, user, key }: { heed: number; system: string; user: string; key: string },
): string {
  const pairs = [...user.matchAll(ITEM)].map(([, number, text]) => ({
    number: number!,
    text: JSON.parse(text!) as string,
  }));
  // An example of the form has numbers as well, and no items.
  const itemsOf = ({ instrument }: typeof known[number]) =>
    pairs.flatMap(({ number, text }) => {
      const item = instrument.items.find((item) => item.text === text);
      return item ? [{ number, item }] : [];
    });
  const found = known.find((one) => itemsOf(one).length > 0);
  if (!found) return content;
  const { instrument, traits } = found, { lowest, highest } = bounds(instrument);
  const random = seeded("heeding", key);
  const words = answersListed(user, instrument);
  const sheet = JSON.parse(content) as Record<string, string | { answer: string }>;
  for (const { number, item: { scale, reverse } } of itemsOf(found)) {
    const { label, better } = traits[scale!]!;
    const said = new RegExp(`^${label}: (\\d+)`, "m").exec(system)?.[1];
    const heeds = random.uniform() < heed, which = random.int(3);
    const score = said !== undefined && heeds
      ? Math.min(highest, Math.max(lowest, Number(said)))
      : flattering(instrument, better)[which]!;
    const given = sheet[number]!, own = words.get(reverse ? lowest + highest - score : score)!;
    sheet[number] = typeof given === "string" ? own : { ...given, answer: own };
  }
  return JSON.stringify(sheet);
}

/**
 * How scores written, each of the instrument's whole numbers as likely as the others, and scores answered
 * agree in many persons of whom the stand-in heeds so much: by scale and measure (`agreed` has the names),
 * truth. Of personas whose text says no score nothing is heeded.
 */
export function declaredAgreement(
  heed: number,
  instrument: UniformInstrument,
  traits: Traits,
): DataFrame {
  const { lowest, highest } = bounds(instrument);
  const written = Array.from({ length: highest - lowest + 1 }, (_, at) => lowest + at);
  const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
  const rows = instrument.scales.flatMap((scale) => {
    const items = instrument.items.filter((item) => item.scale === scale).length;
    const other = flattering(instrument, traits[scale]!.better);
    const given = written.map((score) => {
      const centre = heed * score + (1 - heed) * mean(other);
      const square = heed * score ** 2 + (1 - heed) * mean(other.map((one) => one ** 2));
      return { centre, variance: (square - centre ** 2) / items };
    });
    const centre = mean(given.map(({ centre }) => centre)), middle = mean(written);
    const spread = mean(written.map((one) => (one - middle) ** 2));
    const answers = mean(given.map(({ centre: own }) => (own - centre) ** 2)) +
      mean(given.map(({ variance }) => variance));
    const shared = mean(
      given.map(({ centre: own }, at) => (own - centre) * (written[at]! - middle)),
    );
    const row = (measure: string, truth: number) => ({ scale, measure, truth });
    return [
      row("difference", centre - middle),
      row("correlation", shared / Math.sqrt(spread * answers)),
      row("concordance", 2 * shared / (spread + answers + (centre - middle) ** 2)),
    ];
  });
  return frame(rows, { scale: "text", measure: "text", truth: "number" });
}

standIn(
  NAME,
  (content, { system, user, body, key }) =>
    answered(content, { heed: Number(body.heed), system, user, key }),
);
