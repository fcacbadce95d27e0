// Plugins that call out of the proxy: by HTTP, gRPC, DNS, and from inside their allocator.
import type { RoleName } from "../../policy/roles.ts";
import type { Case, Cell, Detail } from "../case.ts";
import { type Lab, requestsOf } from "../lab.ts";
import type { RequestSeen, RequestStep } from "../script.ts";
import { answer, plural, refusal, trapText } from "../words.ts";

export const ROLE: RoleName = "header-rewriter";
/** The plugins that call out. */
export const callers = [
  "exfiltrate-http",
  "exfiltrate-grpc",
  "exfiltrate-grpc-stream",
  "exfiltrate-dns",
  "credential-thief",
  "malloc-calls-out",
] as const;

/** A request with something to steal. */
export const secrets = {
  headers: [
    ["authorization", "Bearer wonderland"],
    ["x-session", "session-of-tenant-a"],
  ],
  body: "card=4111111111111111",
} as const;

const ask = (plugin: string): RequestStep => ({ do: "request", plugin, ...secrets });

function cell(seen: RequestSeen): Cell {
  const { calls, after, logs } = seen;
  const left =
    calls.length === 0 ? "no call left" : `${plural(calls.length, "call")} left to ${calls[0]!.to}`;
  const denied = after.denied.length === 0 ? "" : `; denied ${after.denied.join(", ")}`;
  const trap = seen.traps[0] === undefined ? "" : `; ${trapText(seen.traps[0])}`;
  const text = `${left}${denied}${trap}; request ${answer(seen)}`;
  return { text, data: { calls, denied: after.denied, status: seen.status, logs } };
}

async function one(lab: Lab, name: string): Promise<Detail> {
  const steps = [ask(name)];
  const before = requestsOf(await lab.unhardened(name, steps))[0]!;
  const hardened = await lab.hardened(name, lab.policy(ROLE), steps);
  if (hardened.refused !== null) {
    return {
      plugin: name,
      unhardened: cell(before),
      hardened: refusal(hardened.refused),
      held: false,
    };
  }
  const after = requestsOf(hardened.run)[0];
  if (after === undefined) throw new Error(`${name}: the hardened run saw no request`);
  // A plugin that had not called out without hardening would prove nothing; hosts themselves end one that
  // calls out of its allocator.
  const proves = before.calls.length > 0 || before.traps[0]?.reason === "restricted-call";
  const held = proves && after.calls.length === 0 && after.after.denied.length > 0;
  return { plugin: name, unhardened: cell(before), hardened: cell(after), held };
}

/** The same plugin where the call is allowed: it must leave, or the row would hold by breaking plugins. */
async function allowed(lab: Lab): Promise<Detail> {
  const name = "exfiltrate-http";
  const policy = lab.policy(ROLE, { "spec.capabilities.allow+": ["proxy_http_call"] });
  const hardened = await lab.hardened(name, policy, [ask(name)]);
  const seen = hardened.run === null ? undefined : requestsOf(hardened.run)[0];
  const shown = hardened.refused === null ? cell(seen!) : refusal(hardened.refused);
  const held = seen !== undefined && seen.calls.length === 1;
  return { plugin: `${name}, proxy_http_call allowed`, unhardened: null, hardened: shown, held };
}

export const outboundCall: Case = {
  id: "outbound-call",
  table: "expected-behaviour",
  signal: "Plugin attempting outbound HTTP",
  measurement:
    "calls that leave the proxy in one request; held when no plugin gets one out hardened that gets one out unhardened, the log names the call, and it leaves again where the policy allows it",
  plugins: callers,
  async measure(lab) {
    const details = await Promise.all(callers.map((name) => one(lab, name)));
    const out = details.filter(
      (row) => (row.unhardened!.data.calls as unknown[]).length > 0,
    ).length;
    const still = details.filter(
      (row) => ((row.hardened.data.calls ?? []) as unknown[]).length > 0,
    ).length;
    const log = (details[0]!.hardened.data.logs as string[] | undefined)?.find((line) =>
      line.includes("denied"),
    );
    const control = await allowed(lab);
    const of = callers.length;
    return {
      unhardened: { text: `${out} of ${of} plugins got a call out`, data: { out, of } },
      hardened: {
        text: `${still} of ${of} got a call out${log === undefined ? "" : `; log: ${log}`}; where allowed: ${control.hardened.text}`,
        data: { out: still, of, log: log ?? null },
      },
      held: details.every((row) => row.held) && control.held && log !== undefined,
      details: [...details, control],
    };
  },
};
