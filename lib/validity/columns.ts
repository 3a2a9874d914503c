/** Columns that only results about validity have: a file of them for each idea. */
import { declare, declareLevels } from "../columns.ts";
import { COPYING, COPYING_INTERVALS } from "./columns/copying.ts";
import { DOSES, DOSES_INTERVALS } from "./columns/doses.ts";
import { NORMS } from "./columns/norms.ts";
import { ORDER, ORDER_INTERVALS } from "./columns/order.ts";
import { SETTINGS } from "./columns/settings.ts";
import { STYLE, STYLE_LEVELS } from "./columns/style.ts";
import { SWAPS, SWAPS_INTERVALS } from "./columns/swaps.ts";

declare(COPYING, COPYING_INTERVALS);
declare(DOSES, DOSES_INTERVALS);
declare(NORMS);
declare(ORDER, ORDER_INTERVALS);
declare(SETTINGS);
declare(STYLE);
declare(SWAPS, SWAPS_INTERVALS);
for (const [name, levels] of Object.entries(STYLE_LEVELS)) declareLevels(name, levels);
