/**
 * A stand-in that takes letters for places: where answers are coded by letters, the first letter is the lowest
 * answer to it, the next the one above, whatever stands beside them.
 */
import type { Instrument } from "../../instruments.ts";
import { answersListed, type Model, model, standIn } from "../../llm.ts";

const NAME = "simulated-letters";

const known = new Map<string, Instrument>();

/**
 * The simulated model that misreads letters; in every other coding, and whatever else it is asked, it is the
 * simulated model. Where a prompt lists the answers from the lowest on, it misreads nothing; where it lists them
 * from the highest on, each answer is turned round.
 *
 * @param instrument whose answers it misreads
 */
export function misreadingLetters(instrument: Instrument): Model {
  known.set(instrument.name, instrument);
  return {
    ...model("simulated"),
    id: `misreading_letters_${instrument.name}`,
    label: "Simulated, takes letters for places (no model)",
    provider: NAME,
    model: NAME,
    more: { instrument: instrument.name },
  };
}

standIn(NAME, (content, { user, body }) => {
  const instrument = known.get(String(body.instrument));
  if (!instrument?.items.some(({ text }) => user.includes(JSON.stringify(text)))) return content;
  const words = answersListed(user, instrument), listed = [...words.values()];
  if (!listed.every((word, place) => word === String.fromCharCode(65 + place))) return content;
  const rising = [...words].toSorted(([one], [other]) => one - other).map(([, word]) => word);
  const taken = (word: string) => listed[rising.indexOf(word)] ?? word;
  const sheet = JSON.parse(content) as Record<string, string | { answer: string }>;
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(sheet).map(([key, given]) => [
        key,
        typeof given === "string" ? taken(given) : { ...given, answer: taken(given.answer) },
      ]),
    ),
  );
});
