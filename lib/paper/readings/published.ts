/**
 * What is to know of the published data, and of their reconstruction, when a notebook is read: of other
 * data it is not so, and nothing is said.
 */
import type { Provenance } from "../../db.ts";

interface Told {
  /** Of the published data, and of what was fitted to them. */
  published?: string;
  /** Of the reconstruction alone. */
  reconstruction?: string;
}

const PINNED = (pinned: string, arbitrary: string): string =>
  `In the reconstruction: pinned ${pinned}. Arbitrary ${arbitrary}.`;

const TOLD = {
  counts: {
    published:
      "The design of the study shows in these numbers: each model in each condition answers the " +
      "EPQR-A once per profile, and the Base personas of each model answer the BFI; the sixth group of " +
      "BFI sheets is GPT-4o answering from the bare profile.",
    reconstruction:
      "Three tables of the shipped reconstruction are smaller than the published ones, " +
      "because no printed cell says what was in them: repeated answers to the same item, the " +
      "questionnaires in other languages, and the log of requests.",
  },
  shares: {
    reconstruction:
      "In the shipped reconstruction it is arbitrary how alike the personas of one profile " +
      "are, and with it every p by profile: only the original data can say which markers survive.",
  },
  scores: {
    published:
      "With as many pairs as these a tenth of a point is enough for a marker, so the marker does " +
      "not answer the question; the size does. There is one sheet per profile in a cell, so p by profile " +
      "is the paper’s own.",
  },
  convergence: {
    published:
      "GPT-4o’s column is not what it says: group 372, in which GPT-4o answered from the bare " +
      "profile and not as a persona, is counted as Base too, so each of its BFI scores is the mean of two " +
      'different things. `convergence(epqra, bfi, { mode: "corrected" })` leaves that group out; the next ' +
      "table shows what changes.",
  },
  reliability: {
    published:
      "Where every persona answers every item the same way alpha is undefined: such a cell is " +
      "missing from the paper’s class counts, which add up to 59 of 60.",
    reconstruction:
      "How wide the intervals by profile are is arbitrary in the shipped reconstruction, " +
      "which fixes the alphas only.",
  },
  surviving: {
    reconstruction:
      "How much of this holds for the paper differs by table. Table 5 is fixed by its " +
      "printed correlations but for GPT-4o’s, and its verdicts also rest on how scores lie at the ends of " +
      "their scales. In Tables 1 to 3 everything by profile rests on how alike the personas of one " +
      "profile are, which no printed cell tells: in the shipped reconstruction it is arbitrary, and so " +
      "are the counts. Table 4 lies between, since only its markers and mean scores are printed. In the " +
      "reconstruction repetitions 6 to 10 of Base repeat the means of the first five, and no sheet has " +
      "several answers to an item; the original has up to 26,256. With the original restored this " +
      "notebook counts anew.",
  },
  multitrait: {
    reconstruction: PINNED(
      "are the correlations between the instruments (Table 5) and the alphas (Tables 6 and A5), for all " +
        "models but GPT-4o, whose printed column mixes in group 372",
      "are the correlations within an instrument, hence the comparisons under `monomethod`, and GPT-4o’s " +
        "block",
    ),
  },
  acquiescence: {
    reconstruction: PINNED(
      "is the share of Yes (from precision and recall in Tables A6 and A7) and, with the scale means of " +
        "Table 4, the balanced share, up to their rounding",
      "are the pairs answered alike, all intervals, and all of the BFI’s, of which Table A4 pins scores " +
        "and not answers",
    ),
  },
  copying: {
    reconstruction: PINNED(
      "is every rate by scale (accuracy in Tables A6 and A7; N under MaxN and P under MaxP, against the " +
        "profile as shown, by the share of Yes and by Table 4)",
      "are the rates of single items, `chance` and `excess`, which rest on them, the sheets copied whole, " +
        "and the intervals",
    ),
  },
  duplicates: {
    reconstruction:
      "Nothing can be said of the reconstruction: it holds one placeholder for all names and " +
      "one for all descriptions, and no ages, occupations or places. They are read as missing " +
      "(`Study.biographies`), since counted as texts they would make every persona a duplicate. With the " +
      "original restored the dashes become shares, without a change here.",
  },
  faults: {
    published:
      "Even on the original a count of 0 is part selection: sheets with all answers alike were " +
      "rejected and asked again, and refusals were not kept.",
    reconstruction: PINNED(
      "is that every listed administration has every answer, because the published view has exactly as " +
        "many rows for each as the instrument has items",
      "or absent are sheets of one answer throughout, and repeated answers, of which the reconstruction " +
        "has none and the original up to 26,256 (`dataset/README.md`)",
    ),
  },
  collapse: {
    reconstruction:
      "In the reconstruction everything here is arbitrary, the yardstick included: the " +
      "profiles are part of it, and which answers stand on one sheet is what no table of the paper prints.",
  },
  diversity: {
    reconstruction: PINNED(
      "are the numbers themselves, up to the rounding of Tables 1–3, as far as the rows that the paper " +
        "lost (race Other, religion Others) hold one category each, which is so here and need not be in " +
        "the original, where they would then be higher",
      "are the limits, since they rest on how alike the repetitions of a profile are",
    ),
  },
} as const satisfies Record<string, Told>;

/** Whether data are the published ones, or what was fitted to their printed cells. */
export const isPublished = ({ provenance: { source } }: { provenance: Provenance }): boolean =>
  source === "zenodo" || source === "reconstruction";

/** What is to know of the data that a study holds, where they are the published ones. */
export function publishedReading(
  of: keyof typeof TOLD,
  study: { provenance: Provenance },
): string[] {
  if (!isPublished(study)) return [];
  const { published, reconstruction }: Told = TOLD[of];
  return [
    ...published === undefined ? [] : [published],
    ...reconstruction === undefined || study.provenance.source !== "reconstruction"
      ? []
      : [reconstruction],
  ];
}
