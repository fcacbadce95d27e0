// From a record to the fields of the least policy: what was used is granted, rule by rule, each with its evidence.
// Names that are no plain names make no rule: one that looks right and isn't would be worse than none.
import { HOST_ENFORCED } from "../gateway/plugins/plan.ts";
import { CLIENT_MAPS } from "../host/guards.ts";
import { role } from "../policy/roles.ts";
import { field, type Path } from "../policy/schema.ts";
import { show } from "../policy/values.ts";
import type { RunRecord, Use } from "../record/run-record.ts";
import type { Risk } from "../spec/host-function-row.ts";
import { hostFunctionNamed } from "../spec/host-functions.ts";
import { LOG_LEVEL, MAP, nameOf } from "../spec/status.ts";
import type { Line } from "./policy-tree.ts";
import { type FitOptions, proposalsOf } from "./proposals.ts";
import { byName, limitReason, reasonOf } from "./reasons.ts";

export interface LeastOptions extends FitOptions {
  readonly role: string | null;
}

/** Plain where it can only be text, quoted otherwise. */
export function scalar(text: string): string {
  const plain = /^[A-Za-z][A-Za-z0-9./_-]*$/.test(text);
  const word = /^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain && !word ? text : JSON.stringify(text);
}

const severity: Readonly<Record<Risk, number>> = { high: 0, medium: 1, low: 2 };
const riskOf = ({ name }: Use): number => severity[hostFunctionNamed(name)?.risk ?? "low"];

/** What SDKs need to start comes with every role; without a role it is listed like anything else. */
function granted(record: RunRecord, roleName: string | null): readonly Use[] {
  const listed = record.uses.calls.filter(
    ({ name }) => roleName === null || hostFunctionNamed(name)?.startup !== true,
  );
  return listed.toSorted((a, b) => riskOf(a) - riskOf(b));
}

function allowLine(record: RunRecord, roleName: string | null): Line {
  const template = roleName === null ? undefined : role(roleName);
  const items = granted(record, roleName).map((use) => {
    const beyond = template !== undefined && !template.allow.includes(use.name);
    const reason = `reason: ${reasonOf(use)}${beyond ? `; the role ${roleName} has it not` : ""}`;
    return { text: use.name, reason };
  });
  const path = "spec.capabilities.allow";
  return items.length === 0
    ? { path, value: "[]", reason: "it called nothing that is gated" }
    : { path, value: null, items, reason: null };
}

/** Names that stand for something else, or for several. */
const isPlain = ({ name }: Use): boolean => !/[*()…]/.test(name);

function rule(path: Path, uses: readonly Use[]): readonly Line[] {
  const named = byName(uses);
  if (named.length === 0 || !named.every(isPlain)) return [];
  const items = named.map((use) => ({
    text: scalar(use.name),
    reason: `reason: ${reasonOf(use)}`,
  }));
  return [{ path, value: null, items, reason: later(path) }];
}

const clientMaps = [...CLIENT_MAPS].map((map) => nameOf(MAP, map));

/** Rules are about the headers of the request and its answer; those of a plugin's own calls are its own. */
function ofClient(uses: readonly Use[]): readonly Use[] {
  return uses.filter(({ of }) => clientMaps.includes(of ?? undefined));
}

/** A header that is asked for as a property is a header; all of them at once make a name that no rule takes. */
function headersRead({ uses }: RunRecord): readonly Use[] {
  const called = ofClient(uses.headersRead);
  if (called.length === 0) return [];
  const asked = uses.propertiesRead.flatMap((use): Use[] => {
    const match = /^(?:request|response)\.(?:headers|trailers)(?:\.(.*))?$/.exec(use.name);
    return match === null ? [] : [{ ...use, name: match[1]?.toLowerCase() ?? "*" }];
  });
  return [...called, ...asked];
}

/** What is said of a field that harden refuses for now. */
function later(path: Path): string | null {
  if (field(path)!.later === undefined) return null;
  const host = (HOST_ENFORCED as readonly string[]).includes(path);
  return host ? "not in modules yet: `glovebox run` keeps it" : "not enforced yet";
}

function limit(path: Path, value: number, reason: string): Line {
  const note = later(path);
  const text = note === null ? reason : `${reason}; ${note}`;
  return { path, value: show(field(path)!, value), reason: `reason: ${text}` };
}

/** Quotas by the most that was seen, times the margin; none where nothing was used. */
function quotas({ most, tick, uses }: RunRecord, { margin }: FitOptions): readonly Line[] {
  const line = (path: Path, value: number): readonly Line[] => {
    const row = field(path)!;
    const proposed = Math.min(Math.ceil(value * margin), row.max ?? Number.MAX_SAFE_INTEGER);
    return value === 0 ? [] : [limit(path, proposed, `the most was ${value}, times ${margin}`)];
  };
  const levels = Object.keys(LOG_LEVEL).filter((level) =>
    uses.logLevels.some(({ name }) => name === level),
  );
  const [lowest] = levels;
  const level: Line | undefined =
    lowest === undefined
      ? undefined
      : {
          path: "spec.limits.log.level",
          value: lowest,
          reason:
            `reason: it logs ${levels.join(", ")}; ${later("spec.limits.log.level") ?? ""}`.replace(
              /; $/,
              "",
            ),
        };
  return [
    ...line("spec.limits.dispatch.outstanding", most.outstanding),
    ...line("spec.limits.log.bytesPerRequest", most.logBytes),
    ...(level === undefined ? [] : [level]),
    ...line("spec.limits.host.headerBytes", most.headerBytes),
    ...line("spec.limits.host.sharedData", most.sharedDataBytes),
    ...line("spec.limits.host.queueItems", most.queueItems),
    ...line("spec.limits.host.metrics", most.metrics),
    ...(tick === null
      ? []
      : [limit("spec.limits.host.tick", tick, `the shortest period was ${tick}ms`)]),
  ];
}

/** Every field of the least policy below `spec` that the record tells. */
export function leastLines(record: RunRecord, options: LeastOptions): readonly Line[] {
  const limits = proposalsOf(record, options).map((one) => {
    const row = field(one.path)!;
    return limit(
      one.path,
      one.proposed,
      limitReason(one, options, (value) => show(row, value)),
    );
  });
  const { uses } = record;
  return [
    ...limits,
    ...quotas(record, options),
    allowLine(record, options.role),
    ...rule("spec.dispatch.clusters", uses.clusters),
    ...rule("spec.properties.read", uses.propertiesRead),
    ...rule("spec.properties.write", uses.propertiesWritten),
    ...rule("spec.headers.read", headersRead(record)),
    ...rule("spec.headers.write", ofClient(uses.headersWritten)),
  ];
}
