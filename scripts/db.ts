/** `deno task db`: the embedded server, started, stopped, or its address for other programs. */
import { settings } from "lib/config.ts";
import { address, embedded } from "lib/db.ts";
import { main, unknown, UsageError } from "./cli.ts";

const ACTIONS: Record<string, () => Promise<string>> = {
  start: async () => {
    const { port } = await embedded.start();
    return `PostgreSQL runs on 127.0.0.1:${port}`;
  },
  stop: async () => await embedded.stop() ? "PostgreSQL stopped" : "PostgreSQL was not running",
  url: async () => {
    const { host, port, database, user, password } = await address("reader");
    // A password of yours is never printed; the embedded reader's is this command's purpose.
    const secret = settings().server ? "" : `:${encodeURIComponent(password)}`;
    return `postgres://${encodeURIComponent(user)}${secret}@${host}:${port}/${database}`;
  },
};

if (import.meta.main) {
  await main({
    usage: "deno task db start | stop | url",
    help: `The embedded PostgreSQL.

  start  starts it (every other command does that by itself)
  stop   stops it
  url    prints the address of the database: the embedded one's with the role that can only read`,
    words: true,
  }, async (_, [action, ...rest]) => {
    const run = ACTIONS[action ?? ""];
    if (!run) throw new UsageError(unknown(action, Object.keys(ACTIONS)));
    if (rest.length) throw new UsageError(`Unexpected ${rest[0]}`);
    if (settings().server && action !== "url") {
      throw new Error(
        "DATABASE_URL or PG* names a server of yours, which this command leaves alone",
      );
    }
    console.log(await run());
  });
}
