// Texts of the trial area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const trialTexts = {
  "trial-not-contained": {
    text: "the plugin can't be contained under this policy ({code}): {message}",
    hint: "Run `glovebox explain {code}`; there is nothing to measure until it is hardened",
    blame: "input",
    exit: 3,
  },
} as const satisfies Readonly<Record<string, Text>>;
