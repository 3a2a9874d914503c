/**
 * Machines on a network of their own, for tests: network namespaces on a bridge, with cables that can be cut,
 * ways that take time, and clocks that are wrong.
 */
import { existsSync } from "node:fs";
import { address } from "lib/db.ts";

/** Of the bridge: from a range that nobody routes (RFC 2544, benchmarks); each process has its own. */
const NET = `198.${18 + (Deno.pid >> 8) % 2}.${Deno.pid % 256}`;
const BRIDGE = `pa${Deno.pid}`;

async function ran(...command: string[]): Promise<boolean> {
  const [program, ...args] = command;
  const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
  return await new Deno.Command(program!, { args, ...streams }).output()
    .then(({ success }) => success, () => false);
}

async function must(...command: string[]): Promise<void> {
  if (!await ran(...command)) throw new Error(`${command.join(" ")} failed`);
}

/** Why there can be no such machines here; null where there can. */
export const lacking: string | null = await (async () => {
  const name = `${BRIDGE}try`;
  const may = Deno.build.os === "linux" && await ran("ip", "netns", "add", name) &&
    await ran("ip", "netns", "del", name);
  return may ? null : "network namespaces may not be made here (root and iproute2)";
})();

/**
 * What gives a program another clock, libfaketime; null where it is not installed. Not by its wrapper, which
 * would take the signals that are for the program.
 */
export const clocks: string | null = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path)) ?? null;

/** Hands on what comes at a port of the bridge to one of this machine, so many ms later each way. */
class Relay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: `${NET}.1`, port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly port = (this.#listener.addr as Deno.NetAddr).port;

  constructor(private readonly to: number, private readonly delay: number) {
    this.#serve().catch(() => {});
  }

  async #serve(): Promise<void> {
    for await (const from of this.#listener) {
      Deno.connect({ hostname: "127.0.0.1", port: this.to }).then((to) => {
        this.#hand(from, to);
        this.#hand(to, from);
      }, () => from.close());
    }
  }

  async #hand(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    this.#open.add(from);
    const late = new TransformStream<
      Uint8Array<ArrayBuffer>,
      () => Promise<Uint8Array<ArrayBuffer>>
    >(
      {
        transform: (bytes, controller) => {
          const there = new Promise((resolve) => setTimeout(resolve, this.delay));
          controller.enqueue(() => there.then(() => bytes));
        },
      },
      undefined,
      { highWaterMark: 64 },
    );
    const arrived = new TransformStream<
      () => Promise<Uint8Array<ArrayBuffer>>,
      Uint8Array<ArrayBuffer>
    >({
      transform: async (waits, controller) => controller.enqueue(await waits()),
    });
    await from.readable.pipeThrough(late).pipeThrough(arrived).pipeTo(to.writable).catch(() => {});
    this.#open.delete(from);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const one of this.#open) {
      try {
        one.close();
      } catch {
        // It has closed itself.
      }
    }
    return Promise.resolve();
  }
}

/** A bridge with machines on it. */
export class Network implements AsyncDisposable {
  readonly #relays: Relay[] = [];
  readonly #machines: Machine[] = [];

  static async made(): Promise<Network> {
    await must("ip", "link", "add", BRIDGE, "type", "bridge");
    await must("ip", "addr", "add", `${NET}.1/24`, "dev", BRIDGE);
    await must("ip", "link", "set", BRIDGE, "up");
    return new Network();
  }

  /** Where a server of this machine is reached from the others. */
  served(port: number, delay = 0): string {
    const relay = new Relay(port, delay);
    this.#relays.push(relay);
    return `${NET}.1:${relay.port}`;
  }

  /**
   * @param far ms that the way to the database takes, each way
   * @param clock how wrong its clock is, as faketime takes it: `+2h`
   */
  async machine(far: number, clock: string): Promise<Machine> {
    const { user, password, port, database } = await address("owner");
    const at = this.served(port, far);
    const number = this.#machines.length + 2;
    const machine = new Machine(
      `${BRIDGE}n${number}`,
      { DATABASE_URL: `postgres://${user}:${password}@${at}/${database}` },
      clock,
    );
    this.#machines.push(machine);
    await machine.plugged(`${NET}.${number}/24`);
    return machine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const machine of this.#machines) await machine.gone();
    for (const relay of this.#relays) await relay[Symbol.asyncDispose]();
    await ran("ip", "link", "del", BRIDGE);
  }
}

export class Machine {
  constructor(
    private readonly name: string,
    readonly env: Record<string, string>,
    private readonly clock: string,
  ) {}

  /** The command by which a program is run on it. */
  get within(): string[] {
    // Of the clock that only goes on, timers depend.
    const clock = clocks
      ? ["env", `LD_PRELOAD=${clocks}`, `FAKETIME=${this.clock}`, "DONT_FAKE_MONOTONIC=1"]
      : [];
    return ["ip", "netns", "exec", this.name, ...clock];
  }

  async plugged(at: string): Promise<void> {
    const { name } = this, inside = ["ip", "-n", name];
    await must("ip", "netns", "add", name);
    await must("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
    await must("ip", "link", "set", name, "master", BRIDGE, "up");
    await must(...inside, "addr", "add", at, "dev", "eth0");
    await must(...inside, "link", "set", "eth0", "up");
    await must(...inside, "link", "set", "lo", "up");
  }

  /** Nothing comes through any more, and nobody is told. */
  cut = (): Promise<void> => must("ip", "link", "set", this.name, "down");
  mended = (): Promise<void> => must("ip", "link", "set", this.name, "up");

  async gone(): Promise<void> {
    await ran("ip", "netns", "del", this.name);
    await ran("ip", "link", "del", this.name);
  }
}
