// The table of Envoy's API is whole: whatever a line names is there, and every rule is one that the reader knows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { envoyApiVersion } from "../../../spec/envoy-api.ts";
import { isKnownType } from "../read/check-known.ts";
import { isScalarType } from "../read/check-scalar.ts";
import { brokenRule, knownRules } from "../read/rules.ts";
import { articleField, articleMessage, articleType } from "./article.ts";
import { readField } from "./row.ts";
import { enumNames, enumOf, messageNames, messageOf } from "./schema.ts";

const messages = messageNames().map((name) => messageOf(name)!);

test("the table is of the release that its header names, and holds what a bootstrap is made of", () => {
  assert.match(envoyApiVersion, /^1\.\d+\.\d+$/);
  assert.ok(messages.length > 1200, String(messages.length));
  for (const name of [
    "envoy.config.bootstrap.v3.Bootstrap",
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "envoy.extensions.filters.http.wasm.v3.Wasm",
    "envoy.extensions.filters.network.wasm.v3.Wasm",
    "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog",
    "envoy.extensions.stat_sinks.wasm.v3.Wasm",
    "envoy.extensions.wasm.v3.WasmService",
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    "envoy.admin.v3.ConfigDump",
    "xds.type.v3.TypedStruct",
  ]) {
    assert.ok(messageOf(name), name);
  }
});

test("every type that a field names is a scalar, a well-known type, or in the table", () => {
  const known = (type: string): boolean =>
    isScalarType(type) ||
    isKnownType(type) ||
    type === "google.protobuf.Any" ||
    messageOf(type) !== undefined ||
    enumOf(type) !== undefined;
  const unknown = messages.flatMap((message) =>
    message.fields
      .filter(({ type }) => !known(type))
      .map((field) => `${message.name}.${field.name}: ${field.type}`),
  );
  assert.deepEqual(unknown, []);
});

test("names and numbers of a message are its own", () => {
  for (const message of messages) {
    assert.equal(new Set(message.fields.map((field) => field.number)).size, message.fields.length);
    for (const oneof of message.needed) {
      assert.ok(
        message.fields.some((field) => field.oneof === oneof),
        `${message.name} ${oneof}`,
      );
    }
  }
  for (const name of enumNames()) assert.ok(enumOf(name)!.byName.size > 0, name);
});

test("every rule of the table is one that the reader holds values against", () => {
  const rules = new Set(
    messages.flatMap((one) => one.fields.flatMap((field) => [...field.rules.keys()])),
  );
  const unknown = [...rules].filter(
    (rule) => !knownRules.has(rule.replace(/^(?:items|keys|values)\./, "")),
  );
  assert.deepEqual(unknown, []);
});

test("every pattern of the table is one that JavaScript reads", () => {
  let patterns = 0;
  for (const { fields } of messages) {
    for (const { rules } of fields) {
      for (const [name, value] of rules) {
        if (!name.endsWith("pattern")) continue;
        patterns++;
        brokenRule(new Map([["pattern", value]]), { kind: "scalar", at: 0, value: "x" });
      }
    }
  }
  assert.ok(patterns > 5);
});

test("a line of the table reads as it is written", () => {
  const field = readField(
    "some_name:7:.Inner.Kind%string@one,deprecated=1.2,min_pairs=1,secret",
    "a.b",
  );
  assert.equal(field.json, "someName");
  assert.equal(field.type, "a.b.Inner.Kind");
  assert.deepEqual(
    [field.shape, field.key, field.oneof, field.number],
    ["map", "string", "one", 7],
  );
  assert.deepEqual([field.deprecated, field.secret, field.disallowed], [true, true, false]);
  assert.deepEqual([...field.rules], [["min_pairs", "1"]]);
});

test("names of Object.prototype are no messages, fields or types", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    assert.equal(messageOf(name), undefined);
    assert.equal(articleType(name), undefined);
    assert.equal(articleField("envoy.config.bootstrap.v3.Bootstrap", name), undefined);
    assert.equal(articleMessage(name), undefined);
  }
});
