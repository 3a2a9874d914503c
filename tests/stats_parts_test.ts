/** Changes in parts of a size, and pseudo-values, against R. */
import assert from "node:assert/strict";
import {
  changedPart,
  cronbachAlpha,
  mean,
  meanRatio,
  partPower,
  pseudoValues,
  sampleSize,
} from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { atNight } from "./command.ts";
import { close, each } from "./near.ts";
import r from "./reference/parts.json" with { type: "json" };

Deno.test("changedPart() has the limits and p that R's t.test has of change − part × size", () => {
  assert.ok(r.parts.some(({ limits }) => limits[0] === null));
  each(r.parts, ({ sizes, changes, bound, part, limits, most, size, within, outside }) => {
    const own = changedPart({ sizes, changes, bound });
    close(own.part!, part, 1e-12);
    const { estimate, ciLower, ciUpper } = meanRatio(changes, sizes);
    assert.deepEqual([estimate, ciLower, ciUpper], [own.part, own.ciLower, own.ciUpper]);
    for (const [found, wanted] of [[own.ciLower, limits[0]], [own.ciUpper, limits[1]]] as const) {
      if (wanted === null) assert.equal(found, null);
      else close(found!, wanted!, 1e-8);
    }
    if (most === null) assert.equal(own.most, null);
    else close(own.most!, most, 1e-8);
    close(own.pSize!, size, 1e-10);
    close(own.pWithin!, within, 1e-10);
    close(own.pBeyond!, outside, 1e-10);
  });
});

Deno.test("partPower() is that of R's power.t.test, one-sided to either side", () => {
  each(r.parts, ({ sizes, changes, bound, powers }) => {
    [2, 5, 12, 60].forEach((n, at) =>
      close(partPower({ sizes, changes, bound }, n)!, powers[at]!, 1e-8)
    );
  });
  const [{ sizes, changes, bound }] = r.parts as [typeof r.parts[0]];
  const needed = sampleSize((n) => partPower({ sizes, changes, bound }, n), 0.8);
  assert.ok(partPower({ sizes, changes, bound }, needed)! >= 0.8);
  assert.ok(needed === 2 || partPower({ sizes, changes, bound }, needed - 1)! < 0.8);
  assert.equal(partPower({ sizes: [2, 2], changes: [0, 0], bound }, 5), null);
  assert.throws(() => partPower({ sizes, changes, bound }, 1), /2 or more/);
});

Deno.test("pseudo-values of alpha are those of R's cov, and those of a mean are the values", () => {
  const own = pseudoValues(
    r.items.length,
    (kept) => cronbachAlpha(kept.map((at) => r.items[at]!)).alpha,
  )!;
  close(own.estimate, r.alpha, 1e-12);
  own.values.forEach((value, at) => close(value, r.values[at]!, 1e-10));
  const column = r.items.map(([first]) => first!);
  const means = pseudoValues(column.length, (kept) => mean(kept.map((at) => column[at]!)))!;
  means.values.forEach((value, at) => close(value, column[at]!, 1e-12));
  assert.equal(pseudoValues(3, (kept) => kept.includes(1) ? 1 : null), null);
});

Deno.test("a change that is none is within any bound, and one of nothing has no part", () => {
  const none = changedPart({ sizes: [2, 3, 4, 3], changes: [0, 0, 0, 0], bound: 0.1 });
  assert.deepEqual([none.part, none.ciLower, none.most, none.pBeyond], [0, null, 0, 1]);
  assert.ok(none.pWithin! < 0.01);
  const all = changedPart({ sizes: [2, 3, 4, 3], changes: [-2, -3, -4, -3], bound: 0.5 });
  assert.ok(all.pBeyond! < 0.02 && all.pWithin! > 0.98);
  const nothing = changedPart({ sizes: [1, -1], changes: [1, 2], bound: 0.5 });
  assert.deepEqual([nothing.part, nothing.ciLower, nothing.most], [null, null, null]);
  const flat = changedPart({ sizes: [2, 2], changes: [0, 0], bound: 0.5 });
  assert.deepEqual([flat.pSize, flat.pWithin, flat.pBeyond], [null, null, null]);
  assert.throws(() => changedPart({ sizes: [1], changes: [1], bound: 0.5 }), /at least 2/);
  const unknown = { estimate: null, ciLower: null, ciUpper: null };
  assert.deepEqual(meanRatio([1, 2], [1, -1]), unknown);
  assert.deepEqual(meanRatio([1, 2], [2, 4]), { ...unknown, estimate: 0.5 });
  assert.throws(() => meanRatio([1], [1, 2]), /pairs: got 1 and 2/);
  assert.throws(() => changedPart({ sizes: [1, 2], changes: [1, 2], bound: 0 }), /above 0/);
});

atNight(
  "at the bound 5 in 100 studies are called within it, and 95 limits hold the part",
  async () => {
    await Promise.resolve();
    const random = seeded("parts");
    const normal = () => {
      const [u, v] = [1 - random.uniform(), random.uniform()];
      return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
    };
    let within = 0, held = 0;
    const studies = 4000, part = 0.5;
    for (let study = 0; study < studies; study++) {
      const sizes = Array.from({ length: 20 }, () => 3 + normal());
      const changes = sizes.map(() => part * 3 + 0.8 * normal());
      const own = changedPart({ sizes, changes, bound: part });
      within += Number(own.pWithin! < 0.05);
      held += Number(own.ciLower! <= part && part <= own.ciUpper!);
    }
    assert.ok(Math.abs(within / studies - 0.05) < 0.012, `${within / studies}`);
    assert.ok(Math.abs(held / studies - 0.95) < 0.012, `${held / studies}`);
  },
);
