/** What the simulated model writes: personas, and forms of any fields. */
import { CARRIED, carriedLine, ERROR_RATE, one, profileOf, sharesOf, weighted } from "./carried.ts";
import { type Model } from "../registry.ts";
import { type Random } from "../../random.ts";

/**
 * How often each value is drawn, and how that depends on the profile: weight = share ×
 * exp(n × (N − ½) + p × (P − ½)), with N and P the profile's scale scores as a share of their range.
 * The numbers are invented, so that there is something to see in tables of demographics.
 */
export const RATES: Readonly<
  Record<string, Readonly<Record<string, readonly [share: number, n?: number, p?: number]>>>
> = {
  gender: {
    female: [50, 1.2],
    male: [46, -1, 0.4],
    "non-binary": [4, 0.5, 2],
  },
  sexual_orientation: {
    heterosexual: [80],
    bisexual: [8, 0.6, 1],
    gay: [4],
    lesbian: [4],
    queer: [2, 0, 2],
    unspecified: [2],
  },
  race: {
    White: [60],
    Asian: [12],
    Black: [12, 0, 0.3],
    Hispanic: [12],
    Mixed: [4, 0, 1],
  },
  ethnicity: {
    European: [60],
    "Non-Hispanic": [15],
    "Chinese-American": [5],
    Latino: [15],
    unspecified: [5],
  },
  religious_belief: {
    Agnostic: [40, 0.3, 0.8],
    Atheist: [15, 0, 1.4],
    Christian: [35, 0, -1],
    Buddhist: [4],
    Jewish: [3],
    Muslim: [3],
  },
  political_orientation: {
    Progressive: [50, 0.6, 0.5],
    Centrist: [28, -0.4, -0.6],
    Conservative: [15, 0, -0.8],
    Libertarian: [7, 0, 1.2],
    Green: [6, 0.2, 0.4],
  },
  occupation: {
    accountant: [20, 0, -1],
    "graphic designer": [20, 0.4, 0.6],
    teacher: [20],
    "software engineer": [20],
    "freelance writer": [20, 0.8, 0.8],
  },
  location: {
    "Portland, Oregon": [40, 0.4, 0.6],
    "Seattle, Washington": [25],
    "Chicago, Illinois": [20, 0, -0.4],
    "Madrid, Spain": [15],
  },
};

export const NAMES = {
  female: ["Ana", "Clara", "Mei", "Naomi", "Ruth"],
  male: ["David", "Jonas", "Luis", "Omar", "Peter"],
  other: ["Alex", "Jules", "Kim", "Robin", "Sam"],
};

export const SURNAMES = [
  "Baker",
  "Chen",
  "Garcia",
  "Hughes",
  "Ivanova",
  "Okafor",
  "Rossi",
  "Schmidt",
];

/** What is said of a high and of a low score of a scale. */
export const TRAITS: Readonly<Record<string, readonly [high: string, low: string]>> = {
  E: [
    "seeks company and fills a room with talk",
    "keeps to the edge of a party and likes it there",
  ],
  N: ["worries a good deal and feels every change of mood", "is seldom troubled and sleeps well"],
  P: ["goes their own way and thinks little of rules", "keeps to the rules and checks work twice"],
  L: ["says that they always act as they advise", "admits to small faults without fuss"],
};

export const LISTED = new Intl.ListFormat("en");

/** The fields that a form asks for: their types as JSON, and a line for each in words. */
export const OUTLINE =
  /\{\n(?: *"\w+": "(?:string|integer|number|one of: (?:[^"\\]|\\.)*)",?\n)+ *\}/;

export const LINE = /^- "(\w+)" \((.*?)\): (.*)$/gm;

export const BOUNDS = /number from (-?[\d.]+) to (-?[\d.]+)/;

/** What is known of a respondent, a line each. */
export const KNOWN = /^- (?!")([^:\n]+): (.+)$/gm;

export function outlineIn(text: string): Readonly<Record<string, string>> | null {
  const found = OUTLINE.exec(text);
  return found && JSON.parse(found[0]);
}

export const isUsual = (outline: Readonly<Record<string, string>>): boolean => {
  const usual = [...Object.keys(RATES), "name", "age", "description"];
  return Object.keys(outline).length === usual.length && usual.every((name) => name in outline);
};

/**
 * A form of any fields: what is known is kept, but with the model's error rate; choices and numbers are
 * drawn; the last text carries the profile on, from its answers or from the text it is made from.
 */
export function form(
  model: Model,
  outline: Readonly<Record<string, string>>,
  prompt: string,
  table: string | null,
  random: Random,
): string {
  const lines = new Map([...prompt.matchAll(LINE)].map(([, name, label, asks]) => [
    name!,
    { label: label!, asks: asks! },
  ]));
  const bare = (text: string) => text.toLowerCase().replace(/[\s_-]+/g, "");
  const known = new Map(
    [...prompt.matchAll(KNOWN)].map(([, label, value]) => [bare(label!), value!]),
  );
  const { error_rate = ERROR_RATE } = model;
  const carried = table === null
    ? CARRIED.exec(prompt)?.[0]
    : carriedLine(profileOf(table, prompt));
  const texts = Object.keys(outline).filter((name) => outline[name] === "string");
  const values = Object.entries(outline).map(([name, type]) => {
    const { label = name, asks = "" } = lines.get(name) ?? {};
    const choices = type.startsWith("one of: ") ? type.slice(8).split("; ") : [];
    const [, lowest = "20", highest = "79"] = BOUNDS.exec(asks) ?? [];
    const given = known.get(bare(label)) ?? known.get(bare(name));
    const kept = given !== undefined && random.uniform() >= error_rate;
    if (type === "integer" || type === "number") {
      const number = kept ? parseFloat(given) : NaN;
      return [
        name,
        Number.isNaN(number)
          ? Number(lowest) + random.int(Math.floor(Number(highest) - Number(lowest)) + 1)
          : number,
      ];
    }
    const rates = RATES[name];
    const text = kept
      ? given
      : choices.length
      ? one(choices, random)
      : rates
      ? Object.keys(rates)[weighted(Object.values(rates).map(([share]) => share), random)]!
      : name === "name"
      ? `${one(NAMES.other, random)} ${one(SURNAMES, random)}`
      : `${label}: computed and not written by a model, ${random.int(1000)}.`;
    return [name, name === texts.at(-1) && carried ? `${text}\n\n${carried}` : text];
  });
  return JSON.stringify(Object.fromEntries(values));
}

export function persona(table: string, prompt: string, random: Random): string {
  const profile = profileOf(table, prompt), { answers } = profile;
  const shares = sharesOf(profile);
  const [n, p] = [shares.get("N") ?? 0.5, shares.get("P") ?? 0.5];

  const drawn: Record<string, string> = {};
  for (const [field, rates] of Object.entries(RATES)) {
    const weights = Object.values(rates).map(([share, byN = 0, byP = 0]) =>
      share * Math.exp(byN * (n - 0.5) + byP * (p - 0.5))
    );
    drawn[field] = Object.keys(rates)[weighted(weights, random)]!;
  }
  const names = NAMES[drawn.gender as keyof typeof NAMES] ?? NAMES.other;
  const name = `${one(names, random)} ${one(SURNAMES, random)}`;
  const age = 20 + random.int(30) + random.int(16);
  const { gender, sexual_orientation, race, ethnicity } = drawn;
  const { religious_belief, occupation, political_orientation, location } = drawn;
  const traits = [...shares].flatMap(([scale, share]) =>
    TRAITS[scale]?.[Number(share < 0.5)] ?? []
  );
  const said = traits.length
    ? LISTED.format(traits)
    : `answered ${answers.length} questions about everyday life`;
  const article = /^[aeiou]/.test(occupation!) ? "an" : "a";
  const description = [
    `${name} is ${age} years old, lives in ${location} and works as ${article} ${occupation}.`,
    `${name.split(" ")[0]} ${said}.`,
    "This biography was computed and not written by a model.",
    carriedLine(profile),
  ].join("\n\n");
  return JSON.stringify({
    name,
    age,
    gender,
    sexual_orientation,
    race,
    ethnicity,
    religious_belief,
    occupation,
    political_orientation,
    location,
    description,
  });
}
