// The row of `serve` in the command table.
import { type Consumer, consumers } from "../spec/image-layouts.ts";
import type { CommandRow } from "./command-row.ts";
import { remoteFlags } from "./oci-rows.ts";

export const serveRow = {
  summary: "the module server for meshes: hardened plugins by digest, over HTTPS and as a registry",
  detail:
    "Fetches the plugin of every policy (spec.source), checks its pins and signatures, hardens it under the policy, verifies, and serves: the module at /modules/SHA256.wasm for Envoy's code.remote and other https:// consumers, and a read-only OCI registry with a repository for each plugin for oci:// consumers, with the tags latest, istio, envoy-gateway and cncf. Prints the address and both digests of every plugin, as `glovebox generate --url` takes them. A source that isn't pinned is looked at again; a new content that is bad is refused, and the old one stays. /healthz, /readyz and /metrics say how it is. SIGHUP looks at once; SIGTERM and SIGINT answer what is in flight first, a second one ends at once.",
  args: [],
  flags: [
    {
      name: "policy",
      short: "p",
      value: "FILE",
      summary: "the policy of a plugin, with its spec.source.url",
      many: true,
    },
    {
      name: "lock",
      value: "FILE",
      summary: "serve only what this lock has for each policy",
    },
    {
      name: "listen",
      value: "HOST:PORT",
      summary: "where to listen; without it 127.0.0.1:8443",
    },
    { name: "tls-cert", value: "FILE", summary: "the certificate (PEM), its chain behind it" },
    { name: "tls-key", value: "FILE", summary: "its key (PEM)" },
    {
      name: "url",
      value: "URL",
      summary: "the address that consumers reach it by, for what is printed; without it --listen",
    },
    {
      name: "for",
      value: "CONSUMER",
      summary: "whose layout the tag latest has; without it istio",
      choices: Object.keys(consumers) as readonly Consumer[],
    },
    {
      name: "store",
      value: "REF",
      summary:
        "where content lies beside memory, oci-layout:DIR or oci://HOST/PREFIX, a repository for each plugin; without it the cache on disk",
    },
    {
      name: "memory",
      value: "SIZE",
      summary: "verified content that stays in memory; without it 256MiB",
    },
    {
      name: "refresh",
      value: "TIME",
      summary:
        "how often sources that aren't pinned are looked at, such as 30s or 1h, or never; without it 5m",
    },
    {
      name: "log-format",
      value: "FORMAT",
      summary: "how log lines are written; without it text, with --json json",
      choices: ["text", "json"],
    },
    { name: "access-log", summary: "a line for every answer" },
    { name: "check", summary: "fetch, check and harden, print what would be served, and end" },
    ...remoteFlags.map((row) =>
      row.name === "plain-http"
        ? {
            ...row,
            summary:
              "let registries and URLs be called without TLS, and serve without it where no certificate is given",
          }
        : row,
    ),
  ],
  examples: [
    {
      line: "glovebox serve -p auth.yaml -p logging.yaml --listen 0.0.0.0:8443 --tls-cert tls.crt --tls-key tls.key --url https://modules.example.com",
      does: "two plugins for a mesh",
    },
    {
      line: "glovebox serve -p auth.yaml --plain-http --listen 127.0.0.1:8080",
      does: "on this machine, without TLS",
    },
    {
      line: "glovebox serve -p auth.yaml --store oci://registry.example.com/contained --tls-cert tls.crt --tls-key tls.key",
      does: "with a registry behind it, and what is signed there",
    },
    {
      line: "glovebox serve -p auth.yaml --check --json",
      does: "both digests, as a gate of CI",
    },
  ],
  exits: [1, 3, 4, 5, 130, 143],
} as const satisfies CommandRow;
