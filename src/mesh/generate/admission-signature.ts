// Signatures of plugins in a registry, for Kyverno, which is the only one of the engines that asks a registry: an
// ImageValidatingPolicy that reads references out of objects of a mesh. Nothing in Envoy, Istio or Envoy Gateway
// checks a signature.
import { at, type MapNode, map, type Node, tree, under } from "../envoy/generate/yaml.ts";
import type { AdmissionRequest, Rule } from "./admission-rules.ts";
import { object } from "./common.ts";

/** A reference with its digest, whether the object writes it into the URL or beside it. */
const reference = (url: string, digest: string): string =>
  `(${url}.contains("@") ? ${url} : ${url} + (${digest} == "" ? "" : "@sha256:" + ${digest}))`;

const ISTIO_URL = (code: string): string => `${code}.url.replace("oci://", "")`;

/** References of a kind's plugins that are in a registry; undefined for kinds that CEL can't read them out of. */
function imagesOf({ kind }: Rule): string | undefined {
  if (kind === "EnvoyExtensionPolicy") {
    const one = reference("p.code.image.url", 'p.code.image.?sha256.orValue("")');
    return `object.spec.?wasm.orValue([]).filter(p, p.code.type == "Image").map(p, ${one})`;
  }
  if (kind === "EnvoyFilter") return undefined;
  const code = kind === "TrafficExtension" ? "object.spec.wasm" : "object.spec";
  const inRegistry = `${code}.url.startsWith("oci://") || !${code}.url.contains("://")`;
  return `${inRegistry} ? [${reference(ISTIO_URL(code), `${code}.?sha256.orValue("")`)}] : []`;
}

/** Keys as attestors by their place in the list. */
function attestors(keys: readonly string[]): Node {
  return keys.map((pem, i) => {
    const cosign = map(
      at("key", map(at("data", { block: pem }))),
      under(
        ["JUDGE: no transparency log is asked; keys that sign in private have none."],
        at("ctlog", tree({ insecureIgnoreTlog: true, insecureIgnoreSCT: true })),
      ),
    );
    return map(at("name", `signer${i + 1}`), at("cosign", cosign));
  });
}

/**
 * The policies that ask for a signature by one of the keys (PEM), one a kind. The rules say which objects; what they
 * ask is asked by their own policies.
 */
export function signaturePolicies(
  request: AdmissionRequest,
  rules: readonly Rule[],
  keys: readonly string[],
): readonly MapNode[] {
  const names = keys.map((_, i) => `attestors.signer${i + 1}`).join(", ");
  return rules.flatMap((rule) => {
    const images = imagesOf(rule);
    if (images === undefined) return [];
    const resources = {
      apiGroups: [rule.group],
      apiVersions: ["*"],
      operations: ["CREATE", "UPDATE"],
      resources: [rule.resource],
    };
    const condition =
      rule.condition === null
        ? []
        : [at("matchConditions", tree([{ name: "is-wasm", expression: rule.condition }]))];
    const spec = map(
      at("validationActions", [request.enforce ? "Deny" : "Audit"]),
      under(["A registry that can't be asked refuses."], at("failurePolicy", "Fail")),
      at(
        "validationConfigurations",
        tree({ mutateDigest: false, verifyDigest: true, required: true }),
      ),
      at("matchConstraints", tree({ resourceRules: [resources] })),
      ...condition,
      at("matchImageReferences", tree([{ glob: "*" }])),
      under(
        ["What the mesh will fetch: the manifest of that digest, whatever the tag says by then."],
        at("images", tree([{ name: "plugins", expression: images }])),
      ),
      at("attestors", attestors(keys)),
      at(
        "validations",
        tree([
          {
            expression: `images.plugins.map(image, verifyImageSignatures(image, [${names}])).all(count, count > 0)`,
            message: "the plugin must be signed by one of the allowed keys",
          },
        ]),
      ),
    );
    const frame = { apiVersion: "policies.kyverno.io/v1", kind: "ImageValidatingPolicy" };
    const name = `${request.name}-${rule.id}-signed`;
    return [object({ ...frame, name, namespace: null }, at("spec", spec))];
  });
}
