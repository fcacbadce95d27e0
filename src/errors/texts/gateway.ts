// Texts of the lab gateway; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const gatewayTexts = {
  "gateway-port": {
    text: "cannot listen on {address}: {reason}",
    hint: "End whoever listens there, or give the listener (or --admin) another address",
    blame: "environment",
    exit: 5,
  },
  "gateway-config": {
    text: "{file} can't be served: {count} errors",
    hint: "Each is listed above with its line",
    blame: "input",
    exit: 3,
  },
  "gateway-thread": {
    text: "thread {thread} ended before it was ready: {reason}",
    hint: "Run it again with fewer threads (--concurrency); if that doesn't help, report it",
    blame: "environment",
    exit: 5,
  },
  "gateway-copies": {
    text: "threads can't be given listening sockets of their own: {reason}",
    hint: "A second process of Node must be able to start for a moment; see whether the system forbids it",
    blame: "environment",
    exit: 5,
  },
  "gateway-policy-twice": {
    text: "two policies are for the plugin {name}: {first} and {second}",
    hint: "Give one policy a plugin; metadata.name is matched with the plugin's name",
    blame: "usage",
    exit: 2,
  },
  "gateway-policy-unused": {
    text: "the policy is for {name}, and no plugin of the configuration has that name",
    hint: "Set metadata.name to one of: {names}",
    blame: "input",
    exit: 1,
  },
  "gateway-code-file": {
    text: "the plugin {name}: cannot read {file}: {reason}",
    hint: "Paths are relative to the working directory, as in Envoy",
    blame: "input",
    exit: 3,
  },
  "gateway-code-size": {
    text: "the plugin {name}: the module has more than {limit} bytes",
    hint: "Build a smaller module, for example without debug sections",
    blame: "input",
    exit: 3,
  },
  "gateway-no-sha256": {
    text: "the plugin {name}: remote code without sha256 is not loaded",
    hint: "Set code.remote.sha256 to the digest of the module that was reviewed",
    blame: "input",
    exit: 3,
  },
  "gateway-digest": {
    text: "the plugin {name}: the module's sha256 is {found}, but {expected} was pinned; nothing of it was compiled",
    hint: "Find out who changed the module; after a review, pin the new digest",
    blame: "input",
    exit: 3,
  },
  "gateway-fetch": {
    text: "the plugin {name}: cannot fetch {uri}: {reason}",
    hint: "Check the URI, the cluster that it names, and that the server is up",
    blame: "remote",
    exit: 4,
  },
  "gateway-not-contained": {
    text: "the plugin {name} was hardened before, but not under this policy: {first}",
    hint: "Give the plugin as it was before hardening, or the policy that it was hardened under",
    blame: "input",
    exit: 3,
  },
  "gateway-not-started": {
    text: "the plugin {name} did not come up: {reason}",
    hint: "Its log lines say more; requests get what failure_policy says",
    blame: "input",
    exit: 3,
  },
  "gateway-shared-vm": {
    text: "the plugins {names} have the VM id {vm}: {what}",
    hint: "Give each plugin a vm_id of its own, such as <plugin>-<route>",
    blame: "input",
    exit: 1,
  },
  "gateway-restart": {
    text: "{what} has changed: it takes effect after a restart",
    hint: "Everything else of the new configuration is in use",
    blame: "input",
    exit: 1,
  },
  "gateway-kept": {
    text: "the new version was refused and the old one stays: {reason}",
    hint: "Correct it and save again",
    blame: "input",
    exit: 1,
  },
} as const satisfies Readonly<Record<string, Text>>;
