// Envoy's own forms → the lab's configuration, whole: everything.yaml beside everything.json. BLESS=1 rewrites.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readLabConfig } from "../../src/mesh/envoy/lab/read-lab-config.ts";
import { bootstrap } from "./envoy-cases.ts";
import { labIo } from "./lab-io.ts";

const folder = fileURLToPath(new URL("../../../test/fixtures/envoy/", import.meta.url));
const files = { "cert.pem": "CERT", "ca.pem": "CA-FILE" };

const shown = (value: unknown): string =>
  JSON.stringify(
    value,
    (_, inner: unknown) =>
      inner instanceof Uint8Array ? `bytes: ${Buffer.from(inner).toString("latin1")}` : inner,
    2,
  );

test("every real form that the lab reads means what Envoy's documentation says", () => {
  const text = readFileSync(`${folder}everything.yaml`, "utf8");
  const { config, findings } = readLabConfig(text, "everything.yaml", labIo(files));
  const found = findings.map(({ level, code, message, where }) => {
    assert.ok(where?.at === "file");
    return `${where.line}:${where.column} ${level} ${code} ${message}`;
  });
  const actual = `${shown({ findings: found, config })}\n`;
  const golden = `${folder}everything.json`;
  if (process.env.BLESS === "1") writeFileSync(golden, actual);
  assert.equal(actual, readFileSync(golden, "utf8"));
});

test("the same text twice gives the same configuration, frozen, that a worker can be sent", () => {
  const text = readFileSync(`${folder}everything.yaml`, "utf8");
  const read = () => readLabConfig(text, "everything.yaml", labIo(files)).config;
  const config = read();
  assert.deepEqual(config, read());
  assert.deepEqual(structuredClone(config), config);
  assert.ok(config !== null && Object.isFrozen(config) && Object.isFrozen(config.listeners));
  assert.ok(Object.isFrozen(config.plugins[0]?.environment.values));
});

test("JSON says the same as YAML", () => {
  const yaml = bootstrap({});
  const json = JSON.stringify({
    static_resources: {
      listeners: [
        {
          name: "ingress",
          address: { socketAddress: { address: "127.0.0.1", portValue: 0 } },
          filterChains: [
            {
              filters: [
                {
                  name: "envoy.filters.network.http_connection_manager",
                  typedConfig: {
                    "@type":
                      "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                    statPrefix: "ingress",
                    routeConfig: {
                      virtualHosts: [
                        {
                          name: "all",
                          domains: ["*"],
                          routes: [{ match: { prefix: "/" }, route: { cluster: "backend" } }],
                        },
                      ],
                    },
                    httpFilters: [
                      {
                        name: "envoy.filters.http.router",
                        typedConfig: {
                          "@type":
                            "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                        },
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: "backend",
          loadAssignment: {
            clusterName: "backend",
            endpoints: [
              {
                lbEndpoints: [
                  {
                    endpoint: {
                      address: { socketAddress: { address: "127.0.0.1", portValue: 9 } },
                    },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  });
  const without = (text: string) =>
    JSON.stringify(readLabConfig(text, "f", labIo()).config, (name, value) =>
      name === "at" ? undefined : value,
    );
  assert.notEqual(without(yaml), "null");
  assert.equal(without(json), without(yaml));
});
