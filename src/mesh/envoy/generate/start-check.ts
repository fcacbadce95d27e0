// Starts the hardened plugin once, as a proxy would: with the same root id, configuration and variables. The clock
// stands still and randomness is seeded, so that the answer is the same every time. The module's own budgets bound it.
import { type Finding, fail, finding } from "../../../errors/failure.ts";
import { ManualClock, SeededRandom } from "../../../host/clock.ts";
import { loadPlugin } from "../../../host/load.ts";
import type { Plugin } from "../../../host/plugin.ts";
import { createServices } from "../../../host/services.ts";
import type { PluginRequest } from "./request.ts";

/** Why it did not come up; null where it did. */
function howEnded({ state, trap }: Plugin): string | null {
  if (state.at === "running") return null;
  if (state.at === "refused") return `${state.callback} answered false`;
  return `${trap?.callback ?? "start"} trapped (${trap?.reason ?? "host"})`;
}

/** What was denied while it started. Throws `generate-start-denied` or `generate-not-started`. */
export function checkStart(bytes: Uint8Array, request: PluginRequest): readonly Finding[] {
  const services = createServices({ clock: new ManualClock(), random: new SeededRandom(1) });
  const plugin = loadPlugin(bytes, {
    name: request.policy.name,
    rootId: request.rootId,
    configuration: request.configuration ?? "",
    env: Object.fromEntries(request.environment),
    services,
  });
  const denied = plugin.deniedByModule().join(", ");
  const how = howEnded(plugin);
  if (how !== null && denied !== "") fail("generate-start-denied", { how, denied });
  if (how !== null) fail("generate-not-started", { how });
  return denied === "" ? [] : [finding("generate-denied-at-start", "warning", { denied })];
}
