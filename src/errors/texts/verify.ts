// Texts of the verify area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const verifyTexts = {
} as const satisfies Readonly<Record<string, Text>>;
