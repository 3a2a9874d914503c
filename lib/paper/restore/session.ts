/** The one connection that a restore keeps from its beginning to its end. */
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Server } from "../../config.ts";
import { parted } from "../../db.ts";
import { type Block, SourceError } from "./source.ts";

/**
 * Holds the restore's lock, loads its rows and puts them in their place.
 *
 * By pg and pg-copy-streams: under Deno postgres.js never reports a bad row, and it waits for ever where
 * a connection ends that was set apart.
 */
export class Session implements AsyncDisposable {
  /** Rejects when the connection ends: a COPY would wait for the server's answer for ever. */
  readonly lost: Promise<never>;

  private constructor(private readonly client: pg.Client) {
    this.lost = new Promise((_, reject) => {
      client.once("end", () => reject(new Error("Connection terminated")));
    });
    this.lost.catch(() => {});
  }

  static async connect({ host, port, database, user, password, ssl }: Server): Promise<Session> {
    const client = new pg.Client({ host, port, database, user, password, ssl });
    client.on("error", () => {}); // reported by the statement that it breaks
    await client.connect();
    await client.query("set client_encoding = 'UTF8'");
    return new Session(client);
  }

  async query<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]> {
    return (await this.client.query<T>(text, values)).rows;
  }

  /** Does work in a transaction. */
  async begin(work: () => Promise<void>): Promise<void> {
    await this.client.query("begin");
    try {
      await work();
      await this.client.query("commit");
    } catch (error) {
      await this.client.query("rollback").catch(() => {});
      throw error;
    }
  }

  /**
   * Loads one block into its table and returns the number of its rows.
   *
   * The table is truncated in the same transaction, so that PostgreSQL need not log the rows.
   *
   * @throws {SourceError} for a row that the table does not take, with the row's place in the input
   */
  async copy(schema: string, block: Block, signal?: AbortSignal): Promise<number> {
    const name = [schema, block.table].map((part) => pg.escapeIdentifier(part)).join(".");
    const columns = block.columns.map((column) => pg.escapeIdentifier(column)).join(", ");
    let loaded = 0;
    await this.begin(async () => {
      await this.client.query(`truncate ${name}`);
      const stream = this.client.query(copyFrom(`copy ${name} (${columns}) from stdin`));
      const rows = Readable.from(block.rows, { objectMode: false });
      await Promise.race([pipeline(rows, stream, { signal }), this.lost]);
      loaded = stream.rowCount;
    }).catch((error) => {
      throw located(error, block);
    });
    return loaded;
  }

  /** Ends hard when a statement is still under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await parted(this.client.end());
  }
}

/** A server's complaint about a row, with the row's place in the input. */
function located(error: unknown, block: Block): unknown {
  const { code, where, message } = error as { code?: string; where?: string; message: string };
  // Above its own line COPY may name a line inside a JSON value.
  const line = new RegExp(`^COPY ${block.table}, line (\\d+)(?:, column ([^:]+))?`, "m")
    .exec(where ?? "");
  // 22: not of the column's type; 23: against a constraint; 54: more than PostgreSQL can hold.
  if (!line || !/^(22|23|54)/.test(code ?? "")) return error;
  const column = line[2] ? `, column ${line[2]}` : "";
  const place = `${block.where(Number(line[1]))}, table ${block.table}${column}`;
  return new SourceError(`${place}: ${message}: nothing was restored`);
}
