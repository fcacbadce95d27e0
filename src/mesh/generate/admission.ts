// `generate admission-policy` and `generate kyverno`: the rules of admission-rules.ts for the API server itself
// (ValidatingAdmissionPolicy and its binding), for Kyverno's ValidatingPolicy, and for its older ClusterPolicy.
import { finding } from "../../errors/failure.ts";
import {
  at,
  type Entry,
  type MapNode,
  map,
  type Node,
  tree,
  under,
} from "../envoy/generate/yaml.ts";
import { type AdmissionRequest, admissionRules, type Rule } from "./admission-rules.ts";
import { signaturePolicies } from "./admission-signature.ts";
import { headOf, object, type Written } from "./common.ts";

export const kyvernoForms = ["validating-policy", "cluster-policy"] as const;

export type KyvernoForm = (typeof kyvernoForms)[number];

const OPERATIONS = ["CREATE", "UPDATE"];

const conditions = ({ condition }: Rule): readonly Entry[] =>
  condition === null
    ? []
    : [at("matchConditions", tree([{ name: "is-wasm", expression: condition }]))];

const variables = (rule: Rule): Entry =>
  at(
    "variables",
    rule.variables.map(({ name, expression }) => tree({ name, expression })),
  );

const validations = (rule: Rule): Node =>
  rule.validations.map(({ expression, message, why }) =>
    map(under([why], at("expression", expression)), at("message", message)),
  );

function constraints(rule: Rule): Entry {
  const resources = {
    apiGroups: [rule.group],
    apiVersions: ["*"],
    operations: OPERATIONS,
    resources: [rule.resource],
  };
  return at("matchConstraints", tree({ resourceRules: [resources] }));
}

const nameOf = ({ name }: AdmissionRequest, rule: Rule): string => `${name}-${rule.id}`;

function apiServerPolicy(request: AdmissionRequest, rule: Rule): readonly MapNode[] {
  const name = nameOf(request, rule);
  const apiVersion = "admissionregistration.k8s.io/v1";
  const policy = object(
    { apiVersion, kind: "ValidatingAdmissionPolicy", name, namespace: null },
    at(
      "spec",
      map(
        under(["What can't be judged is refused."], at("failurePolicy", "Fail")),
        constraints(rule),
        ...conditions(rule),
        variables(rule),
        at("validations", validations(rule)),
      ),
    ),
  );
  const actions = request.enforce ? ["Deny"] : ["Warn", "Audit"];
  const binding = object(
    { apiVersion, kind: "ValidatingAdmissionPolicyBinding", name, namespace: null },
    at(
      "spec",
      map(
        at("policyName", name),
        under(
          [
            "Without a binding a policy does nothing. JUDGE: in every namespace; matchResources narrows it.",
          ],
          at("validationActions", actions),
        ),
      ),
    ),
  );
  return [policy, binding];
}

function validatingPolicy(request: AdmissionRequest, rule: Rule): MapNode {
  const spec = map(
    at("validationActions", [request.enforce ? "Deny" : "Audit"]),
    under(["What can't be judged is refused."], at("failurePolicy", "Fail")),
    constraints(rule),
    ...conditions(rule),
    variables(rule),
    at("validations", validations(rule)),
  );
  const frame = { apiVersion: "policies.kyverno.io/v1", kind: "ValidatingPolicy" };
  return object({ ...frame, name: nameOf(request, rule), namespace: null }, at("spec", spec));
}

function clusterPolicy(request: AdmissionRequest, rules: readonly Rule[]): MapNode {
  const made = rules.map((rule) => {
    const kinds = [`${rule.group}/${rule.version}/${rule.kind}`];
    const cel = map(variables(rule), at("expressions", validations(rule)));
    const validate = map(
      under(
        ["In the rule: at spec it is the deprecated validationFailureAction."],
        at("failureAction", request.enforce ? "Enforce" : "Audit"),
      ),
      at("cel", cel),
    );
    const when =
      rule.condition === null
        ? []
        : [at("celPreconditions", tree([{ name: "is-wasm", expression: rule.condition }]))];
    const resources = { kinds, operations: OPERATIONS };
    return map(
      at("name", rule.id),
      at("match", tree({ any: [{ resources }] })),
      ...when,
      at("validate", validate),
    );
  });
  const spec = map(
    under(["Objects that are there already are reported."], at("background", true)),
    at("rules", made),
  );
  const frame = { apiVersion: "kyverno.io/v1", kind: "ClusterPolicy" };
  return object({ ...frame, name: request.name, namespace: null }, at("spec", spec));
}

function lines(request: AdmissionRequest): readonly string[] {
  const names = [...request.digests, ...request.canaryDigests.map((one) => `${one} (canary)`)];
  return [
    `Allowed digests: ${names.join(", ")}.`,
    request.registries.length === 0
      ? "JUDGE: any registry; --registry names those that plugins may come from."
      : `Allowed sources: ${request.registries.join(", ")}.`,
    "The policy engine sees what is written, not the bytes: that the digest is of the hardened module is for who allows it.",
    ...(request.canaryDigests.length === 0
      ? []
      : [
          'The canary\'s digests are allowed in objects with the label glovebox.dev/canary: "true" only.',
        ]),
  ];
}

function findingsOf(request: AdmissionRequest): Written["findings"] {
  return request.registries.length === 0 ? [finding("generate-any-registry", "warning")] : [];
}

function documents(head: readonly string[], nodes: readonly MapNode[]): Written["documents"] {
  return nodes.map((node, i) => ({ head: i === 0 ? head : [], node }));
}

/** ValidatingAdmissionPolicies with their bindings. */
export function generateAdmissionPolicy(request: AdmissionRequest): Written {
  const measured = "Measured: a kube-apiserver 1.37 with etcd admits and refuses objects by it.";
  const head = headOf("admission-policy", "Kubernetes 1.30 and newer", [
    ...lines(request),
    measured,
  ]);
  const nodes = admissionRules(request).flatMap((rule) => apiServerPolicy(request, rule));
  return { documents: documents(head, nodes), findings: findingsOf(request) };
}

/** Kyverno's policies in one of their forms. */
export function generateKyverno(request: AdmissionRequest, form: KyvernoForm): Written {
  const measured = "Measured: the command line of Kyverno 1.19 passes and fails objects by it.";
  const since =
    form === "cluster-policy"
      ? "Kyverno 1.13 and newer (deprecated from 1.17 on)"
      : "Kyverno 1.17 and newer";
  const head = headOf("kyverno", since, [...lines(request), measured]);
  const rules = admissionRules(request);
  const nodes: MapNode[] =
    form === "cluster-policy"
      ? [clusterPolicy(request, rules)]
      : rules.map((rule) => validatingPolicy(request, rule));
  if (request.keys.length > 0) nodes.push(...signaturePolicies(request, rules, request.keys));
  return { documents: documents(head, nodes), findings: findingsOf(request) };
}
