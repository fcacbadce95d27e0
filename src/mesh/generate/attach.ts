// What the generators of several meshes say alike of where the code comes from and of what a plugin is attached to.
// What a mesh can't take is refused here, in one form for all of them.
import { fail } from "../../errors/failure.ts";
import { at, type Entry, type Node, tree, under } from "../envoy/generate/yaml.ts";
import type { MeshRequest, ModuleSource, Revision, TargetRef } from "./request.ts";

/** The group of Gateway and its routes. */
export const GATEWAY_API = "gateway.networking.k8s.io";

/** Both versions of a request that has two. */
export function revisionsOf({ stable, canary }: MeshRequest): readonly Revision[] {
  return canary === null ? [stable] : [stable, canary.revision];
}

const shown: Readonly<Record<ModuleSource["kind"], string>> = {
  oci: "oci://",
  http: "http(s)://",
  file: "a file",
};

/** Throws `generate-source` where a version comes from what the target can't read. */
export function refuseSource(
  revisions: readonly Revision[],
  kind: ModuleSource["kind"],
  target: string,
  takes: string,
): void {
  if (revisions.some(({ source }) => source.kind === kind)) {
    fail("generate-source", { target, kind: shown[kind], takes });
  }
}

/** Throws `generate-targets` where a request names nothing that its plugin could be attached to. */
export function needTargets({ targets }: MeshRequest, target: string, such: string): void {
  if (targets.length === 0) fail("generate-targets", { target, such });
}

/** A Gateway or a route, by the API that all gateways share. */
export function gatewayTarget({ kind, name }: TargetRef, suffix = ""): Node {
  return tree({ group: GATEWAY_API, kind, name: `${name}${suffix}` });
}

/** The digest of a module that is fetched as it is. */
export function bytesPin(key: string, { pin }: ModuleSource): Entry {
  return under(["Of the hardened module: other bytes are refused."], at(key, pin ?? ""));
}
