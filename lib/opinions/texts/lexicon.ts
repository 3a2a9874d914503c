/**
 * A small English lexicon of our own, and what a text has of it.
 *
 * What it cannot do: it knows a few hundred words and no grammar, but that a word of negation among the
 * three before turns tone round; words with an everyday sense besides are left out (“well”, “kind”, “hard”),
 * and irony and other languages are not seen. It serves for comparing texts on the same matter, made by
 * different writers, and not for the mood of one of them.
 */
import { wordsOf } from "../../stats.ts";
import lexicon from "./words.json" with { type: "json" };

const POSITIVE = new Set(lexicon.positive), NEGATIVE = new Set(lexicon.negative);
const OPINION = new Set(lexicon.opinion), NEGATION = new Set(lexicon.negation);

/** How many words before one of tone a negation turns it. */
const REACH = 3;

/** What hardship words are about. */
export type Hardship = keyof typeof lexicon.hardship;
export const HARDSHIPS = Object.keys(lexicon.hardship) as Hardship[];

/** Expressions as words, by their first word. */
const EXPRESSIONS = Map.groupBy(
  HARDSHIPS.flatMap((of) =>
    lexicon.hardship[of].map((expression) => ({ of, words: expression.split(" ") }))
  ),
  ({ words }) => words[0]!,
);

/** What a text has of the lexicon. */
export interface Tone {
  words: number;
  positive: number;
  negative: number;
  opinion: number;
  hardships: readonly Hardship[];
}

/** Words of tone and of opinion in a text, and the hardships that it names. */
export function toneOf(text: string): Tone {
  // `don't` is one word.
  const words = wordsOf(text.replace(/(?<=\p{L})['’](?=\p{L})/gu, ""));
  const made = { words: words.length, positive: 0, negative: 0, opinion: 0 };
  const hardships = new Set<Hardship>();
  words.forEach((word, at) => {
    const tone = Number(POSITIVE.has(word)) - Number(NEGATIVE.has(word));
    if (tone !== 0) {
      const turned = words.slice(Math.max(0, at - REACH), at).some((one) => NEGATION.has(one));
      made[(tone > 0) !== turned ? "positive" : "negative"] += 1;
    }
    made.opinion += Number(OPINION.has(word));
    for (const { of, words: expression } of EXPRESSIONS.get(word) ?? []) {
      if (expression.every((one, step) => words[at + step] === one)) hardships.add(of);
    }
  });
  return { ...made, hardships: HARDSHIPS.filter((of) => hardships.has(of)) };
}
