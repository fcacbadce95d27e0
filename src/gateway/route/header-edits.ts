// Header edits of virtual hosts, routes and weighted clusters, compiled: values may hold Envoy's %COMMAND%
// operators, answered by the request's context. The invariant: pseudo-headers and the host stay what they are.
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

/** All edits in order as one; the same function for none, so that callers can skip it. */
export function compileEdits(edits: readonly HeaderEdit[]): Edit {
  const compiled = edits.flatMap((edit) => compileEdit(edit) ?? []);
  if (compiled.length === 0) return NOTHING;
  return (headers, commands) => {
    for (const edit of compiled) edit(headers, commands);
  };
}

export const editsNothing = (edit: Edit): boolean => edit === NOTHING;

function compileEdit(edit: HeaderEdit): Edit | null {
  const name = edit.name.toLowerCase();
  if (name.startsWith(":") || name === "host") return null;
  if (edit.kind === "remove") return (headers) => headers.remove(name);
  const value = template(edit.value);
  const { how } = edit;
  return (headers, commands) => {
    const there = headers.get(name) !== undefined;
    if (how === "add-if-absent" && there) return;
    if (how === "overwrite-if-exists" && !there) return;
    const text = value(commands);
    // As in Envoy, a header whose value came out empty isn't sent.
    if (text === "") return;
    if (how === "append" || how === "add-if-absent") headers.add(name, text);
    else headers.set(name, text);
  };
}

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
