// Listens to one plugin and keeps what it did: a tracer whose ears are the tables of subjects and callbacks. It may
// run for weeks beside live traffic: everything it keeps is bounded, and no value of a request is kept at all.
import type { Context } from "../host/context.ts";
import type { StreamContext } from "../host/stream-context.ts";
import type { CallbackTrace, CallTrace, Tracer } from "../host/tracer.ts";
import { callback } from "../spec/callbacks.ts";
import { type HostFunctionName, hostFunctionNamed } from "../spec/host-functions.ts";
import { DENIED_PREFIX } from "../spec/layout.ts";
import { STATUS } from "../spec/status.ts";
import { METRIC_RESERVED } from "../spec/telemetry.ts";
import { Amounts, type Spent } from "./amounts.ts";
import { plainRequest, plainWords } from "./plain-name.ts";
import {
  type Evidence,
  RECORD_FORMAT,
  type RunRecord,
  type Use,
  type UseKind,
  useKinds,
} from "./run-record.ts";
import { Sketch } from "./sketch.ts";
import { Arguments, type Subject, subjects } from "./subjects.ts";
import { Tally } from "./tally.ts";

export interface RecorderOptions {
  readonly plugin: string;
  /** sha256 of the module as shipped. */
  readonly module: string;
  /** How the running module counts fuel; null where it counts none. */
  readonly fuel: RunRecord["fuel"];
}

/** One request as it is told of; evidence outlives it, so it holds nothing of the stream. */
interface Request {
  readonly number: number;
  text: string | null;
  readonly spent: Spent;
}

interface CallbackRow {
  calls: number;
  traps: number;
  readonly fuel: Sketch;
}

/** Ids of queues that are remembered. */
const MAX_IDS = 1000;

export class Recorder implements Tracer {
  readonly #options: RecorderOptions;
  readonly #uses = Object.fromEntries(useKinds.map((kind) => [kind, new Tally()])) as Record<
    UseKind,
    Tally
  >;
  readonly #callbacks = new Map<string, CallbackRow>();
  readonly #requests = new WeakMap<StreamContext, Request>();
  readonly #queues = new Map<number, string>();
  readonly #perCallback = new Sketch();
  readonly #perRequest = new Sketch();
  readonly #perStart = new Sketch();
  readonly #pages = new Sketch();
  /** Ids of the metrics that a hardened module keeps of itself. */
  readonly #ownMetrics = new Set<number>();
  #numbered = 0;
  #over = 0;
  #traps = 0;
  #tick: number | null = null;
  #outstanding = 0;
  readonly #amounts = new Amounts();
  #sharedDataBytes = 0;
  #queueItems = 0;
  #memoryPages = 0;
  #stackTop = 0;
  #stackLeast = Number.POSITIVE_INFINITY;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  call(trace: CallTrace): void {
    const { row, stackLeft } = trace;
    const args = new Arguments(trace.args);
    if (this.#isOwn(trace, args)) return;
    const request = this.#requestOf(trace.context);
    if (stackLeft !== null) {
      this.#stackTop = Math.max(this.#stackTop, stackLeft);
      this.#stackLeast = Math.min(this.#stackLeast, stackLeft);
    }
    const denied = deniedName(trace, args);
    const found = subjects[row.name as HostFunctionName]?.(args, { queues: this.#queues }) ?? [];
    const about: readonly Subject[] = Array.isArray(found) ? found : [found as Subject];
    const what = about[0] === undefined ? null : phrase(about[0]);
    if (denied !== null) {
      this.#use("denied", denied, null, trace, request, denied === row.name ? what : null);
      return;
    }
    for (const { kind, name, of } of about) {
      // A call that the host refused has reached no cluster.
      const left = kind !== "clusters" || trace.answer === STATUS.ok || trace.answer === undefined;
      if (left) this.#use(kind, name, of, trace, request, null);
    }
    this.#use("calls", row.name, null, trace, request, what);
    this.#measure(trace, args, request);
  }

  /** Whether a hardened module tells of itself: its plugin may define no such names, and use no such ids. */
  #isOwn({ row, stackLeft, results }: CallTrace, args: Arguments): boolean {
    if (stackLeft === null) return false;
    if (row.name !== "proxy_define_metric") {
      const id = row.group === "metrics" ? args.number("metric_id") : 0;
      return this.#ownMetrics.has(id);
    }
    if (!args.text("name").startsWith(METRIC_RESERVED)) return false;
    const id = new Arguments(results).number("return_metric_id");
    if (id !== 0 && this.#ownMetrics.size < MAX_IDS) this.#ownMetrics.add(id);
    return true;
  }

  #use(
    kind: UseKind,
    name: string,
    of: string | null,
    { callback: running }: CallTrace,
    request: Request | null,
    what: string | null,
  ): void {
    this.#uses[kind].add(name, of, () => evidence(running, request, what));
  }

  /** What a call adds to the quotas, where it was granted. */
  #measure(trace: CallTrace, args: Arguments, request: Request | null): void {
    const { row } = trace;
    this.#amounts.add(row.name, args, request?.spent ?? null);
    if (trace.answer !== STATUS.ok) return;
    this.#outstanding = Math.max(this.#outstanding, trace.outstanding);
    switch (row.name as HostFunctionName) {
      case "proxy_set_shared_data":
        this.#sharedDataBytes += args.size("key") + args.size("value");
        break;
      case "proxy_enqueue_shared_queue":
        this.#queueItems++;
        break;
      case "proxy_register_shared_queue":
      case "proxy_resolve_shared_queue":
        if (this.#queues.size < MAX_IDS) {
          const id = new Arguments(trace.results).number("return_queue_id");
          this.#queues.set(id, plainWords(args.text("name")));
        }
        break;
      case "proxy_set_tick_period_milliseconds": {
        const period = args.number("tick_period") >>> 0;
        if (period > 0) this.#tick = Math.min(this.#tick ?? period, period);
        break;
      }
      default:
    }
  }

  callback({ name, context, fuel, pages, trapped }: CallbackTrace): void {
    this.#requestOf(context);
    let row = this.#callbacks.get(name);
    if (row === undefined) {
      row = { calls: 0, traps: 0, fuel: new Sketch() };
      this.#callbacks.set(name, row);
    }
    row.calls++;
    this.#amounts.callbackOver();
    this.#memoryPages = Math.max(this.#memoryPages, pages);
    // A plugin that traps when it is told of its own end has failed nobody.
    if (trapped && !(ENDS.has(name) && isRoot(context))) {
      row.traps++;
      this.#traps++;
    }
    if (fuel === null) return;
    row.fuel.add(fuel);
    const start = callback(name)?.kind === "start" || (name === CREATE && isRoot(context));
    (start ? this.#perStart : this.#perCallback).add(fuel);
  }

  ended(stream: StreamContext): void {
    this.#over++;
    if (this.#options.fuel !== null && stream.vm.trap === null) this.#perRequest.add(stream.fuel);
    this.#pages.add(stream.vm.memory.pages);
    this.#requests.delete(stream);
  }

  #requestOf({ stream }: Context): Request | null {
    if (stream === null) return null;
    let request = this.#requests.get(stream);
    if (request === undefined) {
      request = { number: ++this.#numbered, text: null, spent: Amounts.none() };
      this.#requests.set(stream, request);
    }
    // As the client sent it: a plugin may change the path later.
    const headers = request.text === null ? stream.request.allHeaders : null;
    if (headers !== null) {
      request.text = plainRequest(headers.get(":method") ?? "", headers.get(":path") ?? "");
    }
    return request;
  }

  /** Everything so far; the recorder goes on. */
  record(): RunRecord {
    const uses = Object.fromEntries(
      useKinds.map((kind) => [kind, this.#uses[kind].uses()] as const),
    ) as Record<UseKind, readonly Use[]>;
    const { plugin, module, fuel } = this.#options;
    return {
      format: RECORD_FORMAT,
      plugin,
      module,
      fuel,
      requests: this.#over,
      traps: this.#traps,
      uses,
      callbacks: [...this.#callbacks].map(([name, row]) => ({
        name,
        calls: row.calls,
        traps: row.traps,
        fuel: row.fuel.data(),
      })),
      most: {
        outstanding: this.#outstanding,
        ...this.#amounts.most,
        sharedDataBytes: this.#sharedDataBytes,
        queueItems: this.#queueItems,
        metrics: this.#uses.metrics.size,
        memoryPages: this.#memoryPages,
        stackBytes: this.#stackTop === 0 ? null : this.#stackTop - this.#stackLeast,
      },
      tick: this.#tick,
      perCallback: this.#perCallback.data(),
      perRequest: this.#perRequest.data(),
      perStart: this.#perStart.data(),
      pages: this.#pages.data(),
    };
  }
}

const CREATE = "proxy_on_context_create";
/** What tells a plugin of an end: of a request, or of its own. */
const ENDS: ReadonlySet<string> = new Set(["proxy_on_done", "proxy_on_delete"]);

const isRoot = ({ stream, connection }: Context): boolean => stream === null && connection === null;

/** The function that was denied: by the host's list, or by a hardened module's stub, which says so in the log. */
function deniedName({ row, hidden }: CallTrace, args: Arguments): string | null {
  if (hidden) return row.name;
  if (row.name !== ("proxy_log" satisfies HostFunctionName)) return null;
  const line = args.text("message");
  if (!line.startsWith(DENIED_PREFIX)) return null;
  const name = line.slice(DENIED_PREFIX.length).split(" ")[0]!;
  return hostFunctionNamed(name) === undefined ? null : name;
}

function phrase({ kind, name, of }: Subject): string {
  if (kind === "clusters") return `to ${name}`;
  return of === null ? name : `${name} of ${of}`;
}

function evidence(running: string, request: Request | null, what: string | null): Evidence {
  return {
    callback: running,
    request: request?.number ?? null,
    path: request?.text ?? null,
    what,
  };
}
