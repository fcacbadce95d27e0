// Texts of the trial area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const trialTexts = {
} as const satisfies Readonly<Record<string, Text>>;
