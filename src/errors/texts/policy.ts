// Texts of the policy area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const policyTexts = {
} as const satisfies Readonly<Record<string, Text>>;
