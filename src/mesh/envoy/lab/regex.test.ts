// What the lab takes for a regular expression is what RE2 does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { regexProblem } from "./regex.ts";

test("RE2's own expressions are fine", () => {
  for (const pattern of [
    "/v\\d+/.*",
    "(?i)abc",
    "(?i:a)b",
    "[[:alpha:]]+",
    "[[:^alpha:]]",
    "(?P<name>x)y",
    "\\Qa.b\\E",
    "\\pN",
    "\\A\\z",
    "x{2,5}",
    "",
  ]) {
    assert.equal(regexProblem(pattern), null, pattern);
  }
});

test("what RE2 refuses, and what grows without measure, is said", () => {
  for (const pattern of [
    "(?=a)",
    "(?<!a)b",
    "(a)\\1",
    "(",
    "[a",
    "*a",
    "a{3,1}",
    "a\\",
    "a{2000}",
    "((a{99}){9}){9}",
  ]) {
    assert.match(regexProblem(pattern) ?? "", /./, pattern);
  }
});
