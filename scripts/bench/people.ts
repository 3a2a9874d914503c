/** 51,000 people drawn from the shipped tables, and the report of the draw. */
import { join } from "node:path";
import { CENSUS, designFrom, draw, fitted, METHODS } from "lib/opinions/sample.ts";
import { measure } from "./measure.ts";

export async function people(runs: number): Promise<void> {
  const taking = (act: () => void) => () => {
    const started = performance.now();
    act();
    return Promise.resolve({ seconds: (performance.now() - started) / 1000, megabytes: null });
  };
  // The design is read each time: whoever draws once waits for its tables as well.
  const design = () => designFrom(join(CENSUS, "us-2018.json"));
  for (const method of METHODS) {
    const drawing = taking(() => draw(design(), { each: 1000, method }));
    await measure(`51,000 people with all fields, ${method}`, runs, drawing);
  }
  const drawn = draw(design(), { each: 1000, method: "multinomial" });
  await measure("their report, target against drawn", runs, taking(() => fitted(drawn)));
}
