// Every host call, by name: the one table that linking reads. A function of the spec table without a handler
// here doesn't compile, nor does a handler without a row.
import type { HostFunctionName } from "../../spec/host-functions.ts";
import type { Vm } from "../vm.ts";
import { bufferCalls } from "./buffer-calls.ts";
import { contextCalls } from "./context-calls.ts";
import { foreignCalls } from "./foreign-calls.ts";
import { grpcCalls } from "./grpc-calls.ts";
import { headerCalls } from "./header-calls.ts";
import { httpCall } from "./http-call.ts";
import { logCalls } from "./log-calls.ts";
import { metricCalls } from "./metric-calls.ts";
import { propertyCalls } from "./property-calls.ts";
import { queueCalls } from "./queue-calls.ts";
import { runtimeCalls } from "./runtime-calls.ts";
import { sharedDataCalls } from "./shared-data-calls.ts";
import { streamCalls } from "./stream-calls.ts";
import { timeCalls } from "./time-calls.ts";
import { wasiCalls } from "./wasi-calls.ts";
import { wasiPaths } from "./wasi-paths.ts";

/** Takes the guest's numbers as they come (i32 signed, i64 as bigint); answers a status, or nothing. */
export type HostCall = (vm: Vm, ...args: never[]) => number | undefined;

export const hostCalls = {
  ...logCalls,
  ...timeCalls,
  ...propertyCalls,
  ...headerCalls,
  ...bufferCalls,
  ...streamCalls,
  ...httpCall,
  ...grpcCalls,
  ...sharedDataCalls,
  ...queueCalls,
  ...metricCalls,
  ...foreignCalls,
  ...contextCalls,
  ...runtimeCalls,
  ...wasiCalls,
  ...wasiPaths,
} satisfies Readonly<Record<HostFunctionName, HostCall>>;
