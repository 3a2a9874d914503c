/** Errors in a notebook. */

/** What the language throws by itself: a slip in a cell, or a fault in a room. */
const FAULTS = [TypeError, ReferenceError, SyntaxError];

/** What the database's client says, without a way out, where a cell is run after the last one. */
const CLOSED = "CONNECTION_ENDED";
const REOPEN = "Error: The study was closed by a later cell: run the cell that opens it again, " +
  "`openDataset(…)` or `openStudy(…)`, then this one";

/**
 * From now on an error that somebody threw on purpose is shown as its message alone: that says what to
 * do, and a stack below it would bury it. A fault keeps its stack, for whoever mends it.
 */
export function shortenErrors(): void {
  Error.prepareStackTrace = (error, sites) => {
    const fault = FAULTS.some((kind) => error instanceof kind);
    const said = (error as { code?: string }).code === CLOSED ? REOPEN : String(error);
    return [said, ...(fault ? sites.map((site) => `    at ${site}`) : [])].join("\n");
  };
}
