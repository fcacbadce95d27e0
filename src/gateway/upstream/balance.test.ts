// Which host is next: turns by weight, the less loaded of two, and chance that is given.
import assert from "node:assert/strict";
import { test } from "node:test";
import { balancer } from "./balance.ts";

const host = (name: string, weight = 1, active = 0) => ({ name, weight, active });

test("round robin takes turns, by weight where weights differ, never one host in a burst", () => {
  const equal = balancer("round-robin", Math.random);
  const three = [host("a"), host("b"), host("c")];
  assert.equal(Array.from({ length: 7 }, () => equal(three)!.name).join(""), "abcabca");
  const weighted = balancer("round-robin", Math.random);
  const two = [host("a", 3), host("b", 1)];
  const turns = Array.from({ length: 8 }, () => weighted(two)!.name).join("");
  assert.equal(turns.replaceAll("b", "").length, 6);
  assert.doesNotMatch(turns, /bb|aaaa/);
});

test("least request takes the less loaded of two that chance picks, for their weight", () => {
  const numbers = [0, 0.9, 0.9, 0, 0, 0.9];
  const least = balancer("least-request", () => numbers.shift()!);
  assert.equal(least([host("a", 1, 5), host("b", 1, 2)])!.name, "b");
  assert.equal(least([host("a", 1, 5), host("b", 1, 2)])!.name, "b");
  assert.equal(least([host("a", 10, 5), host("b", 1, 2)])!.name, "a");
});

test("random follows its number, and nobody is chosen where nobody is", () => {
  const numbers = [0, 0.5, 0.999, 1];
  const random = balancer("random", () => numbers.shift()!);
  const hosts = [host("a"), host("b"), host("c")];
  assert.equal(Array.from({ length: 4 }, () => random(hosts)!.name).join(""), "abcc");
  for (const kind of ["round-robin", "least-request", "random"] as const) {
    assert.equal(balancer(kind, () => 0)([]), undefined);
  }
});
