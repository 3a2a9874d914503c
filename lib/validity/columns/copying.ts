/** Columns of answers that were left out of what a writer was shown. */
import { type Column, interval, share } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const COPYING: Own = {
  as_profile: share(
    "left out",
    "Share of the answers that the writer was not shown in which the persona answers as its profile.",
    { over: "as the profile" },
  ),
  baseline: share("against", "The same share of what it is held against.", {
    over: "as the profile",
  }),
};

export const COPYING_INTERVALS: Own = {
  as_profile: interval(
    "95% CI of left out",
    "95 % interval of the share of answers that were not shown, by profile.",
  ),
};
