// Texts of the module server; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const serveTexts = {
  "serve-port": {
    text: "cannot listen on {address}: {reason}",
    hint: "End whoever listens there, or give --listen another address",
    blame: "environment",
    exit: 5,
  },
  "serve-tls": {
    text: "the certificate {certificate} and the key {key} cannot be used: {reason}",
    hint: "Give both as PEM: the certificate with its chain behind it, and the key that belongs to it without a passphrase",
    blame: "input",
    exit: 3,
  },
  "serve-tls-time": {
    text: "the certificate {certificate} holds from {from} to {to}, and now is {now}",
    hint: "Every client would refuse it: renew it, or set this machine's clock right",
    blame: "input",
    exit: 3,
  },
  "serve-plain": {
    text: "there is no certificate to serve with",
    hint: "Give --tls-cert and --tls-key; or --plain-http, where something in front of it speaks TLS",
    blame: "usage",
    exit: 2,
  },
  "serve-no-source": {
    text: "the policy {name} does not say where its plugin comes from",
    hint: "Give it spec.source.url: a file, https://, oci:// or oci-layout:",
    blame: "input",
    exit: 3,
  },
  "serve-twice": {
    text: "{first} and {second} are both policies of {name}",
    hint: "A plugin is served under its policy's metadata.name: give each a name of its own",
    blame: "input",
    exit: 3,
  },
  "serve-name": {
    text: "{name} can't be the name of a repository",
    hint: "Plugins are served under metadata.name: lower-case letters and digits, with . _ - between them",
    blame: "input",
    exit: 3,
  },
  "serve-not-contained": {
    text: "{name} was hardened before, but not under this policy: {first}",
    hint: "Give the plugin as its author shipped it, or the policy that it was hardened under",
    blame: "input",
    exit: 3,
  },
  "serve-thread": {
    text: "the thread that hardens ended: {reason}",
    hint: "What was served stays; if it comes again, report it with the plugin",
    blame: "glovebox",
    exit: 70,
  },
  "serve-lost": {
    text: "{digest} of {name} is neither in memory nor in {store}",
    hint: "It is made again from its source; where that has other content by now, restart with what is still wanted",
    blame: "environment",
    exit: 5,
  },
} as const satisfies Readonly<Record<string, Text>>;
