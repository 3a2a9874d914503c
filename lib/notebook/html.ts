/** What all that is shown has in common. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that may stand in HTML, between tags and in attributes. */
export const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);

/** A number of things as it reads in a sentence. */
export const whole = (number: number): string => number.toLocaleString("en");

/** An amount of money; what is too little for two decimals keeps four. */
export const dollars = (usd: number): string => `USD ${usd.toFixed(usd > 0 && usd < 1 ? 4 : 2)}`;
