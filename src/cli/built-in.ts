// The samples and adversaries of a checkout: what demo and trial run on. The published package has none of
// them, so they are looked up by place when a command asks, and their absence is a failure with a hint.
import { readFile } from "node:fs/promises";
import { fail } from "../errors/failure.ts";
import type { RoleName } from "../policy/roles.ts";

/** The columns of plugins/catalog.ts that commands read. */
export interface BuiltIn {
  readonly name: string;
  readonly kind: "sample" | "adversary";
  readonly role: RoleName | null;
  readonly does: string;
  readonly bytes: Uint8Array;
}

type Row = Omit<BuiltIn, "bytes" | "kind"> & { readonly kind: BuiltIn["kind"] | "fixture" };

const folder = new URL("../../plugins/", import.meta.url);

/** In the catalogue's order. Throws `demo-needs-checkout` where they are not, or not built. */
export async function builtInPlugins(): Promise<readonly BuiltIn[]> {
  try {
    const catalogue: { plugins: readonly Row[] } = await import(new URL("catalog.js", folder).href);
    const rows = catalogue.plugins.flatMap(({ kind, ...row }) =>
      kind === "fixture" ? [] : [{ ...row, kind }],
    );
    return await Promise.all(
      rows.map(async ({ name, kind, role, does }) => {
        const bytes = await readFile(new URL(`wasm/${name}.wasm`, folder));
        return { name, kind, role, does, bytes };
      }),
    );
  } catch (error) {
    return fail("demo-needs-checkout", {}, undefined, error);
  }
}
