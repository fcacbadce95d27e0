// Texts of the wasm area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const wasmTexts = {
} as const satisfies Readonly<Record<string, Text>>;
