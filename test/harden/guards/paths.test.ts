// Property paths (rules A15, A19): the guards against a plain reading of the rules, over thousands of paths, and the
// paths of regression 11 one by one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, random } from "../../fuzz/random.ts";
import { mayTouch } from "../../oracle/guard-rules.ts";
import { fates, lab } from "./lab.ts";

const [AT, OTHER, OUT] = [1024, 90_000, 100_000];

const words = [
  "request",
  "response",
  "headers",
  "trailers",
  "x-tenant",
  "X-Tenant",
  "authorization",
  "Authorization",
  "path",
  "Request",
  "requestx",
  "reques",
  "filter_state",
  "plugin_name",
  "host",
  ":authority",
  "",
  "\u0001",
];

function somePath(r: Random): string {
  const segments = Array.from({ length: 1 + r.int(4) }, () => r.pick(words));
  if (r.int(2) === 0)
    segments.splice(0, 2, r.pick(["request", "response"]), r.pick(["headers", "trailers"]));
  const path = segments.join("\0");
  const long = r.int(20) === 0 ? `${path}\0${"a".repeat(250 - path.length + r.int(10))}` : path;
  return `${r.int(20) === 0 ? "\0" : ""}${long}${r.pick(["", "", "\0", "\0\0"])}`;
}

const read = [
  "request.headers.x-tenant",
  "request.trailers",
  "response",
  "filter_state.Ours",
  "plugin_name",
  "request.path",
];
const hidden = [
  "request",
  "response",
  "request.headers",
  "response.trailers",
  "request.host",
  "request.headers.Cookie",
];
const headers = [
  { name: "x-tenant", maps: 5 },
  { name: ":authority", maps: 15 },
];

const none = { read: null, write: null, hidden: null };
const nobody = { read: null, add: null, replace: null, remove: null };
const lists = [
  { what: "readable paths", properties: { ...none, read }, headers: nobody },
  { what: "hidden paths", properties: { ...none, hidden }, headers: { ...nobody, read: headers } },
  {
    what: "readable and hidden paths",
    properties: { ...none, read, hidden },
    headers: { ...nobody, read: headers },
  },
  { what: "writable paths", properties: { ...none, write: read }, headers: nobody },
];

for (const { what, ...rules } of lists) {
  const write = rules.properties.write !== null;
  test(`11 (A15): ${what}: the module and a plain reading agree on ten thousand paths`, () => {
    const name = write ? "proxy_set_property" : "proxy_get_property";
    const own = lab([name], { rules });
    const r = random(what.length);
    const seen = { reached: 0, denied: 0 };
    for (let n = 0; n < 10_000; n++) {
      const path = somePath(r);
      // What lies after the path must not matter: a zero would end a segment.
      own.running.memory.fill(r.pick([0, 0x61]), AT, AT + 600);
      own.put(
        AT,
        Uint8Array.from(path, (char) => char.charCodeAt(0)),
      );
      const [fate] = fates(own, name, [
        [AT, path.length, ...(write ? [OTHER, 4] : [OUT, OUT + 4])],
      ]);
      const passes = mayTouch(path, rules, write);
      assert.equal(fate, passes ? "reached" : "denied", JSON.stringify(path));
      seen[fate as keyof typeof seen]++;
    }
    assert.ok(seen.reached > 300 && seen.denied > 300, JSON.stringify(seen));
  });
}

test("11 (A15): a rule grants its node and all below, no ancestor, no neighbour, and no path that is none", () => {
  const under = (rule: readonly string[]) => {
    const own = lab(["proxy_get_property"], { rules: { properties: { read: rule } } });
    return (path: string) =>
      fates(own, "proxy_get_property", [[AT, own.put(AT, path), OUT, OUT + 4]])[0];
  };
  const tenant = under(["request.headers.x-tenant"]);
  assert.equal(tenant("request\0headers\0x-tenant"), "reached");
  assert.equal(tenant("request\0headers\0x-tenant\0"), "reached");
  assert.equal(tenant("request\0headers\0X-TENANT"), "reached");
  assert.equal(tenant("request\0headers\0x-tenant\0below"), "reached");
  for (const path of [
    "",
    "\0",
    "request",
    "request\0",
    "request\0headers",
    "request\0headers\0",
    "\0request\0headers\0x-tenant",
    "request\0\0headers\0x-tenant",
    "request\0headers\0x-tenant\0\0",
    "Request\0headers\0x-tenant",
    "request\0headers\0AUTHORIZATION",
    "request\0headers\0x-tenant2",
    "requestx",
    "filter_state",
    "response\0headers\0x-tenant",
    "a".repeat(65_536),
  ])
    assert.equal(tenant(path), "denied", JSON.stringify(path.slice(0, 40)));
  const request = under(["request"]);
  assert.equal(request("request"), "reached");
  assert.equal(request("request\0headers\0authorization"), "reached");
  for (const path of ["requestx", "reques", "Request", "response", "request\0\0headers"])
    assert.equal(request(path), "denied");
  const long = under(["a"]);
  assert.equal(long(`a\0${"b".repeat(254)}`), "reached");
  assert.equal(long(`a\0${"b".repeat(254)}\0`), "reached");
  assert.equal(long(`a\0${"b".repeat(255)}`), "denied");
});

test("11 (A19): what a rule keeps from header calls is not read as a property either", () => {
  const own = lab(["proxy_get_property", "proxy_get_header_map_value"], {
    rules: {
      headers: {
        read: [
          { name: "host", maps: 15 },
          { name: ":authority", maps: 15 },
        ],
      },
      properties: { hidden: ["request", "request.headers", "request.path"] },
    },
  });
  const property = (path: string) =>
    fates(own, "proxy_get_property", [[AT, own.put(AT, path), OUT, OUT + 4]])[0];
  const header = (name: string) =>
    fates(own, "proxy_get_header_map_value", [[0, AT, own.put(AT, name), OUT, OUT + 4]])[0];
  for (const name of ["host", "Host", ":authority", ":AUTHORITY"]) {
    assert.equal(header(name), "reached");
    assert.equal(property(`request\0headers\0${name}`), "reached");
  }
  for (const name of ["authorization", "cookie", "hosts"]) {
    assert.equal(header(name), "denied");
    assert.equal(property(`request\0headers\0${name}`), "denied");
    assert.equal(property(`response\0trailers\0${name}`), "denied");
  }
  for (const path of ["request", "request\0", "request\0headers", "request\0path"])
    assert.equal(property(path), "denied");
  for (const path of ["request\0size", "source\0address", "response", "request\0headersx\0cookie"])
    assert.equal(property(path), "reached");
});
