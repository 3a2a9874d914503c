/** The providers by name: a new one is a file of its own, and a line here or a call of `register`. */
import { bedrock } from "./bedrock.ts";
import { openai } from "./openai.ts";
import type { Provider } from "./provider.ts";
import { simulated } from "./simulated.ts";

const known = new Map<string, Provider>();

/**
 * Makes a provider known by its name; a package does so when it is imported.
 *
 * @throws {RangeError} when the name is taken, or does not begin with `simulated` where replies are computed
 *   here, and only there: in the database the name alone says so
 */
export function register(provider: Provider): void {
  const { name, here = false } = provider;
  if (here !== name.startsWith("simulated")) {
    throw new RangeError(
      `A provider is called simulated… where its replies are computed here, and only there: got ${name}`,
    );
  }
  if (known.has(name)) throw new RangeError(`There is a provider ${name} already`);
  known.set(name, provider);
}

for (const provider of [openai, bedrock, simulated]) register(provider);

/** The names of all providers. */
export const providers = (): string[] => [...known.keys()];

/**
 * The provider of a name.
 *
 * @throws {RangeError} when there is none, with those there are
 */
export function providerOf(name: string): Provider {
  const found = known.get(name);
  if (found) return found;
  throw new RangeError(
    `No provider has the name ${JSON.stringify(name)}: there are ${providers().join(", ")}; ` +
      "a package that brings it along must be imported",
  );
}
