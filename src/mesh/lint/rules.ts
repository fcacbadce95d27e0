// Every rule, in the order of the reference page. A rule that isn't here doesn't run.
import type { Rule } from "./rule.ts";
import { admissionLetsIn } from "./rules/admission-lets-in.ts";
import { admissionMatchesNothing } from "./rules/admission-matches-nothing.ts";
import { allowPrecompiled } from "./rules/allow-precompiled.ts";
import { capabilityAlias } from "./rules/capability-alias.ts";
import { capabilityDeniesUse } from "./rules/capability-denies-use.ts";
import { capabilityDropped } from "./rules/capability-dropped.ts";
import { capabilityEmpty } from "./rules/capability-empty.ts";
import { capabilityList } from "./rules/capability-list.ts";
import { capabilityNoCallbacks } from "./rules/capability-no-callbacks.ts";
import { capabilityRole } from "./rules/capability-role.ts";
import { capabilityTwice } from "./rules/capability-twice.ts";
import { capabilityUnguarded } from "./rules/capability-unguarded.ts";
import { capabilityUnknown } from "./rules/capability-unknown.ts";
import { capabilityUnrestricted } from "./rules/capability-unrestricted.ts";
import { deprecatedField } from "./rules/deprecated-field.ts";
import { digestMissing } from "./rules/digest-missing.ts";
import { digestOfOther } from "./rules/digest-of-other.ts";
import { digestUnchecked } from "./rules/digest-unchecked.ts";
import { disallowedField } from "./rules/disallowed-field.ts";
import { dispatchListUnenforced } from "./rules/dispatch-list-unenforced.ts";
import { duplicateKey } from "./rules/duplicate-key.ts";
import { embeddedYaml } from "./rules/embedded-yaml.ts";
import { environmentTwice } from "./rules/environment-twice.ts";
import { failOpen503 } from "./rules/fail-open-503.ts";
import { failOpenSecurity } from "./rules/fail-open-security.ts";
import { failOpenTwice } from "./rules/fail-open-twice.ts";
import { fieldTooNew } from "./rules/field-too-new.ts";
import { hostEnvironment } from "./rules/host-environment.ts";
import { invalidValue } from "./rules/invalid-value.ts";
import { inventedField } from "./rules/invented-field.ts";
import { inventedRuntimeKey } from "./rules/invented-runtime-key.ts";
import { inventedStatistic } from "./rules/invented-statistic.ts";
import { kyvernoAuditOnly } from "./rules/kyverno-audit-only.ts";
import { kyvernoBypass } from "./rules/kyverno-bypass.ts";
import { kyvernoFailureAction } from "./rules/kyverno-failure-action.ts";
import { kyvernoLegacy } from "./rules/kyverno-legacy.ts";
import { kyvernoMatchesNothing } from "./rules/kyverno-matches-nothing.ts";
import { kyvernoWeakPattern } from "./rules/kyverno-weak-pattern.ts";
import { missingField } from "./rules/missing-field.ts";
import { moduleAbi } from "./rules/module-abi.ts";
import { moduleImports } from "./rules/module-imports.ts";
import { moduleNotContained } from "./rules/module-not-contained.ts";
import { moduleRefused } from "./rules/module-refused.ts";
import { moduleUncapped } from "./rules/module-uncapped.ts";
import { moduleUngated } from "./rules/module-ungated.ts";
import { noReload } from "./rules/no-reload.ts";
import { noRetry } from "./rules/no-retry.ts";
import { oneofConflict } from "./rules/oneof-conflict.ts";
import { patchIgnored } from "./rules/patch-ignored.ts";
import { phaseLate } from "./rules/phase-late.ts";
import { plainHttp } from "./rules/plain-http.ts";
import { priorityConflict } from "./rules/priority-conflict.ts";
import { pullPolicy } from "./rules/pull-policy.ts";
import { pullSecretInline } from "./rules/pull-secret-inline.ts";
import { registryAbandoned } from "./rules/registry-abandoned.ts";
import { reloadUnused } from "./rules/reload-unused.ts";
import { removedKind } from "./rules/removed-kind.ts";
import { routePlugin } from "./rules/route-plugin.ts";
import { runtimeMisplaced } from "./rules/runtime-misplaced.ts";
import { runtimeMissing } from "./rules/runtime-missing.ts";
import { selectsEverything } from "./rules/selects-everything.ts";
import { sha256Malformed } from "./rules/sha256-malformed.ts";
import { tagMoves } from "./rules/tag-moves.ts";
import { tenantsShareVm } from "./rules/tenants-share-vm.ts";
import { unknownField } from "./rules/unknown-field.ts";
import { unknownType } from "./rules/unknown-type.ts";
import { unknownValue } from "./rules/unknown-value.ts";
import { verificationKey } from "./rules/verification-key.ts";
import { vmIdMissing } from "./rules/vm-id-missing.ts";
import { vmIdShared } from "./rules/vm-id-shared.ts";
import { wrongType } from "./rules/wrong-type.ts";

export const rules: readonly Rule[] = [
  admissionLetsIn,
  admissionMatchesNothing,
  allowPrecompiled,
  capabilityAlias,
  capabilityDeniesUse,
  capabilityDropped,
  capabilityEmpty,
  capabilityList,
  capabilityNoCallbacks,
  capabilityRole,
  capabilityTwice,
  capabilityUnguarded,
  capabilityUnknown,
  capabilityUnrestricted,
  deprecatedField,
  sha256Malformed,
  digestMissing,
  digestOfOther,
  digestUnchecked,
  disallowedField,
  dispatchListUnenforced,
  duplicateKey,
  embeddedYaml,
  environmentTwice,
  failOpen503,
  failOpenSecurity,
  failOpenTwice,
  fieldTooNew,
  hostEnvironment,
  invalidValue,
  inventedField,
  inventedRuntimeKey,
  inventedStatistic,
  kyvernoAuditOnly,
  kyvernoBypass,
  kyvernoFailureAction,
  kyvernoLegacy,
  kyvernoMatchesNothing,
  kyvernoWeakPattern,
  missingField,
  moduleAbi,
  moduleImports,
  moduleNotContained,
  moduleRefused,
  moduleUncapped,
  moduleUngated,
  noReload,
  noRetry,
  oneofConflict,
  patchIgnored,
  phaseLate,
  plainHttp,
  priorityConflict,
  pullPolicy,
  pullSecretInline,
  registryAbandoned,
  reloadUnused,
  removedKind,
  routePlugin,
  runtimeMisplaced,
  runtimeMissing,
  selectsEverything,
  tagMoves,
  tenantsShareVm,
  unknownField,
  unknownType,
  unknownValue,
  verificationKey,
  vmIdMissing,
  vmIdShared,
  wrongType,
];
