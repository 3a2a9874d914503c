/**
 * Stand-ins with declared faults: each answers as the simulated model does, but for one fault of a stated
 * size, so that what a test of validity finds can be held against what was put in. They are computed here
 * and say nothing about any model.
 */
export { type Copying, copyingModel } from "./simulated/copying.ts";
export { dosedModel, type Following } from "./simulated/doses.ts";
export { misreadingLetters } from "./simulated/letters.ts";
export { declaredVariances, type Ordered, orderedModel } from "./simulated/ordered.ts";
export { type Declared, swappedModel } from "./simulated/swaps.ts";
