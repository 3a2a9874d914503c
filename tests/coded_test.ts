/** The simulated model and the stand-ins made of it, asked in every coding and every order of the options. */
import assert from "node:assert/strict";
import { bounds, type Instrument } from "lib/instruments.ts";
import { complete, type Model, model } from "lib/llm.ts";
import { heedingModel } from "lib/opinions/simulated.ts";
import { biography } from "lib/paper/biography.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import {
  administrationValues,
  editPrompt,
  fillPrompt,
  orders,
  personaValues,
  type Presented,
  type Prompt,
  shippedPrompt,
} from "lib/prompts.ts";
import { seeded } from "lib/random.ts";
import { schemaOf, sheetIn } from "lib/replies.ts";
import {
  dosedModel,
  misreadingLetters,
  orderedModel,
  swappedModel,
} from "lib/validity/simulated.ts";

/** An instrument that no package brings, with these answers. */
const spoken = (
  like: Instrument,
  language: string,
  answers: Instrument["answers"],
): Instrument => ({
  ...like,
  name: `${like.name}-${language}`,
  language,
  answers,
  lowest: Math.min(...Object.keys(answers).map(Number)),
  highest: Math.max(...Object.keys(answers).map(Number)),
  items: like.items.map((item) => ({ ...item, keyed: null, text: `¿${item.text}?` })),
});
const AGREEMENT = {
  1: "Muy en desacuerdo",
  2: "Algo en desacuerdo",
  3: "Ni de acuerdo, ni en desacuerdo",
  4: "Algo de acuerdo",
  5: "Muy de acuerdo",
};
const EACH = ["number", "letter", "label"] as const;
const ALL = [...EACH, "true/false", "yes/no"] as const;
const ORDERS = ["printed", "reversed", "shuffled"] as const;
const ASKED: [string, Instrument, readonly Presented["coding"][]][] = [
  ["EPQR-A", epqra, ALL],
  ["BFI-44", bfi44, EACH],
  ["EPQR-A in Spanish", spoken(epqra, "es", { 0: "No", 1: "Sí" }), ALL],
  ["EPQR-A in Spanish, answered in English", spoken(epqra, "es", epqra.answers), ALL],
  ["BFI-44 in Spanish", spoken(bfi44, "es", AGREEMENT), EACH],
  ["yes below no", spoken(epqra, "es", { 1: "Sí", 2: "No" }), EACH],
  ["words of no language", spoken(epqra, "xx", { 3: "ke", 4: "ku" }), EACH],
  ["never, which is no in Slovak", spoken(epqra, "de", { 1: "Oft", 2: "Mal", 3: "Nie" }), EACH],
  ["labels with numbers", spoken(epqra, "en", { 0: "none, 1 at most", 1: "2, 3", 2: "4+" }), EACH],
];

interface Ways {
  codings: readonly Presented["coding"][];
  options?: readonly typeof ORDERS[number][];
  asking?: Prompt;
  block?: number;
  reason?: Presented["reason"];
  /** Who answers; the simulated model. */
  by?: Model;
  /** What it is known to answer to an item of the profile; left out, the same. */
  meant?: (
    answer: number,
    shown: Presented & { options: readonly number[] },
    item: number,
  ) => number;
}

/** In which ways of asking a simulated persona without errors does not answer what is meant. */
async function otherwise(instrument: Instrument, ways: Ways): Promise<string[]> {
  const { codings, options = ORDERS, asking = shippedPrompt("administration"), block, reason } =
    ways;
  const { by = model("simulated"), meant = (answer) => answer } = ways;
  const random = seeded("read back", instrument.name);
  const { lowest, highest } = bounds(instrument);
  const profile = instrument.items.map(() => lowest + random.int(highest - lowest + 1));
  const { value } = await complete(model("simulated"), {
    messages: fillPrompt(shippedPrompt("persona"), personaValues(instrument, profile, biography)),
    schema: schemaOf(biography),
  });
  const { description } = value as { description: string };
  const persona = { description, persona: description };
  const wrong: string[] = [];
  for (const coding of codings) {
    for (const order of options) {
      const shown = {
        ...orders(instrument, { items: "shuffled", options: order }, () => random),
        coding,
        ...reason && { reason },
      };
      const presented = { ...shown, ...block && { block: shown.items.slice(0, block) } };
      const messages = fillPrompt(asking, administrationValues(instrument, presented, persona));
      const { text } = await complete({ ...by, error_rate: 0 }, { messages });
      const { block: asked = presented.items } = presented;
      const read = sheetIn(text!, instrument, coding, undefined, asked, presented.options);
      const told = presented as Presented & { options: readonly number[] };
      const expected = profile.map((answer, at) =>
        asked.includes(at + 1) ? meant(answer, told, at) : null
      );
      const given = "problem" in read ? read.problem : read.answers;
      if (JSON.stringify(given) !== JSON.stringify(expected)) wrong.push(`${coding}, ${order}`);
    }
  }
  return wrong;
}

for (const [name, instrument, codings] of ASKED) {
  Deno.test(`without errors every coding and order gives the profile back: ${name}`, async () => {
    assert.deepEqual(await otherwise(instrument, { codings }), []);
    const asking = shippedPrompt("administration", "general-es");
    for (const reason of ["before", "after"] as const) {
      assert.deepEqual(await otherwise(instrument, { codings: ["letter"], asking, reason }), []);
    }
  });
}

Deno.test("what has no label beside it is read by its neighbours, or as prompts print it", async () => {
  const ends = spoken(bfi44, "es", { 1: "Nada", 5: "Mucho" });
  const codings = ["number", "letter"] as const, options = ["printed", "reversed"] as const;
  assert.deepEqual(await otherwise(ends, { codings, options }), []);
  for (const like of [epqra, bfi44]) {
    const bare = { ...like, answers: {} };
    assert.deepEqual(await otherwise(bare, { codings: ["letter"], options: ["printed"] }), []);
  }
});

Deno.test("a prompt of one's own may list no answers, say more of them, or ask some items", async () => {
  const base = shippedPrompt("administration");
  const asks = (list: string) => editPrompt(base, { user: base.user.replace("{{options}}", list) });
  for (const [, instrument, codings] of ASKED.slice(0, 2)) {
    assert.deepEqual(await otherwise(instrument, { codings, asking: asks("As you like.") }), []);
  }
  const said = asks('* "True" for yes\n* "False" for no');
  assert.deepEqual(await otherwise(epqra, { codings: ["true/false"], asking: said }), []);
  assert.deepEqual(await otherwise(epqra, { codings: ALL, block: 7 }), []);
});

Deno.test("stand-ins answer what they are told in every coding and order", async () => {
  const turned = dosedModel(epqra, { keyed: 0, unkeyed: 0 });
  const meant = (answer: number) => 1 - answer;
  assert.deepEqual(await otherwise(epqra, { codings: ALL, by: turned, meant }), []);
  // It leaves another questionnaire alone.
  assert.deepEqual(await otherwise(bfi44, { codings: EACH, by: turned }), []);
  for (const [instrument, codings] of [[epqra, ALL], [bfi44, EACH]] as const) {
    const by = orderedModel({ first: 1 }, instrument);
    const first: Ways["meant"] = (_, { options }) => options[0]!;
    assert.deepEqual(await otherwise(instrument, { codings, by, meant: first }), []);
  }
  // Without a level two answers are as likely: in no way is a sheet the profile's.
  const drawn = await otherwise(epqra, { codings: ALL, by: orderedModel({}, epqra) });
  assert.equal(drawn.length, ALL.length * ORDERS.length);
  const middle: Ways["meant"] = () => 3;
  const none = { effects: {}, person: "name", people: 0, wordings: 0, interplay: 0, heeds: 0 };
  for (const by of [orderedModel({}, bfi44), swappedModel(bfi44, none)]) {
    assert.deepEqual(await otherwise(bfi44, { codings: EACH, by, meant: middle }), []);
  }
  const traits = Object.fromEntries(
    bfi44.scales.map((scale) => [scale, { label: scale, better: "high" as const }]),
  );
  const by = heedingModel(1, bfi44, traits), base = shippedPrompt("administration");
  const asking = editPrompt(base, {
    system: `${base.system}\n${bfi44.scales.map((scale) => `${scale}: 4`).join("\n")}`,
  });
  const heeded: Ways["meant"] = (_answer, _shown, at) => bfi44.items[at]!.reverse ? 2 : 4;
  assert.deepEqual(await otherwise(bfi44, { codings: EACH, by, asking, meant: heeded }), []);
});

Deno.test("who takes letters for places is wrong where the lowest answer is not listed first", async () => {
  for (const [, instrument, codings] of ASKED.slice(0, 2)) {
    const by = misreadingLetters(instrument), { lowest, highest } = bounds(instrument);
    const others = codings.filter((coding) => coding !== "letter");
    assert.deepEqual(await otherwise(instrument, { codings: others, by }), []);
    const places: Ways["meant"] = (answer, { options }) => options[answer - lowest]!;
    const letters = { codings: ["letter"], by } as const;
    assert.deepEqual(await otherwise(instrument, { ...letters, meant: places }), []);
    const falling = lowest ? "reversed" : "printed";
    const turned: Ways["meant"] = (answer) => lowest + highest - answer;
    const reason = {
      reason: "before",
      asking: shippedPrompt("administration", "general"),
    } as const;
    const ways = { ...letters, ...reason, options: [falling], meant: turned } as const;
    assert.deepEqual(await otherwise(instrument, ways), []);
  }
});
