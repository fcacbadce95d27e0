// Small changes to decoded modules, for targets that need a module to be observable or to fit the gate.

import { FUNCREF, V128 } from "../../src/spec/binary.ts";
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import type { Bodies, Module } from "../../src/wasm/module.ts";

/** Bodies in one buffer, as modules keep them. */
export function joinBodies(code: readonly Uint8Array[]): Bodies {
  const start = new Uint32Array(code.length);
  const end = new Uint32Array(code.length);
  let size = 0;
  code.forEach((body, i) => {
    start[i] = size;
    size += body.length;
    end[i] = size;
  });
  const all = new Uint8Array(size);
  code.forEach((body, i) => {
    all.set(body, start[i]);
  });
  return { code: all, start, end };
}

/** The name under which `showStart` exports a start function. */
export const STARTED = "started";

/** A module whose start function is an export instead, so that its host has a memory to look at. */
export function showStart(bytes: Uint8Array): Uint8Array {
  const module: Module = decode(bytes);
  if (module.start === null) return bytes;
  const start = { name: STARTED, kind: "func" as const, index: module.start };
  return emit({ ...module, start: null, exports: [...module.exports, start] }).slice();
}

/** Prefix of the exports that show every global to the host. */
export const SHOWN = "shown";

/** Exports each global that a host can read, as `shown0` and so on: the code stays what it was. */
export function showGlobals(bytes: Uint8Array): Uint8Array {
  const module: Module = decode(bytes);
  const shown = module.globals.flatMap(({ type }, index) =>
    type === V128 || type === FUNCREF
      ? []
      : [{ name: `${SHOWN}${index}`, kind: "global" as const, index }],
  );
  return emit({ ...module, exports: [...module.exports, ...shown] }).slice();
}
