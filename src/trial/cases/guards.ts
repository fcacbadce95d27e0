// Beyond the article's tables: calls that the policy allows, with arguments that it doesn't. The same plugin goes on
// working where the rule names what it uses, or a row would hold by breaking plugins.
import type { Case, Cell, Measured } from "../case.ts";
import { type Lab, type PolicyOverrides, requestsOf } from "../lab.ts";
import type { RequestSeen } from "../script.ts";
import { answer, plural, refusal } from "../words.ts";

const table = "host-safety";

/** What one row sends, under which rules it must fail, and under which it must work. */
export interface GuardScene {
  readonly plugin: string;
  readonly request: {
    readonly headers: readonly (readonly [string, string])[];
  };
  readonly refused: PolicyOverrides;
  readonly allowed: PolicyOverrides;
}

const request = { headers: [["authorization", "Bearer wonderland"]] } as const;

const calls = { "spec.capabilities.allow+": ["proxy_http_call"] } as const;
const reads = { "spec.capabilities.allow+": ["proxy_get_property"] } as const;

export const cluster = {
  plugin: "exfiltrate-http",
  request,
  refused: { ...calls, "spec.dispatch.clusters": ["geo"] },
  allowed: { ...calls, "spec.dispatch.clusters": ["exfiltration"] },
} as const satisfies GuardScene;

export const property = {
  plugin: "property-thief",
  request: { headers: [...request.headers, ["cookie", "session=tenant-a"]] },
  refused: { ...reads, "spec.properties.read": ["plugin_name"] },
  allowed: { ...reads, "spec.properties.read": ["plugin_name", "request.headers.authorization"] },
} as const satisfies GuardScene;

export const header = {
  plugin: "header-thief",
  request,
  refused: { ...reads, "spec.headers.read": ["x-request-id"], "spec.headers.write": ["x-tenant"] },
  allowed: { ...reads, "spec.headers.read": ["host"], "spec.headers.write": [":authority"] },
} as const satisfies GuardScene;

export const ROLE = "header-rewriter";

/** Status of each try that a plugin logged, by what it tried; several of one name in their order. */
export function tries(
  lines: readonly string[],
): readonly (readonly [what: string, status: number])[] {
  return lines.flatMap((line) => {
    const match = /([a-z-]+ ?[:a-z-]*): (?:status )?(\d\d)$/.exec(line);
    return match === null ? [] : [[match[1]!, Number(match[2])] as const];
  });
}

/** What was tried and answered 0. */
export function succeeded(lines: readonly string[]): readonly string[] {
  return tries(lines).flatMap(([what, status]) => (status === 0 ? [what] : []));
}

async function under(lab: Lab, scene: GuardScene, rules: PolicyOverrides) {
  const { plugin, request: asked } = scene;
  const steps = [{ do: "request", plugin, ...asked }] as const;
  const result = await lab.hardened(plugin, lab.policy(ROLE, rules), steps);
  if (result.refused !== null) throw new Error(refusal(result.refused).text);
  return requestsOf(result.run)[0]!;
}

async function threeOf(lab: Lab, scene: GuardScene) {
  const steps = [{ do: "request", plugin: scene.plugin, ...scene.request }] as const;
  const [run, after, control] = await Promise.all([
    lab.unhardened(scene.plugin, steps),
    under(lab, scene, scene.refused),
    under(lab, scene, scene.allowed),
  ]);
  return { before: requestsOf(run)[0]!, after, control };
}

const callCell = (seen: RequestSeen): Cell => {
  const left = seen.calls.length === 0 ? "no call left" : `a call left to ${seen.calls[0]!.to}`;
  const denied = seen.after.denied.length === 0 ? "" : `; denied ${seen.after.denied.join(", ")}`;
  const data = { calls: seen.calls, denied: seen.after.denied, logs: seen.logs };
  return { text: `${left}${denied}; request ${answer(seen)}`, data };
};

const triesCell = (seen: RequestSeen): Cell => {
  const [all, done] = [tries(seen.logs), succeeded(seen.logs)];
  const text = `${done.length} of ${plural(all.length, "try", "tries")} succeeded${done.length === 0 || done.length > 2 ? "" : `: ${done.join(", ")}`}`;
  return { text, data: { tries: all, denied: seen.after.denied, logs: seen.logs } };
};

export const otherCluster: Case = {
  id: "other-cluster",
  table,
  signal: "Allowed call to another cluster",
  measurement:
    "whether a plugin that may call one cluster reaches another; held when it does unhardened and not hardened, the log names the call, and it reaches the one that the policy names",
  plugins: [cluster.plugin],
  async measure(lab): Promise<Measured> {
    const { before, after, control } = await threeOf(lab, cluster);
    const named = after.logs.some((line) => line.includes("capability denied: proxy_http_call"));
    const hardened = callCell(after);
    return {
      unhardened: callCell(before),
      hardened: {
        text: `${hardened.text}; to the cluster of the policy: ${callCell(control).text}`,
        data: hardened.data,
      },
      held:
        before.calls.length === 1 &&
        after.calls.length === 0 &&
        named &&
        control.calls.length === 1 &&
        control.after.denied.length === 0,
      details: [],
    };
  },
};

export const otherProperty: Case = {
  id: "other-property",
  table,
  signal: "Property outside of the policy's paths",
  measurement:
    "which of six attributes a plugin reads that may read its own name; held when it gets credentials unhardened, hardened only its name, and one more where the policy names one more",
  plugins: [property.plugin],
  async measure(lab): Promise<Measured> {
    const { before, after, control } = await threeOf(lab, property);
    const count = (seen: RequestSeen): number => succeeded(seen.logs).length;
    const hardened = triesCell(after);
    return {
      unhardened: triesCell(before),
      hardened: {
        text: `${hardened.text}; with authorization named: ${triesCell(control).text}`,
        data: hardened.data,
      },
      held: count(before) >= 3 && count(after) === 1 && count(control) === 2,
      details: [],
    };
  },
};

/** All that is tried with the authority, by its two names, and what shows it. */
export const AUTHORITY = [
  "read host",
  "read :authority",
  "property host",
  "replace :authority",
  "replace host",
];

export const otherHeader: Case = {
  id: "other-header",
  table,
  signal: "Header outside of the policy's names",
  measurement:
    "which of ten ways to read and change headers work for a plugin that may write x-tenant; held when most do unhardened, hardened that one alone, and where the policy says host or :authority both names work and nothing else",
  plugins: [header.plugin],
  async measure(lab): Promise<Measured> {
    const { before, after, control } = await threeOf(lab, header);
    const aliases = succeeded(control.logs);
    const hardened = triesCell(after);
    return {
      unhardened: triesCell(before),
      hardened: {
        text: `${hardened.text}; with the authority named: ${triesCell(control).text}`,
        data: { ...hardened.data, allowed: aliases },
      },
      held:
        succeeded(before.logs).length >= 8 &&
        succeeded(after.logs).join() === "add x-tenant" &&
        aliases.every((one) => AUTHORITY.includes(one)) &&
        aliases.includes("replace :authority") &&
        aliases.includes("read :authority"),
      details: [],
    };
  },
};
