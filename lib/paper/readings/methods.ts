/** How the published study was made and how its tables are tested, for a methods section. */
import { type Facts, methodsOf } from "../../study.ts";
import { CONDITIONS, MODELS } from "../design.ts";

/** The seed of all draws where none is given. */
const SEED = 826;

/** How the tables are tested, as sentences: of the published study, and of any whose tables are made the same way. */
export const testsReading = (): string[] => [
  "Shares are compared with those of Base by a z test with standard errors by profile, and sized by " +
  "Cohen’s h; scores with the profile’s by a paired t test, sized by d_z, and by two one-sided tests of " +
  "equivalence within ±0.5 points; correlations are Pearson’s, of one pair of scores per profile; " +
  "reliability is Cronbach’s alpha and omega; agreement is accuracy and Cohen’s kappa.",
  "Profiles, not sheets, are taken for independent; limits are 95 %, of h, alpha and kappa from 2,000 " +
  "draws of whole profiles; the p of a table are one family, adjusted by Holm.",
];

/**
 * The paragraphs of a methods section on the published data.
 *
 * @param software as `softwareOf` gives it
 */
export function methodsReading(
  of: {
    /** How many. */
    profiles: number;
    /** How many of what was made, such as personas. */
    made: Readonly<Record<string, number>>;
  },
  software: Facts["software"],
): string[] {
  return methodsOf({
    respondents: [{
      name: "reference",
      origin: "Spanish, who answered the EPQR-A",
      n: of.profiles,
    }],
    models: MODELS.map(({ label, provider }) => ({
      ...{ label, version: provider, asked: null, settings: [] },
      provider: /^(us|eu|anthropic)\./.test(provider) ? "Amazon Bedrock" : "OpenAI",
    })),
    conditions: [...CONDITIONS],
    prompts: null,
    work: Object.entries(of.made).map(([what, answered]) => ({
      ...{ what, answered, planned: null, asked: null, complete: null, open: 0 },
    })),
    excluded: null,
    tests: testsReading(),
    seeds: [SEED],
    software,
  });
}
