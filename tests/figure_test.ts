/** The README's figure is the one that the shipped data give. */
import assert from "node:assert/strict";
import { PUBLISHED } from "lib/paper/published.ts";
import { openDataset } from "lib/db.ts";
import { FIGURE, overview } from "../scripts/figure.ts";
import { restored } from "./data.ts";

Deno.test("the figure of the README is that of the shipped data, and says which they are", async () => {
  await restored(PUBLISHED);
  const study = await openDataset();
  const drawn = await overview(study);
  await study.close();
  const stored = await Deno.readTextFile(FIGURE);
  assert.ok(drawn === stored, "it is another one: run `deno run -A scripts/figure.ts`");
  // One drawing with one name, whatever it is made of.
  assert.equal(drawn.split(`role="img"`).length, 2);
  assert.ok(drawn.includes(">Data: reconstruction: fitted to the paper"));
  for (const words of ["Non-binary", "Psychoticism", "Llama3.1-70B"]) {
    assert.ok(drawn.includes(`>${words}<`), words);
  }
});
