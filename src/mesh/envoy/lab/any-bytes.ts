// The bytes that Envoy hands to a plugin for an Any: the value of a StringValue or BytesValue, a Struct as JSON.
// Envoy hands other messages over in protobuf's binary form, which the lab does not write.
import type { AnyValue } from "../read/value.ts";
import type { Lab } from "./lab.ts";

export function anyBytes(lab: Lab, any: AnyValue | undefined, field: string): Uint8Array {
  const none = new Uint8Array(0);
  if (any === undefined) return none;
  const { value } = any;
  if (value?.kind === "json") return new TextEncoder().encode(JSON.stringify(value.value));
  if (value?.kind === "scalar" && any.type.endsWith(".StringValue")) {
    return new TextEncoder().encode(String(value.value));
  }
  if (value?.kind === "scalar" && value.value instanceof Uint8Array) return value.value;
  // An unknown type has a finding of its own.
  if (value !== null) {
    const args = {
      field,
      value: any.type || "what has no type",
      supported: "google.protobuf.StringValue, BytesValue, Struct",
    };
    lab.report.add("lab-unsupported-value", "error", any.at, args);
  }
  return none;
}
