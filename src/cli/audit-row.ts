// The row of `audit` in the command table.
import type { CommandRow } from "./command-row.ts";
import { remoteFlags } from "./oci-rows.ts";

export const auditRow = {
  summary: "every plugin in force: where it comes from, what it may do, what a trap does, its risk",
  detail:
    "Reads manifests of every mesh's dialect and Envoy's own configuration, a live Envoy's /config_dump, or a cluster through the Kubernetes API with your kubeconfig. Says of each plugin its source and digest, whether its module is hardened and keeps a policy where it is at hand (a file, the cache, with --fetch its registry), what it may call, what a trap does, with whom it may share a VM or data, and a risk in one word with its reasons. Values of configuration and variables are never shown.",
  args: [
    {
      name: "targets",
      summary: "files, folders, - for standard input, or the address of an Envoy's admin",
      required: false,
      many: true,
    },
  ],
  flags: [
    { name: "cluster", summary: "the cluster of your kubeconfig's context" },
    { name: "kubeconfig", value: "FILE", summary: "instead of $KUBECONFIG or ~/.kube/config" },
    { name: "context", value: "NAME", summary: "instead of the kubeconfig's current one" },
    {
      name: "format",
      value: "FORMAT",
      summary: "how it is printed; without it text",
      choices: ["text", "json", "html"],
    },
    {
      name: "fail-on",
      value: "RISK",
      summary: "end with 1 where a plugin is of this risk or worse, or something could not be read",
      choices: ["severe", "high", "medium", "low"],
    },
    {
      name: "modules",
      value: "FOLDER",
      summary: "where plugins' .wasm files are, found by their digest or name",
    },
    {
      name: "fetch",
      summary: "ask registries and servers for modules; without it only files and the cache",
    },
    {
      name: "policy",
      short: "p",
      value: "FILE",
      summary: "the policy that modules have to be contained under",
    },
    ...remoteFlags,
    { name: "output", short: "o", value: "FILE", summary: "write it there" },
  ],
  examples: [
    { line: "glovebox audit http://127.0.0.1:9901", does: "a live Envoy" },
    { line: "glovebox audit deploy/ --fail-on high", does: "manifests, as a gate of CI" },
    {
      line: "glovebox audit --cluster --format html -o plugins.html",
      does: "a cluster, as a page for a meeting",
    },
  ],
  exits: [1, 3, 4, 5],
} as const satisfies CommandRow;
