// Every case that is measured in a real Envoy: every row of the trial has one, which a test holds.
import { abiMismatch } from "./cases/abi-mismatch.ts";
import { manyStreams, requestBudget } from "./cases/budgets.ts";
import { capTooLow } from "./cases/cap-too-low.ts";
import { deniedCapability } from "./cases/denied-capability.ts";
import { digestBreaksLoad, digestMismatch } from "./cases/digest.ts";
import { failOpen } from "./cases/failure-policy.ts";
import { otherCluster, otherHeader, otherProperty } from "./cases/guards.ts";
import { stackDepth, startSection, unexportedMemory } from "./cases/host-safety.ts";
import { infiniteLoop } from "./cases/infinite-loop.ts";
import { memoryCap } from "./cases/memory-cap.ts";
import { outboundCall } from "./cases/outbound-call.ts";
import {
  aliasedWrite,
  dispatchStorm,
  headerAdds,
  logFlood,
  queueFeeder,
  sharedDataHoard,
  tickStorm,
} from "./cases/quotas.ts";
import { sharedVm, sharedVmFailure } from "./cases/shared-vm.ts";
import { tamperedArtifact } from "./cases/tampered-artifact.ts";
import { telemetry } from "./cases/telemetry.ts";
import type { EnvoyCase } from "./envoy-case.ts";

const all: readonly EnvoyCase[] = [
  outboundCall,
  memoryCap,
  infiniteLoop,
  digestMismatch,
  sharedVm,
  telemetry,
  failOpen,
  digestBreaksLoad,
  deniedCapability,
  capTooLow,
  abiMismatch,
  sharedVmFailure,
  tamperedArtifact,
  stackDepth,
  unexportedMemory,
  startSection,
  otherCluster,
  otherProperty,
  otherHeader,
  aliasedWrite,
  headerAdds,
  logFlood,
  sharedDataHoard,
  queueFeeder,
  tickStorm,
  dispatchStorm,
  requestBudget,
  manyStreams,
];

/** By the id of the row. */
export const envoyCases: ReadonlyMap<string, EnvoyCase> = new Map(all.map((one) => [one.id, one]));

/** The case of a row of the trial; each has one. */
export function envoyCase(id: string): EnvoyCase {
  return envoyCases.get(id)!;
}
