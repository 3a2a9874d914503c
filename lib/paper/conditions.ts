/** The paper's conditions by name. */
import { type Condition, register } from "../conditions.ts";
import "./biography.ts";

export { condition } from "../conditions.ts";

/**
 * The paper's three conditions and the three more of its code.
 *
 * MaxN sets all six N items to True, since all are keyed True; MaxP sets items 6, 8 and 12 to True
 * and 3, 16 and 22 to False.
 */
export const CONDITIONS: readonly Condition[] = [
  { name: "Base", set: {} },
  { name: "MaxN", set: { N: "keyed" } },
  { name: "MaxP", set: { P: "keyed" } },
  { name: "MinL", set: { L: "unkeyed" } },
  { name: "MaxAll", set: { "*": "keyed" } },
  { name: "MinEMaxRest", set: { E: "unkeyed", "*": "keyed" } },
];

register(CONDITIONS, CONDITIONS.slice(0, 3));
