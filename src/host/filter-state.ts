// The filter state of one request or connection: what plugins set as properties, and the proxy's own keys that
// they may set. It may be shared by all plugins of a filter chain, as in the reference proxy, where each reads
// what another wrote. The invariant: never more bytes than the cap, whoever wrote them.
import { STATUS } from "../spec/status.ts";
import { caps } from "./caps.ts";

/** How a plugin declared a property. */
export interface Declared {
  /** Written once, then never again. */
  readonly readonly: boolean;
  /** A number of LIFE_SPAN; kept for the gateway. */
  readonly span: number;
}

export class FilterState {
  readonly #values = new Map<string, Uint8Array>();
  readonly #envoy = new Map<string, string>();
  #bytes = 0;

  /** What a plugin set, by the path as it wrote it. */
  get(path: string): Uint8Array | undefined {
    return this.#values.get(path);
  }

  set(path: string, value: Uint8Array, declared: Declared | undefined): number {
    const old = this.#values.get(path);
    if (old !== undefined && declared?.readonly === true) return STATUS.badArgument;
    if (!this.#room(old === undefined ? 0 : path.length + old.length, path.length + value.length)) {
      return STATUS.internalFailure;
    }
    this.#values.set(path, value);
    return STATUS.ok;
  }

  /** The proxy's own keys, e.g. `envoy.tcp_proxy.cluster`, which change what it does with the request. */
  get envoy(): ReadonlyMap<string, string> {
    return this.#envoy;
  }

  setEnvoy(key: string, value: string): number {
    const old = this.#envoy.get(key);
    if (!this.#room(old === undefined ? 0 : key.length + old.length, key.length + value.length)) {
      return STATUS.internalFailure;
    }
    this.#envoy.set(key, value);
    return STATUS.ok;
  }

  /** What stands under a name of the whole state: `wasm.` and a plugin's path, or a key of the proxy. */
  named(name: string): Uint8Array | undefined {
    if (name.startsWith("wasm.")) return this.#values.get(name.slice("wasm.".length));
    const value = this.#envoy.get(name);
    return value === undefined ? undefined : Buffer.from(value, "utf8");
  }

  #room(freed: number, taken: number): boolean {
    if (this.#bytes - freed + taken > caps.filterStateBytes) return false;
    this.#bytes += taken - freed;
    return true;
  }
}
