// core.v3.DataSource: bytes in the configuration, in a file or in the environment.

import { shortName } from "../read/check.ts";
import type { Lab } from "./lab.ts";
import type { Picker } from "./picker.ts";

/** The bytes of a data source; undefined, and a finding, where they cannot be had. */
export function readData(lab: Lab, source: Picker | undefined): Uint8Array | undefined {
  if (source === undefined) return undefined;
  const inline = source.bytes("inline_bytes");
  if (inline !== undefined) return inline;
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (source.has("inline_string")) return encode(source.text("inline_string"));
  if (source.has("environment_variable")) {
    const name = source.text("environment_variable");
    const value = lab.io.env(name);
    if (value !== undefined) return encode(value);
    return unreadable(lab, source, "environment_variable", name, "it is not set");
  }
  const path = source.text("filename");
  if (path === "") return undefined;
  try {
    return lab.io.readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return unreadable(lab, source, "filename", path, reason);
  }
}

function unreadable(
  lab: Lab,
  source: Picker,
  field: string,
  what: string,
  reason: string,
): undefined {
  const name = `${shortName(source.type)}.${field}`;
  lab.report.add("envoy-unreadable", "error", source.offset(field), { field: name, what, reason });
}

/** The same as text. */
export function readText(lab: Lab, source: Picker | undefined): string | undefined {
  const bytes = readData(lab, source);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
