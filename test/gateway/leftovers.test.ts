// What is left of plugins that a new version doesn't have any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Leftovers } from "../../src/gateway/control/leftovers.ts";

const plugin = (name: string, vmId = "", semantics: "glovebox" | "stock" = "glovebox") => ({
  config: { name, vmId },
  semantics,
});

function recorded() {
  const dropped: string[] = [];
  return { dropped, leftovers: new Leftovers({ drop: (name) => void dropped.push(name) }) };
}

test("a vm_id that no plugin has any more is given back, one that another plugin has is kept", () => {
  const { dropped, leftovers } = recorded();
  leftovers.replaced(
    [plugin("a", "one"), plugin("b", "two"), plugin("c", "two"), plugin("d")],
    [plugin("c", "two")],
  );
  assert.deepEqual(dropped, ["one", "plugin d"]);
});

test("what is gone is given back with each later version, until a plugin has it again", () => {
  const { dropped, leftovers } = recorded();
  leftovers.replaced([plugin("a", "one")], []);
  leftovers.replaced([], [plugin("b")]);
  leftovers.replaced([plugin("b")], [plugin("b"), plugin("a", "one")]);
  assert.deepEqual(dropped, ["one", "one"]);
});

test("as shipped, plugins without a vm_id have one namespace, which goes with the last of them", () => {
  const { dropped, leftovers } = recorded();
  leftovers.replaced(
    [plugin("a", "", "stock"), plugin("b", "", "stock")],
    [plugin("b", "", "stock")],
  );
  assert.deepEqual(dropped, []);
  leftovers.replaced([plugin("b", "", "stock")], []);
  assert.deepEqual(dropped, [""]);
});
