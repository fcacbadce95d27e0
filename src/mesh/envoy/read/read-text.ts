// A configuration's text, YAML or JSON → a tree with positions, within bounds: bytes, depth, and the number of
// values that aliases expand to. What is no such text ends in one Failure with its place, never another error.
import { fail } from "../../../errors/failure.ts";
import { readJson } from "./read-json.ts";
import { type MapTree, type Source, sourceOf, type Tree, whereOf } from "./tree.ts";
import { readYaml } from "./yaml/read-yaml.ts";

/** The most bytes of text that are read unless the caller says otherwise. */
export const MAX_BYTES = 2 * 1024 * 1024;

export interface Text {
  readonly source: Source;
  readonly root: MapTree;
}

/**
 * Reads one document. A text that opens with a brace and is JSON is read as JSON, which takes a hundredth of the
 * time. Throws `envoy-too-large`, `envoy-bad-yaml`, `envoy-too-many-values`, `envoy-too-deep`, `envoy-empty`.
 */
export function readText(text: string, file: string, maxBytes = MAX_BYTES): Text {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) fail("envoy-too-large", { bytes, max: maxBytes }, { at: "file", file });
  const plain = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const source = sourceOf(plain, file);
  const root: Tree | undefined = readJson(plain, source) ?? readYaml(plain, source);
  if (root === undefined || (root.kind === "scalar" && root.value === null)) {
    return fail("envoy-empty", {}, { at: "file", file });
  }
  if (root.kind === "map") return { source, root };
  return fail("envoy-bad-yaml", { reason: "a map was expected" }, whereOf(source, root.at));
}
