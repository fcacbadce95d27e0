// Texts of the lab's HTTP engine: certificates, expressions of routes.
import type { Text } from "../catalogue.ts";

export const httpTexts = {
  "certificate-refused": {
    text: "the certificate or key of {name} cannot be used: {reason}",
    hint: "Give both as PEM, the certificate with its chain first, and the key that belongs to it without a passphrase",
    blame: "input",
    exit: 3,
  },
  "regex-refused": {
    text: "the regular expression {pattern} is refused: {reason}",
    hint: "Write it in RE2's syntax, as Envoy takes it: no look-around, no back-references, repetitions up to 1000",
    blame: "input",
    exit: 3,
  },
} as const satisfies Readonly<Record<string, Text>>;
