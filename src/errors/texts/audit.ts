// Texts of auditing what is in force; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const auditTexts = {
  "audit-unreachable": {
    text: "{host} can't be asked: {reason}",
    hint: "Check the address; an Envoy's admin listens on its own address, and kubectl port-forward reaches one in a cluster",
    blame: "remote",
    exit: 4,
  },
  "audit-status": {
    text: "{host} answered {status} to GET {path}",
    hint: "For an Envoy give the address of its admin; for a cluster ask for the right to list these objects",
    blame: "remote",
    exit: 4,
  },
  "audit-too-large": {
    text: "the answer of {host} is larger than {limit} bytes",
    hint: "Save it to a file and audit that, or ask for a part: /config_dump?resource=dynamic_listeners",
    blame: "remote",
    exit: 4,
  },
  "audit-not-dump": {
    text: "what {host} answers to GET {path} is no config_dump",
    hint: "Give the address of an Envoy's admin; files are audited by their path",
    blame: "remote",
    exit: 4,
  },
  "audit-not-list": {
    text: "what {host} answers to GET {path} is no list of objects",
    hint: "Check the server of the kubeconfig's context; a proxy before it may answer in its place",
    blame: "remote",
    exit: 4,
  },
  "audit-kubeconfig": {
    text: "{file} can't be used as a kubeconfig: {reason}",
    hint: "Name another with --kubeconfig, or another context with --context",
    blame: "input",
    exit: 3,
  },
  "audit-kubeconfig-program": {
    text: "user {user} of the kubeconfig gets its credentials from a program, which is not run",
    hint: "Save the objects instead: kubectl get wasmplugins,envoyfilters -A -o yaml | glovebox audit -",
    blame: "environment",
    exit: 5,
  },
  "audit-nothing": {
    text: "nothing is named to audit",
    hint: "Name files or folders, - for standard input, the address of an Envoy's admin, or --cluster",
    blame: "usage",
    exit: 2,
  },
} as const satisfies Readonly<Record<string, Text>>;
