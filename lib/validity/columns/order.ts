/** Columns of what the order of options and the wording change. */
import { type Column, share } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const ORDER: Own = {
  floor: share(
    "repeat floor",
    "Share of the answers that change when the same is asked in the same way again.",
  ),
};

export const ORDER_INTERVALS: Own = {};
