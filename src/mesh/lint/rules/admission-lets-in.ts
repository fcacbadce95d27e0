// Policies about plugins that let in what they say they deny: by what they do, or by what they aren't asked about.
import type { MapTree } from "../../envoy/read/tree.ts";
import type { MeshDocument } from "../../model.ts";
import { entryOf, flagUnder, mapUnder, textsUnder, textUnder } from "../../read/tree-access.ts";
import { isAdmission, lists, matchedKinds, resourceRules } from "../admission.ts";
import type { Rule, SayIn } from "../rule.ts";

/** `validationActions` that leave out `Deny`. */
function actionsOf(
  document: MeshDocument,
  spec: MapTree | undefined,
  name: string,
  say: SayIn,
): void {
  const actions = textsUnder(spec, "validationActions");
  if (actions.length === 0 || lists(actions, "Deny")) return;
  const said = actions.map((one) => one.value).join(" and ");
  const at = entryOf(spec, "validationActions")!.at;
  say(document, at, {
    name,
    why: `does no more than ${said}`,
    instead: "validationActions: [Deny]",
  });
}

function policy(document: MeshDocument, say: SayIn): void {
  const spec = mapUnder(document.root, "spec");
  const { name } = document;
  if (document.kind !== "ValidatingAdmissionPolicy") actionsOf(document, spec, name, say);
  const failure = textUnder(spec, "failurePolicy");
  if (failure?.value === "Ignore") {
    const why =
      "takes a plugin that it can't judge, such as one without the field that it looks at";
    say(document, failure.at, { name, why, instead: "failurePolicy: Fail" });
  }
  const admission = flagUnder(spec, "evaluation", "admission", "enabled");
  if (admission?.value === false) {
    const why = "is not asked when a plugin comes in";
    say(document, admission.at, { name, why, instead: "evaluation.admission.enabled: true" });
  }
  const updated = new Set(
    resourceRules(document)
      .filter((rule) => lists(rule.operations, "UPDATE"))
      .flatMap(matchedKinds),
  );
  for (const rule of resourceRules(document)) {
    const left = matchedKinds(rule).filter((kind) => !updated.has(kind));
    if (left.length === 0 || !lists(rule.operations, "CREATE")) continue;
    const why = `is not asked when one that is there is changed (${left.join(", ")})`;
    const at = entryOf(rule.tree, "operations")!.at;
    say(document, at, { name, why, instead: "operations: [CREATE, UPDATE]" });
  }
}

export const admissionLetsIn: Rule = {
  id: "admission-lets-in",
  level: "warning",
  looksAt: "Kubernetes' admission policies and Kyverno's newer ones",
  fix: null,
  summary: "a policy about plugins that lets in what it should deny",
  project: (documents, _, say) => {
    const about = documents.filter(
      (one) => isAdmission(one) && resourceRules(one).some((rule) => matchedKinds(rule).length > 0),
    );
    for (const one of about) policy(one, say);
    const names = new Set(
      about.filter((one) => one.kind === "ValidatingAdmissionPolicy").map((one) => one.name),
    );
    for (const one of documents) {
      if (one.kind !== "ValidatingAdmissionPolicyBinding") continue;
      const spec = mapUnder(one.root, "spec");
      const name = textUnder(spec, "policyName")?.value;
      if (name !== undefined && names.has(name)) actionsOf(one, spec, name, say);
    }
  },
};
