// stub, to be overwritten by its author
import type { Instrument } from "../instruments.ts";
import type { Profile } from "../conditions.ts";
export const instrumentFrom = (_path: string): Instrument => { throw new Error("stub"); };
export const profilesFrom = (_path: string, _instrument: Instrument): Profile[] => { throw new Error("stub"); };
