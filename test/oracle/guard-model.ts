// What guards, quotas and slots of a hardened module decide, read from docs/guards.md by what it means and not by
// its bytes: the statuses that a plugin gets in place of the host's. A host with this model in front of it treats
// a plugin as it came like a plain host treats it hardened. Shares nothing with harden, verify or the lab.
import type { Policy } from "../../src/policy/policy.ts";
import { answers, callback } from "../../src/spec/callbacks.ts";
import type { HostFunction } from "../../src/spec/host-function-row.ts";
import { ERRNO, STATUS } from "../../src/spec/status.ts";
import {
  mayDispatch,
  mayTouch,
  named,
  type Pairs,
  pairsOf,
  policyText,
  text,
} from "./guard-rules.ts";
import type { Value } from "./value.ts";

type Rules = Policy["rules"];

/** The answer in place of the host's: a status, or "denied". */
type Answer = number | "denied" | null;

interface Used {
  log: number;
  headers: number;
  dispatches: number;
}

const NOTHING = (): Used => ({ log: 0, headers: 0, dispatches: 0 });
const BUFFERS = ["request", "response", "downstream", "upstream"] as const;

export class GuardModel {
  readonly #policy: Policy;
  readonly #memory: () => Uint8Array;
  #used = NOTHING();
  #bodied = 0;
  #kept = 0;
  #queued = 0;
  #defined = 0;
  #open = 0;
  /** An answer is served whose stream has not been named. */
  #unnamed = false;
  readonly #tokens: number[] = [];
  /** What the streams with a slot have used, by slot. */
  readonly #slots: ({ readonly id: number; used: Used } | null)[];

  constructor(policy: Policy, memory: () => Uint8Array) {
    this.#policy = policy;
    this.#memory = memory;
    const { fuel, streams } = policy.limits;
    this.#slots = new Array(fuel.request === null ? 0 : streams).fill(null);
  }

  /** Slots that an id may fall into. */
  #probes(id: number): number[] {
    const size = this.#slots.length;
    const most = Math.min(4, size);
    return Array.from({ length: most }, (_, j) => ((id + j) >>> 0) % size);
  }

  #find(id: number) {
    if (id === 0) return null;
    const at = this.#probes(id).find((slot) => this.#slots[slot]?.id === id);
    return at === undefined ? null : this.#slots[at]!;
  }

  /** An entry begins. */
  enter(name: string, args: readonly Value[]): void {
    this.#used = NOTHING();
    this.#bodied = 0;
    const id = typeof args[0] === "number" ? args[0] >>> 0 : 0;
    const kind = callback(name)?.kind;
    const stream = kind === "callback" ? this.#find(id) : null;
    this.#used = stream?.used ?? this.#used;
    this.#unnamed = stream === null && answers.has(name);
    if (name === "proxy_on_http_call_response" && this.#open > 0) this.#open--;
    if (kind !== "context" || args[1] === 0) return;
    const { sharedDataPerRequest, queueItemsPerRequest } = this.#policy.limits.host;
    this.#kept = Math.max(0, this.#kept - sharedDataPerRequest);
    this.#queued = Math.max(0, this.#queued - queueItemsPerRequest);
    if (id === 0 || this.#find(id) !== null) return;
    const free = this.#probes(id).find((slot) => this.#slots[slot] === null);
    if (free !== undefined) this.#slots[free] = { id, used: NOTHING() };
  }

  /** It has returned. */
  leave(name: string, args: readonly Value[]): void {
    if (name !== "proxy_on_delete") return;
    const id = (args[0] as number) >>> 0;
    const at = this.#slots.findIndex((slot) => id !== 0 && slot?.id === id);
    if (at >= 0 && this.#probes(id).includes(at)) this.#slots[at] = null;
  }

  #bytes(ptr: Value, length: Value): Uint8Array {
    const at = (ptr as number) >>> 0;
    return this.#memory().subarray(at, at + ((length as number) >>> 0));
  }

  /** What the plugin gets without the host being asked; null where the host is asked. */
  judge(row: HostFunction, args: readonly Value[]): Answer {
    if (row.result === null) return null;
    const wasi = row.module === "wasi";
    const size = this.#memory().length;
    const u = (i: number): number => (args[i] as number) >>> 0;
    const ranges = row.params.flatMap(({ role }, i) => (role === "inLen" ? [i] : []));
    if (ranges.some((i) => u(i - 1) + u(i) > size))
      return wasi ? ERRNO.fault : STATUS.invalidMemoryAccess;
    const steps = this.#steps(row, args);
    if (steps.length === 0) return null;
    const outs = row.params.flatMap(({ role, bytes }, i) =>
      role === "out" ? [[u(i), bytes!]] : role === "outPtr" || role === "outLen" ? [[u(i), 4]] : [],
    );
    const over = ranges.some((i) =>
      outs.some(([at, n]) => at! < u(i - 1) + u(i) && u(i - 1) < at! + n!),
    );
    if (APART.has(row.name) && over) return STATUS.badArgument;
    for (const step of steps) {
      const answer = step();
      if (answer !== null) return answer;
    }
    return null;
  }

  /** The host has answered. */
  after(row: HostFunction, args: readonly Value[], status: number): void {
    if (status !== 0) return;
    if (row.name === "proxy_http_call") this.#open++;
    if (row.name === "proxy_set_effective_context" && this.#unnamed) {
      const stream = this.#find((args[0] as number) >>> 0);
      this.#used = stream?.used ?? this.#used;
      this.#unnamed = stream === null;
    }
    if (row.name !== "proxy_register_shared_queue" && row.name !== "proxy_resolve_shared_queue")
      return;
    const at = (args.at(-1) as number) >>> 0;
    const token = new DataView(this.#bytes(at, 4).slice().buffer).getUint32(0, true);
    if (token !== 0 && !this.#tokens.includes(token) && this.#tokens.length < 8)
      this.#tokens.push(token);
  }

  /** A quota's step: none without a limit; denied beyond it, else spent. */
  #spend(
    limit: number | null,
    spent: () => number,
    n: number,
    spend: () => void,
  ): (() => Answer)[] {
    if (limit === null) return [];
    return [
      () => {
        if (spent() + n > limit) return "denied";
        spend();
        return null;
      },
    ];
  }

  #spendUsed(field: keyof Used, n: number, limit: number | null): (() => Answer)[] {
    return this.#spend(
      limit,
      () => this.#used[field],
      n,
      () => {
        this.#used[field] += n;
      },
    );
  }

  #spendBody(n: number): (() => Answer)[] {
    return this.#spend(
      this.#policy.limits.host.bodyBytes,
      () => this.#bodied,
      n,
      () => {
        this.#bodied += n;
      },
    );
  }

  #steps(row: HostFunction, args: readonly Value[]): (() => Answer)[] {
    const { rules, limits } = this.#policy;
    const { dispatch, host, log } = limits;
    const u = (i: number): number => (args[i] as number) >>> 0;
    const at = (i: number): string => text(this.#bytes(args[i]!, args[i + 1]!));
    const check = (rule: unknown, passes: () => boolean): (() => Answer)[] =>
      rule === null ? [] : [() => (passes() ? null : "denied")];
    const exact = (list: readonly string[] | null, i: number) =>
      check(list, () => list!.some((one) => policyText(one) === at(i)));
    const prefix = (list: readonly string[] | null, i: number) =>
      check(list, () => list!.some((one) => at(i).startsWith(policyText(one))));
    const header = (list: Rules["headers"]["read"]) =>
      check(list, () => u(0) > 3 || named(list, u(0), at(1)));
    const map = (i: number, passes: (pairs: Pairs) => boolean): (() => Answer)[] => [
      () => {
        const pairs = pairsOf(this.#bytes(args[i]!, args[i + 1]!));
        if (pairs === null) return this.#malformed(i, args, passes);
        return passes(pairs) ? null : "denied";
      },
    ];
    const headerBytes = (...lengths: number[]) =>
      this.#spendUsed(
        "headers",
        lengths.reduce((sum, i) => sum + u(i), 0),
        host.headerBytes,
      );
    const body = (i: number) => this.#spendBody(u(i));
    const total = () => this.#spendUsed("dispatches", 1, dispatch.total);
    const metadata = (i: number) => map(i, (pairs) => mayDispatch(pairs, rules.dispatch));
    const buffers = (list: Rules["bodies"]["read"]) =>
      check(list, () => u(0) > 3 || list!.includes(BUFFERS[u(0)]!));
    const token = (): Answer => (this.#tokens.includes(u(0)) ? null : STATUS.notFound);
    switch (row.name) {
      case "proxy_log": {
        const level = log.level;
        const quiet =
          level === null ? [] : [() => ((args[0] as number) < level ? STATUS.ok : null)];
        return [...quiet, ...this.#spendUsed("log", u(2), log.bytes)];
      }
      case "fd_write":
      case "fd_pwrite":
        return log.bytes === null ? [] : [() => this.#vector(u(1), u(2), log.bytes!)];
      case "proxy_set_tick_period_milliseconds":
        return check(host.tick, () => u(0) === 0 || u(0) >= host.tick!);
      case "proxy_get_header_map_value":
        return header(rules.headers.read);
      case "proxy_get_header_map_pairs":
        return check(rules.headers.read, () => u(0) > 3);
      case "proxy_add_header_map_value":
        return [...header(rules.headers.add), ...headerBytes(2, 4)];
      case "proxy_replace_header_map_value":
        return [...header(rules.headers.replace), ...headerBytes(2, 4)];
      case "proxy_remove_header_map_value":
        return header(rules.headers.remove);
      case "proxy_set_header_map_pairs": {
        const { add, replace, remove } = rules.headers;
        return [...check(add ?? replace ?? remove, () => u(0) > 3), ...headerBytes(2)];
      }
      case "proxy_get_buffer_bytes":
        return buffers(rules.bodies.read);
      case "proxy_set_buffer_bytes":
        return [...buffers(rules.bodies.write), ...body(4)];
      case "proxy_send_local_response": {
        const { add } = rules.headers;
        return [
          ...check(rules.responses, () =>
            rules.responses!.some(([from, to]) => u(0) >= from && u(0) <= to),
          ),
          ...(add === null ? [] : map(5, (pairs) => pairs.every(([name]) => named(add, 2, name)))),
          ...headerBytes(6),
          ...body(4),
        ];
      }
      case "proxy_http_call":
        return [
          ...exact(rules.dispatch.clusters, 0),
          ...metadata(2),
          ...metadata(6),
          ...body(5),
          ...check(dispatch.outstanding, () => this.#open < dispatch.outstanding!),
          ...total(),
        ];
      case "proxy_grpc_call":
        return [...exact(rules.dispatch.clusters, 0), ...metadata(6), ...body(9), ...total()];
      case "proxy_grpc_stream":
        return [...exact(rules.dispatch.clusters, 0), ...metadata(6), ...total()];
      case "proxy_grpc_send":
        return body(2);
      case "envoy_resolve_dns":
        return [...exact(rules.dispatch.names, 0), ...total()];
      case "proxy_set_shared_data": {
        const n = u(1) + u(3);
        return [
          ...prefix(rules.sharedData.write, 0),
          ...this.#spend(
            host.sharedData,
            () => this.#kept,
            n,
            () => {
              this.#kept += n;
            },
          ),
        ];
      }
      case "proxy_get_shared_data":
        return prefix(rules.sharedData.read, 0);
      case "proxy_register_shared_queue":
        return prefix(rules.queues.register, 0);
      case "proxy_resolve_shared_queue":
        return prefix(rules.queues.resolve, 2);
      case "proxy_enqueue_shared_queue":
        return [
          token,
          ...this.#spend(
            host.queueItems,
            () => this.#queued,
            1,
            () => {
              this.#queued++;
            },
          ),
          ...body(2),
        ];
      case "proxy_dequeue_shared_queue":
        return [token];
      case "proxy_define_metric":
        return [
          () => (at(1).startsWith("glovebox") ? "denied" : null),
          ...prefix(rules.metrics, 1),
          ...this.#spend(
            host.metrics,
            () => this.#defined,
            1,
            () => {
              this.#defined++;
            },
          ),
        ];
      case "proxy_get_property": {
        const { read, hidden } = rules.properties;
        return check(read ?? hidden, () => mayTouch(at(0), rules, false));
      }
      case "proxy_set_property":
        return check(rules.properties.write, () => mayTouch(at(0), rules, true));
      case "proxy_call_foreign_function":
        return exact(rules.foreign, 0);
      default:
        return [];
    }
  }

  /**
   * A map that is none is answered 2, unless a name that stands before the fault is denied: the walk takes pair
   * by pair, once the number of zeros is right.
   */
  #malformed(i: number, args: readonly Value[], passes: (pairs: Pairs) => boolean): Answer {
    const bytes = this.#bytes(args[i]!, args[i + 1]!);
    if (bytes.length < 4 || bytes.length > 65_536) return STATUS.badArgument;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const count = view.getUint32(0, true);
    const body = bytes.subarray(Math.min(bytes.length, 4 + 8 * count));
    const zeros = body.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0);
    if (count > 256 || 4 + 8 * count > bytes.length || zeros !== 2 * count)
      return STATUS.badArgument;
    let at = 4 + 8 * count;
    for (let k = 0; k < count; k++) {
      const [name, value] = [view.getUint32(4 + 8 * k, true), view.getUint32(8 + 8 * k, true)];
      const end = at + name + value + 2;
      if (end > bytes.length || bytes[at + name] !== 0 || bytes[end - 1] !== 0)
        return STATUS.badArgument;
      const pair = [
        text(bytes.subarray(at, at + name)),
        text(bytes.subarray(at + name + 1, end - 1)),
      ] as const;
      if (!passes([pair])) return "denied";
      at = end;
    }
    return STATUS.badArgument;
  }

  #vector(at: number, count: number, limit: number): Answer {
    const memory = this.#memory();
    if (count > 1024 || at + 8 * count > memory.length) return ERRNO.inval;
    const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
    let sum = 0;
    for (let k = 0; k < count; k++) sum += view.getUint32(at + 8 * k + 4, true);
    if (this.#used.log + sum > limit) return "denied";
    this.#used.log += sum;
    return null;
  }
}

/** Calls whose results may not be written over what is checked. */
const APART: ReadonlySet<string> = new Set([
  "proxy_get_header_map_value",
  "proxy_http_call",
  "proxy_grpc_call",
  "proxy_grpc_stream",
  "envoy_resolve_dns",
  "proxy_get_shared_data",
  "proxy_register_shared_queue",
  "proxy_resolve_shared_queue",
  "proxy_define_metric",
  "proxy_get_property",
  "proxy_call_foreign_function",
]);
