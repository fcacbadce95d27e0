// Texts of the codec: bytes that are not a module Glovebox can read. See catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

const REBUILD = "Rebuild the plugin, or check that the download is complete";
const SHRINK = "Build the plugin smaller; nothing beyond this limit is read";

export const wasmTexts = {
  "wasm-not-wasm": {
    text: "not a WebAssembly module: expected the bytes 00 61 73 6d, found {found}",
    hint: "Name a .wasm file; compressed or text files must be converted first",
    blame: "input",
    exit: 3,
  },
  "wasm-version": { text: "unknown binary version: expected 01 00 00 00, found {found}", hint: "Build the plugin for core WebAssembly 1.0 or 2.0", blame: "input", exit: 3 },
  "wasm-component": {
    text: "this is a WebAssembly component, not a core module",
    hint: "proxy-wasm hosts load core modules: extract the core module, or build without the component model",
    blame: "input",
    exit: 3,
  },
  "wasm-truncated": { text: "the file ends inside {what}", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-leb": { text: "{what} is not a valid LEB128 integer of {bits} bits", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-section-unknown": { text: "unknown section id {id}", hint: "Build the plugin without experimental features", blame: "input", exit: 3 },
  "wasm-section-order": { text: "the {section} section stands after the {previous} section, or twice", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-section-size": { text: "the {section} section says {said} bytes but its content takes {took}", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-utf8": { text: "{what} is not valid UTF-8", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-limit": { text: "{what}: {found}, the limit is {limit}", hint: SHRINK, blame: "input", exit: 3 },
  "wasm-malformed": { text: "{what}: expected {expected}, found {found}", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-index": { text: "{what} {index} does not exist: there are {count}", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-count": { text: "{what}: {left} in one place, {right} in the other", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-duplicate-export": { text: "two exports are named {name}", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-feature": {
    text: "uses {feature}, which Glovebox refuses",
    hint: "Build without it: the gate is MVP, sign extension, saturating truncation, multi-value, bulk memory, funcref tables and SIMD",
    blame: "input",
    exit: 3,
  },
  "wasm-opcode": { text: "unknown opcode {opcode}", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-body": { text: "the body is not well formed: {what}", hint: REBUILD, blame: "input", exit: 3 },
  "wasm-invalid": { text: "the engine refuses the module: {reason}", hint: REBUILD, blame: "input", exit: 3 },
} as const satisfies Readonly<Record<string, Text>>;
