/** A stand-in that copies what it was shown and guesses what it was not, each by a declared part. */
import type { Profile } from "../../conditions.ts";
import type { Instrument } from "../../instruments.ts";
import { answersListed, type Model, model, standIn } from "../../llm.ts";
import { seeded } from "../../random.ts";
import { answeredAnew } from "./sheets.ts";

const NAME = "simulated-copying";

/** What the stand-in does, as chances: that an answer that was shown is kept, and one that was not is guessed. */
export interface Copying {
  kept?: number;
  inferred?: number;
}

interface Known {
  instrument: Instrument;
  people: readonly Pick<Profile, "answers">[];
}

const known = new Map<string, Known>();

/**
 * The simulated model that is right about `kept` of the answers that its writer was shown, and about `inferred` of
 * those that it was not. To be right by a stated part it looks the person up, by the answers that were shown.
 *
 * @param people whose personas it writes
 * @throws {RangeError} when items have other answers than 0 and 1, or a chance is none
 */
export function copyingModel(
  instrument: Instrument,
  people: Known["people"],
  { kept = 1, inferred = 0.5 }: Copying = {},
): Model {
  if (instrument.lowest !== 0 || instrument.highest !== 1) {
    throw new RangeError(
      `${instrument.title} has answers from ${instrument.lowest} to ${instrument.highest}: this stand-in ` +
        "answers items with 0 and 1",
    );
  }
  if ([kept, inferred].some((chance) => !(chance >= 0 && chance <= 1))) {
    throw new RangeError(`A chance is from 0 to 1: got ${kept} and ${inferred}`);
  }
  known.set(instrument.name, { instrument, people });
  return {
    ...model("simulated"),
    id: `copying_${kept}_${inferred}`,
    label: `Simulated, keeps ${kept}, infers ${inferred} (no model)`,
    provider: NAME,
    model: NAME,
    more: { instrument: instrument.name, kept, inferred },
  };
}

/** A row of the table of what is shown. */
const ROW = /^(?:"((?:[^"]|"")*)"|([^",\n]*)),(True|False)$/gm;
/** The line in which the simulated model carries a profile, and what stands there instead. */
const CARRIED = /\[simulated persona: [^\]]+\]/;
const SHOWN = /\[shown: ((?:\d+=[01] ?)+)\]/;

standIn(NAME, (content, { system, user, body, key }) => {
  const { instrument: name, kept, inferred } = body as Required<Copying> & { instrument: string };
  const found = known.get(name);
  if (!found) return content;
  const { instrument, people } = found, { items } = instrument;
  if (CARRIED.test(content)) {
    const shown = [...user.matchAll(ROW)].flatMap(([, quoted, plain, word]) => {
      const text = quoted?.replaceAll('""', '"') ?? plain;
      const item = items.find((item) => item.text === text);
      return item ? `${item.number}=${Number(word === "True")}` : [];
    });
    return content.replace(CARRIED, `[shown: ${shown.join(" ")}]`);
  }
  const [, told] = SHOWN.exec(`${system}\n${user}`) ?? [];
  if (told === undefined) return content;
  const shown = new Map(
    told.split(" ").map((one) => one.split("=").map(Number) as [number, number]),
  );
  const places = new Map(items.map(({ number }, at) => [number, at]));
  const person = people.find(({ answers }) =>
    shown.entries().every(([number, answer]) => answers[places.get(number)!] === answer)
  );
  const random = seeded(NAME, "answers", key);
  return answeredAnew(content, answersListed(user, instrument), (number) => {
    const own = shown.get(number) ?? person?.answers[places.get(number)!];
    if (own === undefined) return null;
    return random.uniform() < (shown.has(number) ? kept : inferred) ? own : 1 - own;
  });
});
