/**
 * Three of the four degrees of freedom in which a person is written: a form of facts, that form with
 * what is subjective, and a free text. The fourth, in which nothing is written, has no form: the profile
 * itself answers (`administrations({ of: "profiles" })`).
 *
 * Source: fields and closed lists are those of “LLM Generated Persona is a Promise with a Catch”
 * (arXiv 2503.16527, templates of its repository at 5fb6e63); what is asked is in words of our own.
 */
import type { Field, Form } from "../forms.ts";

const SOURCE =
  "“LLM Generated Persona is a Promise with a Catch” (arXiv 2503.16527), its templates";

const text = (name: string, label: string, asks: string): Field => ({
  name,
  label,
  kind: "text",
  asks,
});

/** A field that there is not for everybody. */
const may = (field: Field): Field => ({ ...field, optional: true });

const choice = (name: string, label: string, asks: string, ...choices: string[]): Field => ({
  name,
  label,
  kind: "choice",
  choices,
  asks,
});

/** The four facts that a writer is given. */
const FACTS: readonly Field[] = [
  {
    name: "age",
    label: "Age",
    kind: "whole",
    lowest: 18,
    highest: 120,
    unit: "years",
    given: "age",
    asks: "age in years, within the age group where one is given",
  },
  { ...text("sex", "Sex", "as given"), given: "sex" },
  { ...text("race", "Race and ethnicity", "as given"), given: "race" },
  { ...text("state", "State", "as given: where the person lives"), given: "state" },
];

const ANCESTRIES = [
  ...["British", "Irish", "German", "Italian", "Polish", "French", "Norwegian", "Dutch"],
  ...["Swedish", "Russian", "Chinese", "Filipino", "Asian Indian", "Vietnamese", "Korean"],
  ...["Japanese", "Mexican", "Puerto Rican", "Cuban", "African American", "West Indian", "Arab"],
  "American Indian",
];

/** The census's major groups of occupations, which the original calls industries, and what is in each. */
export const OCCUPATIONS: Readonly<Record<string, readonly string[]>> = {
  "Management, business, science, and arts": [
    "Management, business, and financial",
    "Computer, engineering, and science",
    "Education, legal, community service, arts, and media",
    "Healthcare practitioners and technical",
  ],
  "Service": [
    "Healthcare support",
    "Protective service",
    "Food preparation and serving",
    "Building and grounds cleaning and maintenance",
    "Personal care and service",
  ],
  "Sales and office": ["Sales and related", "Office and administrative support"],
  "Natural resources, construction, and maintenance": [
    "Farming, fishing, and forestry",
    "Construction and extraction",
    "Installation, maintenance, and repair",
  ],
  "Production, transportation, and material moving": [
    "Production",
    "Transportation",
    "Material moving",
  ],
};

const BEFORE_JOB: readonly Field[] = [
  ...FACTS,
  choice("ancestry", "Ancestry", "where the family comes from", ...ANCESTRIES),
  choice(
    "household_language",
    "Language at home",
    "the language spoken at home",
    "English",
    "Spanish",
    "Other Indo-European",
    "Asian/Pacific Islander languages",
    "Other",
  ),
  choice(
    "education",
    "Education",
    "the highest education completed",
    "Less than HS",
    "HS Graduate",
    "Some College",
    "Bachelor's",
    "Graduate Degree",
  ),
  choice(
    "employment",
    "Employment",
    "whether the person works",
    "Employed",
    "Unemployed",
    "Not in Labor Force",
  ),
  may(choice(
    "class_of_worker",
    "Class of worker",
    "for whom the person works; empty where nobody does",
    "Private",
    "Government",
    "Self-employed",
    "Unpaid family worker",
  )),
  may(choice(
    "industry_category",
    "Major group of occupations",
    "the major group that the occupation is in; empty where there is none",
    ...Object.keys(OCCUPATIONS),
  )),
  may(choice(
    "occupation_category",
    "Occupation",
    "the group of occupations, one of the major group; empty where there is none",
    ...Object.values(OCCUPATIONS).flat(),
  )),
];

const AFTER_JOB: readonly Field[] = [
  {
    name: "income",
    label: "Income",
    kind: "number",
    lowest: 0,
    highest: 1_000_000,
    asks: "personal income in a year, US dollars",
  },
  choice(
    "marriage",
    "Marital status",
    "marital status",
    "Never Married",
    "Married",
    "Divorced",
    "Widowed",
    "Separated",
  ),
  choice("household_type", "Household", "the kind of household", "Family", "Non-family"),
  text(
    "family_presence_and_age",
    "Children",
    "which children live in the household, with their ages, or that there are none",
  ),
  choice("place_of_birth", "Place of birth", "where born", "US State", "Foreign Country"),
  text("citizenship", "Citizenship", "whether a citizen, and how"),
  choice("veteran", "Veteran", "military service", "Veteran", "Non-veteran"),
  choice("disability", "Disability", "any disability", "None", "Physical", "Mental", "Both"),
  choice(
    "health_insurance",
    "Health insurance",
    "what health insurance there is",
    "Private",
    "Public",
    "None",
  ),
];

/** Label and value of each field that is not empty, a line each. */
const lines = (fields: readonly Field[]): string =>
  fields.map(({ name, label }) => `{{#${name}}}${label}: {{${name}}}\n{{/${name}}}`).join("");

const OBJECTIVE = [...BEFORE_JOB, ...AFTER_JOB];

/** 20 facts, of which four are given; 15 have a closed list or bounds. */
export const objective: Form = {
  name: "objective",
  title: "Facts of a person",
  language: "en",
  fields: OBJECTIVE,
  shown: lines(OBJECTIVE),
  source: SOURCE,
  tokens: { fewest: 160, usual: 230 },
};

const bigFive = (trait: string): Field => ({
  name: trait.toLowerCase(),
  label: trait,
  kind: "number",
  lowest: 1,
  highest: 5,
  asks: `${trait.toLowerCase()} of the Big Five, from 1 (very low) to 5 (very high)`,
});

const SUBJECTIVE = [
  ...BEFORE_JOB,
  may(text("detailed_job_description", "Job", "what the person does at work, in a sentence")),
  ...AFTER_JOB,
  ...["Openness", "Conscientiousness", "Extraversion", "Agreeableness", "Neuroticism"].map(bigFive),
  text("defining_quirks", "Quirks", "what is peculiar to the person, in a sentence"),
  text("mannerisms", "Mannerisms", "habits of speech and gesture, in a sentence"),
  text("personal_time", "Free time", "how free time is spent, in a sentence"),
  text("lifestyle", "Lifestyle", "how the person lives, in a sentence"),
  choice(
    "ideology",
    "Ideology",
    "political ideology",
    "Very Liberal",
    "Liberal",
    "Moderate",
    "Conservative",
    "Very Conservative",
  ),
  choice(
    "political_views",
    "Party",
    "party that the person feels close to",
    "Democrat",
    "Republican",
    "Independent",
    "Other",
  ),
  text("religion", "Religion", "religion, or that there is none"),
  text("cognitive_difficulty", "Difficulty remembering", "difficulty remembering or deciding"),
  text("ability_to_speak_english", "English", "how well the person speaks English"),
  text("vision_difficulty", "Difficulty seeing", "difficulty seeing"),
  text("fertility", "Births", "children born, where that applies"),
  text("hearing_difficulty", "Difficulty hearing", "difficulty hearing"),
];

/**
 * The 20 facts and what is subjective. The original's one field of Big Five scores, which has no scale, is
 * five numbers from 1 to 5 here, so that they can be held against an instrument that the person answers.
 */
export const subjective: Form = {
  name: "subjective",
  title: "Facts of a person, and what is subjective",
  language: "en",
  fields: SUBJECTIVE,
  shown: lines(SUBJECTIVE),
  source: SOURCE,
  tokens: { fewest: 320, usual: 520 },
};

/** A text about a person, who is known by four facts. */
export const descriptive: Form = {
  name: "descriptive",
  title: "A description of a person",
  language: "en",
  fields: [
    text(
      "portrait",
      "Portrait",
      "a vivid and detailed portrait of one person of whom all that is given is true, with exact " +
        "values where only a range is given",
    ),
  ],
  shown: "{{portrait}}",
  source: SOURCE,
  tokens: { fewest: 150, usual: 420 },
};

/** A column that ends in `_status` says what became of a field, so these have other names here. */
const RENAMED: Readonly<Record<string, string>> = {
  employment: "EMPLOYMENT_STATUS",
  marriage: "MARITAL_STATUS",
  veteran: "VETERAN_STATUS",
};

/** What a field is called in the original's files. */
export const originalName = (field: string): string => RENAMED[field] ?? field.toUpperCase();

/** From least to most that a model writes; `meta` is the profile itself. */
export const LADDER = ["meta", objective.name, subjective.name, descriptive.name] as const;
