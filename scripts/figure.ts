/** The README's figure: `deno run -A scripts/figure.ts` draws it anew from the database. */
import { join } from "node:path";
import pl, { type DataFrame } from "polars";
import { ROOT } from "lib/config.ts";
import { bannerOf, type Dataset, openDataset } from "lib/db.ts";
import { forest, word } from "lib/paper/figures.ts";
import { type Drawing, estimates, theme } from "lib/plots.ts";
import { escape, figureFiles, keep } from "lib/press.ts";
import { demographics, robustness } from "lib/paper/tables.ts";
import { main } from "./cli.ts";

export const FIGURE = join(ROOT, ".github", "figure.svg");

const TITLE = "Whom five models invent, and how far these answer from their profiles";

const { mm, across: WIDTH } = theme();
const HEADING = 26;
const FOOT = 22;

/** What the figure is made of: four of the shares of Tables 1–3, and Table 4 whole. */
export async function panels(
  study: Dataset,
): Promise<{ heading: string; drawing: Drawing; data: DataFrame }[]> {
  const people = await study.demographics();
  // Models and panels stand as they come: as in Table 4, and as a reader takes them in.
  const tables = (["table1", "table3", "table2"] as const)
    .map((name) => demographics(people, name, { mode: "corrected" }));
  const all = pl.concat(tables).withColumn(pl.col("mean").mul(100).alias("estimate"));
  const four = pl.concat(
    ["Non-bin.", "LGBTQ+", "Prog.", "Christian"]
      .map((name) => all.filter(pl.col("subcategory").eq(pl.lit(name)))),
  );
  const compared = await robustness("table4", study);
  return [
    {
      heading: "Whom does a model invent from 24 answers to a personality questionnaire?",
      drawing: estimates(four, {
        title: "Shares of personas by model and condition",
        xLabel: "Personas (%)",
        panel: "subcategory",
        range: [0, 100],
        heading: word,
      }),
      data: four,
    },
    {
      heading: "Does that person still answer like the profile it came from?",
      drawing: forest(compared),
      data: compared,
    },
  ];
}

/** The panels one below the other, as an SVG file. */
export async function overview(study: Dataset): Promise<string> {
  const parts = await panels(study);
  let top = 0;
  const placed = parts.map(({ heading, drawing }) => {
    const svg = drawing();
    const [, height] = /\bviewBox="0 0 [\d.]+ ([\d.]+)"/.exec(svg)!;
    const text = `<text x="0" y="${top + 17}" font-size="13" font-weight="bold">${
      escape(heading)
    }</text>`;
    const inner = svg.replace(
      /^<svg [^>]*>/,
      (tag) =>
        tag.replace(/ (role|width|height)="[^"]*"/g, "")
          .replace("<svg ", `<svg y="${top + HEADING}" width="${WIDTH}" height="${height}" `),
    );
    top += HEADING + Number(height) + 8;
    return text + inner;
  });
  const banner = bannerOf(study.provenance);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${mm}mm" ` +
    `height="${(mm * (top + FOOT + 8) / (WIDTH + 16)).toFixed(2)}mm" ` +
    `viewBox="-8 -4 ${WIDTH + 16} ${top + FOOT + 8}" role="img" color="black" ` +
    `font-family="'DejaVu Sans', Helvetica, Arial, sans-serif" font-size="11">` +
    `<title>${escape(TITLE)}</title>` +
    `<rect x="-8" y="-4" width="100%" height="100%" fill="white"/>${placed.join("")}` +
    `<text x="0" y="${top + 12}" font-size="9.2" fill="#595959">${escape(banner)}</text></svg>`;
  return (await figureFiles(svg, { title: TITLE, source: banner })).svg;
}

if (import.meta.main) {
  await main({
    usage: "deno run -A scripts/figure.ts",
    help: "Draws the figure of README.md from the restored data.",
    flags: {},
  }, async () => {
    const study = await openDataset();
    await keep(FIGURE, await overview(study));
    await study.close();
    return 0;
  });
}
