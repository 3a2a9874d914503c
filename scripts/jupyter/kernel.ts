/**
 * A client of Deno's Jupyter kernel (messaging protocol 5.3).
 * Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html
 *
 * Trap, seen in Deno 2.8.2 to 2.9.6: the kernel publishes outputs after it has said `idle`, where
 * nbclient stops listening and loses them. Here a cell ends only when a fence, a display sent
 * through the same queue after the cell, has come back.
 */
import { duration } from "lib/format.ts";
import { type Content, type Message, pack, unpack } from "./message.ts";
import { ZmtpSocket } from "./zmtp.ts";

export type Listener = (message: Message) => void;

export interface KernelOptions {
  /** The folder in which cells run. */
  cwd: string;
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Five ports of this machine that nobody uses; for tests. */
  ports?: () => number[];
}

/** Nothing was heard of a cell for too long; its kernel was killed. */
export class TimeLimit extends Error {
  override name = "TimeLimit";
  constructor(seconds: number) {
    super(
      `The cell showed nothing for ${duration(seconds)} and did not end: its kernel was killed ` +
        "(--minutes gives it longer)",
    );
  }
}

/** The kernel ended by itself, or never answered. */
export class KernelEnded extends Error {
  override name = "KernelEnded";
}

/** Somebody asked this process to stop; its kernels were killed. */
export class Interrupted extends Error {
  override name = "Interrupted";
  constructor(message = "Interrupted: the running notebooks were stopped") {
    super(message);
  }
}

const ATTEMPTS = 3;
/** A kernel that cannot come up ends by itself: this is for one that hangs, however slow the machine. */
const START_SECONDS = 600;
const STOP_SECONDS = 3;
const FENCE = "application/x-fence";

const live = new Set<Kernel>();
const SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Running kernels turn a signal into an Interrupted, so that the caller's `finally` still runs. */
function interrupt(): void {
  for (const kernel of live) kernel.kill(new Interrupted());
}

export class Kernel {
  #session = crypto.randomUUID();
  #key = crypto.randomUUID();
  #end = new AbortController();
  #gone: Promise<never>;
  #child: Deno.ChildProcess;
  #listeners = new Map<string, Listener>();
  #shell!: ZmtpSocket;
  #control!: ZmtpSocket;

  private constructor(child: (key: string) => Deno.ChildProcess) {
    const { signal } = this.#end;
    this.#gone = new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
    this.#gone.catch(() => {});
    this.#child = child(this.#key);
    if (live.size === 0) SIGNALS.forEach((name) => Deno.addSignalListener(name, interrupt));
    live.add(this);
    this.#child.status.then((status) => this.#ended(status));
  }

  /**
   * Starts a kernel and waits until it answers.
   *
   * Its ports are found by binding and closing, so another process may take one in between: a kernel
   * that does not come up is tried again with other ports.
   *
   * @throws {KernelEnded} when the third did not come up either
   */
  static async start(options: KernelOptions): Promise<Kernel> {
    for (let attempt = 1;; attempt++) {
      const file = await Deno.makeTempFile({ prefix: "kernel-", suffix: ".json" });
      try {
        const ports = (options.ports ?? freePorts)();
        const kernel = new Kernel((key) => spawn(file, ports, key, options));
        const failed = await kernel.#connect(ports).catch((error: Error) => error);
        if (!failed) return kernel;
        await kernel.stop();
        if (failed instanceof Interrupted) throw failed;
        if (attempt === ATTEMPTS) throw new KernelEnded(`${failed.message} (${ATTEMPTS} attempts)`);
      } finally {
        await Deno.remove(file);
      }
    }
  }

  /**
   * Runs a cell to its end and hands every output of it to `listen`; returns the kernel's reply.
   *
   * @param seconds how long it may show nothing before its kernel is killed
   */
  async execute(code: string, listen: Listener, seconds: number): Promise<Content> {
    const late = () => this.kill(new TimeLimit(seconds));
    let timer = setTimeout(late, seconds * 1000);
    const heard: Listener = (message) => {
      clearTimeout(timer);
      timer = setTimeout(late, seconds * 1000);
      listen(message);
    };
    try {
      const { content } = await this.#run(code, heard);
      await this.#fence(heard);
      return content;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks the kernel to shut down, kills it when it does not, and returns when it is gone. */
  async stop(): Promise<void> {
    const kill = () => this.kill(new KernelEnded("The kernel was stopped"));
    const timer = setTimeout(kill, STOP_SECONDS * 1000);
    if (this.#control) {
      await this.#send(this.#control, "shutdown_request", { restart: false }).catch(kill);
    } else kill();
    await this.#child.status;
    clearTimeout(timer);
  }

  /** Kills the process at once; whoever waits for it gets the reason. */
  kill(reason: Error): void {
    this.#end.abort(reason);
    try {
      this.#child.kill("SIGKILL");
    } catch { /* gone before */ }
  }

  async #connect(ports: number[]): Promise<void> {
    const { signal } = this.#end;
    const timer = setTimeout(
      () => this.kill(new KernelEnded(`The kernel did not answer within ${START_SECONDS} s`)),
      START_SECONDS * 1000,
    );
    try {
      const [shell, iopub, control] = await Promise.all([
        ZmtpSocket.connect(ports[0]!, "DEALER", signal, this.#session),
        ZmtpSocket.connect(ports[1]!, "SUB", signal),
        ZmtpSocket.connect(ports[3]!, "DEALER", signal, this.#session),
      ]);
      this.#shell = shell;
      this.#control = control;
      for (const socket of [shell, iopub]) this.#receive(socket);
      await this.#subscribed();
      await this.#run(watch(), () => {}, true);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A subscription takes effect some time after it was sent: asks until an answer is published. */
  async #subscribed(): Promise<void> {
    for (let seen = false; !seen;) {
      this.#end.signal.throwIfAborted();
      const id = crypto.randomUUID();
      this.#listeners.set(id, ({ header }) => seen ||= header.msg_type === "status");
      await this.#send(this.#shell, "kernel_info_request", {}, id);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #receive(socket: ZmtpSocket): Promise<void> {
    while (true) {
      const parts = await socket.receive().catch(() => null);
      if (!parts) return;
      const message = unpack(parts);
      this.#listeners.get(message.parent_header.msg_id ?? "")?.(message);
    }
  }

  #send(socket: ZmtpSocket, type: string, content: unknown, id = crypto.randomUUID() as string) {
    return socket.send(pack({ type, content, id, session: this.#session }, this.#key));
  }

  /**
   * Resolves with the reply once both it and `idle` have arrived. The listener is set before the
   * request is sent (outputs can be faster than the write) and stays after it (they come late).
   */
  #run(code: string, listen: Listener, silent = false): Promise<Message> {
    const { promise, resolve } = Promise.withResolvers<Message>();
    const id = crypto.randomUUID();
    let reply: Message | undefined;
    let idle = false;
    this.#listeners.set(id, (message) => {
      if (message.header.msg_type === "execute_reply") reply = message;
      else if (message.header.msg_type !== "status") listen(message);
      else idle ||= message.content.execution_state === "idle";
      if (reply && idle) resolve(reply);
    });
    const request = { code, silent, store_history: !silent, allow_stdin: false };
    // A failed write means that the kernel has ended, and its end says why
    this.#send(this.#shell, "execute_request", request, id).catch(() => {});
    return Promise.race([promise, this.#gone]);
  }

  /**
   * Returns once everything that the kernel has queued so far has arrived. An output that was still
   * queued can carry the fence's parent id: it belongs to the cell before.
   */
  async #fence(listen: Listener): Promise<void> {
    const token = crypto.randomUUID();
    const { promise, resolve } = Promise.withResolvers<void>();
    const data = JSON.stringify({ [FENCE]: token });
    const code =
      `await Deno.jupyter.broadcast("display_data",{data:${data},metadata:{},transient:{}});undefined`;
    const pass: Listener = (message) => {
      if (message.content.data?.[FENCE] === token) resolve();
      else listen(message);
    };
    await Promise.race([Promise.all([promise, this.#run(code, pass, true)]), this.#gone]);
  }

  #ended({ code, signal }: Deno.CommandStatus): void {
    live.delete(this);
    if (live.size === 0) SIGNALS.forEach((name) => Deno.removeSignalListener(name, interrupt));
    // A Ctrl-C in a terminal reaches the kernel too, and may reach it first
    const interrupted = code === 130 || signal === "SIGINT";
    this.#end.abort(
      interrupted ? new Interrupted() : new KernelEnded(`The kernel ended with code ${code}`),
    );
  }
}

/** Bound all at once, so that they differ. */
function freePorts(): number[] {
  const listeners = Array.from(
    { length: 5 },
    () => Deno.listen({ port: 0, hostname: "127.0.0.1" }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

function spawn(
  file: string,
  [shell_port, iopub_port, stdin_port, control_port, hb_port]: number[],
  key: string,
  { cwd, env }: KernelOptions,
): Deno.ChildProcess {
  const ports = { shell_port, iopub_port, stdin_port, control_port, hb_port };
  const connection = { ...ports, key, ip: "127.0.0.1", transport: "tcp" };
  const signed = { ...connection, signature_scheme: "hmac-sha256", kernel_name: "deno" };
  Deno.writeTextFileSync(file, JSON.stringify(signed));
  return new Deno.Command(Deno.execPath(), {
    args: ["jupyter", "--quiet", "--kernel", "--conn", file],
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

/** Ends the kernel when its parent was killed and could not do it. */
function watch(): string {
  return `Deno.unrefTimer(setInterval(() => Deno.ppid === ${Deno.pid} || Deno.exit(1), 500));undefined`;
}
