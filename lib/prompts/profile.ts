/** What is known of a respondent as the text that stands in a prompt. */
import { type Codebook, ID, type Values, wordsOf } from "../codebook.ts";

/**
 * The places that a prompt has for attributes: `profile`, a line for each variable that is known, and one
 * of its own for each variable, empty where it is not.
 *
 * Identities are left out of `profile`: what tells respondents apart says nothing about them.
 *
 * @param values by variable; null is not known
 */
export function attributeValues(codebook: Codebook, values: Values): Record<string, string> {
  if (!codebook.length) return {};
  const said = codebook.map((variable) => {
    const value = values[variable.name] ?? null;
    const words = value === null ? "" : wordsOf(variable, value);
    return { variable, text: words && variable.unit ? `${words} ${variable.unit}` : words };
  });
  return {
    profile: said.filter(({ variable, text }) => text && variable.name !== ID)
      .map(({ variable, text }) => `- ${variable.label}: ${text}`).join("\n"),
    ...Object.fromEntries(said.map(({ variable, text }) => [variable.name, text])),
  };
}
