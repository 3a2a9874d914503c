import assert from "node:assert/strict";
import { CONDITIONS } from "lib/paper/conditions.ts";
import type { Codebook, Values } from "lib/codebook.ts";
import {
  applyCondition,
  type Condition,
  condition,
  isUnchanged,
  populationName,
  type Profile,
} from "lib/conditions.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Instrument, score, type UniformInstrument } from "lib/instruments.ts";
import { randomProfiles } from "lib/population.ts";
import { seeded } from "lib/random.ts";

/** A profile of random answers: every change shows somewhere. */
function drawn(instrument: UniformInstrument, id: number): Profile {
  const random = seeded("conditions_test", id);
  const { lowest, highest, items } = instrument;
  return { id, answers: items.map(() => lowest + random.int(highest - lowest + 1)) };
}

const PROFILES = Array.from({ length: 50 }, (_, index) => drawn(epqra, index + 1));

const scores = (instrument: Instrument, answers: readonly number[]) =>
  Object.fromEntries(score(instrument, answers).map(({ scale, score }) => [scale, score]));

/** Answers by item number after a condition, and the numbers of the items it set. */
function under(name: string, profile: Profile, instrument = epqra) {
  const { answers, changed } = applyCondition(
    { instrument, codebook: [] },
    profile,
    condition(name),
    42,
  );
  return { answer: (item: number) => answers[item - 1]!, answers, changed };
}

// By hand from the key of Francis, Brown & Philipchalk 1992.
Deno.test("MaxN answers the six N items True; MaxP items 6, 8, 12 True and 3, 16, 22 False", () => {
  for (const profile of PROFILES) {
    const maxN = under("MaxN", profile);
    assert.deepEqual(maxN.changed, [1, 9, 11, 14, 18, 21]);
    assert.deepEqual(maxN.changed.map(maxN.answer), [1, 1, 1, 1, 1, 1]);
    const maxP = under("MaxP", profile);
    assert.deepEqual(maxP.changed, [3, 6, 8, 12, 16, 22]);
    assert.deepEqual([6, 8, 12].map(maxP.answer), [1, 1, 1]);
    assert.deepEqual([3, 16, 22].map(maxP.answer), [0, 0, 0]);
  }
});

Deno.test("MinL answers the lie scale the other way: only item 24 is keyed True", () => {
  const minL = under("MinL", PROFILES[0]!);
  assert.deepEqual(minL.changed, [5, 7, 10, 17, 19, 24]);
  assert.deepEqual(minL.changed.map(minL.answer), [1, 1, 1, 1, 1, 0]);
});

Deno.test("MaxAll and MinEMaxRest reach the ends of every scale", () => {
  for (const profile of PROFILES) {
    assert.deepEqual(scores(epqra, under("MaxAll", profile).answers), { E: 6, N: 6, P: 6, L: 6 });
    const mixed = under("MinEMaxRest", profile);
    assert.deepEqual(scores(epqra, mixed.answers), { E: 0, N: 6, P: 6, L: 6 });
    assert.equal(mixed.changed.length, 24);
  }
});

Deno.test("items that a condition does not set keep the person's answers", () => {
  for (const { name } of CONDITIONS) {
    for (const profile of PROFILES) {
      const { answers, changed } = under(name, profile);
      const kept = epqra.items.filter(({ number }) => !changed.includes(number));
      kept.forEach(({ number }) => assert.equal(answers[number - 1], profile.answers[number - 1]));
    }
  }
  assert.deepEqual(under("Base", PROFILES[0]!).changed, []);
});

Deno.test("a condition is pure, and a second application changes nothing", () => {
  for (const name of [...CONDITIONS.map(({ name }) => name), "N=3", "N=2+P=4", "L=0"]) {
    const profile = Object.freeze({ id: 7, answers: Object.freeze([...PROFILES[6]!.answers]) });
    const once = under(name, profile);
    const twice = under(name, { id: 7, answers: once.answers });
    assert.deepEqual(twice.answers, once.answers);
    assert.deepEqual(twice.changed, once.changed);
  }
});

Deno.test("a dose sets that many items of the scale to the key, each dose within the next", () => {
  for (const profile of PROFILES) {
    let before: number[] = [];
    for (let k = 0; k <= 6; k++) {
      const { answers, changed } = under(`P=${k}`, profile);
      assert.equal(changed.length, k);
      assert.ok(before.every((number) => changed.includes(number)));
      for (const number of changed) {
        assert.equal(answers[number - 1], epqra.items[number - 1]!.keyed);
        assert.equal(epqra.items[number - 1]!.scale, "P");
      }
      before = changed;
    }
    assert.deepEqual(under("P=6", profile).answers, under("MaxP", profile).answers);
  }
});

Deno.test("a dose of unkeyed items sets those of the dose, the other way", () => {
  for (const profile of PROFILES) {
    const up = under("P=3", profile), down = under(" P = 3  unkeyed", profile);
    assert.deepEqual(down.changed, up.changed);
    down.changed.forEach((item) => assert.equal(down.answer(item), 1 - up.answer(item)));
    assert.equal(scores(epqra, under("P=6 unkeyed", profile).answers).P, 0);
  }
  assert.deepEqual(condition("P=2 unkeyed+N=3"), {
    name: "N=3+P=2 unkeyed",
    set: { N: 3, P: { unkeyed: 2 } },
  });
  const maxN = condition({ name: "some", set: { N: { unkeyed: 2 } } });
  assert.equal(isUnchanged(maxN), false);
  assert.equal(
    populationName("gpt4o", condition("N=3 unkeyed"), "people"),
    "borderline_N3_unkeyed_gpt4o",
  );
  assert.throws(() => under("N=7 unkeyed", PROFILES[0]!), /from 0 to 6, current value is 7/);
  assert.throws(() => condition({ name: "some", set: { N: { unkeyed: .5 } } }), /some with N: /);
});

// Binomial(826, 1/6) has mean 137.7 and SD 10.7; 4 SDs for each of the six items.
Deno.test("which item a dose takes varies evenly between profiles, and with the seed", () => {
  const first = Array.from({ length: 826 }, (_, index) => drawn(epqra, index + 1))
    .map((profile) =>
      applyCondition({ instrument: epqra, codebook: [] }, profile, condition("N=1"), 42).changed[0]!
    );
  for (const item of [1, 9, 11, 14, 18, 21]) {
    const times = first.filter((one) => one === item).length;
    assert.ok(Math.abs(times - 826 / 6) < 4 * 10.7, `item ${item}: ${times}`);
  }
  const other = PROFILES.map((profile) =>
    applyCondition({ instrument: epqra, codebook: [] }, profile, condition("N=3"), 43).changed
  );
  const same = PROFILES.filter((profile, index) =>
    `${under("N=3", profile).changed}` === `${other[index]}`
  );
  assert.ok(same.length < 15); // 20 choices of 3 from 6: 2.5 of 50 expected
});

Deno.test("doses of two scales are those of each alone", () => {
  const { changed } = under("N=2+P=3", PROFILES[3]!);
  const alone = [...under("N=2", PROFILES[3]!).changed, ...under("P=3", PROFILES[3]!).changed];
  assert.deepEqual(changed, alone.sort((a, b) => a - b));
});

// John & Srivastava 1999: N items 4, 14, 19, 29, 39 as given, 9, 24, 34 reverse-scored.
Deno.test("on a Likert scale the key is the end that scores highest", () => {
  const profile = drawn(bfi44, 1);
  const maxN = under("MaxN", profile, bfi44);
  assert.deepEqual(maxN.changed, [4, 9, 14, 19, 24, 29, 34, 39]);
  assert.deepEqual([4, 14, 19, 29, 39].map(maxN.answer), [5, 5, 5, 5, 5]);
  assert.deepEqual([9, 24, 34].map(maxN.answer), [1, 1, 1]);
  const mixed = scores(bfi44, under("MinEMaxRest", profile, bfi44).answers);
  assert.deepEqual(mixed, { E: 1, N: 5, A: 5, C: 5, O: 5 });
});

Deno.test("conditions are found whatever the case and the separators", () => {
  for (const name of ["maxn", "MAX_N", "max-N", "MaxN"]) assert.equal(condition(name).name, "MaxN");
  assert.equal(condition("minE-maxRest").name, "MinEMaxRest");
  assert.deepEqual(condition(" P=2 + N = 3 "), { name: "N=3+P=2", set: { N: 3, P: 2 } });
});

Deno.test("an unknown condition is refused with the known ones", () => {
  for (const name of ["MaxQ", "N=", "N=-1", "N=1.5", "N=3+", "N=3+N=4", "=3", "", "N"]) {
    assert.throws(
      () => condition(name),
      /No condition has the name .*: there are Base, MaxN, MaxP, MinL, MaxAll, MinEMaxRest, and doses/,
      name,
    );
  }
});

Deno.test("a condition that does not fit the instrument or the profile is refused", () => {
  const run = (name: string, profile: Profile, instrument = epqra) => () =>
    applyCondition({ instrument, codebook: [] }, profile, condition(name), 42);
  assert.throws(
    run("MaxP", drawn(bfi44, 1), bfi44),
    /MaxP needs scale P: the scales of BFI-44 are E, N, A, C, O/,
  );
  assert.throws(run("N=7", PROFILES[0]!), /Scale N of EPQR-A has 6 items: .* current value is 7/);
  assert.throws(
    run("Base", { id: 9, answers: [1] }),
    /EPQR-A has 24 items: profile 9 has 1 answers/,
  );
  const odd = { id: 9, answers: epqra.items.map(({ number }) => (number === 5 ? 2 : 0)) };
  assert.throws(run("Base", odd), /Item 5 of EPQR-A takes .* from 0 to 1: profile 9 has 2/);
});

Deno.test("populations have the original's names", () => {
  const name = (text: string) => populationName("gpt4o", condition(text), "spain826");
  assert.deepEqual(CONDITIONS.map((condition) => name(condition.name)), [
    "generated_gpt4o_spain826",
    "borderline_maxN_gpt4o",
    "borderline_maxP_gpt4o",
    "borderline_minL_gpt4o",
    "borderline_maxAll_gpt4o",
    "borderline_minE_maxRest_gpt4o",
  ]);
  assert.equal(name("N=3"), "borderline_N3_gpt4o");
  assert.equal(name("P=2+N=3"), "borderline_N3_P2_gpt4o");
});

Deno.test("the random control has the reference's item rates and nothing else", () => {
  // Items 1 to 4: 10, 40, 70 and 100 % Yes; the others follow item 2, so that scales hang together.
  const reference = Array.from({ length: 100 }, (_, index) => ({
    id: index + 1,
    answers: epqra.items.map(({ number }) => Number(index < ([10, 40, 70, 100][number - 1] ?? 40))),
  }));
  const made = randomProfiles(epqra, reference, 2000, 42);
  assert.deepEqual(made.map(({ id }) => id), Array.from({ length: 2000 }, (_, index) => index + 1));
  const yes = (item: number) => made.filter(({ answers }) => answers[item - 1] === 1).length;
  // Binomial bounds of 4 standard deviations; a rate of 100 % leaves none.
  for (const { number } of epqra.items) {
    const rate = [0.1, 0.4, 0.7, 1][number - 1] ?? 0.4;
    const sd = Math.sqrt(2000 * rate * (1 - rate));
    assert.ok(Math.abs(yes(number) - 2000 * rate) <= 4 * sd, `item ${number}: ${yes(number)}`);
  }
  // Items 5 and 6 always agree in the reference; independent they agree in 0.4² + 0.6² = 52 %.
  const both = made.filter(({ answers }) => answers[4] === answers[5]).length;
  assert.ok(Math.abs(both - 1040) < 4 * 22.4, `${both}`);
});

Deno.test("the random control is its seed's, and takes Likert answers too", () => {
  const reference = Array.from({ length: 60 }, (_, index) => drawn(bfi44, index + 1));
  const made = randomProfiles(bfi44, reference, 40, 1);
  assert.deepEqual(randomProfiles(bfi44, reference, 40, 1), made);
  assert.deepEqual(randomProfiles(bfi44, reference, 10, 1), made.slice(0, 10));
  assert.notDeepEqual(randomProfiles(bfi44, reference, 40, 2), made);
  const third = new Set(reference.map(({ answers }) => answers[2]));
  assert.ok(made.every(({ answers }) => answers.length === 44 && third.has(answers[2])));
});

Deno.test("the random control refuses what gives no rates", () => {
  assert.throws(() => randomProfiles(epqra, [], 5, 1), /needs reference profiles .*: got 0/);
  assert.throws(
    () => randomProfiles(epqra, PROFILES, 1.5, 1),
    /whole number: current value is 1.5/,
  );
  assert.throws(
    () => randomProfiles(epqra, [{ id: 3, answers: [1] }], 5, 1),
    /EPQR-A has 24 items: profile 3 has 1 answers/,
  );
});

const CODEBOOK: Codebook = [
  {
    name: "sex",
    label: "Sex",
    kind: "category",
    levels: [{ value: 1, label: "Male" }, { value: 2, label: "Female" }, {
      value: 3,
      label: "Other",
    }],
  },
  { name: "age", label: "Age", kind: "number", unit: "years" },
  {
    name: "school",
    label: "Schooling",
    kind: "ordered",
    levels: [{ value: "low", label: "low" }, { value: "high+", label: "high+" }],
  },
  { name: "town", label: "Town", kind: "text" },
];
const ANA = { id: 1, answers: [], values: { sex: 2, age: 41, school: "low", town: "Leeds" } };
/** What a condition makes of Ana, or of one with other values. */
const person = (given: Parameters<typeof condition>[0], values: Values = {}) =>
  applyCondition(
    { instrument: null, codebook: CODEBOOK },
    { ...ANA, values: { ...ANA.values, ...values } },
    condition(given),
    1,
  );

Deno.test("attributes are set, swapped between two levels, or left out, by value or label", () => {
  assert.deepEqual(person("Base"), {
    answers: [],
    changed: [],
    omitted: [],
    values: ANA.values,
    changedValues: [],
  });
  assert.deepEqual(person("sex:male").values, { ...ANA.values, sex: 1 });
  assert.deepEqual(person("sex:1").values, { ...ANA.values, sex: 1 });
  assert.deepEqual(person("age:70").values, { ...ANA.values, age: 70 });
  assert.deepEqual(person("town:Bath").values, { ...ANA.values, town: "Bath" });
  assert.deepEqual(person("-town").values, { ...ANA.values, town: null });
  const both = person("-town+school:high++sex:Male<->Female");
  assert.deepEqual(both.values, { sex: 1, age: 41, school: "high+", town: null });
  assert.deepEqual(both.changedValues, ["sex", "school", "town"]);
  const swap = { name: "turned", values: { sex: { swap: [1, "female"] } } } as unknown as Condition;
  assert.equal(person(swap, { sex: 1 }).values.sex, 2);
  assert.equal(person(swap, { sex: 2 }).values.sex, 1);
  // Whoever has neither level stays, and nothing was set.
  assert.deepEqual([person(swap, { sex: 3 }).values.sex, person(swap, { sex: 3 }).changedValues], [
    3,
    [],
  ]);
  assert.deepEqual(person(swap, { sex: null }).values.sex, null);
  // What is set counts as set also where it was so before, as with items.
  assert.deepEqual(person("sex:female").changedValues, ["sex"]);
  assert.deepEqual(ANA.values, { sex: 2, age: 41, school: "low", town: "Leeds" });
});

/** What a condition leaves out of each profile. */
const without = (given: Parameters<typeof condition>[0], seed = 42) =>
  PROFILES.map((profile) =>
    applyCondition({ instrument: epqra, codebook: [] }, profile, condition(given), seed)
  );

Deno.test("items are left out, so many drawn for each profile or by their numbers", () => {
  assert.deepEqual(condition(" - 6 items + N=3"), {
    name: "N=3+-6 items",
    set: { N: 3 },
    omit: 6,
  });
  const six = without("-6 items"), two = without("-2 items");
  six.forEach(({ omitted, changed, answers }, at) => {
    assert.equal(omitted.length, 6);
    assert.deepEqual(changed, omitted);
    assert.deepEqual(answers, [...PROFILES[at]!.answers]);
    assert.ok(two[at]!.omitted.every((item) => omitted.includes(item)));
  });
  assert.deepEqual(without("-6 items"), six);
  assert.notDeepEqual(without("-6 items", 43), six);
  // A dose draws on its own: it is the same, and so is what is left out.
  const both = without("-6 items+N=3"), doses = without("N=3");
  both.forEach(({ omitted, changed, answers }, at) => {
    assert.deepEqual(omitted, six[at]!.omitted);
    assert.deepEqual(answers, doses[at]!.answers);
    assert.deepEqual(new Set(changed), new Set([...omitted, ...doses[at]!.changed]));
  });
  // Binomial(50, 1/4) has mean 12.5 and SD 3.1; 4 SDs for each of the 24 items.
  for (const { number } of epqra.items) {
    const times = six.filter(({ omitted }) => omitted.includes(number)).length;
    assert.ok(Math.abs(times - 12.5) < 4 * 3.1, `item ${number}: ${times}`);
  }
  const some = { name: "some", omit: [7, 3] } as unknown as Condition;
  assert.deepEqual(without(some)[0]!.omitted, [3, 7]);
  assert.equal(isUnchanged(condition(some)), false);
  assert.equal(
    populationName("gpt4o", condition("-6 items"), "people"),
    "borderline_without_6_items_gpt4o",
  );
  assert.throws(() => without("-24 items"), /all 24 items of EPQR-A/);
  assert.throws(() => without({ ...some, omit: [25] }), /item 25, which EPQR-A does not have/);
  assert.throws(
    () => person("-6 items"),
    /leaves items out: these profiles answered no instrument/,
  );
  for (const omit of [0, 1.5, [], ["3"]] as unknown as number[]) {
    assert.throws(() => condition({ ...some, omit }), /some with omit: /);
  }
});

Deno.test("items and attributes are changed by one condition", () => {
  const made = applyCondition(
    { instrument: epqra, codebook: CODEBOOK },
    { ...ANA, answers: PROFILES[0]!.answers },
    condition("sex:male+N=2"),
    42,
  );
  assert.deepEqual(made.changed, under("N=2", { ...PROFILES[0]!, id: 1 }).changed);
  assert.deepEqual([made.values.sex, made.changedValues], [1, ["sex"]]);
});

Deno.test("conditions on attributes have one name, however they are typed", () => {
  assert.deepEqual(condition(" -town + sex: female <-> male +N=2"), {
    name: "N=2+sex:female<->male+-town",
    set: { N: 2 },
    values: { sex: { swap: ["female", "male"] }, town: { omit: true } },
  });
  assert.deepEqual(condition("age:65++sex:f").values, { age: { set: "65+" }, sex: { set: "f" } });
  const name = (text: string, reference = true) =>
    populationName("gpt4o", condition(text), "people", reference);
  assert.deepEqual(
    ["sex:female", "sex:female<->male", "-town", "N=3+-town", "age:-5"].map((text) => name(text)),
    [
      "borderline_sex_female_gpt4o",
      "borderline_sex_female_with_male_gpt4o",
      "borderline_without_town_gpt4o",
      "borderline_N3_without_town_gpt4o",
      "borderline_age_minus_5_gpt4o",
    ],
  );
  // Personas of another population than the study's reference always say of whom they are.
  assert.equal(name("MaxN", false), "borderline_maxN_gpt4o_people");
  assert.equal(name("Base", false), "generated_gpt4o_people");
  for (const wrong of ["sex=female", "sex:", "-", "-two words", "sex:a+sex:b", "sex:a+-sex"]) {
    assert.throws(() => condition(wrong), /attributes like sex:female, sex:female<->male or -town/);
  }
});

Deno.test("a condition that does not fit the codebook is refused, with what there is", () => {
  assert.throws(
    () => person("sexes:female"),
    /Condition sexes:female needs the variable sexes .*: did you mean sex\? There are sex, age, school, town/,
  );
  assert.throws(
    () => person("sex:woman"),
    /sex has no level "woman": it takes 1 \(Male\), 2 \(Female\), 3 \(Other\)/,
  );
  assert.throws(() => person("age:old"), /age has no level "old": it takes numbers/);
  assert.throws(() => person("sex:male<->1"), /swaps sex 1 with itself/);
  assert.throws(
    () => person("MaxN"),
    /sets items of scale N: these profiles answered no instrument/,
  );
  assert.throws(
    () => applyCondition({ instrument: epqra, codebook: [] }, PROFILES[0]!, condition("-town"), 1),
    /needs the variable town of the profiles: they have none/,
  );
  for (
    const values of [
      { sex: "female" },
      { sex: { set: "" } },
      { sex: { swap: ["a"] } },
      { sex: { omit: false } },
      { sex: { set: 1, omit: true } },
      [],
    ]
  ) {
    const wrong = { name: "x", values } as unknown as Condition;
    assert.throws(
      () => condition(wrong),
      /A condition is a name .*or \{ omit: true \} by variable/,
    );
  }
});
