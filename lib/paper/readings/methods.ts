/** How the published study was made and how its tables are tested, for a methods section. */
import type { Dataset } from "../../db.ts";
import { from, sourcesOf } from "../../provenance.ts";
import { type Facts, methodsOf, softwareOf } from "../../study.ts";
import { whole } from "../../format.ts";
import { CONDITIONS, DRAWN, MODELS } from "../design.ts";
import { records } from "./words.ts";

/** How the tables are tested, as sentences: of the published study, and of any whose tables are made the same way. */
export const testsReading = (): string[] => [
  "Shares are compared with those of Base by a z test with standard errors by profile, and sized by " +
  "Cohen’s h; scores with the profile’s by a paired t test, sized by d_z, and by two one-sided tests of " +
  "equivalence within ±0.5 points; correlations are Pearson’s, of one pair of scores per profile; " +
  "reliability is Cronbach’s alpha and omega; agreement is accuracy and Cohen’s kappa.",
  "Profiles, not sheets, are taken for independent; limits are 95 %, of h, alpha and kappa from " +
  `${
    whole(DRAWN.draws)
  } draws of whole profiles; the p of a table are one family, adjusted by Holm.`,
];

/** How much there is in published data. */
export interface Counts {
  profiles: number;
  /** Of what was made, such as personas. */
  made: Readonly<Record<string, number>>;
}

export async function countsOf(study: Dataset): Promise<Counts> {
  const people = records(await study.demographics(), ["attribute"], ["n"]);
  // Each attribute counts all personas once.
  const personas = people.filter(({ attribute }) => attribute === people[0]!.attribute);
  return {
    profiles: (await study.profiles("reference")).sheets.height,
    made: {
      personas: personas.reduce((sum, { n }) => sum + n!, 0),
      "answer sheets of the EPQR-A": (await study.sheets("epqra")).sheets.height,
      "answer sheets of the BFI-44": (await study.sheets("bigfive")).sheets.height,
    },
  };
}

const FITTED =
  "**Data.** A reconstruction, fitted to the cells that the paper prints: nobody was asked for " +
  "it. What follows is of the published study, whose place it takes.";

/** The paragraphs of a methods section on the published data; `say` shows them, and `save` writes them. */
export async function publishedMethods(study: Dataset): Promise<string[]> {
  const software = await study.read("software", softwareOf);
  const fitted = study.provenance.source === "reconstruction" ? [FITTED] : [];
  return from(
    [...fitted, ...methodsReading(await countsOf(study), software)],
    sourcesOf(study),
  );
}

/** @param software as `softwareOf` gives it */
export const methodsReading = ({ profiles, made }: Counts, software: Facts["software"]): string[] =>
  methodsOf({
    respondents: [{
      name: "reference",
      origin: "Spanish, who answered the EPQR-A",
      n: profiles,
    }],
    models: MODELS.map(({ label, provider }) => ({
      label,
      version: provider,
      asked: null,
      settings: [],
      provider: /^(us|eu|anthropic)\./.test(provider) ? "Amazon Bedrock" : "OpenAI",
    })),
    conditions: [...CONDITIONS],
    varied: [],
    prompts: null,
    work: Object.entries(made).map(([what, answered]) => (
      { what, answered, planned: null, asked: null, complete: null, open: 0 }
    )),
    excluded: null,
    tests: testsReading(),
    seeds: [DRAWN.seed],
    software,
  });
