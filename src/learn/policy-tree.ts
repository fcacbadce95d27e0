// A policy as YAML from fields with reasons: nested by their paths, in the table's order. A field that nobody
// enforces yet is written as a comment in its place: a document that set it would be refused.
import { type Field, field, fields, type Path } from "../policy/schema.ts";

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

const isLive = ({ path }: Line): boolean => field(path)!.later === undefined;

/** Whether anything in it is more than a comment. */
function live({ line, children }: Node): boolean {
  return line === null ? children.some(live) : isLive(line);
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

function render(node: Node, indent: string, commented: boolean): string[] {
  const off = commented || !live(node);
  const prefix = off ? `${indent}# ` : indent;
  const { key, line, children } = node;
  if (line === null) {
    // Inside of a commented block the mark stays where the block begins.
    const inner = children.flatMap((child) => render(child, off ? "" : `${indent}  `, false));
    if (!off) return [`${prefix}${key}:`, ...inner];
    return [`${prefix}${key}:`, ...inner.map((text) => `${prefix}  ${text.replace(/^# /, "")}`)];
  }
  if (line.value !== null) return [`${prefix}${key}: ${line.value}${comment(line.reason)}`];
  const items = (line.items ?? []).map(
    ({ text, reason }) => `${prefix}  - ${text}${comment(reason)}`,
  );
  return [`${prefix}${key}:${comment(line.reason)}`, ...items];
}

/** Lines of YAML without a line feed. */
export function policyLines(lines: readonly Line[]): readonly string[] {
  const order = new Map((fields as readonly Field[]).map(({ path }, at) => [path, at]));
  const sorted = lines.toSorted((a, b) => order.get(a.path)! - order.get(b.path)!);
  return treeOf(sorted).flatMap((node) => render(node, "", false));
}
