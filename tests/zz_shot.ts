import { launched } from "./jupyter.ts";
await using browser = await launched();
for (const name of ["nb", "rep"]) {
  const page = await browser.newPage({ viewport: { width: 1250, height: 1300 } });
  await page.goto(`file:///tmp/look/${name}.html`);
  const high = await page.evaluate<number>("document.documentElement.scrollHeight");
  for (let i = 0; i * 1300 < high; i++) {
    await page.screenshot({
      path: `/tmp/look/${name}_${i}.png`,
      fullPage: true,
      clip: { x: 0, y: i * 1300, width: 1250, height: Math.min(1300, high - i * 1300) },
    });
  }
}
