// What the report says of guards, quotas and slots: the calls that are checked, and the policy's fields that say so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { harden } from "../../src/harden/harden.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { field } from "../../src/policy/schema.ts";
import { guestOf } from "./guards/lab.ts";

const names = [
  "proxy_log",
  "proxy_get_header_map_value",
  "proxy_http_call",
  "proxy_enqueue_shared_queue",
  "proxy_get_buffer_bytes",
];

test("the report names each guarded call with the fields that guard it, and the budget of requests", () => {
  const policy = policyFromRole(null, {
    "spec.capabilities.allow": names,
    "spec.headers.read": ["x-tenant"],
    "spec.dispatch.clusters": ["backend"],
    "spec.limits.fuel.request": 5_000_000,
    "spec.limits.streams": 3,
    "spec.limits.log.level": "warn",
  });
  const { report } = harden(guestOf(names), policy);
  assert.deepEqual(report.requests, { fuel: 5_000_000, streams: 3 });
  const guards = Object.fromEntries(report.guards.map(({ call, by }) => [call, by]));
  assert.deepEqual(guards, {
    proxy_enqueue_shared_queue: ["own tokens", "limits.host.queueItems", "limits.host.bodyBytes"],
    proxy_get_header_map_value: ["headers.read"],
    proxy_http_call: [
      "dispatch.clusters",
      "form of maps",
      "limits.host.bodyBytes",
      "limits.dispatch.outstanding",
      "limits.dispatch.total",
    ],
    proxy_log: ["limits.log.level", "limits.log.bytesPerRequest"],
  });
  const fields = Object.values(guards)
    .flat()
    .filter((by) => by.includes("."));
  for (const by of fields) assert.ok(field(`spec.${by}`), by);
});

test("without a budget of requests the report has none, and what is not guarded is not named", () => {
  const { report } = harden(
    guestOf(["proxy_get_buffer_bytes"]),
    policyFromRole(null, { "spec.capabilities.allow": names }),
  );
  assert.equal(report.requests, null);
  assert.deepEqual(report.guards, []);
});
