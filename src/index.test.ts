import assert from "node:assert/strict";
import { test } from "node:test";
import * as facade from "./index.ts";

test("the facade exports exactly these values", () => {
  assert.deepEqual(Object.keys(facade).sort(), [
    "Failure",
    "contain",
    "inspect",
    "leastPolicy",
    "loadPolicy",
    "policyFromRole",
    "renderFailure",
    "renderFinding",
    "verify",
  ]);
});
