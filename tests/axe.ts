/** The accessibility checker, in pages that tests drive. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { ROOT } from "lib/config.ts";

const AXE = readFileSync(join(ROOT, "node_modules", "axe-core", "axe.min.js"), "utf8");

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** The checker finds nothing in the page as it is now. */
export async function accessible(page: Page, where: string): Promise<void> {
  await page.evaluate(AXE);
  const found = await page.evaluate<Violation[]>("axe.run().then(({ violations }) => violations)");
  assert.deepEqual(
    found.map(({ id, nodes }) =>
      `${id}: ${nodes.length}, first ${nodes[0]!.target}: ${nodes[0]!.failureSummary}`
    ),
    [],
    where,
  );
}
