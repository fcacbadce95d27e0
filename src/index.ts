// The public facade: what a program may rely on under the SemVer rule of CHANGELOG.md. Named exports only.
export { contain } from "./contain/contain.ts";
export type { Args, Code } from "./errors/catalogue.ts";
export { Failure, type Finding, type Level } from "./errors/failure.ts";
export { renderFailure, renderFinding } from "./errors/render.ts";
export type { Where } from "./errors/where.ts";
export type { Hardened } from "./harden/harden.ts";
export type { HardenReport } from "./harden/report.ts";
export { inspect } from "./inspect/inspect.ts";
export { leastPolicy } from "./inspect/least-policy.ts";
export type { InspectReport } from "./inspect/report.ts";
export { loadPolicy } from "./policy/load.ts";
export type { Policy } from "./policy/policy.ts";
export { policyFromRole } from "./policy/resolve.ts";
export { verify } from "./verify/verify.ts";
