import assert from "node:assert/strict";
import { test } from "node:test";
import { alias, aliases, articleName } from "./aliases.ts";
import { attribute, attributes } from "./attributes.ts";
import { abiOfMarker, callback, callbackSignature, callbacks } from "./callbacks.ts";
import { envoyFeatures, envoyHas, minorOf, wasiSince, wasiSteps } from "./envoy-versions.ts";
import { foreignFunctions } from "./foreign-functions.ts";
import { hostFunctionNamed, hostFunctions } from "./host-functions.ts";
import { ACTION, ERRNO, nameOf, STATUS } from "./status.ts";
import { wasiFunctions } from "./wasi.ts";

// Name, number of i32 parameters and of results, written down from the published ABI.
const EXPORTS = `
proxy_abi_version_0_1_0 0:0 · proxy_abi_version_0_2_0 0:0 · proxy_abi_version_0_2_1 0:0 · _initialize 0:0 · _start 0:0
main 2:1 · __main_void 0:1 · malloc 1:1 · proxy_on_memory_allocate 1:1 · proxy_on_context_create 2:0 · proxy_on_done 1:1
proxy_on_log 1:0 · proxy_on_delete 1:0 · proxy_validate_configuration 2:1 · proxy_on_vm_start 2:1 · proxy_on_configure 2:1
proxy_on_tick 1:0 · proxy_on_new_connection 1:1 · proxy_on_downstream_data 3:1 · proxy_on_downstream_connection_close 2:0
proxy_on_upstream_data 3:1 · proxy_on_upstream_connection_close 2:0 · proxy_on_request_headers 3:1
proxy_on_request_body 3:1 · proxy_on_request_trailers 2:1 · proxy_on_request_metadata 2:1 · proxy_on_response_headers 3:1
proxy_on_response_body 3:1 · proxy_on_response_trailers 2:1 · proxy_on_response_metadata 2:1
proxy_on_http_call_response 5:0 · proxy_on_grpc_receive_initial_metadata 3:0 · proxy_on_grpc_receive 3:0
proxy_on_grpc_receive_trailing_metadata 3:0 · proxy_on_grpc_close 3:0 · proxy_on_queue_ready 2:0
proxy_on_foreign_function 3:0 · envoy_on_resolve_dns 3:0 · envoy_on_stats_update 2:0`;

test("every looked-up export has the signature that the ABI gives it", () => {
  const found = callbacks.map((row) => `${row.name} ${row.params.length}:${row.result === null ? 0 : 1}`);
  const expected = EXPORTS.split(/[·\n]/)
    .map((item) => item.trim())
    .filter((item) => item !== "");
  assert.deepEqual(found.sort(), expected.sort());
});

test("ABI 0.1.0 gives the two header callbacks no end-of-stream flag, and changes nothing else", () => {
  const changed = callbacks.filter((row) => callbackSignature(row, "0.1.0").params.length !== row.params.length);
  assert.deepEqual(
    changed.map((row) => row.name),
    ["proxy_on_request_headers", "proxy_on_response_headers"],
  );
  for (const row of changed) {
    assert.deepEqual(callbackSignature(row, "0.1.0"), { params: ["stream_context_id", "num_headers"], result: "i32" });
    assert.equal(callbackSignature(row, "0.2.1").params.length, 3);
  }
  assert.deepEqual(callback("proxy_on_foreign_function")?.abis, ["0.2.0", "0.2.1"]);
});

test("the kinds are the wrapper kinds of the containment format", () => {
  const of = (kind: string) =>
    callbacks
      .filter((row) => row.kind === kind)
      .map((row) => row.name)
      .sort();
  assert.deepEqual(of("start"), ["__main_void", "_initialize", "_start", "main", "proxy_on_configure", "proxy_on_vm_start", "proxy_validate_configuration"]);
  assert.deepEqual(of("context"), ["proxy_on_context_create"]);
  assert.deepEqual(of("allocator"), ["malloc", "proxy_on_memory_allocate"]);
  assert.deepEqual(of("abi"), ["proxy_abi_version_0_1_0", "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1"]);
});

test("a marker announces its version and nothing else does", () => {
  assert.equal(abiOfMarker("proxy_abi_version_0_1_0"), "0.1.0");
  assert.equal(abiOfMarker("proxy_abi_version_0_2_1"), "0.2.1");
  assert.equal(abiOfMarker("proxy_abi_version_0_3_0"), undefined);
  assert.equal(abiOfMarker("proxy_on_tick"), undefined);
});

test("stock hosts gate exactly the proxy_on_* callbacks and proxy_validate_configuration", () => {
  for (const row of callbacks) {
    const gated = (row.name.startsWith("proxy_on_") && row.kind !== "allocator") || row.name === "proxy_validate_configuration";
    assert.equal(row.gated, gated, row.name);
  }
});

test("the callbacks that a security plugin must keep are those that see the request", () => {
  const kept = callbacks.filter((row) => row.requestPath).map((row) => row.name);
  assert.deepEqual(kept, [
    "proxy_on_new_connection",
    "proxy_on_downstream_data",
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_request_metadata",
  ]);
  for (const row of callbacks.filter((one) => one.requestPath)) assert.deepEqual(row.onTrap, { open: ACTION.continue, closed: ACTION.pause });
});

test("names of callbacks and host functions never collide, so one list can hold both", () => {
  const all = [...callbacks, ...hostFunctions].map((row) => row.name);
  assert.equal(new Set(all).size, all.length);
});

test("an alias is never itself a real name, and always stands for one", () => {
  assert.equal(new Set(aliases.map((row) => row.alias)).size, aliases.length);
  for (const row of aliases) {
    assert.ok(hostFunctionNamed(row.name) !== undefined || callback(row.name) !== undefined, row.name);
    assert.ok(hostFunctionNamed(row.alias) === undefined && callback(row.alias) === undefined, row.alias);
  }
});

test("the article's names lead to the real ones, with and without prefix", () => {
  const real = { get_buffer: "proxy_get_buffer_bytes", set_buffer: "proxy_set_buffer_bytes", dispatch_http_call: "proxy_http_call", dispatch_grpc_call: "proxy_grpc_call" };
  for (const [word, name] of Object.entries(real)) {
    assert.equal(alias(word)?.name, name);
    assert.equal(alias(`proxy_${word}`)?.name, name);
    assert.equal(articleName(name), `proxy_${word}`);
  }
  assert.equal(alias("get_property")?.name, "proxy_get_property");
  assert.match(alias("proxy_get_buffer")?.note ?? "", /proxy_get_header_map_value/);
  assert.equal(alias("proxy_log"), undefined);
  assert.equal(articleName("proxy_log"), undefined);
});

test("attributes that identify peers or carry credentials are highly sensitive, with their descendants", () => {
  const high = [
    "request.headers",
    "request.headers.authorization",
    "request.headers.cookie",
    "connection.subject_peer_certificate",
    "connection.sha256_peer_certificate_digest",
    "upstream.uri_san_peer_certificate",
    "xds.node",
    "xds.node.id",
    "filter_state",
    "filter_state.x",
    "metadata",
  ];
  for (const path of high) assert.equal(attribute(path)?.sensitivity, "high", path);
  for (const path of ["request.method", "response.code", "connection.mtls", "plugin_name"]) assert.equal(attribute(path)?.sensitivity, "low", path);
  for (const path of ["request", "requestx", "", "request.method2", "."]) assert.equal(attribute(path), undefined, path);
  for (const row of attributes.filter((one) => /^xds\.|certificate|filter_state/.test(one.path))) assert.equal(row.sensitivity, "high", row.path);
});

test("attributes, foreign functions and features are listed once", () => {
  for (const list of [attributes.map((row) => row.path), foreignFunctions.map((row) => row.name), envoyFeatures.map((row) => row.id)]) {
    assert.equal(new Set(list).size, list.length);
  }
  assert.equal(foreignFunctions.length, 10);
});

test("every WASI function stands in exactly one release step", () => {
  const stepped = wasiSteps.flatMap((step) => step.names);
  assert.deepEqual([...stepped].sort(), wasiFunctions.map((row) => row.name).sort());
  assert.deepEqual(
    wasiSteps.map((step) => step.names.length),
    [15, 3, 27],
  );
  assert.equal(wasiSince("poll_oneoff")?.since, "1.34");
  assert.equal(wasiSince("proc_raise"), undefined);
});

test("releases compare by number", () => {
  assert.equal(minorOf("1.40.2"), 40);
  assert.equal(envoyHas("1.40", "failure-policy"), true);
  assert.equal(envoyHas("1.32", "failure-policy"), false);
  assert.equal(envoyHas("1.40", "fuel"), false);
});

test("the sparse numbers of statuses and errnos are the published ones", () => {
  assert.equal(nameOf(STATUS, 10), "internalFailure");
  assert.equal(nameOf(STATUS, 12), "unimplemented");
  assert.equal(nameOf(ERRNO, 76), "notcapable");
  assert.equal(nameOf(STATUS, 13), undefined);
});
