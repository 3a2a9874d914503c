/** What the paper's models write of a person. */
import { type Form, registerUsual } from "../forms.ts";

/** A field of text in which a model says what its name says. */
const text = (name: string, label: string, asks: string) =>
  ({ name, label, kind: "text", asks }) as const;

/**
 * The eleven fields of the original's schema. Whoever answers is shown the description and nothing else.
 *
 * Source: the published table `personas`, and the schema in the original's repository.
 */
export const biography: Form = {
  name: "biography",
  title: "Biography",
  language: "en",
  fields: [
    text("name", "Name", "the person's name"),
    {
      name: "age",
      label: "Age",
      kind: "whole",
      lowest: 0,
      highest: 120,
      unit: "years",
      asks: "age in years",
    },
    { ...text("gender", "Gender", "the person's gender"), mapping: "gender" },
    {
      ...text("sexual_orientation", "Sexual orientation", "the person's sexual orientation"),
      mapping: "sexual_orientation",
    },
    { ...text("race", "Race", "the person's race"), mapping: "race" },
    text("ethnicity", "Ethnicity", "the person's ethnicity"),
    {
      ...text("religious_belief", "Religious belief", "what the person believes in"),
      mapping: "religious_belief",
    },
    {
      ...text("occupation", "Occupation", "what the person does for a living"),
      mapping: "occupation",
    },
    {
      ...text(
        "political_orientation",
        "Political orientation",
        "where the person stands politically",
      ),
      mapping: "political_orientation",
    },
    { ...text("location", "Location", "where the person lives"), mapping: "location" },
    text("description", "Description", "the biography, in several paragraphs"),
  ],
  shown: "{{description}}",
  source: "“The Personality Trap” (arXiv 2602.03334), schema of its personas",
  tokens: { fewest: 220, usual: 450 },
};

registerUsual(biography);
