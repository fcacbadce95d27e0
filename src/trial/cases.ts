// Every case: the article's two tables in their order, then what goes beyond them.
import type { Case } from "./case.ts";
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

export const cases: readonly Case[] = [
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
