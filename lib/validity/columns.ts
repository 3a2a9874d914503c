/** Columns that only results about validity have: a file of them for each idea. */
import { declare } from "../columns.ts";
import { ORDER, ORDER_INTERVALS } from "./columns/order.ts";
import { SWAPS } from "./columns/swaps.ts";

declare(ORDER, ORDER_INTERVALS);
declare(SWAPS);
