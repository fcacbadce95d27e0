// YAML 1.1's merge keys (`<<: *base`), which Kubernetes' tools follow and Envoy's reader does not: the map with what
// it merges written out. What a map says itself wins, and of several merged maps the first.
import type { Entry, MapTree, Tree } from "../envoy/read/tree.ts";

function merged(tree: MapTree, done: Map<Tree, Tree>): MapTree {
  const own: Entry[] = [];
  const sources: MapTree[] = [];
  for (const entry of tree.entries) {
    const value = withoutMerges(entry.value, done);
    if (entry.key !== "<<") own.push(value === entry.value ? entry : { ...entry, value });
    else if (value.kind === "map") sources.push(value);
    else if (value.kind === "list")
      sources.push(...value.items.filter((one) => one.kind === "map"));
    else own.push(entry);
  }
  const names = new Set(own.map((entry) => entry.key));
  for (const entry of sources.flatMap((source) => source.entries)) {
    if (names.has(entry.key)) continue;
    names.add(entry.key);
    own.push(entry);
  }
  return { kind: "map", at: tree.at, entries: own };
}

/** The tree with its merges followed; what an alias repeats is done once. */
export function withoutMerges(tree: Tree, done: Map<Tree, Tree> = new Map()): Tree {
  if (tree.kind === "scalar") return tree;
  const known = done.get(tree);
  if (known !== undefined) return known;
  const made: Tree =
    tree.kind === "map"
      ? merged(tree, done)
      : { kind: "list", at: tree.at, items: tree.items.map((item) => withoutMerges(item, done)) };
  done.set(tree, made);
  return made;
}
