/**
 * Which Deno this needs. Without imports: it is read before any package is there, and by an older Deno.
 */

/** The first on which everything here works. */
const NEEDED = "2.9";

/** The one that the tests run on. */
const TRIED = "2.9.6";

/**
 * Why this Deno will not do, and what to run; null when it does.
 *
 * @param task what to run with a newer one, such as `start`
 */
export function refusal(task: string, version: string): string | null {
  const [major, minor] = version.split(".").map(Number) as [number, number];
  const [first, second] = NEEDED.split(".").map(Number) as [number, number];
  if (major > first || (major === first && minor >= second)) return null;
  return `Persona Audit needs Deno ${NEEDED} or later, and this is Deno ${version}: run \`deno upgrade\` ` +
    `and \`deno task ${task}\`, or without an upgrade \`npx -y deno@${TRIED} task ${task}\``;
}

/**
 * How `deno` is typed where it came by npx and is no command of its own; null where it is one.
 *
 * @param path of the running Deno, which npx keeps in a folder `_npx`
 */
export const byNpx = (path: string): string | null =>
  /[\\/]_npx[\\/]/.test(path)
    ? `What is called \`deno task …\` is \`npx -y deno@${TRIED} task …\` here; ` +
      `\`npm install -g deno@${TRIED}\` makes deno a command`
    : null;
