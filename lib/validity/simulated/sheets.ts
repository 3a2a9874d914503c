/** Sheets of two answers as the simulated model fills them in. */

const ANSWER = /^( {2}"(\d+)": )"([^"]*)"/gm;

/**
 * A sheet with each item answered anew, from its number and the answer it had; null leaves that.
 *
 * @param words what 0 and 1 are called there, as the prompt lists them; where there are others, or a word
 *   is none of them, another questionnaire is asked and nothing is changed
 */
export function answeredAnew(
  sheet: string,
  words: ReadonlyMap<number, string>,
  to: (number: number, given: number) => number | null,
): string {
  const said = words.size === 2 ? [words.get(0), words.get(1)] : [];
  return sheet.replace(ANSWER, (line, start: string, number: string, word: string) => {
    const given = said.indexOf(word);
    const answer = given < 0 ? null : to(Number(number), given);
    return answer === null ? line : `${start}${JSON.stringify(said[answer])}`;
  });
}
