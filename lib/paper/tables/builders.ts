/** The builders, as they are before `lib/paper/tables.ts` has them carry their sources. */
export { acquiescence } from "./acquiescence.ts";
export { agreement } from "./agreement.ts";
export { baselines, distributions } from "./baselines.ts";
export { build, factorsIn } from "./build.ts";
export { collapse } from "./collapse.ts";
export { convergence } from "./convergence.ts";
export { copiedSheets, copying } from "./copying.ts";
export { demographics } from "./demographics.ts";
export { duplicates } from "./duplicates.ts";
export { faults } from "./faults.ts";
export { itemReliability, keyingAudit } from "./items.ts";
export { markers } from "./markers.ts";
export { campbellFiske, multitrait } from "./multitrait.ts";
export { reliability, reliabilitySummary, traitReliability } from "./reliability.ts";
export { personality, traits } from "./scores.ts";
export { sensitivity, sensitivitySummary } from "./sensitivity.ts";
