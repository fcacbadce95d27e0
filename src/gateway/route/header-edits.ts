// Header edits of virtual hosts, routes and weighted clusters, compiled: values may hold Envoy's %COMMAND%
// operators, answered by the request's context. The order of a level is Envoy's: removals, then all values are made of
// what is there, then what overwrites, then what is added. The invariant: pseudo-headers and the host stay what they are.
import type { HeaderMap } from "../../host/header-map.ts";
import type { HeaderEdit } from "../../mesh/envoy/lab-config.ts";
import { commandPattern } from "../../spec/log-commands.ts";
import { bytesText } from "./bytes-text.ts";

/** What commands name of a request; null or `-` where there is nothing. */
export interface Commands {
  command(name: string): string | null;
}

export type Edit = (headers: HeaderMap, commands: Commands) => void;

const NOTHING: Edit = () => {};

/** One level's edits as one; the same function for none, so that callers can skip it. */
export function compileEdits(edits: readonly HeaderEdit[]): Edit {
  const removed: string[] = [];
  const added: Added[] = [];
  for (const edit of edits) {
    const name = edit.name.toLowerCase();
    if (name.startsWith(":") || name === "host") continue;
    if (edit.kind === "remove") removed.push(name);
    else added.push({ name, how: edit.how, value: template(edit.value) });
  }
  if (removed.length + added.length === 0) return NOTHING;
  return (headers, commands) => {
    for (const name of removed) headers.remove(name);
    // What one edit adds is no part of what the next one finds there.
    const values = added.map((one) => (applies(one, headers) ? one.value(commands) : ""));
    for (const [i, { name, how }] of added.entries()) {
      if (values[i] !== "" && how.startsWith("overwrite")) headers.set(name, values[i]!);
    }
    // As in Envoy, a header whose value came out empty isn't sent.
    for (const [i, { name, how }] of added.entries()) {
      if (values[i] !== "" && !how.startsWith("overwrite")) headers.add(name, values[i]!);
    }
  };
}

interface Added {
  readonly name: string;
  readonly how: Extract<HeaderEdit, { kind: "set" }>["how"];
  readonly value: (commands: Commands) => string;
}

function applies({ name, how }: Added, headers: HeaderMap): boolean {
  if (how === "append" || how === "overwrite-or-add") return true;
  return (headers.get(name) !== undefined) === (how === "overwrite-if-exists");
}

/** Several levels' edits, one level after the other. */
export function joinLevels(levels: readonly Edit[]): Edit {
  const all = levels.filter((edit) => edit !== NOTHING);
  if (all.length === 0) return NOTHING;
  if (all.length === 1) return all[0]!;
  return (headers, commands) => {
    for (const edit of all) edit(headers, commands);
  };
}

export const editsNothing = (edit: Edit): boolean => edit === NOTHING;

function template(value: string): (commands: Commands) => string {
  const pieces: (string | { readonly command: string })[] = [];
  let at = 0;
  for (const match of value.matchAll(commandPattern)) {
    pieces.push(bytesText(value.slice(at, match.index)));
    pieces.push(match[0] === "%%" ? "%" : { command: match[0].slice(1, -1) });
    at = match.index + match[0].length;
  }
  pieces.push(bytesText(value.slice(at)));
  if (pieces.every((piece) => typeof piece === "string")) {
    const text = pieces.join("");
    return () => text;
  }
  return (commands) =>
    pieces
      .map((piece) => {
        if (typeof piece === "string") return piece;
        const text = commands.command(piece.command);
        return text === null || text === "-" ? "" : text;
      })
      .join("");
}
