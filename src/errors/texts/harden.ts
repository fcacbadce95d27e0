// Texts of the harden area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const hardenTexts = {
} as const satisfies Readonly<Record<string, Text>>;
