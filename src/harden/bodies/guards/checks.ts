// The checks: what a thunk asks before it lets a call go on, row by row as docs/guards.md has them. The table says
// which steps a policy gives a host function; no step, no check.
import type { Policy } from "../../../policy/policy.ts";
import type { HostFunction } from "../../../spec/host-function-row.ts";
import { STATUS } from "../../../spec/status.ts";
import { Asm, type Body, ONE_I32 } from "../asm.ts";
import { sizeOut } from "../stub.ts";
import { inPairs, paramTypes } from "../thunk.ts";
import { type GuardContext, sayIf } from "./guard.ts";
import * as step from "./steps.ts";

type Limits = Policy["limits"];
type Steps = (
  rules: Policy["rules"],
  limits: Limits,
  policy: Policy,
) => readonly (step.Step | false | null | undefined)[];

interface CheckRow {
  readonly steps: Steps;
  /** No result may be written over what is checked (rule A12). */
  readonly apart?: true;
  /** Default: a check may deny. */
  readonly denies?: (policy: Policy) => boolean;
}

const headerBytes = ({ host }: Limits, ...lengths: number[]) =>
  host.headerBytes !== null && step.spend("limits.host.headerBytes", "spendHeaders", ...lengths);
const bodyBytes = ({ host }: Limits, length: number) =>
  host.bodyBytes !== null && step.spend("limits.host.bodyBytes", "spendBody", length);
const total = ({ dispatch }: Limits) =>
  dispatch.total !== null && step.spend("limits.dispatch.total", "spendDispatches");
const cluster = ({ dispatch }: Policy["rules"]) =>
  dispatch.clusters !== null && step.listed("dispatch.clusters", 0, 1, "clusters");
const metadata = (p: number, n: number) => step.map("form of maps", p, n, "pairsDispatch");

const vectors: CheckRow = {
  steps: (_, { log }) => [log.bytes !== null && step.vectorBytes("limits.log.bytesPerRequest")],
};

/** Metrics of the module's own are no business of the plugin's (rule A31). */
const ownMetric: CheckRow = {
  steps: (_, __, { telemetry }) => [telemetry && step.noOwnMetric("telemetry")],
  denies: () => false,
};

const rows: Readonly<Record<string, CheckRow>> = {
  proxy_log: {
    steps: (_, { log }) => [
      log.level !== null && step.level("limits.log.level", log.level),
      log.bytes !== null && step.spend("limits.log.bytesPerRequest", "spendLog", 2),
    ],
    denies: ({ limits }) => limits.log.bytes !== null,
  },
  fd_write: vectors,
  fd_pwrite: vectors,
  proxy_set_tick_period_milliseconds: {
    steps: (_, { host }) => [host.tick !== null && step.period("limits.host.tick", host.tick)],
  },
  proxy_get_header_map_value: {
    apart: true,
    steps: ({ headers }) => [headers.read !== null && step.header("headers.read", "headersRead")],
  },
  proxy_get_header_map_pairs: {
    steps: ({ headers }) => [headers.read !== null && step.noClientMap("headers.read")],
  },
  proxy_add_header_map_value: {
    steps: ({ headers }, limits) => [
      headers.add !== null && step.header("headers.add", "headersAdd"),
      headerBytes(limits, 2, 4),
    ],
  },
  proxy_replace_header_map_value: {
    steps: ({ headers }, limits) => [
      headers.replace !== null && step.header("headers.replace", "headersReplace"),
      headerBytes(limits, 2, 4),
    ],
  },
  proxy_remove_header_map_value: {
    steps: ({ headers }) => [
      headers.remove !== null && step.header("headers.remove", "headersRemove"),
    ],
  },
  proxy_set_header_map_pairs: {
    steps: ({ headers }, limits) => [
      [headers.add, headers.replace, headers.remove].some((list) => list !== null) &&
        step.noClientMap("headers.write"),
      headerBytes(limits, 2),
    ],
  },
  proxy_get_buffer_bytes: {
    steps: ({ bodies }) => [bodies.read !== null && step.buffers("bodies.read", bodies.read)],
  },
  proxy_set_buffer_bytes: {
    steps: ({ bodies }, limits) => [
      bodies.write !== null && step.buffers("bodies.write", bodies.write),
      bodyBytes(limits, 4),
    ],
  },
  proxy_send_local_response: {
    steps: ({ responses, headers }, limits) => [
      responses !== null && step.statuses("responses", responses),
      headers.add !== null && step.map("headers.add", 5, 6, "pairsReply"),
      headerBytes(limits, 6),
      bodyBytes(limits, 4),
    ],
  },
  proxy_http_call: {
    apart: true,
    steps: (rules, limits) => [
      cluster(rules),
      metadata(2, 3),
      metadata(6, 7),
      bodyBytes(limits, 5),
      limits.dispatch.outstanding !== null &&
        step.fewOpen("limits.dispatch.outstanding", limits.dispatch.outstanding),
      total(limits),
    ],
  },
  proxy_grpc_call: {
    apart: true,
    steps: (rules, limits) => [cluster(rules), metadata(6, 7), bodyBytes(limits, 9), total(limits)],
  },
  proxy_grpc_stream: {
    apart: true,
    steps: (rules, limits) => [cluster(rules), metadata(6, 7), total(limits)],
  },
  proxy_grpc_send: { steps: (_, limits) => [bodyBytes(limits, 2)] },
  envoy_resolve_dns: {
    apart: true,
    steps: ({ dispatch }, limits) => [
      dispatch.names !== null && step.listed("dispatch.dns", 0, 1, "names"),
      total(limits),
    ],
  },
  proxy_set_shared_data: {
    steps: ({ sharedData }, { host }) => [
      sharedData.write !== null && step.listed("sharedData.write", 0, 1, "sharedWrite"),
      host.sharedData !== null && step.spend("limits.host.sharedData", "spendKept", 1, 3),
    ],
  },
  proxy_get_shared_data: {
    apart: true,
    steps: ({ sharedData }) => [
      sharedData.read !== null && step.listed("sharedData.read", 0, 1, "sharedRead"),
    ],
  },
  proxy_register_shared_queue: {
    apart: true,
    steps: ({ queues }) => [
      queues.register !== null && step.listed("queues.register", 0, 1, "queuesRegister"),
    ],
  },
  proxy_resolve_shared_queue: {
    apart: true,
    steps: ({ queues }) => [
      queues.resolve !== null && step.listed("queues.resolve", 2, 3, "queuesResolve"),
    ],
  },
  proxy_enqueue_shared_queue: {
    steps: (_, limits) => [
      step.ownToken("own tokens"),
      limits.host.queueItems !== null && step.spend("limits.host.queueItems", "spendQueued"),
      bodyBytes(limits, 2),
    ],
    denies: ({ limits: { host } }) => host.queueItems !== null || host.bodyBytes !== null,
  },
  proxy_dequeue_shared_queue: {
    steps: () => [step.ownToken("own tokens")],
    denies: () => false,
  },
  proxy_define_metric: {
    apart: true,
    steps: ({ metrics }, { host }) => [
      step.noOwnName("telemetry"),
      metrics !== null && step.listed("metrics.names", 1, 2, "metrics"),
      host.metrics !== null && step.spend("limits.host.metrics", "spendDefined"),
    ],
  },
  proxy_record_metric: ownMetric,
  proxy_increment_metric: ownMetric,
  proxy_get_metric: ownMetric,
  proxy_get_property: {
    apart: true,
    steps: ({ properties: { read, hidden } }) => [
      (read !== null || hidden !== null) && step.path("properties.read"),
      read !== null && step.listedPath("properties.read", "propertiesRead"),
      hidden !== null && step.noHiddenPath("headers.read"),
    ],
  },
  proxy_set_property: {
    steps: ({ properties: { write } }) =>
      write === null
        ? []
        : [step.path("properties.write"), step.listedPath("properties.write", "propertiesWrite")],
  },
  proxy_call_foreign_function: {
    apart: true,
    steps: ({ foreign }) => [foreign !== null && step.listed("foreign.functions", 0, 1, "foreign")],
  },
};

/** The steps of an allowed call's check; none where it has no check. */
export function stepsOf(row: HostFunction, policy: Policy): readonly step.Step[] {
  // What only telemetry imports is not called by the plugin.
  if (!policy.allow.has(row.name)) return [];
  const steps = rows[row.name]?.steps(policy.rules, policy.limits, policy) ?? [];
  return steps.flatMap((one) => (one ? [one] : []));
}

/** Whether an allowed call may be denied, and so has a stub. */
export function mayDeny(row: HostFunction, policy: Policy): boolean {
  if (stepsOf(row, policy).length === 0) return false;
  return rows[row.name]?.denies?.(policy) ?? true;
}

/** Answers 2 where the host would write a result over bytes that are about to be checked. */
function apart(asm: Asm, row: HostFunction, { target }: GuardContext): void {
  const outs = row.params.flatMap((param, i) => {
    const size = sizeOut(param);
    return size > 0 ? [{ i, size }] : [];
  });
  for (const [ptr, len] of inPairs(row)) {
    for (const { i, size } of outs) {
      asm.local("get", i).i32(size).local("get", ptr).local("get", len).call(target("overlap"));
      sayIf(asm, STATUS.badArgument);
    }
  }
}

/** The check of an allowed import. */
export function checkBody(row: HostFunction, context: GuardContext): Body {
  const { policy, ground } = context;
  const steps = stepsOf(row, policy);
  const local = steps.find((one) => one.local !== undefined)?.local;
  const asm = new Asm(ground, local === undefined ? [] : [[1, local]]);
  if (rows[row.name]!.apart === true) apart(asm, row, context);
  for (const one of steps) one.write(asm, context, row.params.length);
  return asm.i32(-1).body(paramTypes(row), ONE_I32);
}
