/** A cable between clients and a server of this machine, which can be cut and mended. */
export class Cable implements AsyncDisposable {
  readonly port: number;
  readonly #ends = new Set<Deno.TcpConn>();
  #listener: Deno.TcpListener | null;

  private constructor(private readonly target: number, listener: Deno.TcpListener) {
    this.#listener = listener;
    this.port = listener.addr.port;
    this.#serve(listener);
  }

  static to(target: number): Cable {
    return new Cable(target, Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Whoever speaks is cut off, and nobody gets through; what had arrived is done and charged all the same. */
  cut(): void {
    this.#listener?.close();
    this.#listener = null;
    for (const end of this.#ends) closed(end);
    this.#ends.clear();
  }

  mend(): void {
    if (this.#listener) return;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
    this.#serve(this.#listener);
  }

  async #serve(listener: Deno.TcpListener): Promise<void> {
    try {
      for await (const near of listener) this.#join(near);
    } catch {
      // It was cut.
    }
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    this.#ends.add(near);
    const far = await Deno.connect({ hostname: "127.0.0.1", port: this.target }).catch(() => null);
    if (!far || !this.#ends.has(near)) {
      closed(near);
      if (far) closed(far);
      return;
    }
    this.#ends.add(far);
    const through = (from: Deno.TcpConn, to: Deno.TcpConn) =>
      from.readable.pipeTo(to.writable).catch(() => {});
    await Promise.all([through(near, far), through(far, near)]);
    for (const end of [near, far]) this.#ends.delete(end);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    return Promise.resolve();
  }
}

function closed(end: Deno.TcpConn): void {
  try {
    end.close();
  } catch {
    // The streams have closed it.
  }
}
