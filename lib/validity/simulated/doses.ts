/** A stand-in that follows what it was shown by a declared part, and lets one scale spill over to others. */
import { type Instrument, keyedAnswer } from "../../instruments.ts";
import { answersListed, type Model, model, standIn } from "../../llm.ts";
import { seeded } from "../../random.ts";
import { answeredAnew } from "./sheets.ts";
import { toldHash } from "./told.ts";

const NAME = "simulated-doses";

/** What the stand-in does, as chances. */
export interface Following {
  /** That an answer shown as keyed is kept, and one shown as unkeyed; what is not kept is turned round. */
  keyed?: number;
  unkeyed?: number;
  /**
   * By dosed scale and other scale: how much more often items of the other are answered as keyed where all of the
   * dosed one was shown keyed than where none was.
   */
  spill?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Likewise, how much more often a persona is female, by one scale. */
  female?: readonly [scale: string, by: number];
  /** How often no persona is written where all of a scale was shown keyed; in proportion below. */
  refuses?: readonly [scale: string, share: number];
}

/**
 * The simulated model, following by a declared part. Of a persona that was shown a dose the expected score is
 * known: `keyed + unkeyed − 1` points for each item that the dose changed on its own scale.
 *
 * @param instrument what profiles answered and personas are asked: two answers
 * @throws {RangeError} when items have other answers than 0 and 1, a scale is unknown, or the chances of an answer
 *   leave 0 to 1
 */
export function dosedModel(instrument: Instrument, following: Following = {}): Model {
  const { keyed = 1, unkeyed = 1, spill = {}, female, refuses } = following;
  if (instrument.lowest !== 0 || instrument.highest !== 1) {
    throw new RangeError(
      `${instrument.title} has answers from ${instrument.lowest} to ${instrument.highest}: this stand-in ` +
        "answers items with 0 and 1",
    );
  }
  const named = [
    ...Object.keys(spill),
    ...Object.values(spill).flatMap(Object.keys),
    ...[female, refuses].flatMap((one) => one ? [one[0]] : []),
  ];
  const unknown = named.find((scale) => !instrument.scales.includes(scale));
  if (unknown !== undefined) {
    throw new RangeError(
      `${instrument.title} has no scale ${unknown}: there are ${instrument.scales.join(", ")}`,
    );
  }
  for (const scale of instrument.scales) {
    const reach = Object.values(spill).reduce((sum, to) => sum + Math.abs(to[scale] ?? 0) / 2, 0);
    const low = Math.min(keyed, 1 - unkeyed) - reach, high = Math.max(keyed, 1 - unkeyed) + reach;
    if (low >= -1e-12 && high <= 1 + 1e-12) continue;
    throw new RangeError(
      `Items of ${scale} would be answered as keyed with a chance from ${low} to ${high}: lower keyed, ` +
        "unkeyed or spill",
    );
  }
  if ([female?.[1] ?? 0, refuses?.[1] ?? 0].some((share) => !(Math.abs(share) <= 1))) {
    throw new RangeError(`A share is from 0 to 1: got ${female?.[1]} and ${refuses?.[1]}`);
  }
  known.set(instrument.name, instrument);
  return {
    ...model("simulated"),
    id: `doses_${toldHash(following)}`,
    label: "Simulated, declared doses (no model)",
    provider: NAME,
    model: NAME,
    // Its answers are those shown; what is not kept is drawn here.
    error_rate: 0,
    more: {
      instrument: instrument.name,
      keyed,
      unkeyed,
      spill,
      ...female && { female },
      ...refuses && { refuses },
    },
  };
}

const known = new Map<string, Instrument>();

/** The line that carries what a persona was shown, as the simulated model writes it. */
const SHOWN = /\[simulated persona: (\S+) (-?\d+(?:,-?\d+)*)\]/;

/** By scale, the share of items that was shown as keyed. */
function keyedShares(instrument: Instrument, shown: readonly number[]): Map<string, number> {
  return new Map(instrument.scales.map((scale) => {
    const items = instrument.items.filter((item) => item.scale === scale);
    const keyed = items.filter((item) => shown[item.number - 1] === keyedAnswer(instrument, item));
    return [scale, keyed.length / items.length];
  }));
}

standIn(NAME, (content, { system, user, body, key }) => {
  const { instrument: name, keyed, unkeyed, spill, female, refuses } = body as unknown as
    & Required<Pick<Following, "keyed" | "unkeyed" | "spill">>
    & Pick<Following, "female" | "refuses">
    & { instrument: string };
  const instrument = known.get(name), [, , answers] = SHOWN.exec(`${content}\n${system}`) ?? [];
  if (!instrument || !answers) return content;
  const shares = keyedShares(instrument, answers.split(",").map(Number));
  const away = (scale: string) => shares.get(scale)! - 0.5;
  if (SHOWN.test(content)) {
    // By what was shown, so that who asks again is refused again.
    const refused = seeded(NAME, "refuses", answers).uniform();
    if (refuses && refused < refuses[1] * shares.get(refuses[0])!) {
      return "I would rather not write this person.";
    }
    if (!female) return content;
    const chance = 0.5 + female[1] * away(female[0]);
    const gender = seeded(NAME, "female", key).uniform() < chance ? "female" : "male";
    return JSON.stringify({ ...JSON.parse(content), gender });
  }
  const random = seeded(NAME, "answers", key);
  return answeredAnew(content, answersListed(user, instrument), (number, given) => {
    const item = instrument.items.find((item) => item.number === number);
    if (!item) return null;
    const scoring = keyedAnswer(instrument, item);
    const kept = given === scoring ? keyed : 1 - unkeyed;
    const chance = Object.entries(spill).reduce(
      (sum, [dosed, to]) => sum + (to[item.scale!] ?? 0) * away(dosed),
      kept,
    );
    return random.uniform() < chance ? scoring : 1 - scoring;
  });
});
