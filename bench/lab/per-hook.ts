// A host as the TypeScript runner is one: for each of a request's four hooks it makes a fresh instance from the
// compiled module, starts and configures it, opens a context, and calls the hook. Only the bench has this mode.
import { readFileSync } from "node:fs";
import { checkModule } from "../../src/host/check-module.ts";
import { compile } from "../../src/host/engine.ts";
import { HeaderMap } from "../../src/host/header-map.ts";
import { Plugin } from "../../src/host/plugin.ts";
import type { Loaded } from "../../src/host/start.ts";
import type { StreamContext } from "../../src/host/stream-context.ts";
import { decode } from "../../src/wasm/decode.ts";
import { type CostPlugin, requestHeaders } from "./cost-parties.ts";

const NOTHING = new Uint8Array(0);

/** The four hooks of a request, each with what it is told. */
const hooks: readonly ((stream: StreamContext) => void)[] = [
  ({ request }) => request.onHeaders(requestMap(), true),
  ({ request }) => request.onBody(NOTHING, true),
  ({ response }) => response.onHeaders(HeaderMap.from([[":status", "200"]]), true),
  ({ response }) => response.onBody(NOTHING, true),
];

function requestMap(): HeaderMap {
  return HeaderMap.from([
    [":authority", "bench.test"],
    [":path", "/api/v2/users"],
    [":method", "GET"],
    [":scheme", "http"],
    ...Object.entries(requestHeaders),
  ]);
}

/** One request, four instances. */
function request(loaded: Loaded, { name, configuration }: CostPlugin): void {
  for (const hook of hooks) {
    const plugin = new Plugin(loaded, { name, rootId: name, configuration });
    const admission = plugin.open();
    if (admission.as !== "stream") throw new Error(`${name} does not start`);
    hook(admission.stream);
    if (plugin.trap !== null) throw new Error(`${name} trapped: ${plugin.trap.detail}`);
  }
}

/**
 * Microseconds of this process's processor time per request, batch by batch, of the module as built: nothing is
 * counted but the hooks, no parsing and no socket.
 */
export function perHook(plugin: CostPlugin, requests: number): readonly number[] {
  const bytes = new Uint8Array(readFileSync(plugin.file));
  const module = decode(bytes);
  const loaded: Loaded = {
    compiled: compile(bytes),
    imports: module.imports,
    abi: checkModule(module),
  };
  const batch = Math.ceil(requests / 10);
  const samples: number[] = [];
  // The first batch warms up.
  for (let round = 0; round < 11; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < batch; i++) request(loaded, plugin);
    const { user, system } = process.cpuUsage(before);
    if (round > 0) samples.push((user + system) / batch);
  }
  return samples;
}
