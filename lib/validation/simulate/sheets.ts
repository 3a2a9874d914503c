/** Several sheets of one profile, taken for as many respondents or for one. */
import { seeded } from "../../random.ts";
import { correlationLimits, mean, pairedT, pearson, sd } from "../../stats.ts";
import { normal } from "./latent.ts";
import { checkShare, checkWhole, type Studies } from "./rates.ts";
import { type ErrorRate, Tallies } from "./tally.ts";

/** Sheets of profiles whose scores are alike by `icc`; see {@link sheetErrorRates}. */
export interface Sheets {
  profiles: number;
  sheets: number;
  icc: number;
}

/**
 * Error rates of the tests of Tables 4 and 5 where nothing is there to be found: a mean difference of 0,
 * and two scores that do not correlate.
 *
 * - `t of sheets`, `r of sheets`: every sheet is a respondent of its own;
 * - `t of profiles`, `r of profiles`: a profile counts once, with the mean of its sheets.
 *
 * Differences and scores are normal with variance 1, of which a profile's sheets share `icc`; the two
 * scores of a sheet are independent.
 *
 * @throws {RangeError} when a number is out of its range
 */
export function sheetErrorRates(
  { profiles, sheets, icc }: Sheets,
  { seed, studies = 2000, level = 0.95 }: Omit<Studies, "draws">,
): ErrorRate[] {
  checkWhole("profiles", profiles, 4);
  checkWhole("sheets", sheets, 1);
  checkWhole("studies", studies, 1);
  checkShare("icc", icc);
  const random = seeded("sheet error rates", seed, profiles, sheets, icc);
  const scores = () =>
    Array.from({ length: profiles }, () => {
      const own = Math.sqrt(icc) * normal(random);
      return Array.from({ length: sheets }, () => own + Math.sqrt(1 - icc) * normal(random));
    });
  const tallies = new Tallies(level);
  const judge = (unit: string, x: readonly number[], y: readonly number[]) => {
    const t = pairedT({ mean: mean(x)!, sd: sd(x)!, n: x.length }, level);
    tallies.add(`t of ${unit}`, t.p, t, 0);
    const r = pearson(x, y);
    tallies.add(`r of ${unit}`, r.p, correlationLimits(r, level), 0);
  };
  for (let study = 0; study < studies; study++) {
    const [x, y] = [scores(), scores()];
    judge("sheets", x.flat(), y.flat());
    judge("profiles", x.map((own) => mean(own)!), y.map((own) => mean(own)!));
  }
  return tallies.rates();
}
