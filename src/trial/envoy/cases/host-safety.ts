// Beyond the article's tables: plugins that end the whole Envoy.
import type { Detail, Measured } from "../../case.ts";
import { STACK, START_LOGS, UNEXPORTED } from "../../cases/host-safety.ts";
import { plural } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { account, hardenedCell, pluginLines, trapIn } from "../words.ts";

const ROLE = "header-rewriter";
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

async function crash(lab: EnvoyLab, name: string, works: boolean): Promise<Measured> {
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
