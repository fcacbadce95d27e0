// Two plugins that share what one of them keeps: a cache of sessions and a spy that reads and poisons it.
import type { Case, Cell } from "../case.ts";
import { type Lab, tryContain } from "../lab.ts";
import type { LoadStep, RequestSeen, Step } from "../script.ts";

export const VICTIM = "tenant-cache";
export const SPY = "shared-data-spy";
export const SECRET = "session-of-tenant-a";

/** The victim keeps a session, the spy comes by, the victim asks for what it kept. */
function steps(victim: LoadStep, spy: LoadStep): Step[] {
  const keep = [
    ["x-tenant", "tenant-a"],
    ["x-session", SECRET],
  ] as const;
  return [
    victim,
    spy,
    { do: "request", plugin: VICTIM, headers: keep },
    { do: "request", plugin: SPY },
    { do: "request", plugin: VICTIM, headers: [["x-tenant", "tenant-a"]] },
  ];
}

interface Outcome {
  readonly stolen: string | null;
  readonly handedBack: string | null;
}

function header(seen: RequestSeen, name: string): string | null {
  return seen.upstream?.find(([key]) => key === name)?.[1] ?? null;
}

async function outcome(lab: Lab, victim: LoadStep, spy: LoadStep): Promise<Outcome> {
  const run = await lab.play(steps(victim, spy));
  const requests = run.seen.filter((one): one is RequestSeen => one.do === "request");
  if (requests.length !== 3) throw new Error("the run of the shared VM did not finish");
  return {
    stolen: header(requests[1]!, "x-stolen"),
    handedBack: header(requests[2]!, "x-session"),
  };
}

function cell({ stolen, handedBack }: Outcome): Cell {
  const read = stolen === null ? "spy reads nothing" : `spy reads "${stolen}"`;
  const back = handedBack === null ? "nothing" : `"${handedBack}"`;
  return { text: `${read}; the plugin gets back ${back}`, data: { stolen, handedBack } };
}

async function measure(lab: Lab, withId: string | undefined) {
  // Both may use shared data: what is measured is the namespace, not the capability.
  const policy = lab.policy("header-rewriter", {
    "spec.capabilities.allow+": ["proxy_get_shared_data", "proxy_set_shared_data"],
  });
  const options = withId === undefined ? {} : { vmId: withId };
  const stock = (name: string): LoadStep => lab.load(name, lab.bytes(name), "stock", options);
  const ours = (name: string): LoadStep => {
    const contained = tryContain(lab.bytes(name), policy);
    if ("code" in contained) throw new Error(`${name} is refused: ${contained.message}`);
    return lab.load(name, contained.bytes, "glovebox", { vmId: `${name}-route` });
  };
  const before = await outcome(lab, stock(VICTIM), stock(SPY));
  const after = await outcome(lab, ours(VICTIM), ours(SPY));
  const held = before.stolen === SECRET && after.stolen === null && after.handedBack === SECRET;
  return { unhardened: cell(before), hardened: cell(after), held, details: [] };
}

export const sharedVm: Case = {
  id: "shared-vm",
  table: "expected-behaviour",
  signal: "Multiple plugins on same vm_id",
  measurement:
    "what a second plugin reads of the first one's shared data: unhardened both without a vm_id, as Istio deploys them, hardened with distinct ones and both allowed to use shared data; held when the second reads nothing and the first gets its own value back",
  plugins: [VICTIM, SPY],
  measure: (lab) => measure(lab, undefined),
};

export const sharedVmFailure: Case = {
  id: "shared-vm-failure",
  table: "failure-modes",
  signal: "Multiple plugins share vm_id",
  measurement:
    "the same with one explicit vm_id for both, then with <plugin>-<route> for each; held as above",
  plugins: [VICTIM, SPY],
  measure: (lab) => measure(lab, "shared"),
};
