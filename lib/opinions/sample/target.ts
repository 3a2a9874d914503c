/** What a design says of a stratum, without drawing anybody. */
import type { Drawable, Drawer, Stratum } from "./drawer.ts";

/** Probabilities of the combinations of some variables: the codes of each, and its share. */
export type Shares = readonly { codes: readonly number[]; share: number }[];

/** The joint table and fields that are drawn. */
export interface Drawables {
  joint: readonly Drawable[];
  cells: readonly Int16Array[];
  drawers: readonly Drawer[];
}

/**
 * The shares of a stratum's people by combination of variables, computed through the tables: the joint
 * one, and the fields that the variables hang on, each given what it hangs on itself.
 *
 * @throws {Error} where a table says nothing of somebody
 */
export function targetOf(of: Drawables, stratum: Stratum, variables: readonly Drawable[]): Shares {
  const needed = new Set(variables);
  const drawers: Drawer[] = [];
  for (const drawer of of.drawers.toReversed()) {
    if (!drawer.draws.some((one) => needed.has(one))) continue;
    drawers.unshift(drawer);
    drawer.needs.forEach((one) => needed.add(one));
  }
  let order = of.joint.flatMap((variable, at) => needed.has(variable) ? [{ variable, at }] : []);
  let states = new Map<string, { codes: number[]; share: number }>();
  const add = (to: typeof states, codes: number[], share: number) => {
    const key = codes.join();
    const own = to.get(key);
    if (own) own.share += share;
    else to.set(key, { codes, share });
  };
  const size = stratum.count.length;
  for (let cell = 0; cell < size; cell++) {
    const share = stratum.count[cell]! / stratum.total;
    if (share > 0) add(states, order.map(({ at }) => of.cells[at]![cell]!), share);
  }
  for (const drawer of drawers) {
    const places = new Map(order.map(({ variable }, at) => [variable, at]));
    const kept = drawer.draws.flatMap((variable, at) =>
      needed.has(variable) ? [{ variable, at }] : []
    );
    const next: typeof states = new Map();
    for (const { codes, share } of states.values()) {
      const { codes: drawn, share: shares } = drawer.outcomes(
        stratum.name,
        (variable) => codes[places.get(variable)!]!,
      );
      drawn.forEach((own, at) =>
        add(next, [...codes, ...kept.map(({ at }) => own[at]!)], share * shares[at]!)
      );
    }
    order = [...order, ...kept];
    states = next;
  }
  const wanted = variables.map((variable) => order.findIndex((one) => one.variable === variable));
  const made: typeof states = new Map();
  for (const { codes, share } of states.values()) {
    add(made, wanted.map((at) => codes[at]!), share);
  }
  return [...made.values()];
}
