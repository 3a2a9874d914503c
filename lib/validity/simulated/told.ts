/** Names of stand-ins by what they were told: two that were told otherwise are two models. */
import { createHash } from "node:crypto";

/** The first digits of a SHA-256 of what was told. */
export const toldHash = (told: object): string =>
  createHash("sha256").update(JSON.stringify(told)).digest("hex").slice(0, 8);
