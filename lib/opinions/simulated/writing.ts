/**
 * A stand-in for a writer whose texts grow longer, fonder and more opinionated with the freedom that a form
 * leaves, by stated shares: what a measure of texts should find.
 *
 * Every sentence has eight words and is of one kind, drawn anew: plain; pleasant or bleak, with one word of
 * that tone; of opinion, with one word of it; or one that names a hardship. A free text besides begins with
 * a name, or is one that the stand-in keeps in stock, with two words changed.
 */
import type { DataFrame } from "polars";
import { frame } from "../../frames.ts";
import { type Model, model, standIn } from "../../llm.ts";
import { type Random, seeded } from "../../random.ts";
import { descriptive, objective, subjective } from "../forms.ts";

const NAME = "simulated-writer";
const LENGTH = 8;
/** The place of a thing in a sentence of any kind. */
const THING = 4;

/** Of a form: sentences in each text, and which part of these is of each kind; the rest is plain. */
interface Writing {
  sentences: number;
  pleasant: number;
  bleak: number;
  opinion: number;
  hardship: number;
}

/** What the stand-in is told to write. */
export const WRITING: Readonly<Record<string, Writing>> = {
  [objective.name]: { sentences: 1, pleasant: 0.1, bleak: 0.1, opinion: 0.05, hardship: 0.1 },
  [subjective.name]: { sentences: 1, pleasant: 0.3, bleak: 0.15, opinion: 0.1, hardship: 0.02 },
  [descriptive.name]: { sentences: 14, pleasant: 0.5, bleak: 0.1, opinion: 0.2, hardship: 0.02 },
};

/** Which part of free texts is from stock, and how many there are in it. */
export const STOCK = { share: 0.2, texts: 4 } as const;

/** First names, each as likely as the others. */
export const NAMES = [
  ..."Amina Boris Carla Diego Elif Femi Greta Hugo Ines Jamal Keiko Leila".split(" "),
  ..."Marta Nadia Oscar Priya Quentin Rosa Stefan Tomas Ursula Viktor Wanda Yusuf".split(" "),
];

const split = (text: string) => text.split(" ");
const VERBS = split("passes paints repairs photographs remembers sketches visits measures mends");
const PLAIN = split("old narrow green wooden round empty painted grey open tall square small");
const PLEASANT = split(
  "cheerful beautiful lovely pleasant charming lively wonderful warm peaceful",
);
const BLEAK = split("gloomy dreary ugly dangerous grim dull terrible lonely miserable horrible");
const OPINIONS = split("thinks believes feels expects supposes imagines doubts assumes");
const THINGS = split(
  "clock bridge bench garden kitchen window stair market boat barn library orchard fence tower",
);
const PLACES = split(
  "station river bakery harbour school church mill square garage meadow museum lake depot hill",
);
const NEAR = split("behind near beside below above opposite");
const HARDSHIP = split(
  "eviction bankruptcy funeral divorce illness arrest bereavement unemployment",
);

const FORMS = [objective, subjective, descriptive];
const FREE = new Set(
  FORMS.flatMap(({ fields }) =>
    fields.flatMap(({ name, kind, given }) => kind === "text" && !given ? [name] : [])
  ),
);

/** The simulated model with these texts in the forms of the ladder; whatever else is asked is left to it. */
export const writingModel = (): Model => ({
  ...model("simulated"),
  id: "writing",
  label: "Simulated writer (no model)",
  provider: NAME,
  model: NAME,
});

type Kind = keyof Omit<Writing, "sentences"> | "plain";

function kindOf(of: Writing, random: Random): Kind {
  let left = random.uniform();
  const kinds = ["pleasant", "bleak", "opinion", "hardship"] as const;
  return kinds.find((kind) => (left -= of[kind]) < 0) ?? "plain";
}

const WORDS = { plain: PLAIN, pleasant: PLEASANT, bleak: BLEAK } as const;

function sentence(who: string, kind: Kind, random: Random): string {
  const one = (words: readonly string[]) => words[random.int(words.length)]!;
  const place = () => `${one(NEAR)} the ${one(PLACES)}.`;
  return kind === "hardship"
    ? `${who} ${one(VERBS)} the ${one(PLAIN)} ${one(THINGS)} after the ${one(HARDSHIP)}.`
    : kind === "opinion"
    ? `${who} ${one(OPINIONS)} of the ${one(THINGS)} ${place()}`
    : `${who} ${one(VERBS)} the ${one(WORDS[kind])} ${one(THINGS)} ${place()}`;
}

const kindsOf = (of: Writing, random: Random): Kind[] =>
  Array.from({ length: of.sentences }, () => kindOf(of, random));

const sentences = (who: string, kinds: readonly Kind[], random: Random): string =>
  kinds.map((kind) => sentence(who, kind, random)).join(" ");

/** The kinds of the sentences of a text of the stock. */
const stockKinds = (of: Writing, at: number): Kind[] => kindsOf(of, seeded("stock", at));

/** A text of the stock: the same for all, but for two of its words. */
function fromStock(of: Writing, random: Random): string {
  const at = random.int(STOCK.texts);
  const words = split(sentences(NAMES[at]!, stockKinds(of, at), seeded("words of stock", at)));
  for (let change = 0; change < 2; change++) {
    words[LENGTH * random.int(of.sentences) + THING] = THINGS[random.int(THINGS.length)]!;
  }
  return words.join(" ");
}

/** The persona with texts of this kind in the fields that are free. */
function written(content: string, random: Random): string {
  const person = JSON.parse(content) as Record<string, unknown>;
  const names = Object.keys(person).toSorted().join();
  const form = FORMS.find(({ fields }) =>
    fields.map(({ name }) => name).toSorted().join() === names
  );
  if (!form) return content;
  const of = WRITING[form.name]!, free = form === descriptive;
  const text = () =>
    free && random.uniform() < STOCK.share
      ? fromStock(of, random)
      : sentences(free ? NAMES[random.int(NAMES.length)]! : "She", kindsOf(of, random), random);
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(person).map(([name, value]) => [name, FREE.has(name) ? text() : value]),
    ),
  );
}

/**
 * What measures of these texts are expected to be, all texts of a persona taken together, those from stock
 * among them: by form and measure, truth.
 */
export function declaredTones(): DataFrame {
  const rows = FORMS.flatMap((form) => {
    const of = WRITING[form.name]!, { pleasant, bleak, opinion, hardship } = of;
    const n = form.fields.filter(({ name }) => FREE.has(name)).length * of.sentences;
    const toned = 1 - (1 - pleasant - bleak) ** n;
    /** Texts of one kind: their part, and their means; polarity is that of the ones that have a tone. */
    const drawn = {
      part: form === descriptive ? 1 - STOCK.share : 1,
      toned,
      polarity: (pleasant - bleak) / (pleasant + bleak),
      tone_density: (pleasant + bleak) / LENGTH,
      subjectivity: opinion / LENGTH,
      hardship: 1 - (1 - hardship) ** n,
    };
    const stock = Array.from({ length: form === descriptive ? STOCK.texts : 0 }, (_, at) => {
      const kinds = stockKinds(of, at);
      const count = (kind: Kind) => kinds.filter((one) => one === kind).length;
      const [good, bad] = [count("pleasant"), count("bleak")];
      return {
        part: STOCK.share / STOCK.texts,
        toned: Number(good + bad > 0),
        polarity: (good - bad) / Math.max(1, good + bad),
        tone_density: (good + bad) / n / LENGTH,
        subjectivity: count("opinion") / n / LENGTH,
        hardship: Number(count("hardship") > 0),
      };
    });
    const all = [drawn, ...stock];
    const row = (measure: string, truth: number) => ({ form: form.name, measure, truth });
    const mean = (measure: "tone_density" | "subjectivity" | "hardship") =>
      row(measure, all.reduce((sum, own) => sum + own.part * own[measure], 0));
    const voiced = all.reduce((sum, { part, toned }) => sum + part * toned, 0);
    return [
      row("words", n * LENGTH),
      row(
        "polarity",
        all.reduce((sum, { part, toned, polarity }) => sum + part * toned * polarity, 0) / voiced,
      ),
      mean("tone_density"),
      mean("subjectivity"),
      mean("hardship"),
    ];
  });
  return frame(rows, { form: "text", measure: "text", truth: "number" });
}

standIn(
  NAME,
  (content, { key }) =>
    content.startsWith("{") ? written(content, seeded("writing", key)) : content,
);
