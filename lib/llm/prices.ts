/** What models cost, from a library that is kept up to date; nothing is fetched. */
import { calcPrice, findProvider } from "genai-prices";
import { providerOf } from "./providers.ts";
import type { Model, Price } from "./registry.ts";

/** The library, and when its version was published, which it does not say itself. */
export const LIBRARY = { name: "genai-prices", version: "0.1.8", date: "2026-09-23" } as const;

/**
 * The price of a model at its own provider, as the library lists it; null where it does not.
 *
 * The provider is known by its address, never by the model's name: the same model costs otherwise
 * elsewhere. Prices that rise with the prompt are those of prompts below the first step, which is above
 * any prompt here; prices that change with the hour are the dearest of the day. A model that also costs
 * per request has no price here.
 *
 * @param now when it is to be the price
 */
export function listed(
  { provider, model, base_url }: Pick<Model, "provider" | "model" | "base_url">,
  now = new Date(performance.timeOrigin + performance.now()),
): Price | null {
  const named = providerOf(provider).seller({ ...base_url !== undefined && { base_url } });
  if (!named) return null;
  const seller = findProvider(named);
  const at = (timestamp: Date) =>
    seller ? calcPrice({}, model, { providerId: seller.id, timestamp }) : null;
  const found = at(now);
  if (!seller || !found) return null;
  const { prices } = found.model;
  const hourly = Array.isArray(prices) &&
    prices.some(({ constraint }) => constraint?.type === "time_of_date");
  const day = now.toISOString().slice(0, 10);
  const times = hourly
    ? Array.from(
      { length: 24 },
      (_, hour) => new Date(`${day}T${String(hour).padStart(2, "0")}:30Z`),
    )
    : [now];
  const all = times.map((time) => at(time)!.model_price);
  if (all.some(({ requests_kcount }) => requests_kcount !== undefined)) return null;
  const dearest = (name: "input_mtok" | "output_mtok") =>
    Math.max(...all.map(({ [name]: usd }) => typeof usd === "object" ? usd.base : usd ?? NaN));
  const [input, output] = [dearest("input_mtok"), dearest("output_mtok")];
  if (Number.isNaN(input + output)) return null;
  const { name, version, date } = LIBRARY;
  const source = `${name} ${version}: ${seller.name}, ${found.model.id}`;
  return { input, output, as_of: date, source };
}
