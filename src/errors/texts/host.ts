// Texts of the host area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const hostTexts = {
  "host-no-abi": {
    text: "the module exports no proxy_abi_version_… that hosts know",
    hint: "Build it with a proxy-wasm SDK for ABI 0.1.0, 0.2.0 or 0.2.1",
    blame: "input",
    exit: 3,
  },
  "host-missing-import": {
    text: "no host of ABI {abi} offers {name}",
    hint: "Build the plugin against that ABI version, or remove what imports the function",
    blame: "input",
    exit: 3,
  },
  "host-import-kind": {
    text: "{name} is an imported {kind}; only functions may be imported",
    hint: "Build the plugin so that it defines its own memory, tables and globals",
    blame: "input",
    exit: 3,
  },
  "host-import-type": {
    text: "{name} is imported as ({found}), but hosts offer ({expected})",
    hint: "Build the plugin with an SDK for the ABI version that it announces",
    blame: "input",
    exit: 3,
  },
  "host-export-type": {
    text: "{name} is exported as ({found}), but hosts of ABI {abi} call ({expected})",
    hint: "Build the plugin with an SDK for the ABI version that it announces",
    blame: "input",
    exit: 3,
  },
  "host-no-allocator": {
    text: "the module exports neither malloc nor proxy_on_memory_allocate",
    hint: "Export one of them, so that the host can hand data over",
    blame: "input",
    exit: 3,
  },
  "host-compile": {
    text: "the engine refuses the module: {detail}",
    hint: "Check that the file is a whole WebAssembly module and uses no feature that the engine lacks",
    blame: "input",
    exit: 3,
  },
  "host-digest": {
    text: "the module's sha256 is {found}, but {expected} was pinned",
    hint: "Fetch the pinned module again, or pin the new digest after a review",
    blame: "input",
    exit: 3,
  },
} as const satisfies Readonly<Record<string, Text>>;
