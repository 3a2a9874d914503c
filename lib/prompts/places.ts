/** Texts with places for data. */

export const PLACE = /\{\{([^{}]*)\}\}|<row\.(\w+)>/g;
export const SECTION = /\{\{#([\p{L}\p{N}_]+)\}\}([\s\S]*?)\{\{\/\1\}\}/gu;

/** The names of the places of a text, in the order of their first appearance. */
export const placesIn = (text: string): string[] => [
  ...new Set(
    [...text.matchAll(PLACE)].map(([, name, field]) => field ?? name!.replace(/^[#/]/, "").trim()),
  ),
];

/**
 * A text with its places filled; values are inserted as they are.
 *
 * @param whose what the text is, for the message
 * @throws {RangeError} when a part that may be left out lacks its other half
 */
export const put = (
  text: string,
  values: Readonly<Record<string, string>>,
  whose: string,
): string =>
  text
    .replace(SECTION, (_, name: string, inner: string) => (values[name] ? inner : ""))
    .replace(PLACE, (whole: string, name?: string, field?: string) => {
      if (/^[#/]/.test(name ?? "")) {
        throw new RangeError(
          `${whose} has ${whole} without its other half: a part that may be left out is ` +
            "{{#name}}…{{/name}}",
        );
      }
      return values[field ?? name!.trim()]!;
    });
