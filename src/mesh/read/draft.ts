// A document while it is being read: what adapters add to.
import type { EnvoyPatch, MeshDocument } from "../model.ts";
import type { Found } from "./find-plugins.ts";
import type { Notes } from "./notes.ts";

export interface Draft {
  readonly document: MeshDocument;
  readonly notes: Notes;
  readonly found: Found;
  readonly patches: EnvoyPatch[];
}
