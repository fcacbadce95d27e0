// Rules about what a schema has against a document: the reader took notes, a rule gives them words.
import type { Code } from "../../errors/catalogue.ts";
import type { MeshDocument, SchemaNote } from "../model.ts";
import { controlPlane } from "../model.ts";
import { reword } from "./edits.ts";
import type { Fix, Rule } from "./rule.ts";

/** What becomes of what the schema doesn't have, by who reads the document. */
export function consequence({ dialect }: MeshDocument): string {
  switch (dialect === null ? "envoy" : controlPlane(dialect)) {
    case "istio":
      return dialect === "envoy-filter"
        ? "istiod drops it silently and sends the rest"
        : "the API server prunes it or refuses the resource";
    case "kuma":
      return "Kuma refuses the resource";
    case "envoy":
      return "Envoy refuses the configuration";
    default:
      return "the API server prunes it or refuses the resource";
  }
}

/** What becomes of a document that its schema refuses. */
export function refusal({ dialect }: MeshDocument): string {
  switch (dialect === null ? "envoy" : controlPlane(dialect)) {
    case "envoy":
      return "Envoy refuses the configuration";
    case "kuma":
      return "Kuma refuses the resource";
    default:
      return dialect === "envoy-filter"
        ? "istiod refuses the resource, or the proxy what it sends"
        : "the API server refuses the resource";
  }
}

/** `Did you mean X?` → X. */
export function meant({ args }: SchemaNote): string | undefined {
  return /^Did you mean (.+)\?$/.exec(String(args.suggestion ?? ""))?.[1];
}

/** The word that was meant, in the place of the one that is written. */
export function rewordFix(
  { file }: MeshDocument,
  note: SchemaNote,
  written: string,
): Fix | undefined {
  const word = meant(note);
  const edit = word === undefined ? undefined : reword(file, note.at, written, word);
  return edit === undefined ? undefined : { safety: "unsafe", edits: [edit] };
}

/** A rule that says the notes of some codes. */
export function schemaRule(row: Omit<Rule, "document">, codes: readonly Code[]): Rule {
  return {
    ...row,
    document: (document, _, say) => {
      for (const note of document.notes) {
        if (!codes.includes(note.code)) continue;
        say(note.at, { ...note.args, consequence: refusal(document) });
      }
    },
  };
}
