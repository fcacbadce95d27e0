// Text → PolicyDocument: every field that the text sets, checked and with its place, and nothing decided yet.
// The first problem ends it with one Failure at file, line and column. Resolution is in resolve.ts.
import { type Finding, fail } from "../errors/failure.ts";
import { closest } from "../util/closest.ts";
import { parseCapabilities } from "./capabilities.ts";
import { readsAsMessage } from "./grpc-target.ts";
import { readYaml } from "./read-yaml.ts";
import { type Field, field, fields, members, type Path } from "./schema.ts";
import type { PolicyDocument, Setting } from "./settings.ts";
import { found, type Tree } from "./tree.ts";
import { parseValue } from "./values.ts";

/**
 * Reads a policy from YAML or JSON text. `file` is only used to say where. Throws a Failure for the first
 * thing that is wrong, and no other error, whatever the text.
 */
export function parsePolicy(text: string, file: string): PolicyDocument {
  const tree = readYaml(text, file);
  const found = new Map<string, Setting>();
  const warnings: Finding[] = [];
  readGroup(tree, "", found, warnings);
  for (const row of fields as readonly Field[]) {
    if (row.required === true && !found.has(row.path))
      fail("policy-missing-field", { path: row.path }, tree.where);
  }
  const replaced = found.get("spec.capabilities.allow" satisfies Path);
  const extended = found.get("spec.capabilities.allow+" satisfies Path);
  if (replaced !== undefined && extended !== undefined) {
    fail(
      "policy-conflict",
      { path: "spec.capabilities.allow", other: "spec.capabilities.allow+" },
      extended.where,
    );
  }
  checkClusters(found);
  const settings = new Map<Path, Setting>();
  for (const { path } of fields) {
    const one = found.get(path);
    if (one !== undefined) settings.set(path, one);
  }
  return { file, settings, warnings };
}

function readGroup(
  tree: Tree,
  group: string,
  settings: Map<string, Setting>,
  warnings: Finding[],
): void {
  if (tree.kind !== "map") {
    fail("policy-wrong-type", { path: group, expected: "a map", found: found(tree) }, tree.where);
  }
  const known = members(group);
  for (const [key, entry] of tree.entries) {
    const path = group === "" ? key : `${group}.${key}`;
    if (!known.includes(key))
      fail("policy-unknown-key", { path: cut(path), closest: suggest(key, group) }, entry.where);
    const row = field(path);
    if (row === undefined) {
      readGroup(entry.tree, path, settings, warnings);
      continue;
    }
    const value =
      row.kind === "capabilities"
        ? parseCapabilities(row, entry.tree, warnings)
        : parseValue(row, entry.tree);
    settings.set(path, { value, where: entry.where });
  }
}

/** A gRPC call's target may be a message where the ABI has a name (rule A17): no name may be one. */
function checkClusters(found: ReadonlyMap<string, Setting>): void {
  const path = "spec.dispatch.clusters" satisfies Path;
  const list = (at: Path) => (found.get(at)?.value ?? []) as readonly string[];
  const calls = [...list("spec.capabilities.allow"), ...list("spec.capabilities.allow+")];
  if (!calls.includes("proxy_grpc_call") && !calls.includes("proxy_grpc_stream")) return;
  const name = list(path).find((one) => readsAsMessage(Buffer.from(one)));
  if (name === undefined) return;
  fail("policy-cluster-is-message", { path, name: cut(name) }, found.get(path)!.where);
}

/** A neighbour that is spelt alike, else a field of that name elsewhere, else all neighbours. */
function suggest(key: string, group: string): string {
  const neighbours = members(group);
  const full = (name: string) => (group === "" ? name : `${group}.${name}`);
  const near = closest(key, neighbours);
  if (near !== undefined) return full(near);
  const elsewhere = fields.find((row) => row.path.endsWith(`.${key}`));
  return elsewhere?.path ?? neighbours.map(full).join(" or ");
}

function cut(path: string): string {
  return path.length > 100 ? `${path.slice(0, 97)}...` : path;
}
