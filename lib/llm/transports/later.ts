/** Questions that are handed over, to be asked many at a time: of a provider, or on a cluster. */
import type { Travel } from "../transport.ts";
import { costsOf } from "./live.ts";

/** Nobody is asked now; replies are stored some other time. */
export const later: Travel = (model) => ({
  costs: costsOf(model),
  outside: true,
  ahead: 400,
  later: true,
  ask: () => Promise.reject(new Error(`${model.id} is asked in batches`)),
});
