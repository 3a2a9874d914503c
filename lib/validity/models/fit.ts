/** A written model fitted by R, where it is, and its estimates read back. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DataFrame } from "polars";
import { records } from "../../csv.ts";
import { frame, type Kind } from "../../frames.ts";
import { type Model, PACKAGES } from "./scripts.ts";
import type { Written } from "./write.ts";

/** What came of a model. */
export interface Fitted {
  /** Null where it could not be fitted. */
  estimates: DataFrame | null;
  /** What fitted it, or what is missing and how to get it. */
  note: string;
}

const WALD = { estimate: "number", se: "number", z: "number", p: "number" } as const;
const CROSSED = { scale: "text", parameter: "text", ...WALD, trouble: "text" } as const;

const ESTIMATES: Readonly<Record<Model, Readonly<Record<string, Kind>>>> = {
  "crossed logit": CROSSED,
  "crossed ordinal": CROSSED,
  invariance: {
    scale: "text",
    constraint: "text",
    parameter: "text",
    ...WALD,
    chi2_fit: "number",
    df_fit: "number",
    cfi: "number",
    rmsea: "number",
    srmr: "number",
    cfi_change: "number",
    chi2_change: "number",
    df_change: "number",
    p_change: "number",
    trouble: "text",
  },
  DIF: {
    scale: "text",
    item: "integer",
    functioning: "text",
    parameter: "text",
    estimate: "number",
    se: "number",
    chi2_dif: "number",
    df_dif: "number",
    p: "number",
    p_holm: "number",
    r2_change: "number",
    trouble: "text",
  },
};

/** @param rscript the program, where it is not `Rscript` on the path */
export async function fitModel(
  { folder, model, run }: Written,
  { rscript = "Rscript" }: { rscript?: string } = {},
): Promise<Fitted> {
  const none = (note: string): Fitted => ({ estimates: null, note: `Not fitted: ${note}` });
  const needs = PACKAGES[model], names = needs.map(({ name }) => name);
  const asked = await ran(rscript, ["-e", VERSIONS, ...names]);
  if (asked === null) {
    return none(
      `${rscript} is not found. R is at https://cran.r-project.org (Debian: apt-get install r-base-core ` +
        `${needs.map(({ debian }) => debian).join(" ")}); then, in ${folder}: ${run}`,
    );
  }
  const [version, ...found] = asked.out.trim().split("\n");
  const missing = needs.filter((_, at) => found[at] === "none");
  if (missing.length) {
    const [own, debian] = [
      missing.map(({ name }) => `"${name}"`),
      missing.map((one) => one.debian),
    ];
    return none(
      `${version} has no ${own.join(" and ")}: install.packages(c(${
        own.join(", ")
      })) in R, or on ` +
        `Debian apt-get install ${debian.join(" ")}; then, in ${folder}: ${run}`,
    );
  }
  const path = join(folder, "estimates.csv");
  // What an earlier run left is not what this one found.
  rmSync(path, { force: true });
  const { success, error } = (await ran(rscript, ["model.R"], folder))!;
  if (!success || !existsSync(path)) return none(`R says: ${error.trim().slice(-500)}`);
  const kinds = ESTIMATES[model];
  const rows = records(readFileSync(path, "utf8"), path, null).map((row) =>
    Object.fromEntries(
      Object.entries(kinds).map(([name, kind]) => {
        const value = row[name] ?? null;
        return [name, value === null || kind === "text" ? value : Number(value)];
      }),
    )
  );
  const fittedBy = [version, ...names.map((name, at) => `${name} ${found[at]}`)].join(", ");
  return { estimates: frame(rows, kinds), note: `Fitted by ${fittedBy}` };
}

/** The version of R, and of each package that is named, a line each. */
const VERSIONS = `cat(R.version.string, sapply(commandArgs(TRUE), function(name)
  if (requireNamespace(name, quietly = TRUE)) as.character(packageVersion(name)) else "none"),
  sep = "\\n")`;

/** What a program printed; null where there is none. */
async function ran(program: string, args: string[], cwd?: string) {
  try {
    const made = await new Deno.Command(program, { args, ...cwd && { cwd } }).output();
    const [out, error] = [made.stdout, made.stderr].map((of) => new TextDecoder().decode(of));
    return { success: made.success, out: out!, error: error! };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
