/** Errors in a notebook. */

/** What the language throws by itself: a slip in a cell, or a fault in a room. */
const FAULTS = [TypeError, ReferenceError, SyntaxError];

/**
 * From now on an error that somebody threw on purpose is shown as its message alone: that says what to
 * do, and a stack below it would bury it. A fault keeps its stack, for whoever mends it.
 */
export function brief(): void {
  Error.prepareStackTrace = (error, sites) => {
    const fault = FAULTS.some((kind) => error instanceof kind);
    return [String(error), ...(fault ? sites.map((site) => `    at ${site}`) : [])].join("\n");
  };
}
