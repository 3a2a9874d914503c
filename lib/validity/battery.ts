/**
 * The tests of validity of one study as one thing: what each would ask of a sample of its personas, the
 * cheapest first, within a budget; and what of the findings of the study the way of asking can make.
 *
 * Sources: Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15, 657–680; Fieller 1954, JRSS B 16,
 * 175–185; Holm 1979, Scandinavian Journal of Statistics 6, 65–70.
 */
export { type Analysis, type Hypothesis, type Kept, planned } from "./battery/analysis.ts";
export { findings, findingsByWay, findingsPower } from "./battery/findings.ts";
export type { Compared, Found } from "./battery/found.ts";
export { type Battery, sheetsOf, type Validity, validity } from "./battery/plans.ts";
export type { Part } from "./battery/within.ts";
