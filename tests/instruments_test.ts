import assert from "node:assert/strict";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { itemScore, keyedAnswer, score, unkeyedAnswer, WORDS } from "lib/instruments.ts";

const numbers = (items: readonly { number: number }[]): number[] =>
  items.map(({ number }) => number);

// Francis, Brown & Philipchalk 1992: scales and the items keyed No.
Deno.test("the EPQR-A has the manual's 24 items, scales and keys", () => {
  const of = (scale: string) => numbers(epqra.items.filter((item) => item.scale === scale));
  assert.deepEqual(numbers(epqra.items), Array.from({ length: 24 }, (_, index) => index + 1));
  assert.deepEqual(of("E"), [2, 4, 13, 15, 20, 23]);
  assert.deepEqual(of("N"), [1, 9, 11, 14, 18, 21]);
  assert.deepEqual(of("P"), [3, 6, 8, 12, 16, 22]);
  assert.deepEqual(of("L"), [5, 7, 10, 17, 19, 24]);
  const keyedNo = numbers(epqra.items.filter((item) => item.keyed === 0));
  assert.deepEqual(keyedNo, [3, 5, 7, 10, 15, 16, 17, 19, 20, 22]);
});

// John & Srivastava 1999, appendix: scoring of the BFI-44.
Deno.test("the BFI-44 has the published traits and reverse-scored items", () => {
  const of = (trait: string) => numbers(bfi44.items.filter((item) => item.scale === trait));
  assert.deepEqual(of("E"), [1, 6, 11, 16, 21, 26, 31, 36]);
  assert.deepEqual(of("A"), [2, 7, 12, 17, 22, 27, 32, 37, 42]);
  assert.deepEqual(of("C"), [3, 8, 13, 18, 23, 28, 33, 38, 43]);
  assert.deepEqual(of("N"), [4, 9, 14, 19, 24, 29, 34, 39]);
  assert.deepEqual(of("O"), [5, 10, 15, 20, 25, 30, 35, 40, 41, 44]);
  const reversed = numbers(bfi44.items.filter((item) => item.reverse));
  assert.deepEqual(reversed, [2, 6, 8, 9, 12, 18, 21, 23, 24, 27, 31, 34, 35, 37, 41, 43]);
});

// Worked out by hand: Yes to 1–12, No to 13–24. E: 2, 4 Yes; 15, 20 No = 4. N: 1, 9, 11 = 3.
// P: 6, 8, 12 Yes; 16, 22 No = 5 (3 was Yes, keyed No). L: 17, 19 No = 2 (5, 7, 10 Yes; 24 No).
Deno.test("score() scores an EPQR-A sheet as by hand", () => {
  const sheet = epqra.items.map(({ number }) => (number <= 12 ? 1 : 0));
  assert.deepEqual(
    score(epqra, sheet).map(({ scale, score }) => [scale, score]),
    [["E", 4], ["N", 3], ["P", 5], ["L", 2]],
  );
});

// By hand: all items answered 4. E: 5 as given, 3 reversed (2) = (20 + 6) / 8 = 3.25;
// O: 8 as given, 2 reversed = (32 + 4) / 10 = 3.6.
Deno.test("score() reverses BFI items and takes their mean", () => {
  const scores = score(bfi44, bfi44.items.map(() => 4));
  assert.equal(scores.find(({ scale }) => scale === "E")!.score, 3.25);
  assert.equal(scores.find(({ scale }) => scale === "O")!.score, 3.6);
});

Deno.test("score() gives no score to a scale with a missing answer, and says how many are there", () => {
  const sheet = epqra.items.map(({ number }) => (number === 2 ? null : 1));
  const [extraversion, neuroticism] = score(epqra, sheet);
  assert.deepEqual(extraversion, { scale: "E", score: null, answered: 5, items: 6 });
  assert.equal(neuroticism!.score, 6);
});

Deno.test("scoring refuses answers and items that the instrument does not have", () => {
  assert.throws(() => itemScore(epqra, 25, 1), /EPQR-A has items 1 to 24: current value is 25/);
  assert.throws(() => itemScore(bfi44, 3, 6), /Item 3 of BFI-44 takes whole answers from 1 to 5/);
  assert.throws(() => itemScore(epqra, 3, 0.5), RangeError);
  assert.throws(() => score(epqra, [1, 0]), /EPQR-A has 24 items: got 2 answers/);
  assert.equal(itemScore(epqra, 3, null), null);
});

Deno.test("the keyed answer scores highest and the unkeyed lowest, item by item", () => {
  for (const [instrument, least, most] of [[epqra, 0, 1], [bfi44, 1, 5]] as const) {
    for (const item of instrument.items) {
      const scored = (answer: number) => itemScore(instrument, item.number, answer);
      assert.equal(
        scored(keyedAnswer(instrument, item)),
        most,
        `${instrument.title} ${item.number}`,
      );
      assert.equal(scored(unkeyedAnswer(instrument, item)), least);
    }
  }
});

Deno.test("every language's words for no and yes are two, and true is not false", () => {
  assert.deepEqual(Object.keys(WORDS).sort(), ["cs", "de", "en", "es", "fr", "it", "pt", "sk"]);
  for (const { yesNo, trueFalse } of Object.values(WORDS)) {
    assert.notEqual(yesNo[0], yesNo[1]);
    assert.notEqual(trueFalse[0], trueFalse[1]);
  }
  // The original scored this word as true.
  assert.equal(WORDS.sk!.trueFalse[0], "Nepravda");
});
