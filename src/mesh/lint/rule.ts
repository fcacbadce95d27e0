// A rule of the linter: what it is, and one pure function that says what it finds. Its words stand in
// errors/texts/lint.ts under its id, its page in docs/rules.
import type { Args, Code } from "../../errors/catalogue.ts";
import type { Level } from "../../errors/failure.ts";
import type { InspectReport } from "../../inspect/report.ts";
import type { Policy } from "../../policy/policy.ts";
import type { MeshDocument, PluginUse } from "../model.ts";
import type { Targets } from "./targets.ts";

/** A piece of a file's text and what takes its place; offsets, the end excluded. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export type Safety = "safe" | "unsafe";

export interface Fix {
  readonly safety: Safety;
  readonly edits: readonly Edit[];
}

export interface More {
  /** Instead of the rule's own. */
  readonly level?: Level;
  readonly fix?: Fix | undefined;
}

export type Say = (at: number, args?: Args, more?: More) => void;
export type SayIn = (document: MeshDocument, at: number, args?: Args, more?: More) => void;

/** A plugin's module, where it could be had. */
export interface ModuleFacts {
  readonly sha256: string;
  readonly report: InspectReport;
  /** What verify says under the policy that was given; null without one. */
  readonly contained: boolean | null;
}

export interface Context {
  readonly targets: Targets;
  /** null where the module isn't at hand. */
  readonly module: (use: PluginUse) => ModuleFacts | null;
  readonly policy: Policy | null;
}

export interface Rule {
  readonly id: Code;
  readonly level: Level;
  /** For people: which documents it looks at. */
  readonly looksAt: string;
  /** What `--fix` can do; null where only a person can. */
  readonly fix: Safety | null;
  readonly summary: string;
  readonly use?: (use: PluginUse, context: Context, say: Say) => void;
  readonly document?: (document: MeshDocument, context: Context, say: Say) => void;
  /** Sees everything at once: what plugins share. */
  readonly project?: (documents: readonly MeshDocument[], context: Context, say: SayIn) => void;
}
