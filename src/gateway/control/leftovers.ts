// What plugins leave in the shared memory: it is given back when no plugin of their namespace is left in the
// configuration, as the reference host does with the last VM of a `vm_id`.
import { namespaceOf } from "../../host/options.ts";
import { RegionData } from "../../host/shared/data.ts";
import { RegionQueues } from "../../host/shared/queues.ts";
import type { SharedRegion } from "../../host/shared/region.ts";
import type { Prepared } from "../plugins/prepare.ts";

/** Shared data, or queues. */
export interface Store {
  drop(namespace: string): void;
}

type Plugin = Pick<Prepared, "semantics"> & {
  readonly config: Pick<Prepared["config"], "name" | "vmId">;
};

/** The namespace of its shared data and queues. */
function spaceOf({ config: { name, vmId }, semantics }: Plugin): string {
  return namespaceOf({ name, ...(vmId !== "" && { vmId }) }, semantics);
}

export class Leftovers {
  readonly #stores: readonly Store[];
  /** Gone before; a request that was in flight then may have written once more. */
  readonly #gone = new Set<string>();

  constructor(...stores: readonly Store[]) {
    this.#stores = stores;
  }

  /** A version has taken the place of another. */
  replaced(before: readonly Plugin[], now: readonly Plugin[]): void {
    for (const one of before) this.#gone.add(spaceOf(one));
    for (const one of now) this.#gone.delete(spaceOf(one));
    for (const namespace of this.#gone) {
      for (const store of this.#stores) store.drop(namespace);
    }
  }
}

/** Of the shared data and queues of a region. */
export const leftoversOf = (region: SharedRegion): Leftovers =>
  new Leftovers(new RegionData(region), new RegionQueues(region, () => {}));
