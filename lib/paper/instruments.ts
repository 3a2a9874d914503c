/** The paper's two questionnaires. */
import { register, type UniformInstrument } from "../instruments.ts";
import "./biography.ts";
import bfiItems from "./instruments/bfi44.json" with { type: "json" };
import epqraItems from "./instruments/epqra.json" with { type: "json" };

/**
 * Eysenck Personality Questionnaire Revised – Abbreviated: 24 items, Yes or No, four scales of six; a
 * point for each keyed answer.
 *
 * Source: Francis, Brown & Philipchalk 1992, doi:10.1016/0191-8869(92)90253-E.
 */
export const epqra: UniformInstrument = {
  name: "epqra",
  title: "EPQR-A",
  language: "en",
  preamble: null,
  lowest: 0,
  highest: 1,
  answers: { 0: "No", 1: "Yes" },
  scoredAs: "sum",
  scales: ["E", "N", "P", "L"],
  items: epqraItems.map(({ key, ...item }) => ({ ...item, keyed: Number(key), reverse: false })),
  source: "Francis, Brown & Philipchalk (1992)",
};

/**
 * Big Five Inventory: 44 half sentences, agreement from 1 to 5, five traits; the mean of the items,
 * 16 of them reverse-scored.
 *
 * Source: John, Donahue & Kentle 1991; John & Srivastava 1999.
 */
export const bfi44: UniformInstrument = {
  name: "bigfive",
  title: "BFI-44",
  language: "en",
  preamble: "I see myself as someone who …",
  lowest: 1,
  highest: 5,
  answers: {
    1: "Disagree strongly",
    2: "Disagree a little",
    3: "Neither agree nor disagree",
    4: "Agree a little",
    5: "Agree strongly",
  },
  scoredAs: "mean",
  scales: ["E", "N", "A", "C", "O"],
  items: bfiItems.map((item) => ({ ...item, keyed: null })),
  source: "John & Srivastava (1999)",
};

register(epqra, bfi44);
