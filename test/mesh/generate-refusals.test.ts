// What `generate envoy` says of a plugin that Envoy would load otherwise than its policy's author thinks, or not at
// all: small guests, each wrong in one way, beside one that is right.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/errors/failure.ts";
import { type Generated, generateEnvoy } from "../../src/mesh/envoy/generate/generate.ts";
import type { EnvoyRequest } from "../../src/mesh/envoy/generate/request.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import type { RoleName } from "../../src/policy/roles.ts";
import { type GuestParts, guest } from "../host/guest.ts";
import { type Overrides, requestFor } from "./generate-request.ts";

interface Setting {
  readonly role?: RoleName | null;
  readonly policy?: Overrides;
  readonly more?: Partial<EnvoyRequest>;
}

function generate(
  parts: GuestParts,
  { role = "header-rewriter", policy, more }: Setting = {},
): Generated {
  const base = requestFor("header-tag", {}, more);
  return generateEnvoy(guest(parts), { ...base, policy: policyFromRole(role, policy) });
}

function refusal(parts: GuestParts, setting: Setting = {}): Failure {
  try {
    generate(parts, setting);
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    return error;
  }
  return assert.fail("it was generated");
}

const codes = ({ findings }: Generated) =>
  findings.filter((one) => one.level !== "info").map((one) => one.code);

const REQUEST = (body: string) =>
  `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${body} (i32.const 0))`;
const CONFIGURE = (body: string) =>
  `(func (export "proxy_on_configure") (param i32 i32) (result i32) ${body} (i32.const 1))`;
const POLL = {
  imports: ["poll_oneoff"],
  body: REQUEST(
    "(drop (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64)))",
  ),
};
const METRIC =
  "(call $proxy_define_metric (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))";

test("an import that came after the release is refused, and not where the policy denies it", () => {
  const failure = refusal(POLL, { more: { version: "1.33" } });
  assert.equal(failure.code, "generate-import-since");
  assert.match(failure.message, /poll_oneoff.*since 1\.34.*Envoy 1\.33/);
  assert.match(failure.hint, /1\.34 or newer/);
  assert.deepEqual(codes(generate(POLL, { more: { version: "1.34" } })), []);
  const denied = generate(POLL, { role: null, more: { version: "1.33" } });
  assert.ok(!denied.capabilities.includes("poll_oneoff"));
});

test("a plugin that traps when a call at start is denied is refused, with the call to allow", () => {
  const parts = {
    imports: ["proxy_define_metric"],
    body: `${CONFIGURE(`(if ${METRIC} (then unreachable))`)} ${REQUEST("")}`,
  };
  const failure = refusal(parts);
  assert.equal(failure.code, "generate-start-denied");
  assert.match(failure.message, /proxy_on_configure trapped.*proxy_define_metric/);
  assert.match(failure.hint, /allow\+: \[proxy_define_metric\]/);
  const allowed = { "spec.capabilities.allow+": ["proxy_define_metric"] };
  assert.deepEqual(codes(generate(parts, { policy: allowed })), []);
});

test("a plugin that goes on after a denied call at start is generated with a warning", () => {
  const parts = {
    imports: ["proxy_define_metric"],
    body: `${CONFIGURE(`(drop ${METRIC})`)} ${REQUEST("")}`,
  };
  assert.deepEqual(codes(generate(parts)), ["generate-denied-at-start"]);
});

test("a plugin that wants its configuration is told apart from one that was denied something", () => {
  const parts = {
    body: `(func (export "proxy_on_configure") (param i32 i32) (result i32) (local.get 1)) ${REQUEST("")}`,
  };
  const failure = refusal(parts, { more: { configuration: null } });
  assert.equal(failure.code, "generate-not-started");
  assert.match(failure.message, /proxy_on_configure answered false/);
  assert.deepEqual(codes(generate(parts, { more: { configuration: "x" } })), []);
});

test("a call that Envoy ends a starting plugin for ends it here too", () => {
  const early = {
    imports: ["proxy_get_header_map_size"],
    body: `(func (export "_initialize") (drop (call $proxy_get_header_map_size (i32.const 0) (i32.const 8)))) ${REQUEST("")}`,
  };
  const start = refusal(early);
  assert.equal(start.code, "generate-not-started");
  assert.match(start.message, /_initialize trapped \(restricted-call\)/);
});

test("what Envoy refuses in the hardened module is said in the words of inspect", () => {
  const large = { pages: 16_385, body: REQUEST("") };
  const policy = { "spec.limits.memory": 2 ** 31 };
  const failure = refusal(large, { policy });
  assert.equal(failure.code, "generate-refused");
  assert.match(failure.message, /16385/);
});

test("a plugin that Envoy would never call is refused: its list of capabilities would be empty", () => {
  assert.equal(refusal({ body: "" }).code, "generate-no-callback");
});

test("an open failure policy is a warning for a plugin that decides, and none for one that looks on", () => {
  const policy = { "spec.failure": "open" };
  const parts = { body: REQUEST("") };
  assert.deepEqual(codes(generate(parts, { role: "auth", policy })), ["generate-open-security"]);
  assert.deepEqual(codes(generate(parts, { role: "logging", policy })), []);
});

test("a plugin that calls out is bounded by the clusters of its policy, or there is a warning", () => {
  const call = Array.from({ length: 10 }, () => "(i32.const 0)").join(" ");
  const parts = {
    imports: ["proxy_http_call"],
    body: REQUEST(`(drop (call $proxy_http_call ${call}))`),
  };
  const role = "external-auth";
  assert.deepEqual(codes(generate(parts, { role })), ["generate-dispatch-unbounded"]);
  const bounded = generate(parts, { role, more: { dispatch: ["authz"] } });
  assert.deepEqual(codes(bounded), []);
  assert.match(bounded.yaml, /name: authz\n/);
  // Parts go beside clusters of somebody's own, and a name bounds nothing where one leads anywhere.
  const more = { dispatch: ["authz"], form: "filter" } as const;
  assert.deepEqual(codes(generate(parts, { role, more })), ["generate-dispatch-by-name"]);
  const policy = { "spec.dispatch.authorities": ["authz.internal"] };
  assert.deepEqual(codes(generate(parts, { role, policy, more })), []);
  // A rule for a call that the plugin doesn't make brings no cluster.
  const none = generate({ body: REQUEST("") }, { role, more: { dispatch: ["authz"] } });
  assert.ok(!none.yaml.includes("authz"));
});
