/** Doses in whole studies on a stand-in: what it was told to do is what comes out. */
import assert from "node:assert/strict";
import pl, { type DataFrame } from "polars";
import { columnOf } from "lib/columns.ts";
import { openDataset } from "lib/db.ts";
import { frame } from "lib/frames.ts";
import type { Sheets } from "lib/measures.ts";
import { epqra } from "lib/paper/instruments.ts";
import { seeded } from "lib/random.ts";
import { sd } from "lib/stats.ts";
import { administrations, personas } from "lib/study.ts";
import {
  directions,
  doseMeans,
  doseOf,
  doseShares,
  doseSlopes,
  keying,
  losses,
  spillOver,
} from "lib/validity/doses.ts";
import { dosedModel } from "lib/validity/simulated.ts";
import { nightly } from "./command.ts";
import { close, near } from "./near.ts";
import { Made } from "./study_worker.ts";

type Row = Record<string, number> & Record<"scale" | "dosed_scale" | "value" | "condition", string>;
const rowsOf = (of: DataFrame) => of.toRecords() as unknown as Row[];
const declared = (of: DataFrame) =>
  assert.deepEqual(of.columns.filter((name) => !columnOf(name)?.meaning), []);

Deno.test("a condition is a dose where it keys items of one scale and does nothing else", () => {
  assert.deepEqual(doseOf("N=3"), { scale: "N", items: 3 });
  assert.deepEqual(
    [
      ...["N=3+P=2", "N=3+sex:female", "N=3+-6 items", "N=3 unkeyed", "MaxN", null, "-town"],
    ].map(doseOf),
    Array(7).fill(null),
  );
});

Deno.test("dosedModel() refuses chances that are none, and other instruments", () => {
  assert.throws(() => dosedModel(epqra, { keyed: .9, spill: { N: { E: .3 } } }), /chance from/);
  assert.throws(() => dosedModel(epqra, { spill: { X: { E: 0 } } }), /no scale X/);
  assert.throws(() => dosedModel({ ...epqra, highest: 5 }), /0 to 5/);
});

const FOLLOWING = {
  keyed: .8,
  unkeyed: .9,
  spill: { N: { E: -.2 } },
  female: ["N", .6],
} as const;

Deno.test("of a stand-in with declared doses, slope, spill-over, shares, directions and losses are found", async () => {
  await using made = await Made.with("validity_doses", 60);
  const { lab } = made, models = [dosedModel(epqra, FOLLOWING)];
  const conditions = [
    ...["N=0", "N=2", "N=4", "N=6", "P=0", "P=6", "E=3", "E=3 unkeyed"],
    { name: "maxE", set: { E: "keyed" as const } },
    { name: "minE", set: { E: "unkeyed" as const } },
  ];
  const writing = personas({ models, conditions });
  const asking = administrations({ instrument: epqra });
  const refusing = personas({
    models: [dosedModel(epqra, { refuses: ["P", .5] })],
    conditions: ["P=0", "P=6"],
  });
  await lab.run(await lab.register([writing, asking]));
  await lab.run(await lab.register(refusing));
  const { flow } = await lab.quality();
  const study = await openDataset({ schema: "validity_doses" });
  const sheets = await study.sheets("epqra"), people = await study.personas();
  await study.close();

  const slopes = doseSlopes(sheets, epqra, { draws: 500 });
  declared(slopes);
  const [n] = rowsOf(slopes).filter(({ scale }) => scale === "N");
  // Profiles that are answered at random have half of their items keyed.
  assert.ok(Math.abs(n!.expected_slope! - .5) < .1, JSON.stringify(n));
  assert.ok(n!.followed_lower! <= .7 && .7 <= n!.followed_upper!, JSON.stringify(n));
  assert.ok(n!.p! < 1e-6 && n!.p_page! < 1e-6 && n!.p_beyond! < .01 && n!.beyond_upper! < 0);
  near(n!.followed!, n!.estimate! / n!.expected_slope!, 1e-9);
  near(n!.beyond!, n!.estimate! - n!.expected_slope!, 1e-9);
  assert.ok(n!.r2_within! > n!.r2_pooled!);

  const means = rowsOf(doseMeans(sheets, epqra)).filter(({ scale }) => scale === "N");
  assert.deepEqual(means.map(({ dose }) => dose), [0, 2, 4, 6]);
  near(means.at(-1)!.shown_mean!, 6, 1e-12);
  assert.ok(means.at(-1)!.followed_lower! <= .7 && .7 <= means.at(-1)!.followed_upper!);

  const matrix = spillOver(sheets, epqra, { draws: 500 });
  declared(matrix);
  const cell = (dosed: string, scale: string) =>
    rowsOf(matrix).find((row) => row.dosed_scale === dosed && row.scale === scale)!;
  // Six items each: −0.2 points of E for each point of N that was shown.
  const unit = sd(scoresAt(sheets, "E", "N=0"))!;
  const truth = -.2 * n!.expected_slope! / unit;
  const spilt = cell("N", "E");
  assert.ok(spilt.ci_lower! <= truth && truth <= spilt.ci_upper!, JSON.stringify(spilt));
  assert.ok(spilt.spill_ratio! < 0 && cell("N", "N").spill_ratio === null);
  assert.ok(cell("N", "L").p_holm! > .01 && cell("N", "P").p_holm! > .01);

  const shares = doseShares(people, { of: "gender", values: ["female"] });
  declared(shares);
  const [female] = rowsOf(shares).filter(({ scale }) => scale === "N");
  // From half of N shown keyed to all of it.
  const slope = .6 * n!.expected_slope! / 6;
  assert.ok(female!.ci_lower! <= slope && slope <= female!.ci_upper!, JSON.stringify(female));

  const both = directions(sheets, epqra, { up: "maxE", down: "minE", against: "N=0" });
  declared(both);
  const [e] = rowsOf(both).filter(({ scale }) => scale === "E");
  near(e!.asked_up! + e!.asked_down!, 6, 1e-9);
  near(e!.estimate!, e!.followed_up! - e!.followed_down!, 1e-9);
  const of = { up: "E=3", down: "E=3 unkeyed", against: "N=0" };
  for (const [end, sign] of [["high", 1], ["low", -1]] as const) {
    const made = directions(sheets, epqra, { ...of, desirable: { E: end } });
    declared(made);
    const [half] = rowsOf(made).filter(({ scale }) => scale === "E");
    // The same three items, which profiles answer as keyed or not.
    near(half!.asked_up! + half!.asked_down!, 3, 1e-9);
    for (const way of ["up", "down"]) {
      const [low, high] = ["lower", "upper"].map((of) => half![`followed_${way}_${of}`]!);
      assert.ok(low! <= .7 && .7 <= high!, JSON.stringify(half));
    }
    near(half!.better!, sign * half!.estimate!, 1e-12);
    const ends = [half!.ci_lower! * sign, half!.ci_upper! * sign].toSorted((a, b) => a - b);
    assert.deepEqual([half!.better_lower, half!.better_upper], ends);
  }
  assert.throws(() => directions(sheets, epqra, { ...of, desirable: { X: "low" } }), /no scale X/);

  const kept = keying(sheets, epqra);
  declared(kept);
  const [p] = rowsOf(kept).filter(({ scale }) => scale === "P");
  assert.ok(p!.kept_keyed_lower! <= .8 && .8 <= p!.kept_keyed_upper!, JSON.stringify(p));
  assert.ok(p!.kept_unkeyed_lower! <= .9 && .9 <= p!.kept_unkeyed_upper!, JSON.stringify(p));
  assert.ok(p!.ci_upper! < 0);

  const lost = losses(flow.filter(pl.col("run").eq(pl.lit(refusing.name))));
  declared(lost);
  const dose = (of: number) =>
    rowsOf(lost).find((row) =>
      row.scale === "P" && row.dose === of && String(row.kind) === "personas"
    )!;
  // Half of 60, and a quarter: within three standard errors.
  for (const [of, truth] of [[6, .5], [0, .25]] as const) {
    const away = Math.abs(dose(of).share! - truth) / Math.sqrt(truth * (1 - truth) / 60);
    assert.ok(away < 3, JSON.stringify(dose(of)));
  }
  assert.ok(dose(6).share! > dose(0).share!);

  const plain = sheets.sheets.filter(pl.col("condition").isIn(["maxE", "minE"]));
  assert.throws(
    () => doseSlopes({ ...sheets, sheets: plain }, epqra),
    /levels maxE, minE, and a series/,
  );
});

const scoresAt = ({ sheets }: Sheets, scale: string, condition: string): number[] =>
  (sheets.filter(pl.col("condition").eq(pl.lit(condition))).toRecords() as Row[]).map((row) =>
    epqra.items.filter((item) => item.scale === scale)
      .reduce((sum, { number }) => sum + row[`score ${number}`]!, 0)
  );

/** Sheets of profiles at doses of N, followed by a part; what was shown is known. */
function drawn(seed: number, profiles: number, follow: number) {
  const random = seeded("drawn doses", seed);
  const shown: number[][] = [];
  const records = Array.from({ length: profiles }, (_, profile) => {
    const own = epqra.items.map(() => random.int(2));
    const order = random.shuffled(epqra.items.filter(({ scale }) => scale === "N"));
    return ["N=0", "N=2", "N=4", "N=6", "minN"].map((condition) => {
      const told = own.slice(), low = condition === "minN";
      const set = low ? order : order.slice(0, Number(condition.slice(2)));
      for (const { number, keyed } of set) told[number - 1] = low ? 1 - keyed! : keyed!;
      const administration = shown.push(told);
      const answers = told.map((one) => random.uniform() < follow ? one : 1 - one);
      return {
        condition,
        profile: profile + 1,
        administration,
        ...Object.fromEntries(epqra.items.flatMap(({ number, keyed }) => [
          [`answer ${number}`, answers[number - 1]],
          [`score ${number}`, Number(answers[number - 1] === keyed)],
        ])),
      };
    });
  }).flat();
  const names = Object.keys(records[0]!).map((name) =>
    [name, name === "condition" ? "text" : "integer"] as const
  );
  return {
    items: frame(
      epqra.items.map(({ number, scale, keyed }) => ({ item: number, scale, key: keyed })),
      {
        item: "integer",
        scale: "text",
        key: "integer",
      },
    ),
    sheets: frame(records, Object.fromEntries(names)),
    shown: (administration: number, item: number) => shown[administration - 1]![item - 1]!,
  };
}

Deno.test("intervals of slopes, parts and keying hold the truth in drawn studies, and without spill-over 5 % reject", () => {
  const follow = .85, part = 2 * follow - 1, studies = nightly ? 2000 : 100;
  const held: Record<string, number> = {};
  const holds = (name: string, row: Row, of: string, truth: number) => {
    const [lower, upper] = [row[`${of}_lower`]!, row[`${of}_upper`]!];
    held[name] = (held[name] ?? 0) + Number(lower <= truth && truth <= upper);
  };
  let rejected = 0;
  for (let study = 0; study < studies; study++) {
    const sheets = drawn(study, 40, follow);
    const [n] = rowsOf(doseSlopes(sheets, epqra, { draws: 100 }));
    holds("followed", n!, "followed", part);
    holds("beyond", n!, "beyond", (part - 1) * n!.expected_slope!);
    holds("last dose", rowsOf(doseMeans(sheets, epqra)).at(-1)!, "followed", part);
    const both = { up: "N=6", down: "minN", against: "N=0" };
    const [way] = rowsOf(directions(sheets, epqra, both));
    holds("up", way!, "followed_up", part), holds("directions", way!, "ci", 0);
    const spilt = rowsOf(spillOver(sheets, epqra, { draws: 100 })).find(({ scale }) =>
      scale === "E"
    )!;
    rejected += Number(spilt.p! < .05);
    holds("spill-over", spilt, "ci", 0);
    const [kept] = rowsOf(keying(sheets, epqra)).filter(({ scale }) => scale === "N");
    holds("keying", kept!, "ci", 0);
  }
  console.log(JSON.stringify({ studies, held, rejected }));
  for (const count of Object.values(held)) {
    const [least, most] = nightly ? [.93, .97] : [.88, 1];
    assert.ok(count >= least * studies && count <= most * studies, JSON.stringify(held));
  }
  assert.ok(
    Math.abs(rejected / studies - .05) <= (nightly ? .01 : .07),
    `${rejected} of ${studies}`,
  );
});

Deno.test("a slope of three profiles is worked out by hand, and one that lacks a dose does not count", () => {
  const sheets = drawn(1, 4, 1);
  const short = sheets.sheets.filter(
    pl.col("profile").neq(pl.lit(4)).or(pl.col("condition").neq(pl.lit("N=4"))),
  );
  const [n] = rowsOf(doseSlopes({ ...sheets, sheets: short }, epqra, { draws: 50 }));
  assert.deepEqual([n!.n, n!.left_out, n!.doses], [3, 1, 4]);
  // Who follows what was shown has the expected slope, profile by profile.
  close(n!.beyond, 0, 1e-12);
  near(n!.followed, 1, 1e-12);
  assert.equal(n!.p_beyond, null);
  assert.equal(n!.falls, 0);
});
