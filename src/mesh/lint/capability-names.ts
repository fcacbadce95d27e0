// The names that a host holds a list of capabilities against: host functions and the callbacks that are asked for.
import { callbacks } from "../../spec/callbacks.ts";
import { hostFunctions } from "../../spec/host-functions.ts";

/** Callbacks that a list has to name to let them through. */
export const gatedCallbacks: readonly string[] = callbacks
  .filter((row) => row.gated)
  .map((row) => row.name);

const callbackNames: ReadonlySet<string> = new Set(gatedCallbacks);
const functions: ReadonlySet<string> = new Set(
  hostFunctions.filter((row) => row.gated).map((row) => row.name),
);

export const capabilityNames: readonly string[] = [...functions, ...callbackNames];

export const isCallback = (name: string): boolean => callbackNames.has(name);

export const isCapability = (name: string): boolean =>
  functions.has(name) || callbackNames.has(name);
