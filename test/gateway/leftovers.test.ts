// What is left of plugins that a version doesn't have any more, or that was never used.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Leftovers } from "../../src/gateway/control/leftovers.ts";

const plugin = (name: string, vmId = "", semantics: "glovebox" | "stock" = "glovebox") => ({
  config: { name, vmId },
  semantics,
});
type Plugins = readonly ReturnType<typeof plugin>[];

/** Two threads that do as they are told, and say what they hold. */
class Bench {
  readonly dropped: string[] = [];
  readonly leftovers = new Leftovers({ drop: (name) => void this.dropped.push(name) });
  #versions = 0;

  give(plugins: Plugins): number {
    const number = ++this.#versions;
    this.leftovers.given([1, 2], number, plugins);
    return number;
  }

  /** A version that is used by both at once. */
  use(plugins: Plugins, ...holds: string[]): void {
    const number = this.give(plugins);
    for (const thread of [1, 2]) this.leftovers.holds(thread, number, holds);
    this.leftovers.used(plugins);
  }
}

test("a vm_id that no plugin has any more is given back, one that another plugin has is kept", () => {
  const bench = new Bench();
  bench.use(
    [plugin("a", "one"), plugin("b", "two"), plugin("c", "two"), plugin("d")],
    ...["one", "two", "plugin d"],
  );
  bench.use([plugin("c", "two")], "two");
  assert.deepEqual(bench.dropped, ["one", "plugin d"]);
});

test("a namespace is kept as long as a request of one thread holds it, and given back once", () => {
  const bench = new Bench();
  bench.use([plugin("a", "one")], "one");
  bench.use([], "one");
  bench.leftovers.holds(1, 2, []);
  assert.deepEqual(bench.dropped, []);
  bench.use([plugin("b")], "one", "plugin b");
  bench.leftovers.holds(1, 3, ["plugin b"]);
  assert.deepEqual(bench.dropped, []);
  bench.leftovers.holds(2, 3, ["plugin b"]);
  bench.use([]);
  assert.deepEqual(bench.dropped, ["one", "plugin b"]);
});

test("a namespace that comes back before its last request is over is not given back", () => {
  const bench = new Bench();
  bench.use([plugin("a", "one")], "one");
  bench.use([], "one");
  bench.use([plugin("a", "one")], "one");
  assert.deepEqual(bench.dropped, []);
});

test("what a thread holds counts for nothing when the thread has ended", () => {
  const bench = new Bench();
  bench.use([plugin("a", "one")], "one");
  bench.use([], "one");
  bench.leftovers.holds(1, 2, []);
  bench.leftovers.ended(2);
  assert.deepEqual(bench.dropped, ["one"]);
});

test("what only a refused version had is given back when every thread has given it up, not before", () => {
  const bench = new Bench();
  bench.use([plugin("a", "one")], "one");
  const refused = bench.give([plugin("a", "one"), plugin("b", "two")]);
  bench.leftovers.holds(1, refused, ["one"]);
  assert.deepEqual(bench.dropped, [], "the other may still be making it");
  bench.leftovers.holds(2, refused, ["one"]);
  assert.deepEqual(bench.dropped, ["two"]);
});

test("as shipped, plugins without a vm_id have one namespace, which goes with the last of them", () => {
  const bench = new Bench();
  bench.use([plugin("a", "", "stock"), plugin("b", "", "stock")], "");
  bench.use([plugin("b", "", "stock")], "");
  assert.deepEqual(bench.dropped, []);
  bench.use([]);
  assert.deepEqual(bench.dropped, [""]);
});
