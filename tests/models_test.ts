/** The registry of models: what is shipped, what a user may put on top, prices; and secrets. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { hidden, ROOT, secret, variable } from "lib/config.ts";
import { MODELS } from "lib/paper/design.ts";
import {
  complete,
  importPrices,
  LIBRARY,
  type Model,
  model,
  models,
  modelsFile,
  type Price,
  type Provider,
  readyOf,
  registerProvider,
  transportOf,
  worstCost,
  writePrices,
} from "lib/llm.ts";
import { listed } from "lib/llm/prices.ts";

/** Runs with a user's file that holds this: a text, or a value as JSON; null: no file. */
async function withFile(
  content: unknown,
  run: (path: string) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "mine.json");
  const before = Deno.env.get("MODELS_FILE");
  Deno.env.set("MODELS_FILE", path);
  if (content !== null) {
    await Deno.writeTextFile(path, typeof content === "string" ? content : JSON.stringify(content));
  }
  try {
    await run(path);
  } finally {
    if (before === undefined) Deno.env.delete("MODELS_FILE");
    else Deno.env.set("MODELS_FILE", before);
    await Deno.remove(folder, { recursive: true });
  }
}

const MINE: Model = {
  id: "mine",
  label: "Mine",
  provider: "openai",
  model: "llama3.1:8b",
  base_url: "http://localhost:11434/v1",
  key: null,
  max_tokens: 1200,
  format: "json_object",
  price: null,
};

Deno.test("the paper's models are shipped with its ids, labels, regions and parameters", () =>
  withFile(null, () => {
    const paper = MODELS.map(({ id }) => model(id));
    assert.deepEqual(
      paper.map(({ id, label, model: provider }) => ({ id, label, provider })),
      MODELS,
    );
    // The original's registry: temperature, top_p, longest reply, region.
    assert.deepEqual(
      paper.map((
        { id, provider, temperature, top_p, max_tokens, region },
      ) => [id, provider, temperature, top_p, max_tokens, region ?? null]),
      [
        ["gpt4o", "openai", 1, 1, 1000, null],
        ["gpt35", "openai", 1, 1, 1000, null],
        ["claude35sonnet", "bedrock", 1, 1, 1000, null],
        ["llama3170B", "bedrock", 0.5, 0.9, 1200, "us-east-2"],
        // Its id begins with eu: any region of the EU serves it.
        ["llama323B", "bedrock", 0.5, 0.9, 1000, "eu-central-1"],
      ],
    );
    const older = ["gpt4oold", "gpt4turbo"].map((id) => model(id).model);
    assert.deepEqual(older, ["gpt-4o-2024-05-13", "gpt-4-turbo-2024-04-09"]);
    // Structured outputs came with gpt-4o-2024-08-06 and gpt-4o-mini.
    for (const id of ["gpt35", "gpt4oold", "gpt4turbo"]) {
      assert.equal(model(id).format, "json_object");
    }
    for (const { provider, format } of models()) {
      assert.ok(provider === "openai" || format !== "json_object");
    }
    assert.equal(model("simulated").key, undefined);
    assert.equal(new Set(models().map(({ id }) => id)).size, models().length);
  }));

Deno.test("the paper's and the older models cost what public tables say, by the library", () =>
  withFile(null, () => {
    // Public price tables of November 2026; of the first GPT-4o, those of mid-2024.
    const prices: Record<string, [number, number]> = {
      gpt4o: [2.5, 10],
      gpt35: [0.5, 1.5],
      claude35sonnet: [3, 15],
      llama3170B: [0.72, 0.72],
      llama323B: [0.15, 0.15],
      gpt4oold: [5, 15],
      gpt4turbo: [10, 30],
      gpt4omini: [0.15, 0.6],
      gpt41: [2, 8],
      gpt41mini: [0.4, 1.6],
    };
    for (const [id, [input, output]] of Object.entries(prices)) {
      const { price } = model(id);
      assert.deepEqual([id, price!.input, price!.output], [id, input, output]);
      assert.equal(price!.as_of, LIBRARY.date);
      assert.match(price!.source, new RegExp(`^${LIBRARY.name} ${LIBRARY.version}: `));
    }
    assert.match(model("llama323B").price!.source, /AWS.*meta\.llama3-2-3b-instruct/);
    for (const id of ["simulated", "ollama-llama31", "vllm-llama31"]) {
      assert.deepEqual([model(id).price!.input, model(id).price!.output], [0, 0]);
    }
  }));

Deno.test("the library is the one that is installed, and asks nobody", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  assert.equal(imports["genai-prices"], `npm:@pydantic/genai-prices@${LIBRARY.version}`);
  const script = `globalThis.fetch = () => { throw new Error("asked"); };
    const { models } = await import("lib/llm.ts");
    console.log(models().filter(({ price }) => price).length);`;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", script],
    cwd: ROOT,
    env: { MODELS_FILE: "/nonexistent/models.json" },
  });
  const { stdout, stderr, success } = await command.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.ok(Number(new TextDecoder().decode(stdout)) > 25);
});

Deno.test("a price is that of the model's own provider, the dearest of the day, or none", () => {
  const price = (model: string, base_url?: string, now = "2026-11-20T12:00:00Z") => {
    const found = listed(
      { provider: "openai", model, ...(base_url && { base_url }) },
      new Date(now),
    );
    return found && [found.input, found.output];
  };
  // The name of OpenAI's model at a server of one's own, and at another seller.
  assert.equal(price("gpt-4o-2024-11-20", "http://localhost:8000/v1"), null);
  assert.equal(price("gpt-4o-2024-11-20", "https://api.deepseek.com"), null);
  assert.deepEqual(price("gpt-4o-2024-11-20", "https://api.openai.com/v1"), [2.5, 10]);
  assert.equal(price("no-such-model"), null);
  // DeepSeek asks twice as much from 1 to 4 and from 6 to 10 o'clock UTC.
  for (const hour of ["02", "05", "12"]) {
    const now = `2026-11-20T${hour}:00:00Z`;
    assert.deepEqual(price("deepseek-v4-flash", "https://api.deepseek.com", now), [0.44, 1.32]);
  }
  // Below the step at 200,000 tokens.
  const google = "https://generativelanguage.googleapis.com/v1beta/openai";
  assert.deepEqual(price("gemini-2.5-pro", google), [1.25, 10]);
  assert.equal(listed({ provider: "simulated", model: "gpt-4o" }), null);
});

Deno.test("today's models are listed with the document that their fields come from", () =>
  withFile(null, async () => {
    const shipped = JSON.parse(await Deno.readTextFile(join(ROOT, "dataset", "models.json")));
    const today = shipped.filter(({ docs }: { docs?: string }) => docs) as Model[];
    assert.ok(today.length >= 15);
    for (const { id } of today) {
      const one = model(id);
      assert.ok(!("docs" in one));
      // What a model thinks counts among its tokens, and it takes no temperature.
      const reasons = /^(gpt5|gemini|claudeopus|deepseekv4pro)/.test(id);
      if (reasons) {
        assert.deepEqual([one.temperature, one.max_tokens >= 2000], [undefined, true], id);
      }
      if (one.provider === "openai" && !one.base_url) {
        assert.equal(one.max_tokens_as, "max_completion_tokens", id);
      }
      assert.ok(one.price ? one.price.input > 0 : id === "qwenplus", id);
    }
    for (
      const { hostname } of today.flatMap(({ base_url }) => base_url ? [new URL(base_url)] : [])
    ) {
      assert.match(hostname, /anthropic|googleapis|deepseek|mistral|aliyuncs|groq/);
    }
    // The paper's come first, in its order.
    assert.deepEqual(models().slice(0, 5).map(({ id }) => id), MODELS.map(({ id }) => id));
  }));

Deno.test("without a user's file the models are the shipped ones", () =>
  withFile(null, async (path) => {
    assert.equal(modelsFile(), path);
    const shipped = JSON.parse(await Deno.readTextFile(join(ROOT, "dataset", "models.json")));
    const bare = ({ docs: _docs, price: _price, ...rest }: Model & { docs?: string }) => rest;
    assert.deepEqual(models().map(bare), shipped.map(bare));
    Deno.env.set("MODELS_FILE", "");
    assert.equal(modelsFile(), join(ROOT, "dataset", "models.local.json"));
    Deno.env.set("MODELS_FILE", "elsewhere/models.json");
    assert.equal(modelsFile(), join(ROOT, "elsewhere", "models.json"));
  }));

Deno.test("a user's file can leave out what a shipped model has, and moves no price elsewhere", () => {
  const changes = [
    { id: "gpt4o", temperature: null, top_p: null, system: false },
    { id: "ollama-llama31", base_url: "https://ollama.example/v1" },
    { id: "gpt4omini", price: null },
    { ...MINE, id: "bare", price: undefined, temperature: null },
    {
      ...MINE,
      id: "mistral",
      price: undefined,
      base_url: "https://api.mistral.ai/v1",
      key: "M_KEY",
      model: "mistral-small-2603",
    },
  ];
  return withFile(changes, () => {
    const { temperature, top_p, system, price } = model("gpt4o");
    assert.deepEqual([temperature, top_p, system, price!.input], [
      undefined,
      undefined,
      false,
      2.5,
    ]);
    assert.equal(model("ollama-llama31").price, null);
    assert.equal(model("gpt4omini").price, null);
    assert.equal(model("bare").price, null);
    assert.deepEqual([model("mistral").price!.input, model("mistral").price!.output], [0.15, 0.6]);
  });
});

Deno.test("a user's file adds models and changes fields of those that are there", () => {
  const price = { input: 9, output: 8, as_of: "2027-01", source: "an offer" };
  const changes = [{ id: "gpt4o", price, concurrency: { most: 3 } }, MINE];
  return withFile(changes, async (path) => {
    assert.deepEqual(model("mine"), MINE);
    assert.deepEqual([model("gpt4o").price, model("gpt4o").model], [price, "gpt-4o-2024-11-20"]);
    assert.deepEqual(model("gpt4o").concurrency, { most: 3 });
    // A file that is changed while the program runs is read again.
    await Deno.writeTextFile(path, JSON.stringify([{ ...MINE, id: "yours", label: "Yours!" }]));
    assert.equal(model("yours").label, "Yours!");
    assert.throws(() => model("mine"), /No model "mine": did you mean/);
    assert.equal(model("gpt4o").price!.input, 2.5);
  });
});

Deno.test("model() names the nearest model and the user's file", () =>
  withFile(null, (path) => {
    assert.throws(() => model("gpt40"), {
      message:
        `No model "gpt40": did you mean gpt4o? A model of your own is an entry in ${path}, ` +
        "in the form of dataset/models.json",
    });
    assert.throws(() => model("lama3170B"), /did you mean llama3170B\?/);
  }));

/** Changes of the entry that are not taken, and what the error says. */
const WRONG: [unknown, RegExp][] = [
  [{ temprature: 1 }, /model mine: unknown field temprature: did you mean temperature\?/],
  [{ api_key: "sk-secret" }, /unknown field api_key/],
  [{ price: { input: 1, outptu: 1 } }, /model mine: /],
  [
    { price: { input: 1, output: 1, as_of: "2026-01", source: "s", inptu: 1 } },
    /unknown field price\.inptu: did you mean price\.input\?/,
  ],
  [{ concurrency: { max: 3 } }, /unknown field concurrency\.max: did you mean concurrency\.most\?/],
  [{ concurrency: { most: 0 } }, /concurrency\.most: /],
  [{ price: { input: -1, output: 1, as_of: "2026-01", source: "s" } }, /price\.input: /],
  [{ price: { input: 1, output: 1, as_of: "soon", source: "s" } }, /price\.as_of: must be a date/],
  [{ system: "no" }, /system: /],
  [{ docs: "see there" }, /docs: /],
  [{ base_url: "ftp://h/v1" }, /base_url: must be http/],
  [{ base_url: "localhost:11434" }, /base_url: must be http/],
  [{ base_url: "http://user:hush@h/v1" }, /base_url: must be .*without user, password/],
  [{ base_url: "http://h/v1?key=hush" }, /base_url: must be .*without/],
  [{ key: undefined }, /key: must name the variable that holds the key of http:\/\/localhost/],
  [{ key: "sk-proj-hush" }, /key: must be the name of a variable/],
  [{ provider: "anthropic" }, /provider: /],
  [{ provider: "bedrock", key: undefined }, /base_url: is for provider openai only/],
  [{ format: "json" }, /format: /],
  [{ max_tokens: "1200" }, /max_tokens: /],
  [{ max_tokens: 0 }, /max_tokens: /],
  [{ temperature: 3 }, /temperature: /],
  [{ label: " " }, /label: /],
  [{ more: { messages: [] } }, /more: must not set/],
  [{ region: "us-east-1" }, /region: is for provider bedrock only/],
  [{ timeout_seconds: 0 }, /timeout_seconds: /],
  [{ error_rate: 2 }, /error_rate: /],
];

Deno.test("a user's file is refused with file, model and field, and never with a value", async () => {
  for (const [change, says] of WRONG) {
    await withFile([{ ...MINE, ...change as object }], (path) => {
      assert.throws(() => models(), (error: Error) => {
        assert.match(error.message, says);
        assert.ok(error.message.startsWith(`${path}, model mine: `), error.message);
        assert.doesNotMatch(error.message, /hush|\n/);
        return true;
      });
    });
  }
  const bedrock = {
    id: "b",
    provider: "bedrock",
    label: "B",
    model: "m",
    max_tokens: 5,
    price: null,
  };
  await withFile([{ ...bedrock, format: "json_object" }], () => {
    assert.throws(
      () => models(),
      /format: must be json_schema or text: Bedrock has no json_object/,
    );
  });
  // Changes of a shipped model are checked as well.
  await withFile([{ id: "gpt4o", base_url: "http://localhost/v1" }], () => {
    assert.throws(() => models(), /model gpt4o: key: must name the variable/);
  });
  for (const text of ["{", "{}", "[7]", '[{"label": "no id"}]', '[{"id": "../x"}]']) {
    await withFile(text, (path) => {
      assert.throws(() => models(), (error: Error) => error.message.startsWith(path));
    });
  }
  await withFile([MINE, MINE], () => assert.throws(() => models(), /two models mine/));
});

/** As LiteLLM writes them: USD per token, and more fields than are used. */
const LITELLM = {
  sample_spec: { input_cost_per_token: 0, litellm_provider: "one of …", mode: "chat" },
  "gpt-4o-2024-11-20": {
    input_cost_per_token: 2.5e-6,
    output_cost_per_token: 0.00001,
    input_cost_per_token_batches: 1.25e-6,
    litellm_provider: "openai",
    mode: "chat",
  },
  // The name of another provider's model.
  "gpt-3.5-turbo-0125": {
    input_cost_per_token: 1,
    output_cost_per_token: 1,
    litellm_provider: "azure",
  },
  "us.meta.llama3-1-70b-instruct-v1:0": {
    input_cost_per_token: 9.9e-7,
    output_cost_per_token: 9.9e-7,
    litellm_provider: "bedrock",
  },
  "bedrock/us-east-2/us.meta.llama3-1-70b-instruct-v1:0": {
    input_cost_per_token: 7.2e-7,
    output_cost_per_token: 7.3e-7,
    litellm_provider: "bedrock_converse",
  },
  "anthropic.claude-3-5-sonnet-20240620-v1:0": { litellm_provider: "bedrock", mode: "chat" },
  "groq/llama-3.3-70b": {
    input_cost_per_token: 5.9e-7,
    output_cost_per_token: 7.9e-7,
    litellm_provider: "groq",
  },
};

Deno.test("importPrices() takes LiteLLM's prices of the models that it knows", () => {
  const groq = {
    ...MINE,
    id: "groq",
    model: "llama-3.3-70b",
    base_url: "https://api.groq.com/openai/v1",
    key: "GROQ_API_KEY",
  };
  return withFile([MINE, groq], async (path) => {
    const file = join(dirname(path), "model_prices_and_context_window.json");
    await Deno.writeTextFile(file, JSON.stringify(LITELLM));
    await Deno.utime(file, new Date("2026-03-04T12:00:00Z"), new Date("2026-03-04T12:00:00Z"));
    const prices = importPrices(file);
    const price = (input: number, output: number, entry: string): Price => ({
      input,
      output,
      as_of: "2026-03-04",
      source: `model_prices_and_context_window.json (LiteLLM), entry ${entry}`,
    });
    assert.deepEqual(prices, {
      gpt4o: price(2.5, 10, "gpt-4o-2024-11-20"),
      llama3170B: price(0.72, 0.73, "bedrock/us-east-2/us.meta.llama3-1-70b-instruct-v1:0"),
      groq: price(0.59, 0.79, "groq/llama-3.3-70b"),
    });
    assert.deepEqual(Object.keys(importPrices(file, [model("gpt35"), model("groq")])), ["groq"]);
    for (const text of ["[", "[]", "7"]) {
      await Deno.writeTextFile(file, text);
      assert.throws(() => importPrices(file), (error: Error) => error.message.includes(file));
    }
    assert.throws(() => importPrices(join(dirname(path), "none.json")), /Cannot read prices from/);
  });
});

Deno.test("writePrices() keeps what the user's file holds, and is whole or not at all", () => {
  const price: Price = { input: 1, output: 2, as_of: "2026-03-04", source: "s" };
  return withFile([MINE, { id: "gpt35", label: "Old" }], async (path) => {
    writePrices({ gpt4o: price, mine: price, gpt35: price });
    const written = await Deno.readTextFile(path);
    assert.deepEqual(JSON.parse(written), [
      { ...MINE, price },
      { id: "gpt35", label: "Old", price },
      { id: "gpt4o", price },
    ]);
    assert.deepEqual([model("gpt4o").price, model("mine").price], [price, price]);
    assert.deepEqual([model("gpt35").label, model("gpt35").price], ["Old", price]);
    assert.throws(() => writePrices({ gpt4o: price, nobody: price }), /No model "nobody"/);
    assert.throws(() => writePrices({ gpt4o: { ...price, input: -1 } }), /gpt4o: price\.input/);
    assert.equal(await Deno.readTextFile(path), written);
    assert.deepEqual([...Deno.readDirSync(dirname(path))].map(({ name }) => name), ["mine.json"]);
  }).then(() =>
    withFile(null, (path) => {
      writePrices({ gpt4o: price });
      assert.deepEqual(JSON.parse(Deno.readTextFileSync(path)), [{ id: "gpt4o", price }]);
    })
  );
});

/** With variables of the environment, which are put back. */
function under(env: Record<string, string>, run: () => void): void {
  const before = Object.keys(env).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  try {
    run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

Deno.test("secret() and variable() take an empty variable for none", () => {
  under({ MODELS_TEST_KEY: "", MODELS_TEST_REGION: "eu-west-1" }, () => {
    assert.equal(secret("MODELS_TEST_KEY"), null);
    assert.equal(secret("MODELS_TEST_NEVER_SET"), null);
    assert.equal(variable("MODELS_TEST_REGION"), "eu-west-1");
    assert.equal(hidden("in eu-west-1"), "in eu-west-1");
  });
});

Deno.test("hidden() knows every key that was asked for and the database's passwords", () => {
  const text = 'key-4711-"x" db-pass-1 url:pass/2 url%3Apass%2F2 AKIA-0815 abc12';
  const env = {
    MODELS_TEST_KEY: 'key-4711-"x"',
    AWS_ACCESS_KEY_ID: "AKIA-0815",
    PGPASSWORD: "db-pass-1",
    DATABASE_URL: "postgres://me:url%3Apass%2F2@host/base",
    OPENAI_API_KEY: "abc12",
  };
  under(env, () => {
    secret("MODELS_TEST_KEY");
    const dots = "‹hidden›";
    // A value of five characters would be found in ordinary words.
    assert.equal(hidden(text), `${dots} ${dots} ${dots} ${dots} ${dots} abc12`);
    assert.equal(hidden(text, "keys"), `${dots} db-pass-1 url:pass/2 url%3Apass%2F2 ${dots} abc12`);
    assert.equal(hidden(JSON.stringify({ text: 'key-4711-"x"' })), `{"text":"${dots}"}`);
    const twice = JSON.stringify(JSON.stringify('key-4711-"x"'));
    assert.doesNotMatch(hidden(twice), /4711/);
  });
  // A key that was replaced may still be in what an older call brings back.
  assert.equal(hidden("AKIA-0815"), "‹hidden›");
});

Deno.test("hidden() puts the longer of two secrets first", () => {
  under({ MODELS_TEST_A: "canary-one", MODELS_TEST_B: "canary-one-and-more" }, () => {
    secret("MODELS_TEST_A");
    secret("MODELS_TEST_B");
    assert.equal(hidden("canary-one-and-more, canary-one"), "‹hidden›, ‹hidden›");
  });
});

/** A provider of a package's own: the whole of it. */
const echo: Provider = {
  name: "echo",
  setting: "ECHO_URL",
  address: () => "the next room",
  remedy: () => "none is needed",
  ready: () => "always",
  faults: ({ top_p }) => top_p === undefined ? [] : [["top_p", "is nothing that an echo has"]],
  margin: () => 2,
  seller: () => null,
  listedAs: ({ model }) => [[`echo/${model}`, (of) => of === "echo"]],
  body: (_model, { messages }) => ({ heard: messages.at(-1)!.content }),
  send: (_model, body) =>
    Promise.resolve(
      JSON.stringify({ says: body.heard, usage: { input_tokens: 3, output_tokens: 2 } }),
    ),
  read: (body) => ({
    said: (body as { says: string }).says,
    thought: "",
    refusal: null,
    finish: "stop",
    reason: null,
  }),
};

Deno.test("a provider is one object, chosen by name: its models are listed, asked, priced and read", () =>
  withFile(
    [{
      id: "cave",
      label: "Cave",
      provider: "echo",
      model: "deep",
      max_tokens: 50,
      format: "text",
    }],
    async (path) => {
      assert.throws(() => models(), /provider: must be one of openai, bedrock, simulated$/);
      assert.throws(
        () => registerProvider({ ...echo, here: true }),
        /is called simulated… where its replies are computed here, and only there: got echo/,
      );
      registerProvider(echo);
      assert.throws(() => registerProvider(echo), /There is a provider echo already/);
      await Deno.writeTextFile(path, `${await Deno.readTextFile(path)}\n`);
      const cave = model("cave");
      assert.deepEqual([readyOf(cave), transportOf(cave).outside, cave.price], [
        "always",
        true,
        null,
      ]);
      const call = { messages: [{ role: "user" as const, content: "Hello hello" }] };
      const { text, usage, problem } = await complete(cave, call);
      assert.deepEqual([text, usage, problem], ["Hello hello", { input: 3, output: 2 }, null]);
      // Twice the two tokens, sixteen of roles, and the longest reply.
      assert.equal(worstCost(cave, call).tokens, 2 * 2 + 16 + 50);
      const wrong = { ...cave, price: undefined, top_p: 0.5 };
      await Deno.writeTextFile(path, JSON.stringify([wrong]));
      assert.throws(() => models(), /model cave: top_p: is nothing that an echo has$/);
    },
  ));
