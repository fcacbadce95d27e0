import assert from "node:assert/strict";
import { test } from "node:test";
import type { AbiVersion, HostFunction } from "./host-function-row.ts";
import { allowedInAllocator, hostFunction, hostFunctionIndex, hostFunctions } from "./host-functions.ts";
import { DENIED_PREFIX, WINDOW } from "./layout.ts";
import { wasiFunctions } from "./wasi.ts";

/** Letters of a signature: i and I for i32 and i64; the second part is the result. */
function signature(row: HostFunction): string {
  const params = row.params.map((param) => (param.type === "i32" ? "i" : "I")).join("");
  return `${params}:${row.result === null ? "" : "i"}`;
}

function names(abi: AbiVersion): string[] {
  const rows = hostFunctions.filter((row) => row.module === "env" && row.name.startsWith("proxy_"));
  return rows.filter((row) => row.abis.includes(abi)).map((row) => row.name);
}

// Written down from the published ABI and the reference host's headers, independently of the rows.
const ENV = `
proxy_done :i · proxy_set_effective_context i:i · proxy_log iii:i · proxy_get_log_level i:i
proxy_get_current_time_nanoseconds i:i · proxy_set_tick_period_milliseconds i:i · proxy_set_buffer_bytes iiiii:i
proxy_get_buffer_bytes iiiii:i · proxy_get_buffer_status iii:i · proxy_get_header_map_size ii:i
proxy_get_header_map_pairs iii:i · proxy_set_header_map_pairs iii:i · proxy_get_header_map_value iiiii:i
proxy_add_header_map_value iiiii:i · proxy_replace_header_map_value iiiii:i · proxy_remove_header_map_value iii:i
proxy_continue_stream i:i · proxy_close_stream i:i · proxy_get_status iii:i · proxy_send_local_response iiiiiiii:i
proxy_http_call iiiiiiiiii:i · proxy_grpc_call iiiiiiiiiiii:i · proxy_grpc_stream iiiiiiiii:i · proxy_grpc_send iiii:i
proxy_grpc_cancel i:i · proxy_grpc_close i:i · proxy_set_shared_data iiiii:i · proxy_get_shared_data iiiii:i
proxy_register_shared_queue iii:i · proxy_resolve_shared_queue iiiii:i · proxy_enqueue_shared_queue iii:i
proxy_dequeue_shared_queue iii:i · proxy_define_metric iiii:i · proxy_record_metric iI:i · proxy_increment_metric iI:i
proxy_get_metric ii:i · proxy_get_property iiii:i · proxy_set_property iiii:i · proxy_call_foreign_function iiiiii:i
proxy_get_configuration ii:i · proxy_continue_request :i · proxy_continue_response :i · proxy_clear_route_cache :i
pthread_equal ii:i · emscripten_notify_memory_growth i: · envoy_resolve_dns iii:i`;

const WASI = `
args_get ii:i · args_sizes_get ii:i · clock_res_get ii:i · clock_time_get iIi:i · environ_get ii:i · environ_sizes_get ii:i
fd_advise iIIi:i · fd_allocate iII:i · fd_close i:i · fd_datasync i:i · fd_fdstat_get ii:i · fd_fdstat_set_flags ii:i
fd_fdstat_set_rights iII:i · fd_filestat_get ii:i · fd_filestat_set_size iI:i · fd_filestat_set_times iIIi:i
fd_pread iiiIi:i · fd_prestat_dir_name iii:i · fd_prestat_get ii:i · fd_pwrite iiiIi:i · fd_read iiii:i
fd_readdir iiiIi:i · fd_renumber ii:i · fd_seek iIii:i · fd_sync i:i · fd_tell ii:i · fd_write iiii:i
path_create_directory iii:i · path_filestat_get iiiii:i · path_filestat_set_times iiiiIIi:i · path_link iiiiii:i
path_open iiiiiIIii:i · path_readlink iiiiii:i · path_remove_directory iii:i · path_rename iiiiii:i
path_symlink iiii:i · path_unlink_file iii:i · poll_oneoff iiii:i · proc_exit i: · random_get ii:i · sched_yield :i
sock_accept iii:i · sock_recv iiiiii:i · sock_send iiiii:i · sock_shutdown ii:i`;

function expected(text: string): Map<string, string> {
  const pairs = text.split(/[·\n]/).map((item) => item.trim().split(" "));
  return new Map(pairs.filter((pair) => pair.length === 2).map((pair) => [pair[0]!, pair[1]!]));
}

test("every function has the signature that the ABI and the reference host give it", () => {
  for (const [module, text] of [
    ["env", ENV],
    ["wasi", WASI],
  ] as const) {
    const rows = hostFunctions.filter((row) => row.module === module);
    const found = new Map(rows.map((row) => [row.name, signature(row)]));
    assert.deepEqual([...found].sort(), [...expected(text)].sort());
  }
});

test("the ABI versions differ by exactly the published deltas", () => {
  const [first, second, third] = [names("0.1.0"), names("0.2.0"), names("0.2.1")];
  assert.deepEqual([first.length, second.length, third.length], [40, 38, 39]);
  const only = (a: string[], b: string[]) => a.filter((name) => !b.includes(name)).sort();
  assert.deepEqual(only(third, second), ["proxy_get_log_level"]);
  assert.deepEqual(only(second, third), []);
  assert.deepEqual(only(second, first), ["proxy_close_stream", "proxy_continue_stream"]);
  assert.deepEqual(only(first, second), ["proxy_clear_route_cache", "proxy_continue_request", "proxy_continue_response", "proxy_get_configuration"]);
});

test("names are unique across modules, as one capability list names them all", () => {
  assert.equal(new Set(hostFunctions.map((row) => row.name)).size, hostFunctions.length);
});

test("every row has a denial bit in the three words, WASI after env", () => {
  assert.ok(hostFunctions.length <= 192);
  assert.equal(hostFunctions.length, 91);
  assert.equal(wasiFunctions.length, 45);
  hostFunctions.forEach((row, index) => void assert.equal(hostFunctionIndex(row), index));
});

test("rows keep their published places", () => {
  const places = { proxy_done: 0, proxy_log: 2, proxy_http_call: 20, proxy_get_property: 36, envoy_resolve_dns: 45, fd_write: 46, fd_filestat_get: 90 };
  for (const [name, place] of Object.entries(places)) assert.equal(hostFunctions[place]?.name, name);
});

test("an import is found under the modules that hosts register it for, and under no other", () => {
  assert.equal(hostFunction("env", "proxy_log")?.name, "proxy_log");
  assert.equal(hostFunction("wasi_unstable", "fd_write"), hostFunction("wasi_snapshot_preview1", "fd_write"));
  assert.ok(hostFunction("wasi_unstable", "fd_write"));
  for (const [module, name] of [
    ["env", "fd_write"],
    ["wasi", "fd_write"],
    ["wasi_unstable", "proxy_log"],
    ["env", "abort"],
    ["env", "proxy_get_buffer"],
    ["env", "__proto__"],
    ["wasi_snapshot_preview1", "proc_raise"],
  ] as const) {
    assert.equal(hostFunction(module, name), undefined, `${module}.${name}`);
  }
});

test("a row outside the table has no place", () => {
  assert.throws(() => hostFunctionIndex({ ...hostFunctions[0]! }), /not a row/);
});

test("pointers and lengths stand side by side, and every pointed-to size is known", () => {
  const follows = { in: "inLen", outBuf: "bufLen", iovs: "iovsLen", outPtr: "outLen" } as const;
  for (const row of hostFunctions) {
    row.params.forEach((param, index) => {
      const next = (follows as Record<string, string>)[param.role];
      if (next !== undefined) assert.equal(row.params[index + 1]?.role, next, `${row.name} ${param.name}`);
      assert.equal(param.bytes !== undefined, param.role === "out", `${row.name} ${param.name}`);
      if (param.type === "i64") assert.equal(param.role, "int", `${row.name} ${param.name}`);
      const before = row.params[index - 1]?.role;
      if (param.role === "inLen") assert.equal(before, "in");
      if (param.role === "bufLen") assert.equal(before, "outBuf");
      if (param.role === "iovsLen") assert.equal(before, "iovs");
    });
    assert.equal(new Set(row.params.map((param) => param.name)).size, row.params.length, row.name);
  }
});

test("what a denied call answers is the stock host's number, and a trap where there is no result", () => {
  for (const row of hostFunctions) {
    assert.equal(row.denied === "trap", row.result === null, row.name);
    if (row.name.startsWith("proxy_")) assert.equal(row.denied, 10, row.name);
  }
  const errnos = { fd_prestat_get: 8, fd_prestat_dir_name: 52, fd_read: 52, path_open: 44, fd_readdir: 20, sock_send: 58, fd_write: 76, clock_time_get: 76 };
  for (const [name, errno] of Object.entries(errnos)) assert.equal(hostFunction("wasi_unstable", name)?.denied, errno, name);
});

test("during start only the calls that the reference host lets through are allowed", () => {
  const env = hostFunctions.filter((row) => row.module === "env" && row.atStart).map((row) => row.name);
  assert.deepEqual(env.sort(), ["emscripten_notify_memory_growth", "proxy_log"]);
  const refused = wasiFunctions.filter((row) => !row.atStart).map((row) => row.name);
  assert.deepEqual(refused.sort(), ["fd_close", "fd_read", "fd_seek", "path_open", "proc_exit", "sched_yield"]);
  for (const name of allowedInAllocator)
    assert.ok(
      hostFunctions.some((row) => row.name === name),
      name,
    );
});

test("only the extras escape allowed_capabilities", () => {
  const free = hostFunctions.filter((row) => !row.gated).map((row) => row.name);
  assert.deepEqual(free, ["pthread_equal", "emscripten_notify_memory_growth", "envoy_resolve_dns"]);
});

test("every denial message fits the window that the log borrows", () => {
  for (const row of hostFunctions) {
    const message = `${DENIED_PREFIX}${row.name}${row.alias === undefined ? "" : ` (${row.alias})`}`;
    assert.match(message, /^[\x20-\x7e]+$/);
    assert.ok(message.length <= WINDOW.bytes, `${message.length}: ${message}`);
  }
});

test("every row says why, in one line, and has a price", () => {
  for (const row of hostFunctions) {
    assert.match(row.why, /^[A-Z][^\n]{10,120}[^.]$/, row.name);
    assert.ok(Number.isInteger(row.price) && row.price >= 20 && row.price <= 500, row.name);
  }
});
