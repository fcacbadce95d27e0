// Two plugins in one Envoy that share what one of them keeps, and the same with a vm_id for each.
import type { Cell, Measured } from "../../case.ts";
import { SECRET, SPY, VICTIM } from "../../cases/shared-vm.ts";
import { tryContain } from "../../lab.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab } from "../envoy-lab.ts";
import type { Played, ScenePlugin } from "../scene.ts";
import { dataOf } from "../words.ts";

const asks = [
  {
    plugin: VICTIM,
    headers: [
      ["x-tenant", "tenant-a"],
      ["x-session", SECRET],
    ],
  },
  { plugin: SPY },
  { plugin: VICTIM, headers: [["x-tenant", "tenant-a"]] },
] as const;

/** A header of the n-th request as the upstream saw it. */
function header(played: Played, n: number, name: string): string | null {
  const { body, status } = played.answers[n] ?? {};
  if (status !== 200) return null;
  return (JSON.parse(body!) as { headers: Record<string, string> }).headers[name] ?? null;
}

interface Outcome {
  readonly stolen: string | null;
  readonly back: string | null;
  readonly cell: Cell;
}

async function outcome(lab: EnvoyLab, plugins: readonly ScenePlugin[]): Promise<Outcome> {
  const played = await lab.play({ plugins, asks });
  const stolen = header(played, 1, "x-stolen");
  const back = header(played, 2, "x-session");
  const read = stolen === null ? "spy reads nothing" : `spy reads "${stolen}"`;
  const text = `${read}; the plugin gets back ${back === null ? "nothing" : `"${back}"`}`;
  return { stolen, back, cell: { text, data: { ...dataOf(played), stolen, back } } };
}

async function measure(lab: EnvoyLab, vmId?: string): Promise<Measured> {
  const policy = lab.policy("header-rewriter", {
    "spec.capabilities.allow+": ["proxy_get_shared_data", "proxy_set_shared_data"],
  });
  const stock = (name: string): ScenePlugin => ({
    name,
    bytes: lab.bytes(name),
    failure: "closed",
    ...(vmId !== undefined && { vmId }),
  });
  const ours = (name: string): ScenePlugin => {
    const contained = tryContain(lab.bytes(name), policy);
    if ("code" in contained) throw new Error(`${name} is refused: ${contained.message}`);
    return { name, bytes: contained.bytes, failure: "closed", vmId: `${name}-route` };
  };
  const before = await outcome(lab, [stock(VICTIM), stock(SPY)]);
  const after = await outcome(lab, [ours(VICTIM), ours(SPY)]);
  const held = before.stolen === SECRET && after.stolen === null && after.back === SECRET;
  return { unhardened: before.cell, hardened: after.cell, held, details: [] };
}

export const sharedVm: EnvoyCase = {
  id: "shared-vm",
  measurement:
    "what the upstream gets of another plugin's shared data: the default without a vm_id, hardened with distinct ones; held when the spy reads nothing and the plugin gets its own value back",
  plugins: [VICTIM, SPY],
  measure: (lab) => measure(lab),
};

export const sharedVmFailure: EnvoyCase = {
  id: "shared-vm-failure",
  measurement: "the same with one explicit vm_id for both, then <plugin>-<route> for each",
  plugins: [VICTIM, SPY],
  measure: (lab) => measure(lab, "shared"),
};
