import { CENSUS, designFrom, draw, implausible, massOf, prepared } from "lib/opinions/sample.ts";
const cpu = () => {
  const m = Deno.readTextFileSync("/proc/self/stat").split(" ");
  return (Number(m[13]) + Number(m[14])) * 10;
};
const us = designFrom(CENSUS + "us-2018.json"), apart = designFrom(CENSUS + "us-2018-apart.json");
let t = cpu();
const tick = (n: string) => {
  const u = cpu();
  console.log(n, u - t, "ms cpu");
  t = u;
};
const p = prepared(us);
tick("prepared");
const x = draw(us, { total: 8000 });
tick("draw");
for (const r of us.rules) {
  massOf(x.prepared, r);
  tick(r.rule);
}
implausible(x, { apart });
tick("implausible");
