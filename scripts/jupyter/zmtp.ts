/**
 * A ZMTP 3.0 client over TCP with the NULL mechanism: as much as Jupyter's DEALER and SUB sockets
 * need. Source: https://rfc.zeromq.org/spec/23/
 *
 * The packages do not do: zeromq 6 stalls under Deno after the first messages
 * (denoland/deno#36317), and jszmq speaks WebSocket only.
 */

const MORE = 1, LONG = 2, COMMAND = 4;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function uint(value: number, bytes: 4 | 8): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 4) view.setUint32(0, value);
  else view.setBigUint64(0, BigInt(value));
  return new Uint8Array(view.buffer);
}

function frame(body: Uint8Array, flags: number): Uint8Array {
  return body.length < 256
    ? concat(Uint8Array.of(flags, body.length), body)
    : concat(Uint8Array.of(flags | LONG), uint(body.length, 8), body);
}

/** Version 3.0 (no 3.1 heartbeats), mechanism NULL. */
function greeting(): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, ...encode("NULL")]);
  return bytes;
}

function ready(type: string, identity: string): Uint8Array {
  const property = (name: string, value: string) =>
    concat(
      Uint8Array.of(name.length),
      encode(name),
      uint(value.length, 4),
      encode(value),
    );
  const body = [property("Socket-Type", type), property("Identity", identity)];
  return frame(concat(Uint8Array.of(5), encode("READY"), ...body), COMMAND);
}

export class ZmtpSocket {
  #conn: Deno.TcpConn;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /**
   * Connects to a port of this machine, trying again until something listens there; a SUB socket
   * subscribes to everything. Aborting the signal ends the trying and closes the socket.
   *
   * @throws the signal's reason, or an Error when the other side does not speak ZMTP 3
   */
  static async connect(
    port: number,
    type: "DEALER" | "SUB",
    signal: AbortSignal,
    identity = "",
  ): Promise<ZmtpSocket> {
    const socket = new ZmtpSocket(await dial(port, signal));
    signal.addEventListener("abort", () => socket.close());
    if (signal.aborted) socket.close();
    await socket.#write(greeting());
    const answer = await socket.#read(64);
    if (answer[0] !== 0xff || answer[10]! < 3) {
      throw new Error(`Port ${port} does not speak ZMTP 3`);
    }
    await socket.#write(ready(type, identity));
    const { flags } = await socket.#frame();
    if (!(flags & COMMAND)) throw new Error(`Port ${port} sent no READY`);
    if (type === "SUB") await socket.send([Uint8Array.of(1)]);
    return socket;
  }

  /** Sends one message of several parts; callers wait for it before they send the next. */
  send(parts: Uint8Array[]): Promise<void> {
    const last = parts.length - 1;
    return this.#write(concat(...parts.map((part, i) => frame(part, i < last ? MORE : 0))));
  }

  /** The parts of the next message. */
  async receive(): Promise<Uint8Array[]> {
    const parts: Uint8Array[] = [];
    while (true) {
      const { flags, body } = await this.#frame();
      if (flags & COMMAND) continue;
      parts.push(body);
      if (!(flags & MORE)) return parts;
    }
  }

  close(): void {
    try {
      this.#conn.close();
    } catch { /* closed before */ }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  async #read(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const count = await this.#conn.read(bytes.subarray(filled));
      if (count === null) throw new Error("The kernel closed the connection");
      filled += count;
    }
    return bytes;
  }

  async #frame(): Promise<{ flags: number; body: Uint8Array }> {
    const flags = (await this.#read(1))[0]!;
    const size = await this.#read(flags & LONG ? 8 : 1);
    const length = flags & LONG ? Number(new DataView(size.buffer).getBigUint64(0)) : size[0]!;
    return { flags, body: await this.#read(length) };
  }
}

async function dial(port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  while (true) {
    signal.throwIfAborted();
    try {
      return await Deno.connect({ port, hostname: "127.0.0.1" });
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
