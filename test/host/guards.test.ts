// Rules on arguments as the host keeps them for plugins that run as shipped: the named headers and properties go
// through, all else answers like a denied function, by whatever call it is asked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { guardsOf } from "../../src/host/guards.ts";
import { runRequest } from "../../src/host/request.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { run } from "./guest.ts";

interface Lists {
  readonly propertiesRead?: readonly string[];
  readonly propertiesWrite?: readonly string[];
  readonly headersRead?: readonly string[];
  readonly headersWrite?: readonly string[];
}

function rulesOf({ propertiesRead, propertiesWrite, headersRead, headersWrite }: Lists) {
  return policyFromRole(null, {
    ...(propertiesRead !== undefined && { "spec.properties.read": propertiesRead }),
    ...(propertiesWrite !== undefined && { "spec.properties.write": propertiesWrite }),
    ...(headersRead !== undefined && { "spec.headers.read": headersRead }),
    ...(headersWrite !== undefined && { "spec.headers.write": headersWrite }),
  }).rules;
}

/** Calls one function on a text and says its status in x-status. */
function probe(name: string, call: string, text: string, rules: Lists) {
  const escaped = text.replaceAll("\0", "\\00");
  const plugin = run(
    {
      imports: [...new Set([name, "proxy_send_local_response"])],
      body: `(data (i32.const 16) "${escaped}") (data (i32.const 256) "v")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (i32.store8 (i32.const 300) (i32.add (i32.const 65) ${call}))
          (drop (call $proxy_send_local_response (i32.const 200) (i32.const 0) (i32.const 0)
            (i32.const 300) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const -1)))
          (i32.const 1))`,
    },
    { guards: guardsOf(rulesOf(rules)) },
  );
  const result = runRequest(plugin, {
    headers: [
      [":method", "GET"],
      [":path", "/p"],
      [":authority", "h"],
      ["authorization", "secret"],
      ["x-id", "1"],
    ],
  });
  const status = Buffer.from(result.body)[0]! - 65;
  return { status, log: result.logs.map((one) => one.text), denied: [...plugin.telemetry.denied] };
}

const at = (text: string) => `(i32.const 16) (i32.const ${text.length})`;
const out = "(i32.const 400) (i32.const 404)";
const get = (text: string, rules: Lists) =>
  probe(
    "proxy_get_header_map_value",
    `(call $proxy_get_header_map_value (i32.const 0) ${at(text)} ${out})`,
    text,
    rules,
  );
const property = (path: string, rules: Lists) =>
  probe("proxy_get_property", `(call $proxy_get_property ${at(path)} ${out})`, path, rules);

test("a header that isn't named can't be read, in whatever case, and the log says which", () => {
  const rules = { headersRead: ["x-id"] };
  assert.equal(get("x-id", rules).status, 0);
  assert.equal(get("X-Id", rules).status, get("X-Id", {}).status);
  const refused = get("authorization", rules);
  assert.equal(refused.status, 10);
  assert.deepEqual(refused.log, [
    "WASM filter capability denied: proxy_get_header_map_value (header authorization)",
  ]);
  assert.deepEqual(refused.denied, [["proxy_get_header_map_value", 1]]);
  assert.equal(get("Authorization", rules).status, 10);
  assert.equal(get("authorization", {}).status, 0, "without a rule nothing is asked");
});

test("neither the whole map nor a property is a way round the rule on headers", () => {
  const rules = { headersRead: ["x-id"] };
  const pairs = `(call $proxy_get_header_map_pairs (i32.const 0) ${out})`;
  assert.equal(probe("proxy_get_header_map_pairs", pairs, "", rules).status, 10);
  assert.equal(property("request\0headers\0authorization", rules).status, 10);
  assert.equal(property("request\0headers\0Authorization", rules).status, 10);
  assert.equal(property("request\0headers", rules).status, 10);
  assert.equal(property("request\0headers\0x-id", rules).status, 0);
  assert.equal(property("request\0path", rules).status, 10, "it shows :path");
  assert.equal(property("request", rules).status, 10);
  assert.equal(property("request\0time", rules).status, property("request\0time", {}).status);
  const path = { headersRead: [":path"] };
  assert.equal(property("request\0path", path).status, 0);
});

test("a property rule grants a path and all below, not its neighbours and not what is above", () => {
  const rules = { propertiesRead: ["request.headers", "plugin_name"] };
  assert.equal(property("request\0headers\0x-id", rules).status, 0);
  assert.equal(property("plugin_name", rules).status, 0);
  assert.equal(property("plugin_name\0", rules).status, property("plugin_name\0", {}).status);
  assert.equal(property("request\0path", rules).status, 10);
  assert.equal(property("request\0headersx", rules).status, 10);
  assert.equal(property("request", rules).status, 10);
});

test("only named headers can be added, replaced and removed, and the map not set as a whole", () => {
  const rules = { headersWrite: ["x-user"] };
  const write = (name: string, text: string) =>
    probe(
      name,
      `(call $${name} (i32.const 0) ${at(text)} (i32.const 256) (i32.const 1))`,
      text,
      rules,
    ).status;
  for (const name of ["proxy_add_header_map_value", "proxy_replace_header_map_value"]) {
    assert.equal(write(name, "x-user"), 0);
    assert.equal(write(name, "x-tenant"), 10);
  }
  const remove = (text: string) =>
    probe(
      "proxy_remove_header_map_value",
      `(call $proxy_remove_header_map_value (i32.const 0) ${at(text)})`,
      text,
      rules,
    ).status;
  assert.equal(remove("x-user"), 0);
  assert.equal(remove("authorization"), 10);
  const all = `(call $proxy_set_header_map_pairs (i32.const 0) (i32.const 16) (i32.const 0))`;
  assert.equal(probe("proxy_set_header_map_pairs", all, "", rules).status, 10);
});

test("filter state can be written under granted paths only", () => {
  const rules = { propertiesWrite: ["mine"] };
  const set = (path: string) =>
    probe(
      "proxy_set_property",
      `(call $proxy_set_property ${at(path)} (i32.const 256) (i32.const 1))`,
      path,
      rules,
    ).status;
  assert.equal(set("mine"), 0);
  assert.equal(set("mine\0too"), 0);
  assert.equal(set("theirs"), 10);
});

test("arguments outside of the memory are the call's own affair", () => {
  const wild =
    "(call $proxy_get_header_map_value (i32.const 0) (i32.const -16) (i32.const 99) (i32.const 400) (i32.const 404))";
  const { status } = probe("proxy_get_header_map_value", wild, "", { headersRead: ["x-id"] });
  assert.ok(status === 10 || status === 6);
});
