// Key-value namespaces that outlive an instance and are shared by every plugin of one namespace, with
// compare-and-swap. Which plugins share a namespace is the caller's decision.
import { STATUS } from "../spec/status.ts";
import { caps } from "./caps.ts";

export interface SharedEntry {
  readonly value: Uint8Array;
  readonly cas: number;
}

/** Where shared data is kept: by one thread here, by all threads of a process in shared/data.ts. */
export interface DataStore {
  get(namespace: string, key: string): SharedEntry | undefined;
  /** `cas` 0 overwrites whatever is there; a key that is new is written whatever `cas` says. Answers a status. */
  set(namespace: string, key: string, value: Uint8Array, cas: number): number;
}

/** What a pair counts towards its namespace's bytes: an empty one isn't free. */
export function sizeOf(
  key: { readonly length: number },
  value: { readonly length: number },
): number {
  return caps.sharedPairBytes + key.length + value.length;
}

interface Namespace {
  readonly entries: Map<string, SharedEntry>;
  bytes: number;
}

export class SharedData implements DataStore {
  readonly #namespaces = new Map<string, Namespace>();
  #cas = 0;

  get(namespace: string, key: string): SharedEntry | undefined {
    return this.#namespaces.get(namespace)?.entries.get(key);
  }

  set(namespace: string, key: string, value: Uint8Array, cas: number): number {
    let space = this.#namespaces.get(namespace);
    if (space === undefined) {
      space = { entries: new Map(), bytes: 0 };
      this.#namespaces.set(namespace, space);
    }
    const old = space.entries.get(key);
    if (old !== undefined && cas !== 0 && cas !== old.cas) return STATUS.casMismatch;
    const freed = old === undefined ? 0 : sizeOf(key, old.value);
    const bytes = space.bytes - freed + sizeOf(key, value);
    if (bytes > caps.sharedDataBytes) return STATUS.internalFailure;
    space.bytes = bytes;
    this.#cas = this.#cas === 0xffffffff ? 1 : this.#cas + 1;
    space.entries.set(key, { value, cas: this.#cas });
    return STATUS.ok;
  }
}
