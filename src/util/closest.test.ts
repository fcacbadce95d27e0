import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "./closest.ts";

const words = ["memory", "callDepth", "capabilities", "fuel"];

test("a letter too many, too few, wrong or swapped still finds the word", () => {
  assert.equal(closest("memoryy", words), "memory");
  assert.equal(closest("memry", words), "memory");
  assert.equal(closest("mamory", words), "memory");
  assert.equal(closest("fule", words), "fuel");
});

test("a word that is nothing like any candidate finds none", () => {
  assert.equal(closest("zzz", words), undefined);
  assert.equal(closest("", words), undefined);
  assert.equal(closest("m".repeat(100_000), words), undefined);
});

test("the nearest candidate wins over a farther one", () => {
  assert.equal(
    closest("proxy_get_buffer", ["proxy_get_buffers", "proxy_get_buffer_"]),
    "proxy_get_buffers",
  );
  assert.equal(closest("denid", ["derived", "denied"]), "denied");
});
