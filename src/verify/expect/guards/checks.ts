// Which host functions have a check, and of what steps it is made: what the policy's rules and
// quotas say about the arguments of an allowed call (A8 to A10, A12 to A20). A step whose condition
// does not hold is false. From docs/guards.md, "Checks".
import type { Policy } from "../../../policy/policy.ts";
import { ERRNO, STATUS } from "../../../spec/status.ts";
import { METRIC_RESERVED } from "../../../spec/telemetry.ts";
import { HIDDEN, PATH } from "./path.ts";
import { DENY, SAY, unless, when } from "./phrases.ts";
import { bytesOf, EXACT, pieces } from "./pieces.ts";
import * as step from "./steps.ts";

/** Names that begin as telemetry's do; for ids of telemetry's check.ts puts the code. */
const prefix = bytesOf(METRIC_RESERVED);
const OWN_NAME = when(
  `local.get 2 i32.const ${prefix.length} i32.ge_u`,
  when(pieces(prefix, EXACT, 1), DENY),
);
export const OWN_METRIC = "own metrics";

const { MATCH, MATCHN, NOT_CLIENT, MAP_RULE, SPEND, ONE, PAIRS } = step;
type Steps = readonly (string | false)[];
type Rows = Readonly<Record<string, Steps>>;

/** The steps by host function; overlap steps, which come first, are for check.ts. */
export function checkSteps({ rules: R, limits: L, telemetry }: Policy): Rows {
  const { headers, sharedData, queues, properties } = R;
  const { clusters } = R.dispatch;
  const { host, log, dispatch } = L;
  const headerBytes = (...lengths: number[]): string | false =>
    host.headerBytes !== null && SPEND("spendHeaders", ...lengths);
  const body = (length: number): string | false =>
    host.bodyBytes !== null && SPEND("spendBody", length);
  const total = dispatch.total !== null && ONE("spendDispatches");
  const toCluster = clusters !== null && MATCH(0, 1, "clusters");
  const written =
    log.bytes !== null &&
    [
      `local.get 1 local.get 2 call vectors local.tee t i64.const 0 i64.lt_s`,
      `if ${SAY(ERRNO.inval)} end ${unless("local.get t call spendLog", DENY)}`,
    ].join(" ");
  const tooLow = `local.get 0 i32.const ${log.level} i32.lt_s`;
  const tooFast = `local.get 0 i32.const ${host.tick} i32.lt_u`;
  const ownToken = unless("local.get 0 call hasToken", SAY(STATUS.notFound));
  const mapWritten = headers.add !== null || headers.replace !== null || headers.remove !== null;
  const { read, hidden, write } = properties;
  return {
    proxy_log: [
      log.level !== null && when(tooLow, SAY(STATUS.ok)),
      log.bytes !== null && SPEND("spendLog", 2),
    ],
    fd_write: [written],
    fd_pwrite: [written],
    proxy_set_tick_period_milliseconds: [
      host.tick !== null && when("local.get 0 i32.eqz i32.eqz", when(tooFast, DENY)),
    ],
    proxy_get_header_map_value: [headers.read !== null && MAP_RULE("headers-read")],
    proxy_get_header_map_pairs: [headers.read !== null && NOT_CLIENT],
    proxy_add_header_map_value: [
      headers.add !== null && MAP_RULE("headers-add"),
      headerBytes(2, 4),
    ],
    proxy_replace_header_map_value: [
      headers.replace !== null && MAP_RULE("headers-replace"),
      headerBytes(2, 4),
    ],
    proxy_remove_header_map_value: [headers.remove !== null && MAP_RULE("headers-remove")],
    proxy_set_header_map_pairs: [mapWritten && NOT_CLIENT, headerBytes(2)],
    proxy_get_buffer_bytes: [R.bodies.read !== null && step.BUFFERS_BUT(R.bodies.read)],
    proxy_set_buffer_bytes: [R.bodies.write !== null && step.BUFFERS_BUT(R.bodies.write), body(4)],
    proxy_send_local_response: [
      R.responses !== null && step.STATUS_IN(R.responses),
      headers.add !== null && PAIRS(5, 6, "pairsReply"),
      headerBytes(6),
      body(4),
    ],
    proxy_http_call: [
      toCluster,
      PAIRS(2, 3, "pairsDispatch"),
      PAIRS(6, 7, "pairsDispatch"),
      body(5),
      dispatch.outstanding !== null && step.OPEN(dispatch.outstanding),
      total,
    ],
    proxy_grpc_call: [toCluster, PAIRS(6, 7, "pairsDispatch"), body(9), total],
    proxy_grpc_stream: [toCluster, PAIRS(6, 7, "pairsDispatch"), total],
    proxy_grpc_send: [body(2)],
    envoy_resolve_dns: [R.dispatch.names !== null && MATCH(0, 1, "names"), total],
    proxy_set_shared_data: [
      sharedData.write !== null && MATCH(0, 1, "sharedWrite"),
      host.sharedData !== null && SPEND("spendKept", 1, 3),
    ],
    proxy_get_shared_data: [sharedData.read !== null && MATCH(0, 1, "sharedRead")],
    proxy_register_shared_queue: [queues.register !== null && MATCH(0, 1, "queuesRegister")],
    proxy_resolve_shared_queue: [queues.resolve !== null && MATCH(2, 3, "queuesResolve")],
    proxy_enqueue_shared_queue: [ownToken, host.queueItems !== null && ONE("spendQueued"), body(2)],
    proxy_dequeue_shared_queue: [ownToken],
    proxy_define_metric: [
      OWN_NAME,
      R.metrics !== null && MATCH(1, 2, "metrics"),
      host.metrics !== null && ONE("spendDefined"),
    ],
    proxy_record_metric: [telemetry && OWN_METRIC],
    proxy_increment_metric: [telemetry && OWN_METRIC],
    proxy_get_metric: [telemetry && OWN_METRIC],
    proxy_get_property: [
      (read !== null || hidden !== null) && PATH,
      read !== null && MATCHN("propertiesRead"),
      hidden !== null && HIDDEN,
    ],
    proxy_set_property: [write !== null && PATH, write !== null && MATCHN("propertiesWrite")],
    proxy_call_foreign_function: [R.foreign !== null && MATCH(0, 1, "foreign")],
  };
}
