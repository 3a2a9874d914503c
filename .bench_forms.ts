import "lib/paper/published.ts";
import { connect, open } from "lib/db.ts";
import { epqra } from "lib/paper/instruments.ts";
import { model } from "lib/llm.ts";
import { enter, personas } from "lib/study.ts";
const [, which] = [0, Deno.args[0]];
const S = "bench_forms";
const lab = await enter({ schema: S });
const rows = ["personality_id," + epqra.items.map((i) => i.number).join(",")];
for (let p = 1; p <= 826; p++) rows.push([p, ...epqra.items.map((i) => (i.number * p) % 3 ? 1 : 0)].join(","));
Deno.writeTextFileSync("/tmp/form-bench.csv", rows.join("\n"));
await lab.population("/tmp/form-bench.csv", epqra);
const writers = [1, 2, 3, 4, 5].map((n) => ({ ...model("simulated"), id: `writer${n}`, label: `Writer ${n}` }));
await lab.register(personas({ models: writers, conditions: ["Base", "MaxN"] }));
const sql = await connect("owner", { schema: S });
const sentence = "Works nights, walks home the long way and keeps a list of small worries. ";
if (which === "new") {
  await sql`insert into personas_written (work, ref_personality_id, population, model, model_print, population_print, repetitions, repetition_count, shown, changed, form, fields, cleaned, status, words)
  select w.work, w.profile, c.population, c.model_id, c.model_label, c.condition, w.repetition, 1, '{}', '{}', 'biography',
   jsonb_build_object('name','N '||w.work,'age',40,'gender','Female','race','White','sexual_orientation','straight','ethnicity','e','religious_belief','b','occupation','o','political_orientation','p','location','l','description','Person '||w.work||'. '||repeat(${sentence}, 14 + w.work % 9)),
   '{"gender":"female","race":"White","sexual_orientation":"heterosexual","religious_belief":"Atheist","occupation":"x","political_orientation":"Progressive","location":"y"}',
   '{"name":"written","age":"written","gender":"written","race":"written","sexual_orientation":"written","ethnicity":"written","religious_belief":"written","occupation":"written","political_orientation":"written","location":"written","description":"written"}', '{"description":150}'
  from work w join cells c on c.cell = w.cell`;
} else {
  await sql`insert into personas_written (work, ref_personality_id, population, model, model_print, population_print, repetitions, repetition_count, shown, changed, name, age, gender_original, gender, race_original, race, sexual_orientation_original, sexual_orientation, ethnicity, religious_belief_original, religious_belief, occupation_original, occupation, political_orientation_original, political_orientation, location_original, location, description, word_count_description)
  select w.work, w.profile, c.population, c.model_id, c.model_label, c.condition, w.repetition, 1, '{}', '{}', 'N '||w.work, 40, 'Female','female','White','White','straight','heterosexual','e','b','Atheist','o','x','p','Progressive','l','y','Person '||w.work||'. '||repeat(${sentence}, 14 + w.work % 9), 150
  from work w join cells c on c.cell = w.cell`;
}
await sql`update work set state = 'done'`;
await sql`vacuum analyze personas_written`; await sql`vacuum analyze work`;
const [{ n }] = await sql`select count(*)::int as n from personas`;
console.log(which, n, (await sql`select pg_size_pretty(pg_total_relation_size('personas_written')) as s`)[0].s);
const times: Record<string, number[]> = {};
for (let i = 0; i < 7; i++) {
  for (const read of ["personas", "biographies", "demographics"] as const) {
    const study = await open({ schema: S });
    const at = performance.now();
    const cpu0 = 0;
    const f = await study[read]();
    (times[read] ??= []).push(performance.now() - at);
    if (f.height === 0) throw new Error(read);
    await study.close();
  }
  const at = performance.now();
  await lab.personas(8260);
  (times["lab.personas"] ??= []).push(performance.now() - at);
}
for (const [k, v] of Object.entries(times)) console.log(k, "min", Math.min(...v).toFixed(0), "median", v.sort((a, b) => a - b)[3].toFixed(0));
await sql.end(); await lab.close();
