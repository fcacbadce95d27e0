// A policy as YAML from fields with reasons: nested by their paths, in the table's order.
import { type Field, fields, type Path } from "../policy/schema.ts";

export interface Line {
  readonly path: Path;
  /** The value as YAML; null for a list, whose items stand below. */
  readonly value: string | null;
  readonly items?: readonly { readonly text: string; readonly reason: string | null }[];
  readonly reason: string | null;
}

interface Node {
  readonly key: string;
  readonly line: Line | null;
  readonly children: Node[];
}

function treeOf(lines: readonly Line[]): Node[] {
  const root: Node[] = [];
  for (const line of lines) {
    const keys = line.path.split(".");
    let level = root;
    for (const key of keys.slice(0, -1)) {
      let node = level.find((one) => one.key === key && one.line === null);
      if (node === undefined) {
        node = { key, line: null, children: [] };
        level.push(node);
      }
      level = node.children;
    }
    level.push({ key: keys.at(-1)!, line, children: [] });
  }
  return root;
}

const comment = (reason: string | null): string => (reason === null ? "" : ` # ${reason}`);

function render({ key, line, children }: Node, indent: string): string[] {
  if (line === null) {
    return [`${indent}${key}:`, ...children.flatMap((child) => render(child, `${indent}  `))];
  }
  if (line.value !== null) return [`${indent}${key}: ${line.value}${comment(line.reason)}`];
  const items = (line.items ?? []).map(
    ({ text, reason }) => `${indent}  - ${text}${comment(reason)}`,
  );
  return [`${indent}${key}:${comment(line.reason)}`, ...items];
}

/** Lines of YAML without a line feed. */
export function policyLines(lines: readonly Line[]): readonly string[] {
  const order = new Map((fields as readonly Field[]).map(({ path }, at) => [path, at]));
  const sorted = lines.toSorted((a, b) => order.get(a.path)! - order.get(b.path)!);
  return treeOf(sorted).flatMap((node) => render(node, ""));
}
