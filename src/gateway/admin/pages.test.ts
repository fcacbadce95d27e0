// What may be secret stays out of the pages, and that it is there can be seen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { redacted } from "./pages.ts";

test("configuration, keys, code and what stands in addresses of modules beside the address are left out", () => {
  const config = {
    name: "p",
    configuration: new Uint8Array([1]),
    vmConfiguration: new Uint8Array(0),
    environment: { host: ["HOME"], values: { TOKEN: "secret" } },
    code: { kind: "remote", uri: "https://me:secret@host.test/a.wasm?token=secret", cluster: "c" },
    more: [{ tls: { key: "secret", certificate: "" } }],
  };
  assert.deepEqual(redacted(config), {
    name: "p",
    configuration: "[redacted]",
    vmConfiguration: "",
    environment: { host: ["HOME"], values: { TOKEN: "[redacted]" } },
    code: { kind: "remote", uri: "https://host.test/a.wasm?…", cluster: "c" },
    more: [{ tls: { key: "[redacted]", certificate: "" } }],
  });
});
