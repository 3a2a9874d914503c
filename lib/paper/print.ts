/**
 * The paper's side of every table: how it prints our numbers, what it printed itself, and whether the
 * two agree.
 */
export { besidePaper, compare, type Comparison, paperTable } from "./print/beside.ts";
export { grid, laidOut, printed } from "./print/layout.ts";
export { robustnessGrid, type RobustnessTable, robustnessTable } from "./print/robustness.ts";
export { markerNotes } from "./print/styles.ts";
