// Texts of the host area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const hostTexts = {
} as const satisfies Readonly<Record<string, Text>>;
