/**
 * A stand-in for a judge that errs by stated shares: it overlooks some of the people whom rules describe,
 * and rejects some of those whom none does, of a group perhaps more than of others.
 */
import type { Codebook } from "../../codebook.ts";
import { type Instrument, optionsOf } from "../../instruments.ts";
import { type Model, model, standIn } from "../../llm.ts";
import { profileValues } from "../../prompts.ts";
import { seeded } from "../../random.ts";
import type { Rule } from "../sample.ts";

const NAME = "simulated-judging";

/** How a judge errs: shares from 0 to 1. */
export interface Erring {
  /** Tells judges apart. */
  name: string;
  /** Of implausible people how many it lets pass. */
  overlooks: number;
  /** Of the others how many it rejects. */
  rejects: number;
  /** A group of which it rejects another share, of those who are plausible. */
  wrongs?: { where: Rule["where"]; rejects: number };
}

/** Whom it is told of: people of this codebook, and which rules make them implausible. */
export interface Judged {
  /** Of one item, whose first option is that the person is plausible, and the second that not. */
  instrument: Instrument;
  codebook: Codebook;
  rules: readonly Rule[];
}

/** Whether lines of a text are those of a person whom these levels describe. */
type Describes = (lines: ReadonlySet<string>) => boolean;

const known = new Map<string, { labels: string[]; rules: Describes[]; wronged: Describes }>();

/**
 * The simulated model as a judge.
 *
 * @throws {RangeError} when a share is none, or a rule names what the codebook does not have
 */
export function judgingModel(of: Judged, { name, overlooks, rejects, wrongs }: Erring): Model {
  for (const share of [overlooks, rejects, wrongs?.rejects ?? 0]) {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`A share is from 0 to 1: got ${share}`);
  }
  const { instrument, codebook, rules } = of;
  known.set(name, {
    labels: optionsOf(instrument, instrument.items[0]!).map(({ label }) => label),
    rules: rules.map(({ where }) => describing(codebook, where)),
    wronged: wrongs ? describing(codebook, wrongs.where) : () => false,
  });
  return {
    ...model("simulated"),
    id: `judging_${name}`,
    label: `Simulated judge ${name} (no model)`,
    provider: NAME,
    model: NAME,
    more: { judge: name, overlooks, rejects, wrongs: wrongs?.rejects ?? rejects },
  };
}

function describing(codebook: Codebook, where: Rule["where"]): Describes {
  const wanted = Object.entries(where).map(([name, levels]) => {
    const variable = codebook.find((variable) => variable.name === name);
    return levels.map((level) => {
      const found = variable?.levels?.find(({ value }) => String(value) === level);
      if (!found) throw new RangeError(`The codebook has no ${name} of level ${level}`);
      return profileValues(null, [], [variable!], { [name]: found.value }).profile!;
    });
  });
  return (lines) => wanted.every((some) => some.some((line) => lines.has(line)));
}

standIn(NAME, (content, { system, user, body, key }) => {
  const lines = new Set(`${system}\n${user}`.split("\n"));
  const judge = known.get(String(body.judge));
  if (!judge) {
    throw new Error(
      `What the judge ${body.judge} finds was not declared in this process: call judgingModel(…) first`,
    );
  }
  const { labels, rules, wronged } = judge;
  const share = rules.some((describes) => describes(lines))
    ? 1 - Number(body.overlooks)
    : Number(wronged(lines) ? body.wrongs : body.rejects);
  const answer = labels[Number(seeded("judging", key).uniform() < share)]!;
  const [[number, given]] = Object.entries(JSON.parse(content)) as [[string, unknown]];
  return JSON.stringify({
    [number]: typeof given === "string" ? answer : { ...given as object, answer },
  });
});
