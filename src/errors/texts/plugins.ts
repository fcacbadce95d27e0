// Texts of the plugins that come with the sources (samples, adversaries, fixtures); see catalogue.ts.
import type { Text } from "../catalogue.ts";

export const pluginsTexts = {
  "plugin-not-compiled": {
    text: "the plugin {path} does not compile: {reason}",
    hint: "Correct the source; if it was not touched, run `npm ci` to restore the compilers",
    blame: "glovebox",
    exit: 70,
  },
  "plugin-unknown": {
    text: "there is no plugin named {name}",
    hint: "The names are in plugins/catalog.ts",
    blame: "usage",
    exit: 2,
  },
  "fixture-not-built": {
    text: "the test plugin {name} cannot be built: {reason}",
    hint: "Install the toolchain, or run `npm run test:interop`, which fetches it into the cache",
    blame: "environment",
    exit: 5,
  },
} as const satisfies Readonly<Record<string, Text>>;
