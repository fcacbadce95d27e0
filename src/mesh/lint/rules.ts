// Every rule, in the order of the reference page. A rule that isn't here doesn't run.
import type { Rule } from "./rule.ts";
import { capabilityAlias } from "./rules/capability-alias.ts";
import { capabilityEmpty } from "./rules/capability-empty.ts";
import { digestMissing } from "./rules/digest-missing.ts";
import { failOpenSecurity } from "./rules/fail-open-security.ts";
import { inventedRuntimeKey } from "./rules/invented-runtime-key.ts";

export const rules: readonly Rule[] = [
  capabilityAlias,
  capabilityEmpty,
  digestMissing,
  failOpenSecurity,
  inventedRuntimeKey,
];
