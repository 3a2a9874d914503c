/** A run on three machines: far away, cut off, asleep, with wrong clocks; each sheet once, nothing lost. */
import assert from "node:assert/strict";
import { booked, toAnswer, whole } from "./answering.ts";
import { nightly, until } from "./command.ts";
import { clocks, lacking, Network } from "./machines.ts";
import { Process, ServerProcess } from "./study_worker.ts";

if (lacking) console.log(`Tests on several machines are skipped: ${lacking}`);
else if (!clocks) console.log("Machines have the same clock: libfaketime is not installed");

Deno.test({
  name:
    "one machine is far, one is cut off and one sleeps beyond its lease: each sheet once, all paid for",
  ignore: lacking !== null,
  async fn() {
    const N = nightly ? 4000 : 500, CALLS = 8, LEASE = 4, TIMES = nightly ? 5 : 1;
    await using server = await ServerProcess.started(
      "--latency",
      nightly ? "250" : "80",
      "--seed",
      "11",
    );
    await using network = await Network.made();
    const url = `http://${network.served(Number(new URL(server.url).port))}`;
    const { made, run } = await toAnswer("machines", N, url, CALLS);
    await using _ = made;
    const far = await network.machine(30, "+2h");
    const cut = await network.machine(1, "-3d");
    const asleep = await network.machine(1, "+10s");
    const on = ({ env, within }: typeof far, connections: number) => {
      const own = { ...env, DATABASE_CONNECTIONS: `${connections}` };
      return new Process("machines", run, { lease: LEASE, env: own, within });
    };
    await using first = on(far, 2);
    await using second = on(cut, 3);
    await using third = on(asleep, 12);
    const three = [first, second, third];
    for (const one of three) await one.ready();
    for (const one of three) await one.go();
    const lives = `select count(*) from workers join runs using (run)
      where kind = 'administrations' and lease > now()`;
    const planned = "select count(*) from work where state = 'planned'";
    const sheets = "select count(*) from administrations";
    let most = 0, cuts = 0;
    for (; cuts < TIMES; cuts++) {
      const before = await made.value(sheets) as number;
      let over = false;
      await until("all at work", async () => {
        over = await made.value(planned) === 0;
        const all = await made.value(lives) === 3;
        return over || (all && await made.value(sheets) as number > before + 40);
      });
      if (over) break;
      await cut.cut();
      third.signal("SIGSTOP");
      // What the two may have had in flight, or read and not settled.
      most += 2 * 1.5 * CALLS;
      await until("the end of two leases", async () => await made.value(lives) as number <= 1);
      // The other takes back what these two had claimed.
      const claimed = `select count(*) from work join workers using (worker)
        where state = 'claimed' and lease < now()`;
      await until("their claims", async () => await made.value(claimed) === 0);
      await cut.mended();
      third.signal("SIGCONT");
    }
    assert.ok(cuts > 0, "the work was over before the cable was cut");
    const ends = await Promise.all(three.map((one) => one.ended()));
    assert.deepEqual(ends.map(({ ended }) => ended), ["finished", "finished", "finished"]);
    const count = await server.quiet();
    await whole(made, N);
    const twice = count.answered - N;
    assert.ok(twice <= most, `${twice} calls were made again, ${most} may have been in flight`);
    const sum = await booked(made);
    assert.ok(sum.calls + sum.lost_calls >= count.answered);
    assert.ok(sum.tokens + sum.lost_tokens >= count.charged.input + count.charged.output);
    console.log(
      `${N} sheets by three machines, ${cuts} cuts: ${ends.map(({ done }) => done).join(", ")}; ` +
        `${twice} asked again of at most ${most} in flight; booked ${sum.calls} and ` +
        `${sum.lost_calls} lost calls of ${count.requests}`,
    );
  },
});
