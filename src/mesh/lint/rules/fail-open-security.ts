// A plugin that decides about requests and lets them pass when it has failed.
import type { PluginUse } from "../../model.ts";
import { reword } from "../edits.ts";
import type { Fix, Rule } from "../rule.ts";
import { judge } from "../security.ts";

function closed({ document, failure }: PluginUse): Fix | undefined {
  const { policy, failOpen } = failure;
  const word =
    policy?.value === "FAIL_OPEN" && document.kind !== "" && document.dialect !== "envoy-filter";
  const edit =
    policy !== null
      ? reword(document.file, policy.at, policy.value, word ? "FAIL_CLOSE" : "FAIL_CLOSED")
      : failOpen !== null
        ? reword(document.file, failOpen.at, "true", "false")
        : undefined;
  return edit === undefined ? undefined : { safety: "unsafe", edits: [edit] };
}

export const failOpenSecurity: Rule = {
  id: "fail-open-security",
  level: "error",
  looksAt: "plugins that decide about requests",
  fix: "unsafe",
  summary: "a plugin that protects something fails open",
  use: (use, _, say) => {
    const { failure } = use;
    if (failure.mode !== "open") return;
    const judgement = judge(use);
    if (judgement === undefined || !judgement.security) return;
    const place = failure.policy ?? failure.failOpen;
    if (place === null) return;
    const field = failure.policy === null ? "fail_open" : String(failure.policy.value);
    const args = { name: use.name.value, why: judgement.why, field };
    say(place.at, args, { fix: closed(use) });
  },
};
