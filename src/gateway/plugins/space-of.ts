// The namespace of a plugin's shared data and queues, from what the configuration says of it: the same name that
// the host gives it.
import { namespaceOf } from "../../host/options.ts";
import type { Prepared } from "./prepare.ts";

/** What decides about it. */
export type SpaceOwner = Pick<Prepared, "semantics"> & {
  readonly config: Pick<Prepared["config"], "name" | "vmId">;
};

export function spaceOf({ config: { name, vmId }, semantics }: SpaceOwner): string {
  return namespaceOf({ name, ...(vmId !== "" && { vmId }) }, semantics);
}
