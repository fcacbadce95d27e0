// Plugins that call out of the proxy, with a real server at the other end: what arrives there is what left.
import type { Cell, Detail } from "../../case.ts";
import { callers, ROLE, secrets } from "../../cases/outbound-call.ts";
import { plural, refusal } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { answerText, dataOf, deniedIn, trapIn } from "../words.ts";

const CLUSTER = "exfiltration";

const isGrpc = (name: string): boolean => name.includes("grpc");
/** What a plugin sends when nobody keeps it: so many calls are waited for. */
const sends = (name: string): number =>
  name === "exfiltrate-dns" || name === "malloc-calls-out" ? 0 : 1;

/** Names that Envoy's resolver was asked for. */
function lookups(played: Played): readonly string[] {
  return played.lines.flatMap(({ component, text }) => {
    const name = component === "dns" ? /for ([\w.-]+\.invalid)/.exec(text)?.[1] : undefined;
    return name === undefined ? [] : [name];
  });
}

const left = (played: Played): number => played.calls.length + new Set(lookups(played)).size;

function cell(played: Played): Cell {
  const names = [...new Set(lookups(played))];
  const denied = deniedIn(played);
  const trap = trapIn(played);
  const parts = [
    played.calls.length > 0
      ? `${plural(played.calls.length, "call")} arrived at ${CLUSTER}`
      : names.length > 0
        ? `name looked up: ${names[0]}`
        : "nothing left",
    ...(denied.length > 0 ? [`denied ${denied.join(", ")}`] : []),
    ...(trap === null ? [] : [`trap in ${trap}`]),
    `request ${answerText(played.answers[0])}`,
  ];
  return {
    text: parts.join("; "),
    data: { ...dataOf(played), left: left(played), lookups: names },
  };
}

async function one(lab: EnvoyLab, name: string): Promise<Detail> {
  const options = { targets: [CLUSTER], grpc: isGrpc(name) };
  const before = await lab.unhardened(name, [secrets], { ...options, expectCalls: sends(name) });
  const result = await lab.hardened(name, lab.policy(ROLE), [secrets, secrets], options);
  const unhardened = cell(before);
  if (result.refused !== null) {
    return { plugin: name, unhardened, hardened: refusal(result.refused), held: false };
  }
  // The host itself ends one that calls out of its allocator; all others must have got something out.
  const proves = left(before) > 0 || (name === "malloc-calls-out" && trapIn(before) !== null);
  const { played } = result;
  const held = proves && left(played) === 0 && deniedIn(played).length > 0;
  return { plugin: name, unhardened, hardened: cell(played), held };
}

/** The same plugin where the call is allowed: it must leave, or the row would hold by breaking plugins. */
async function allowed(lab: EnvoyLab): Promise<Detail> {
  const name = "exfiltrate-http";
  const policy = lab.policy(ROLE, { "spec.capabilities.allow+": ["proxy_http_call"] });
  const options = { targets: [CLUSTER], expectCalls: 1 };
  const { played, refused } = await lab.hardened(name, policy, [secrets], options);
  return {
    plugin: `${name}, proxy_http_call allowed`,
    unhardened: null,
    hardened: played === null ? refusal(refused) : cell(played),
    held: played?.calls.length === 1,
  };
}

export const outboundCall: EnvoyCase = {
  id: "outbound-call",
  measurement:
    "calls that arrive at a real server, and names that Envoy resolves; held when every plugin gets one out as it is and none hardened, the log names the denied call, and it arrives again where the policy allows it",
  plugins: callers,
  async measure(lab) {
    const details = await Promise.all(callers.map((name) => one(lab, name)));
    const control = await allowed(lab);
    const count = (cells: readonly (Cell | null)[]): number =>
      cells.filter((one) => ((one?.data.left as number | undefined) ?? 0) > 0).length;
    const of = callers.length;
    const out = count(details.map((row) => row.unhardened));
    const still = count(details.map((row) => row.hardened));
    const first = details[0]!;
    return {
      unhardened: {
        text: `${out} of ${of} plugins got something out: ${first.unhardened?.text ?? ""}`,
        data: { out, of },
      },
      hardened: {
        text: `${still} of ${of} got something out: ${first.hardened.text}; where allowed: ${control.hardened.text}`,
        data: { out: still, of },
      },
      held: details.every((row) => row.held) && control.held,
      details: [...details, control],
    };
  },
};
