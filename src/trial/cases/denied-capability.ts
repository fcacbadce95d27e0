// A plugin that needs a call which its policy lacks: what happens, what the log says, and that adding it helps.
import type { Case, Cell } from "../case.ts";
import { type Lab, requestsOf } from "../lab.ts";
import type { RequestSeen, RequestStep } from "../script.ts";
import { answer, plural } from "../words.ts";

export const NAME = "external-auth";
export const CALL = "proxy_http_call";
export const CLUSTER = "external-auth-cluster";
export const configuration = `{"allowed_dispatch_clusters": ["${CLUSTER}"]}`;

/** The auth plugin's list as the article writes it: names that hosts don't know, and no callback. */
export const ARTICLE = [
  "proxy_log",
  "proxy_get_property",
  "proxy_get_buffer",
  "proxy_set_buffer",
  "proxy_define_metric",
  "proxy_increment_metric",
];

const steps: readonly RequestStep[] = [{ do: "request", plugin: NAME, answer: 200 }];

async function under(lab: Lab, extra: readonly string[]): Promise<RequestSeen> {
  const policy = lab.policy(
    "auth",
    extra.length === 0 ? {} : { "spec.capabilities.allow+": [...extra] },
  );
  const result = await lab.hardened(NAME, policy, steps, { configuration });
  if (result.refused !== null) throw new Error(`${NAME} is refused: ${result.refused.message}`);
  return requestsOf(result.run)[0]!;
}

function cell(seen: RequestSeen): Cell {
  const reached = seen.upstream === null ? "upstream not reached" : "upstream reached";
  const text = `request ${answer(seen)}, ${reached}; ${plural(seen.after.callbacks, "callback")} ran; denied ${seen.after.denied.join(", ") || "nothing"}`;
  return {
    text,
    data: {
      status: seen.status,
      denied: seen.after.denied,
      callbacks: seen.after.callbacks,
      logs: seen.logs,
    },
  };
}

export const deniedCapability: Case = {
  id: "denied-capability",
  table: "failure-modes",
  signal: "Capability restriction misconfigured",
  measurement:
    "an external-auth plugin without proxy_http_call: its first request and its log; held when the request does not pass, the log and the module's record name exactly the missing function, and allowing it makes the plugin work. Unhardened: the article's own list in a stock host",
  plugins: [NAME],
  async measure(lab) {
    const before = requestsOf(
      await lab.unhardened(NAME, steps, { configuration, capabilities: ARTICLE }),
    )[0]!;
    const after = await under(lab, []);
    const fixed = await under(lab, [CALL, "proxy_continue_stream"]);
    const line = after.logs.find((text) => text.includes("capability denied"));
    const named =
      after.after.denied.length === 1 &&
      after.after.denied[0] === CALL &&
      line?.includes(CALL) === true;
    const works = fixed.calls.length === 1 && fixed.status === 200 && fixed.upstream !== null;
    return {
      unhardened: cell(before),
      hardened: {
        text: `request ${answer(after)}; log: ${line ?? "nothing"}; with it allowed: request ${answer(fixed)}`,
        data: { ...cell(after).data, fixed: fixed.status },
      },
      held: after.upstream === null && named && works,
      details: [],
    };
  },
};
