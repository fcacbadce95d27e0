// Headers to add and to remove, of routes, virtual hosts and weighted clusters.
import type { HeaderEdit, HeaderEdits } from "../lab-config.ts";
import { checkFormat } from "./formats.ts";
import type { Picker } from "./picker.ts";

const actions = {
  "": "append",
  APPEND_IF_EXISTS_OR_ADD: "append",
  ADD_IF_ABSENT: "add-if-absent",
  OVERWRITE_IF_EXISTS_OR_ADD: "overwrite-or-add",
  OVERWRITE_IF_EXISTS: "overwrite-if-exists",
} as const;

function readAdded(option: Picker): HeaderEdit[] {
  const header = option.child("header");
  if (header === undefined) return [];
  const raw = header.bytes("raw_value");
  const value = raw === undefined ? header.text("value") : new TextDecoder().decode(raw);
  checkFormat(header, raw === undefined ? "value" : "raw_value", value);
  const action = actions[option.choice("append_action") as keyof typeof actions] ?? "append";
  // The old flag says the same by true and false.
  const how = option.has("append") && !option.flag("append") ? "overwrite-or-add" : action;
  return [{ kind: "set", name: header.text("key").toLowerCase(), value, how }];
}

/** Removals come first, as in Envoy: what is removed can be added anew. */
function readEdits(message: Picker, side: "request" | "response"): readonly HeaderEdit[] {
  const removed = message
    .texts(`${side}_headers_to_remove`)
    .map((name): HeaderEdit => ({ kind: "remove", name: name.toLowerCase() }));
  return [...removed, ...message.messages(`${side}_headers_to_add`).flatMap(readAdded)];
}

/** The edits of a message that has the four fields. */
export function readHeaderEdits(message: Picker): HeaderEdits {
  return { request: readEdits(message, "request"), response: readEdits(message, "response") };
}

/** Those of `inner` first, then those of what it stands in. */
export function joinEdits(inner: HeaderEdits, outer: HeaderEdits): HeaderEdits {
  return {
    request: [...inner.request, ...outer.request],
    response: [...inner.response, ...outer.response],
  };
}
