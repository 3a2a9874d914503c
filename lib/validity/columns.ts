/** Columns that only results about validity have: a file of them for each idea. */
import { declare, declareLevels } from "../columns.ts";
import { BATTERY } from "./columns/battery.ts";
import { COLLAPSE, COLLAPSE_INTERVALS, COLLAPSE_LEVELS } from "./columns/collapse.ts";
import { COPYING, COPYING_INTERVALS } from "./columns/copying.ts";
import { DOSES, DOSES_INTERVALS } from "./columns/doses.ts";
import { MODELS } from "./columns/models.ts";
import { NORMS } from "./columns/norms.ts";
import { ORDER, ORDER_INTERVALS } from "./columns/order.ts";
import { SETTINGS } from "./columns/settings.ts";
import { STYLE, STYLE_LEVELS } from "./columns/style.ts";
import { SWAPS, SWAPS_INTERVALS } from "./columns/swaps.ts";

declare(BATTERY);
declare(COLLAPSE, COLLAPSE_INTERVALS);
declare(COPYING, COPYING_INTERVALS);
declare(DOSES, DOSES_INTERVALS);
declare(MODELS);
declare(NORMS);
declare(ORDER, ORDER_INTERVALS);
declare(SETTINGS);
declare(STYLE);
declare(SWAPS, SWAPS_INTERVALS);
for (const levels of [COLLAPSE_LEVELS, STYLE_LEVELS]) {
  for (const [name, own] of Object.entries(levels)) declareLevels(name, own);
}
