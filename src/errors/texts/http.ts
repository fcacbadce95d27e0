// Texts of the lab's HTTP engine: listening, certificates, expressions of routes.
import type { Text } from "../catalogue.ts";

export const httpTexts = {
  "port-in-use": {
    text: "{address} is in use: another process listens there already",
    hint: "Stop the other process, or give the listener another port (0 picks a free one)",
    blame: "environment",
    exit: 5,
  },
  "listen-refused": {
    text: "cannot listen on {address}: {reason}",
    hint: "Ports below 1024 need a privilege; an address must be one of this machine's own",
    blame: "environment",
    exit: 5,
  },
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
  "header-command-unknown": {
    text: "the header value {value} names %{command}%, which is not offered here",
    hint: "See the header operators in the lab's reference; write %% for a percent sign",
    blame: "input",
    exit: 3,
  },
} as const satisfies Readonly<Record<string, Text>>;
