/** How much memory the commands are given. */

/**
 * Flags of Deno by command. A study of any length runs in little memory, and shows early when it does not;
 * tables of any size are made. V8 would otherwise let garbage pile up to several times of what is held.
 */
export const MEMORY: Readonly<Record<string, string[]>> = {
  study: ["--v8-flags=--max-old-space-size=256,--max-semi-space-size=4"],
  tables: ["--v8-flags=--heap-growing-percent=20,--max-semi-space-size=4"],
};
