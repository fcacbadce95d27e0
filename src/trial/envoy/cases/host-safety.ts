// Beyond the article's tables: plugins that end the whole Envoy, or make it spend memory that no limit covers.
import type { Cell, Detail } from "../../case.ts";
import {
  ALIASED,
  HEADERS,
  NO_QUOTAS,
  STACK,
  START_LOGS,
  UNEXPORTED,
} from "../../cases/host-safety.ts";
import { plural } from "../../words.ts";
import type { EnvoyCase, EnvoyMeasured } from "../envoy-case.ts";
import type { EnvoyLab, SceneOptions } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { account, hardenedCell, pluginLines, trapIn } from "../words.ts";

const ROLE = "header-rewriter";
/** MiB of growth in one request that count as the host's harm, and that a contained plugin stays below. */
const HARM = 300;
const KEPT = 84;

const crashed = ({ start, ended }: Played): boolean => start === "crashed" || ended?.signal != null;

async function recursing(lab: EnvoyLab, name: string): Promise<Detail> {
  const before = await lab.unhardened(name, [{}]);
  const after = await lab.hardened(name, lab.policy(ROLE), [{}]);
  const { played } = after;
  const trapped = played !== null && trapIn(played) !== null && played.ended === null;
  return {
    plugin: name,
    unhardened: account(before),
    hardened: hardenedCell(after),
    held: trapped && played.answers[0]?.status === 503 && played.bystanders.failed === 0,
  };
}

export const stackDepth: EnvoyCase = {
  id: "stack-depth",
  measurement:
    "what ends the recursion; held when the hardened plugin traps and no other stream fails",
  plugins: STACK,
  async measure(lab) {
    const details = await Promise.all(STACK.map((name) => recursing(lab, name)));
    const held = details.filter((row) => row.held).length;
    return {
      unhardened: details[0]!.unhardened!,
      hardened: {
        text: `${held} of ${plural(details.length, "plugin")} trapped: ${details[0]!.hardened.text}`,
        data: details[0]!.hardened.data,
      },
      held: held === details.length,
      details,
    };
  },
};

async function crash(lab: EnvoyLab, name: string, works: boolean): Promise<EnvoyMeasured> {
  const before = await lab.unhardened(name, [{}]);
  const after = await lab.hardened(name, lab.policy(ROLE), [{}]);
  const logged = after.played === null ? [] : pluginLines(after.played);
  const cell = hardenedCell(after);
  const said = works && logged.length > 0 ? `; logs "${logged[0]}"` : "";
  const fine = after.played?.answers[0]?.status === 200 && logged.length > 0;
  const refused = after.refused?.code === "harden-memory-none";
  return {
    unhardened: account(before),
    hardened: { text: `${cell.text}${said}`, data: cell.data },
    held: crashed(before) && (works ? fine : refused),
    details: [],
  };
}

export const unexportedMemory: EnvoyCase = {
  id: "unexported-memory",
  measurement:
    "whether the Envoy process lives; held when the default ends it and harden refuses the module",
  plugins: [UNEXPORTED],
  measure: (lab) => crash(lab, UNEXPORTED, false),
};

export const startSection: EnvoyCase = {
  id: "start-section-logs",
  measurement:
    "whether the Envoy process lives; held when the default ends it and the hardened plugin works",
  plugins: [START_LOGS],
  measure: (lab) => crash(lab, START_LOGS, true),
};

const growth = ({ data }: Cell): number | null => {
  const { idle, peak } = (data.memoryMiB ?? {}) as Partial<Played["memory"]>;
  return typeof idle === "number" && typeof peak === "number" ? peak - idle : null;
};

async function spends(lab: EnvoyLab, name: string, options: SceneOptions): Promise<EnvoyMeasured> {
  const before = account(await lab.unhardened(name, [{}], options));
  const after = hardenedCell(await lab.hardened(name, lab.policy(ROLE), [{}], options));
  const [harm, kept] = [growth(before), growth(after)];
  // A system that tells no memory can show neither the harm nor its absence.
  const held = harm !== null && harm >= HARM && (kept === null || kept <= KEPT);
  const told = harm !== null && harm >= HARM;
  return {
    unhardened: before,
    hardened: after,
    held,
    notYet: told ? NO_QUOTAS : null,
    details: [],
  };
}

export const aliasedWrite: EnvoyCase = {
  id: "aliased-write",
  measurement:
    "peak memory of the Envoy process in one request, its log off; held when the default takes 300 MiB and the hardened plugin stays within its cap + 20 MiB",
  plugins: [ALIASED],
  measure: (lab) => spends(lab, ALIASED, { level: "critical" }),
};

export const headerAdds: EnvoyCase = {
  id: "header-adds",
  measurement:
    "peak memory of the Envoy process in one request; held when the default takes 300 MiB and the hardened plugin stays within its cap + 20 MiB",
  plugins: [HEADERS],
  measure: (lab) => spends(lab, HEADERS, {}),
};
