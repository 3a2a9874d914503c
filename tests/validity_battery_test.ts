/** The battery as one thing: what it asks, what it costs, and what it says of findings. */
import "lib/paper/published.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import pl from "polars";
import { z } from "zod";
import { ROOT } from "lib/config.ts";
import { openDataset } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { type Model, model } from "lib/llm.ts";
import { epqra } from "lib/paper/instruments.ts";
import { seeded } from "lib/random.ts";
import { administrations, instrumentFrom, openStudy, personas } from "lib/study.ts";
import {
  type Analysis,
  type Battery,
  findings,
  findingsByWay,
  findingsPower,
  planned,
  sheetsOf,
  validity,
} from "lib/validity/battery.ts";
import { atNight, nightly, until } from "./command.ts";
import { provider } from "./llm_server.ts";
import { close } from "./near.ts";
import { administrations as typed, likert } from "./sheets.ts";
import { Process, profiles } from "./study_worker.ts";

const Cost = z.object({
  validity_part: z.string(),
  calls: z.number().nullable(),
  calls_left: z.number().nullable(),
  usd: z.number().nullable(),
  taken: z.string().nullable(),
});
const costsOf = ({ costs }: Battery) => rows(costs, Cost);
const Standing = z.object({ run: z.string(), calls: z.number(), usd: z.number() });
const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const named = ({ parts }: Battery) => parts.map(({ name }) => name);

/** A study of personas under two conditions, asked once by a model. */
async function studied(schema: string, n: number, by: Model) {
  const lab = await openStudy({ schema });
  await lab.population(
    profiles(n).map(({ id, answers }) => ({
      id,
      ...Object.fromEntries(answers.map((answer, at) => [String(at + 1), answer])),
    })),
    { name: "made", instrument: epqra },
  );
  const asking = administrations({ instrument: epqra });
  const runs = await lab.register([
    personas({ models: [by], conditions: ["Base", "MaxN"] }),
    asking,
  ]);
  await lab.run(runs, { budget: { usd: 100 } });
  return { lab, asking };
}

/**
 * The battery on a server that charges: stopped on its way, planned anew and finished. What all of it cost is
 * what was shown before.
 */
async function costs(schema: string, people: number, { killed = false } = {}) {
  // A reply takes a moment, so that some are under way when the process dies.
  const server = provider({ ...killed && { answer: () => ({ latency: 15 }) }, keep: false });
  const paid = {
    ...model("vllm-llama31"),
    id: "paid",
    base_url: `${server.url}/v1`,
    price: { input: 1, output: 2, as_of: "2026-11-21", source: "made up" },
  };
  const { lab, asking } = await studied(schema, people, paid);
  const before = rows(await lab.status(), Standing);
  const asked = server.tally().requests;
  const changes = [{
    name: "described",
    set: {},
    values: { description: { words: [["made", "dreamt"]] as const } },
  }];
  const given = { of: asking, budget: { usd: 20 }, sample: 2 * people, changes };
  const battery = await validity(lab, given);
  assert.equal(server.tally().requests, asked);
  assert.deepEqual(named(battery).toSorted(), [
    ...["changes", "coding", "doses", "items", "order", "repeats", "settings", "wording"],
  ]);
  const all = costsOf(battery).at(-1)!;
  const own = costsOf(battery).filter(({ validity_part }) => validity_part !== "all");
  assert.deepEqual(
    own.map(({ usd }) => usd),
    own.map(({ usd }) => usd!).toSorted((a, b) => a - b),
    "the cheapest first",
  );
  const runs = await lab.register(battery.plans);
  // That it was planned shows nobody what it costs.
  const allowed = { budget: { usd: 20 } };
  await assert.rejects(lab.ready(runs, allowed), /will cost was not shown since its plan/);
  await lab.estimate(battery.plans);
  await lab.ready(runs, allowed);
  // A part's own run ends when the budget of calls is spent: as if it had been stopped there.
  const some = await lab.run(runs, { budget: { calls: Math.floor(all.calls! / 3) } });
  assert.equal(some.ended, "budget spent");
  const booked = async (of: typeof lab) =>
    rows(await of.status(), Standing).filter(({ run }) => !before.some((one) => one.run === run));
  let lost = 0;
  if (killed) {
    // A process of its own goes on, and dies with calls in flight: those are lost, and no others.
    const run = runs.find((name) => name.includes("settings"))!;
    await lab.run(run, { budget: { usd: 20 }, limit: 1 });
    const worker = new Process(schema, run);
    await worker.ready();
    const heard = server.tally().requests + 60;
    await worker.go();
    await until("calls", () => worker.over || server.tally().requests >= heard);
    assert.ok(await worker.killed());
    await until("silence", () => server.tally().inFlight === 0);
    const kept = (await booked(lab)).reduce((sum, { calls }) => sum + calls, 0);
    lost = server.tally().requests - asked - kept;
    assert.ok(lost <= 64, `${lost} were under way`);
  }
  await lab.close();

  const again = await openStudy({ schema });
  const same = await validity(again, given);
  assert.deepEqual(same.plans.map(({ name }) => name), battery.plans.map(({ name }) => name));
  assert.deepEqual(same.profiles, battery.profiles);
  const left = costsOf(same).at(-1)!;
  if (!killed) {
    assert.equal(left.calls, all.calls);
    assert.equal(left.calls_left, all.calls! - Math.floor(all.calls! / 3));
  }
  const end = await again.run(await again.register(same.plans), { budget: { usd: 20 } });
  assert.equal(end.ended, "finished");
  // Nothing was bought twice, and nothing but what was shown.
  assert.equal(server.tally().requests - asked, all.calls! + lost);
  const spent = (await booked(again)).reduce((sum, { usd }) => sum + usd, 0);
  assert.ok(Math.abs(spent / all.usd! - 1) < 0.05, `shown ${all.usd}, paid ${spent}`);
  const done = costsOf(await validity(again, given)).at(-1)!;
  assert.deepEqual([done.calls, done.calls_left], [all.calls, 0]);
  await again.close();
  await server.close();
}

Deno.test("a battery costs what was shown, and stopped and continued nothing is bought twice", async () => {
  await costs("battery_cost", 12);
});

atNight(
  "a battery of 60 personas costs what was shown, within 5 %, and survives a kill",
  async () => {
    await costs("battery_sixty", 30, { killed: true });
  },
);

Deno.test("what is over the budget is named and left out, and what was begun stays", async () => {
  const { lab, asking } = await studied("battery_budget", 6, model("simulated"));
  const given = { of: asking, sample: 8, seed: 3 };
  const few = await validity(lab, { ...given, budget: { calls: 40 } });
  assert.deepEqual(named(few), ["repeats", "order", "items"]);
  assert.equal(few.profiles.length, 4);
  const out = costsOf(few).filter(({ taken }) => taken?.startsWith("no"));
  assert.deepEqual(
    out.map(({ validity_part, taken }) => [validity_part, taken]),
    [
      ...["coding", "wording", "settings", "doses"].map((name) => [name, "no: over the budget"]),
      ["changes", "no: no `changes` of respondents were given"],
    ].toSorted((a, b) =>
      out.findIndex((one) => one.validity_part === a[0]) -
      out.findIndex((one) => one.validity_part === b[0])
    ),
  );
  assert.equal(costsOf(few).at(-1)!.calls, 24);
  await lab.run(await lab.register(few.plans));
  const less = await validity(lab, { ...given, budget: { calls: 1 } });
  assert.deepEqual(named(less), named(few));
  const other = await validity(lab, { ...given, seed: 4, budget: { calls: 1 } });
  assert.notDeepEqual(other.profiles, few.profiles);
  assert.deepEqual(named(other), []);
  await assert.rejects(
    () => validity(lab, { of: asking, budget: {} }),
    /budget is of all parts together/,
  );
  const writing = personas({ models: [model("simulated")] }) as never;
  await assert.rejects(
    () => validity(lab, { of: writing, budget: { usd: 0 } }),
    /about a plan of administrations without a context: got the string "personas"/,
  );
  await lab.close();
});

Deno.test("profiles that answer have no doses, and one drawn battery asks nobody else", async () => {
  const lab = await openStudy({ schema: "battery_profiles" });
  const town = instrumentFrom(join(ROOT, "dataset", "instruments", "town.csv"));
  await lab.population(Array.from({ length: 6 }, (_, at) => ({ age: 20 + at })), {
    instrument: null,
  });
  const of = administrations({ instrument: town, of: "profiles", models: [model("simulated")] });
  const battery = await validity(lab, {
    of,
    budget: { usd: 0 },
    sample: 3,
    changes: ["-age"],
  });
  const doses = costsOf(battery).find(({ validity_part }) => validity_part === "doses")!;
  assert.equal(doses.taken, "no: profiles answer without a persona");
  assert.equal(battery.conditions, null);
  // Three people, of whom the study has asked nobody: the same twice is six sheets.
  assert.equal(costsOf(battery)[0]!.calls, 3);
  assert.equal(battery.profiles.length, 3);
  await lab.run(await lab.register(battery.plans));
  const asked = rows(
    await lab.respondents({ ...of, profiles: battery.profiles }),
    z.object({ profile: z.number() }),
  );
  assert.deepEqual(asked.map(({ profile }) => profile), battery.profiles);
  await lab.close();
});

Deno.test("a battery is of one population, whose numbers another has as well", async () => {
  const by = { ...model("simulated"), error_rate: 0 };
  const { lab, asking } = await studied("battery_populations", 4, by);
  const others = profiles(8).map(({ id, answers }) => ({
    id,
    ...Object.fromEntries(answers.map((answer, at) => [String(at + 1), 1 - answer])),
  }));
  await lab.population(others, { name: "others", instrument: epqra });
  await lab.run(
    await lab.register(personas({ models: [by], population: "others" })),
  );
  const given = { of: asking, budget: { calls: 0 }, sample: 20 };
  await assert.rejects(
    () => validity(lab, given),
    /of one population, and these personas are of made, others/,
  );
  const of = (population: string) =>
    validity(lab, { ...given, of: administrations({ instrument: epqra, population }) });
  const [first, second] = [await of("made"), await of("others")];
  assert.deepEqual([first.population, first.profiles], ["made", [1, 2, 3, 4]]);
  assert.equal(second.population, "others");
  assert.ok(second.profiles.some((profile) => profile > 4), second.profiles.join());
  await assert.rejects(() => of("nobody"), /no population nobody/);
  const asked = await lab.register(administrations({ instrument: epqra, population: "others" }));
  await lab.run(asked);
  await lab.close();
  const study = await openDataset({ schema: "battery_populations" });
  const sheets = await study.sheets("epqra");
  await study.close();
  const own = sheetsOf(second, sheets).sheets;
  assert.deepEqual(own.getColumn("profile_population").unique().toArray(), ["others"]);
  assert.equal(own.height, 3 * second.profiles.length);
});

Deno.test("planned is what was written down before the battery was asked, and as it was then", async () => {
  const schema = "battery_planned";
  const { lab, asking } = await studied(schema, 10, model("simulated"));
  const analysis: Analysis = {
    factor: "condition",
    against: "Base",
    bound: 0.5,
    seed: 2,
    families: {
      followed: [{ finding_of: "difference", level: "MaxN", scale: "N" }],
      reliable: epqra.scales.map((scale) => ({ finding_of: "alpha", level: "Base", scale })),
    },
  };
  const before = await planned(lab, analysis);
  assert.match(before.hash, /^[0-9a-f]{64}$/);
  const { bound, ...others } = analysis;
  assert.equal((await planned(lab, { ...others, bound })).hash, before.hash);
  const battery = await validity(lab, { of: asking, budget: { calls: 60 }, sample: 20, seed: 2 });
  await lab.run(await lab.register(battery.plans));
  const changed = await planned(lab, { ...analysis, bound: 0.6 });
  const again = await planned(lab, analysis);
  const other = await validity(lab, { of: asking, budget: { calls: 60 }, sample: 20, seed: 3 });
  await lab.close();
  const study = await openDataset({ schema });
  const sheets = await study.sheets("epqra");
  await study.close();
  const found = (of: { planned: typeof before }, from = battery) =>
    rows(findings(sheets, { battery: from, instrument: epqra, ...of }), Row);
  const own = found({ planned: again });
  const follows = own.filter(({ planned_in }) => planned_in === "followed");
  assert.equal(follows.length, 1);
  // The only test of its family: not adjusted. Of the others of its kind there are seven.
  const alone = own.filter(({ planned_in }) => planned_in === null);
  assert.deepEqual([own.length, alone.length], [12, 12 - 5]);
  assert.ok(alone.every(({ not_planned }) => not_planned === "not among the hypotheses"));
  const unplanned = rows(
    findings(sheets, { battery, instrument: epqra, factor: "condition", against: "Base", bound }),
    Row,
  );
  const all = unplanned.find(({ finding_of, scale }) =>
    finding_of === "difference" && scale === "N"
  )!;
  assert.equal(all.not_planned, "there is no analysis plan");
  assert.ok((follows[0]!.p_holm as number) < (all.p_holm as number));
  const late = found({ planned: changed });
  assert.ok(late.every(({ planned_in }) => planned_in === null));
  const hypotheses = late.filter(({ not_planned }) => not_planned !== "not among the hypotheses");
  assert.deepEqual(
    [hypotheses.length, hypotheses[0]!.not_planned],
    [5, `written after ${costsOf(battery).at(-1)!.calls} replies`],
  );
  assert.equal(
    found({ planned: before }, { ...battery, seed: other.seed })
      .find(({ planned_in, not_planned }) =>
        planned_in === null && not_planned !== "not among the hypotheses"
      )!.not_planned,
    "the battery has the seed 3",
  );
  await assert.rejects(
    () => planned(lab, { ...analysis, families: {} }),
    /at least one hypothesis/,
  );
  await assert.rejects(
    () =>
      planned(lab, {
        ...analysis,
        families: { a: analysis.families.followed!, ...analysis.families },
      }),
    /stands twice/,
  );
});

/** Six profiles under two conditions, asked as the study does, again, and in a way that turns answers round. */
const instrument = likert("sum", ["S", "T"], ["S", "S", "S", "T", "T", "T"]);
const SHEETS = [
  ["Base", "printed", 1, ["112111", "121121", "211112", "122211", "111221", "212122"]],
  ["Max", "printed", 1, ["545111", "455211", "554122", "455211", "554222", "545111"]],
  ["Base", "printed", 2, ["112112", "122121", "211111", "122212", "112221", "211122"]],
  ["Max", "printed", 2, ["554121", "455212", "554121", "445211", "555221", "545112"]],
  ["Base", "reversed", 1, ["545112", "455112", "554122", "455212", "545221", "554122"]],
  ["Max", "reversed", 1, ["122112", "112212", "211121", "121212", "112221", "211111"]],
  ["Base", "shuffled", 1, ["112111", "122121", "211112", "122211", "111221", "212112"]],
  ["Max", "shuffled", 1, ["545121", "455211", "554122", "455221", "545222", "545111"]],
] as const;

interface Given {
  condition: string;
  order: string;
  repetition: number;
  profile: number;
  answers: number[];
}

/** A battery of one part, orders of the options, and the sheets that it gave. */
function batteryOf(of: typeof instrument, profiles: readonly number[], all: readonly Given[]) {
  const { items, sheets } = typed(of, all);
  const asking = administrations({ instrument: epqra });
  const plan = administrations({ instrument: epqra, options: ["reversed", "shuffled"] });
  const battery = {
    parts: [{ name: "order", asks: "", plans: [plan] }],
    plans: [plan],
    profiles,
    population: "made",
    conditions: ["Base", "Max"],
    seed: 1,
    base: { option_order: asking.setting.options },
    costs: pl.DataFrame({}),
  } satisfies Battery;
  return {
    battery,
    sheets: {
      items,
      sheets: sheets.withColumns(
        pl.Series("option_order", all.map(({ order }) => order)),
        pl.Series("condition", all.map(({ condition }) => condition)),
        pl.Series("repetition", all.map(({ repetition }) => repetition)),
      ),
    },
  };
}

const made = (orders: readonly string[]) =>
  batteryOf(
    instrument,
    [1, 2, 3, 4, 5, 6],
    SHEETS.filter(([, order]) => orders.includes(order))
      .flatMap(([condition, order, repetition, sheets]) =>
        sheets.map((sheet, at) => ({
          condition,
          order,
          repetition,
          profile: at + 1,
          answers: [...sheet].map(Number),
        }))
      ),
  );

Deno.test("a finding that a way turns round is the way's, and one that stays is the person's", () => {
  const { battery, sheets } = made(["printed", "reversed", "shuffled"]);
  const of = { battery, instrument, factor: "condition", against: "Base", bound: 0.5 };
  const byWay = rows(findingsByWay(sheets, of), Row);
  const at = (way: string) =>
    byWay.find((row) => row.finding_of === "difference" && row.scale === "S" && row.way === way)!;
  // Sums of S: Base 4 4 4 5 3 5, Max 14 14 14 14 14 14.
  close(at("again").estimate as number, 14 - 25 / 6, 1e-12);
  const turned = at("option_order: reversed");
  // Reversed: Base 14 each, Max 5 4 4 4 4 4.
  close(turned.estimate_way as number, 25 / 6 - 14, 1e-12);
  close(turned.part as number, -2, 1e-12);
  assert.ok(turned.p_outside as number < 0.001);
  const whose = (sheets: Parameters<typeof findings>[0], battery: Battery) =>
    rows(findings(sheets, { ...of, battery }), Row)
      .filter(({ finding_of }) => finding_of === "difference")
      .map(({ scale, whose, way }) => [scale, whose, way]);
  assert.deepEqual(whose(sheets, battery)[0], ["S", "asking", "option_order: reversed"]);
  assert.equal(whose(sheets, battery)[1]![1], "none");
  const kept = made(["printed", "shuffled"]);
  assert.deepEqual(whose(kept.sheets, kept.battery)[0], ["S", "person", "option_order: shuffled"]);
  const once = made(["printed"]);
  assert.throws(() => findings(once.sheets, { ...of, battery: once.battery }), /in one way only/);
  assert.throws(() => findings(sheets, { ...of, against: "Min" }), /has no level Min/);
  const powers = rows(findingsPower(sheets, of), Row)
    .filter(({ finding_of }) => finding_of === "difference");
  // S differs by 10 points and hardly changes; six profiles are enough, and two would be.
  assert.ok((powers[0]!.part_power as number) > 0.99);
  assert.ok((powers[0]!.profiles_needed as number) <= 6);
  // T does not differ at all: no number of profiles shows that nothing of it is changed.
  assert.deepEqual([powers[1]!.part_power, powers[1]!.profiles_needed], [0, null]);
  const alone = { ...sheets, sheets: sheets.sheets.filter(pl.col("repetition").eq(pl.lit(1))) };
  assert.throws(() => findingsPower(alone, of), /Nothing was asked again/);
});

Deno.test("sheets of a part are those of the drawn profiles, as the study asks and as the part does", () => {
  const { battery, sheets } = made(["printed", "reversed", "shuffled"]);
  const of = { ...battery, profiles: [1, 2], conditions: ["Base"] };
  const own = sheetsOf(of, sheets, "order").sheets;
  assert.deepEqual(new Set(own.getColumn("profile").toArray()), new Set([1, 2]));
  assert.equal(own.height, 2 * 4);
  const part = { ...battery.parts[0]!, plans: [administrations({ instrument: epqra })] };
  assert.equal(sheetsOf({ ...of, parts: [part] }, sheets).sheets.height, 2 * 2);
  assert.throws(() => sheetsOf(battery, sheets, "doses"), /has no part doses: it has order/);
});

const FOUR = likert("mean", ["S"], ["S", "S", "S", "S"]);
const PARTS = { "option_order: reversed": 0, "option_order: shuffled": 0 };

/** Forty profiles of whom a condition raises each item by `size` on average, and in a way by `part` of that more. */
function drawnBattery(seed: string, size: number, parts: typeof PARTS) {
  const { uniform } = seeded("drawn battery", seed);
  const even = (reach: number) => reach * (2 * uniform() - 1);
  const profiles = Array.from({ length: 40 }, (_, at) => at + 1);
  const ways = [
    ["printed", 1, 0],
    ["printed", 2, 0],
    ["reversed", 1, parts["option_order: reversed"]],
    ["shuffled", 1, parts["option_order: shuffled"]],
  ] as const;
  const all = profiles.flatMap((profile) => {
    const person = 3 - size / 2 + even(0.6), own = size + even(0.5);
    return ["Base", "Max"].flatMap((condition) =>
      ways.map(([order, repetition, part]) => ({
        ...{ condition, order, repetition, profile },
        answers: FOUR.items.map(() => {
          const level = person + (condition === "Max" ? own + part * size : 0) + even(0.3);
          return Math.floor(level) + Number(uniform() < level % 1);
        }),
      }))
    );
  });
  return batteryOf(FOUR, profiles, all);
}

/** Whose the difference is called in so many studies, how often limits of the parts hold, and tests reject. */
function batteries(studies: number, size: number, parts = PARTS) {
  const counts: Record<string, number> = {};
  const count = (name: string, is: boolean) => counts[name] = (counts[name] ?? 0) + Number(is);
  for (let study = 0; study < studies; study++) {
    const { battery, sheets } = drawnBattery(`${study}`, size, parts);
    const of = { battery, instrument: FOUR, factor: "condition", against: "Base", bound: 0.5 };
    const found = rows(findings(sheets, of), Row);
    for (const { finding_of, whose } of found) {
      for (const name of ["person", "asking", "none"]) {
        if (finding_of === "difference") count(name, whose === name);
        else if (name === "asking") count("alpha asking", whose === name);
      }
    }
    for (const row of rows(findingsByWay(sheets, of), Row)) {
      const part = parts[row.way as keyof typeof PARTS];
      if (part === undefined) continue;
      const holds = (of: number) =>
        Number(row.part_lower) <= of && of <= Number(row.part_upper) && row.part_lower !== null;
      if (row.finding_of === "difference") {
        count(`${row.way} held`, holds(part));
        count(`${row.way} within`, Number(row.p_within ?? 1) < 0.05);
        count(`${row.way} outside`, Number(row.p_outside ?? 1) < 0.05);
      } else if (row.way === "option_order: shuffled" && row.condition === "Base") {
        count("alpha held", holds(0));
      }
    }
  }
  return Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, n / studies]));
}

Deno.test("what only the prompts make is not called the person’s, nor the other way round", () => {
  const studies = nightly ? 2000 : 12;
  const stays = batteries(studies, 1);
  const half = batteries(studies, 1, { ...PARTS, "option_order: reversed": -0.5 });
  const gone = batteries(studies, 1, { ...PARTS, "option_order: reversed": -1 });
  const none = batteries(studies, 0);
  console.log(JSON.stringify({ studies, stays, half, gone, none }, null, 1));
  assert.ok(stays.person! > 0.8 && stays.asking! <= 0.06);
  assert.ok(gone.asking! > 0.8 && gone.person! <= 0.06);
  assert.ok(half.person! <= 0.06 + (nightly ? 0 : 0.1));
  assert.ok(none.none! >= 0.94 - (nightly ? 0 : 0.1));
  for (const one of [stays, half, gone]) {
    for (const way of Object.keys(PARTS)) {
      const held = one[`${way} held`]!;
      assert.ok(held >= (nightly ? 0.93 : 0.7) && held <= (nightly ? 0.97 : 1), `${way} ${held}`);
    }
    // Pseudo-values of an alpha that does not change: too wide, as notebook 55 says.
    assert.ok(one["alpha held"]! >= (nightly ? 0.93 : 0.7));
  }
  // At the bound: 5 % of the test that it is within, 2.5 % of the two-sided one that it is beyond.
  const within = half["option_order: reversed within"]!;
  if (nightly) assert.ok(Math.abs(within - 0.05) <= 0.015, `${within}`);
});
