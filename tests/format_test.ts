import assert from "node:assert/strict";
import { custom, fixed, nearest, rate, shortest } from "lib/format.ts";
import { rounded } from "lib/stats.ts";

// Python 3.11: f"{x:.2f}"
Deno.test("fixed() rounds as Python formats: exact ties to even, others by their exact value", () => {
  const cases: [number, string][] = [
    [3.625, "3.62"],
    [2.875, "2.88"],
    [0.125, "0.12"],
    [0.375, "0.38"],
    [-3.625, "-3.62"],
    [1.725, "1.73"],
    [2.675, "2.67"],
    [1.005, "1.00"],
    [3.985, "3.98"],
    [3.9850000000000003, "3.99"],
    [-0, "-0.00"],
    [-0.001, "-0.00"],
    [1234567.125, "1234567.12"],
    [1e-300, "0.00"],
    [Infinity, "inf"],
  ];
  assert.deepEqual(cases.map(([value]) => fixed(value, 2)), cases.map(([, text]) => text));
});

// Python 3.11: f"{x:.3f}", f"{x:.0f}"
Deno.test("fixed() does so at other precisions", () => {
  assert.equal(fixed(0.0625, 3), "0.062");
  assert.equal(fixed(0.5, 0), "0");
  assert.equal(fixed(1.5, 0), "2");
  assert.equal(fixed(2.5, 0), "2");
  assert.equal(fixed(-0.0004, 3), "-0.000");
});

// numpy 1.24: np.round(x, 2), repr
Deno.test("rounded() and shortest() write what NumPy rounds", () => {
  const cases: [number, string][] = [
    [2.825, "2.82"],
    [0.775, "0.78"],
    [2.225, "2.22"],
    [3.075, "3.08"],
    [0.825, "0.82"],
    [1.2, "1.2"],
    [6, "6.0"],
    [-0.0013, "-0.0"],
    [-0.145, "-0.14"],
    [0.1 + 0.2, "0.3"],
  ];
  assert.deepEqual(
    cases.map(([value]) => shortest(rounded(value, 2))),
    cases.map(([, text]) => text),
  );
});

// The original's custom_format, as specified: None, NaN, ±inf and < 1e-99 are 0.00.
Deno.test("custom() gives small numbers an exponent, and negatives, tiny and undefined ones 0.00", () => {
  const cases: [number | null, string][] = [
    [null, "0.00"],
    [NaN, "0.00"],
    [Infinity, "0.00"],
    [0, "0.00"],
    [-3.2, "0.00"],
    [1e-100, "0.00"],
    [0.00123, "1.23E-03"],
    [0.009999, "1.00E-02"],
    [1.5e-12, "1.50E-12"],
    [0.01, "0.01"],
    [97.865, "97.86"],
    [100, "100.00"],
  ];
  assert.deepEqual(cases.map(([value]) => custom(value)), cases.map(([, text]) => text));
});

Deno.test("nearest() is the word of the fewest changes, the first of several, and one of none at all", () => {
  assert.equal(nearest("tabel4", ["table1", "table4", "tableA4"]), "table4");
  assert.equal(nearest("", ["abc", "b", "c"]), "b");
  assert.equal(nearest("kitten", ["sitting", "mitten", "bitten"]), "mitten");
});

Deno.test("a pace has no powers of ten", () => {
  assert.deepEqual(
    [0.05, 1.234, 42, 99.4, 99.7, 100.4, 1100, 123456.7].map(rate),
    ["0.050", "1.2", "42", "99", "100", "100", "1,100", "123,457"].map((n) => `${n} per second`),
  );
});
