// Texts of the inspect area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const inspectTexts = {
} as const satisfies Readonly<Record<string, Text>>;
