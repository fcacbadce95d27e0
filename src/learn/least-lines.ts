// From a record to the fields of the least policy: what was used is granted, rule by rule, each with its evidence.
// Names that are no plain names make no rule: one that looks right and isn't would be worse than none.
import { role } from "../policy/roles.ts";
import { headerItems } from "../policy/rule-items.ts";
import { BUFFERS } from "../policy/rules.ts";
import { field, type Path } from "../policy/schema.ts";
import { show } from "../policy/values.ts";
import type { RunRecord, Use } from "../record/run-record.ts";
import { headerAttributes, headerNodes } from "../spec/attributes.ts";
import type { Risk } from "../spec/host-function-row.ts";
import { hostFunctionNamed } from "../spec/host-functions.ts";
import { BUFFER, LOG_LEVEL, MAP } from "../spec/status.ts";
import type { Line } from "./policy-tree.ts";
import { type FitOptions, proposalsOf, quotasOf } from "./proposals.ts";
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
  return [{ path, value: null, items, reason: null }];
}

/** Headers as items of a rule, each with its map; those of a plugin's own calls are its own. */
function headerRule(path: Path, uses: readonly Use[]): readonly Line[] {
  const items = uses.flatMap((use): Use[] => {
    const map = MAP[(use.of ?? "") as keyof typeof MAP] as number | undefined;
    if (map === undefined || map > MAP.httpResponseTrailers) return [];
    if (!isPlain(use)) return [use];
    return headerItems({ name: use.name, maps: 1 << map }).map((name) => ({ ...use, name }));
  });
  return rule(path, items);
}

const inRequest: keyof typeof MAP = "httpRequestHeaders";

/** A header that is asked for as a property is a header; all of them at once make a name that no rule takes. */
function headersRead({ uses }: RunRecord): readonly Use[] {
  if (headerRule("spec.headers.read", uses.headersRead).length === 0) return uses.headersRead;
  const asked = uses.propertiesRead.flatMap((use): Use[] => {
    const alias = headerAttributes.find(([path]) => path === use.name);
    if (alias !== undefined) return [{ ...use, name: alias[1], of: inRequest }];
    if (headerNodes.includes(use.name)) return [{ ...use, name: "*", of: inRequest }];
    const match = /^(request|response)\.(headers|trailers)\.(.+)$/.exec(use.name);
    if (match === null) return [];
    const [, side, part, name] = match as unknown as [string, string, string, string];
    const capital = (word: string) => word[0]!.toUpperCase() + word.slice(1);
    return [{ ...use, name: name.toLowerCase(), of: `http${capital(side)}${capital(part)}` }];
  });
  return [...uses.headersRead, ...asked];
}

/** Bodies by their names in a policy. What calls brought and the configuration need no rule: none of a request's
 * bodies is then an empty list. */
function bodies(path: Path, uses: readonly Use[]): readonly Line[] {
  if (uses.length === 0) return [];
  const named = uses.flatMap((use): Use[] => {
    const number: number | undefined = BUFFER[use.name as keyof typeof BUFFER];
    const name = number === undefined ? undefined : (BUFFERS as readonly string[])[number];
    return name === undefined ? [] : [{ ...use, name }];
  });
  if (named.length > 0) return rule(path, named);
  return [{ path, value: "[]", reason: "reason: it used none of a request's" }];
}

/** Names up to where they vary. */
function prefixes(path: Path, uses: readonly Use[]): readonly Line[] {
  return rule(
    path,
    uses.map((use) => ({ ...use, name: use.name.replace(/\*$/, "") || "*" })),
  );
}

const of = (uses: readonly Use[], kind: string): readonly Use[] =>
  uses.filter((use) => use.of === kind);

function limit(path: Path, value: number, reason: string): Line {
  return { path, value: show(field(path)!, value), reason: `reason: ${reason}` };
}

/** Quotas that differ from the default, the lowest level that is logged, the shortest period. */
function quotas(record: RunRecord, options: FitOptions): readonly Line[] {
  const { tick, uses } = record;
  const lines = quotasOf(record, options)
    .filter(({ path, proposed }) => proposed !== field(path)!.default)
    .map(({ path, proposed, most }) =>
      limit(path, proposed, `the most was ${most}, times ${options.margin}`),
    );
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
          reason: `reason: it logs ${levels.join(", ")}`,
        };
  return [
    ...lines,
    ...(level === undefined ? [] : [level]),
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
    ...rule("spec.dispatch.methods", uses.methods),
    ...rule("spec.dispatch.paths", uses.paths),
    ...rule("spec.dispatch.authorities", uses.authorities),
    ...rule("spec.dispatch.dns", uses.names),
    ...rule("spec.properties.read", uses.propertiesRead),
    ...rule("spec.properties.write", uses.propertiesWritten),
    ...headerRule("spec.headers.read", headersRead(record)),
    ...headersChanged(record),
    ...bodies("spec.bodies.read", uses.buffersRead),
    ...bodies("spec.bodies.write", uses.buffersWritten),
    ...rule("spec.responses", uses.localResponses),
    ...prefixes("spec.sharedData.read", uses.sharedDataRead),
    ...prefixes("spec.sharedData.write", uses.sharedDataWritten),
    ...rule("spec.queues.register", of(uses.queues, "registered")),
    ...rule("spec.queues.resolve", of(uses.queues, "resolved")),
    ...rule("spec.metrics.names", uses.metrics),
    ...rule("spec.foreign.functions", uses.foreign),
  ];
}

/** By what was done with them; a record of an earlier version, and a whole map put in place, know only that they were
 * written. */
function headersChanged({ uses }: RunRecord): readonly Line[] {
  const { headersAdded: added, headersReplaced: replaced, headersRemoved: removed } = uses;
  const verbs = [...added, ...replaced, ...removed];
  const whole = uses.headersWritten.some(
    ({ name, of: map }) => !verbs.some((use) => use.name === name && use.of === map),
  );
  if (whole) return headerRule("spec.headers.write", uses.headersWritten);
  return [
    ...headerRule("spec.headers.add", added),
    ...headerRule("spec.headers.replace", replaced),
    ...headerRule("spec.headers.remove", removed),
  ];
}
