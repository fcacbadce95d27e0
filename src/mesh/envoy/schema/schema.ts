// Look-up in the table of Envoy's API, and of the kinds that meshes write it in. The text is indexed once, by line; a
// message is taken apart when it is first asked for, so that a start pays only for what a configuration uses.
import { envoyApi } from "../../../spec/envoy-api.ts";
import { meshApi } from "../../../spec/mesh-api.ts";
import { type EnumRow, type MessageRow, readEnum, readMessage } from "./row.ts";

interface Line {
  readonly kind: string;
  readonly pkg: string;
  readonly words: string;
}

let index: ReadonlyMap<string, Line> | undefined;
const messages = new Map<string, MessageRow>();
const enums = new Map<string, EnumRow>();

function lines(): ReadonlyMap<string, Line> {
  if (index !== undefined) return index;
  const found = new Map<string, Line>();
  let pkg = "";
  for (const line of `${envoyApi}\n${meshApi}`.split("\n")) {
    const rest = line.slice(2);
    if (line.startsWith("p ")) {
      pkg = rest;
      continue;
    }
    const end = rest.indexOf(" ");
    const name = end < 0 ? rest : rest.slice(0, end);
    const words = end < 0 ? "" : rest.slice(end + 1);
    if (name !== "") found.set(`${pkg}.${name}`, { kind: line[0]!, pkg, words });
  }
  index = found;
  return found;
}

const split = (words: string): readonly string[] => (words === "" ? [] : words.split(" "));

/** A message of Envoy's API by its full name; undefined where there is none. */
export function messageOf(name: string): MessageRow | undefined {
  const known = messages.get(name);
  if (known !== undefined) return known;
  const line = lines().get(name);
  if (line?.kind !== "m") return undefined;
  const row = readMessage(name, line.pkg, split(line.words));
  messages.set(name, row);
  return row;
}

/** An enum of Envoy's API by its full name; undefined where there is none. */
export function enumOf(name: string): EnumRow | undefined {
  const known = enums.get(name);
  if (known !== undefined) return known;
  const line = lines().get(name);
  if (line?.kind !== "e") return undefined;
  const row = readEnum(name, split(line.words));
  enums.set(name, row);
  return row;
}

/** The full names of all of Envoy's messages. */
export function messageNames(): readonly string[] {
  return [...lines()]
    .filter(([name, line]) => line.kind === "m" && !name.startsWith("mesh."))
    .map(([name]) => name);
}

/** The full names of all enums. */
export function enumNames(): readonly string[] {
  return [...lines()].filter(([, line]) => line.kind === "e").map(([name]) => name);
}
