/** A figure as files: SVG that carries its font, PDF, PNG. Loaded when the first figure is written. */
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { create } from "fontkit";
import PDFDocument from "pdfkit";
import { initWasm, Resvg } from "resvg";
import subset from "subset-font";
import draw from "svg-to-pdfkit";
import { FAMILY, font, lettersOf, type Style, styleOf, STYLES } from "./fonts.ts";

const MM_PER_INCH = 25.4;

/** Width of a PNG, and its resolution; with a width in mm, both give its pixels. */
export interface Png {
  width?: `${number} mm` | `${number} px`;
  dpi?: number;
}

/** What a figure says of itself inside its files. */
export interface About {
  title: string;
  source?: string;
}

/** Width and height of a figure in print, in mm. */
export function sizeOf(svg: string): { width: number; height: number } {
  const [width, height] = ["width", "height"].map((name) =>
    Number(new RegExp(`^<svg [^>]*\\b${name}="([\\d.]+)mm"`).exec(svg)?.[1])
  );
  if (!width || !height) throw new Error("The figure is no SVG with a width and a height in mm");
  return { width, height };
}

/** Letters of a figure that its font does not hold: no file can show them. */
export async function missingIn(svg: string): Promise<string> {
  const missing = new Set<string>();
  for (const [style, letters] of lettersOf(svg)) {
    const face = create(Buffer.from(await font(style)));
    for (const letter of letters) {
      if (!face.hasGlyphForCodePoint(letter.codePointAt(0)!) && letter.trim()) missing.add(letter);
    }
  }
  return [...missing].join("");
}

/** With the letters that it shows embedded, so that it looks the same anywhere; WOFF2 would be 2 kB less and ten times as slow. */
export async function svgFile(svg: string, about: About): Promise<string> {
  const faces = await Promise.all(
    [...lettersOf(svg)].map(async ([style, letters]) => {
      const { weight, slope } = STYLES[style];
      const file = await subset(Buffer.from(await font(style)), [...letters].join(""), {
        targetFormat: "woff",
      });
      return `@font-face{font-family:"${FAMILY}";font-weight:${weight};font-style:${slope};` +
        `src:url(data:font/woff;base64,${file.toString("base64")}) format("woff")}`;
    }),
  );
  const words = [about.title, about.source ?? ""].join(" ").replaceAll("--", "- -");
  return svg.replace(
    /^<svg [^>]*>/,
    (tag) => `${tag}<!-- ${words.trim()} --><style>${faces.join("")}</style>`,
  ) + "\n";
}

/**
 * On a page of its own size, text as text, with subsets of its fonts. The same figure is the same file
 * each time: pdfkit wants a date of creation, and gets 1970.
 */
export async function pdfFile(svg: string, about: About): Promise<Uint8Array> {
  const [width, height] = [sizeOf(svg).width, sizeOf(svg).height]
    .map((mm) => mm / MM_PER_INCH * 72) as [number, number];
  const info = { Title: about.title, Subject: about.source ?? "", CreationDate: new Date(0) };
  const pdf = new PDFDocument({ size: [width, height], margin: 0, info });
  const pieces: Uint8Array[] = [];
  const end = new Promise((resolve) => pdf.on("end", resolve));
  pdf.on("data", (piece: Uint8Array) => pieces.push(piece));
  // Its types leave out what is mixed in.
  const mixed = pdf as unknown as {
    registerFont(name: Style, file: Buffer): void;
  };
  for (const style of lettersOf(svg).keys()) {
    mixed.registerFont(style, Buffer.from(await font(style)));
  }
  draw(pdf, haloed(svg), 0, 0, {
    width,
    height,
    fontCallback: (_: string, bold: boolean, italic: boolean): Style => styleOf(bold, italic),
  });
  pdf.end();
  await end;
  return Buffer.concat(pieces);
}

/** svg-to-pdfkit draws outlines over letters always: what says `paint-order="stroke"` is drawn again. */
const haloed = (svg: string): string =>
  svg.replace(
    /<(g|text)\b([^>]*) paint-order="stroke"([^>]*)>([\s\S]*?)<\/\1>/g,
    (whole, name, before, after, inner) => {
      const attributes = `${before}${after}`.replace(/ stroke="[^"]*"/, "");
      const bare = inner.replaceAll(/ stroke="[^"]*"/g, "");
      return `${whole}<${name}${attributes} stroke="none">${bare}</${name}>`;
    },
  );

/** The renderer is WebAssembly, compiled beside the work on the first SVG and PDF. */
const renderer = readFile(fileURLToPath(import.meta.resolve("resvg/index_bg.wasm"))).then(initWasm);

/** Opaque, with its resolution and where its data come from in it. */
export async function pngFile(svg: string, about: About, png: Png = {}): Promise<Uint8Array> {
  const { pixels, dpi } = resolution(png, sizeOf(svg).width);
  await renderer;
  const fontBuffers = await Promise.all([...lettersOf(svg).keys()].map(font));
  const resvg = new Resvg(svg, {
    fitTo: { mode: "width", value: pixels },
    font: { fontBuffers, defaultFontFamily: FAMILY },
  });
  const image = resvg.render();
  const file = image.asPng();
  image.free();
  resvg.free();
  return withChunks(file, [
    physical(dpi),
    words("Title", about.title),
    words("Source", about.source),
  ]);
}

function resolution({ width, dpi = 300 }: Png, drawn: number): { pixels: number; dpi: number } {
  const [, number, unit] = /^(\d+(?:\.\d+)?) (mm|px)$/.exec(width ?? `${drawn} mm`) ??
    [];
  const pixels = Math.round(unit === "px" ? Number(number) : Number(number) / MM_PER_INCH * dpi);
  if (!(pixels >= 1 && pixels <= 20_000) || !(dpi > 0)) {
    throw new RangeError(
      `A PNG is 1 to 20,000 px wide, its width is written "85 mm" or "2000 px", and its dpi are above ` +
        `0: current values are ${JSON.stringify({ width, dpi })}`,
    );
  }
  return { pixels, dpi };
}

const physical = (dpi: number): Buffer => {
  const data = Buffer.alloc(9);
  const perMetre = Math.round(dpi / MM_PER_INCH * 1000);
  data.writeUInt32BE(perMetre, 0);
  data.writeUInt32BE(perMetre, 4);
  data[8] = 1; // per metre
  return chunk("pHYs", data);
};

/** UTF-8, not compressed. */
const words = (key: string, text = ""): Buffer =>
  chunk("iTXt", Buffer.concat([Buffer.from(`${key}\0\0\0\0\0`), Buffer.from(text)]));

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4), sum = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** After the signature and the header, which come first and have 33 bytes. */
const withChunks = (png: Uint8Array, chunks: readonly Buffer[]): Uint8Array =>
  Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
