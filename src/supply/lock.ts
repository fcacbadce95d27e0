// glovebox.lock: what every plugin's reference stood for when it was locked. JSON with sorted keys, so that the same
// content gives the same bytes; read as strictly as anything that decides which bytes are run.
import { fail } from "../errors/failure.ts";
import { isFields, isSha256 } from "../signing/json.ts";
import { parseStrictJson, StrictJsonError } from "../util/strict-json.ts";

export const LOCK_VERSION = 1;
const DEPTH = 8;

export interface LockedPlugin {
  /** The reference of the policy, without a digest. */
  readonly url: string;
  /** `sha256:…`; null where the reference has no manifest. */
  readonly manifest: string | null;
  /** Of the module, in hex. */
  readonly sha256: string;
  /** Host functions and WASI functions that the module imports; sorted. */
  readonly imports: readonly string[];
  /** Callbacks that it exports; sorted. */
  readonly callbacks: readonly string[];
}

export interface Lock {
  /** By the policies' metadata.name. */
  readonly plugins: Readonly<Record<string, LockedPlugin>>;
}

/** The text of a lock; ends with a line feed. */
export function writeLock({ plugins }: Lock): string {
  const sorted = Object.entries(plugins).sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = sorted.map(([name, { url, manifest, sha256, imports, callbacks }]) => [
    name,
    { url, manifest, sha256, imports, callbacks },
  ]);
  return `${JSON.stringify({ version: LOCK_VERSION, plugins: Object.fromEntries(rows) }, null, 2)}\n`;
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

function pluginOf(value: unknown): LockedPlugin | null {
  if (!isFields(value)) return null;
  const { url, manifest, sha256, imports, callbacks } = value;
  if (typeof url !== "string" || !isSha256(sha256)) return null;
  if (!isTexts(imports) || !isTexts(callbacks)) return null;
  if (manifest !== null && !/^sha256:[0-9a-f]{64}$/.test(String(manifest))) return null;
  return { url, manifest: manifest as string | null, sha256, imports, callbacks };
}

/** Throws `lock-malformed`. */
export function parseLock(text: string, file: string): Lock {
  const bad = (reason: string): never =>
    fail("lock-malformed", { file, reason }, { at: "file", file });
  let value: unknown;
  try {
    value = parseStrictJson(text, DEPTH);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return bad(error.problem === "duplicate" ? `it has ${error.detail} twice` : "it is not JSON");
  }
  if (!isFields(value) || value.version !== LOCK_VERSION) return bad("its version is not 1");
  if (!isFields(value.plugins)) return bad("it has no plugins");
  const plugins = new Map<string, LockedPlugin>();
  for (const [name, one] of Object.entries(value.plugins)) {
    plugins.set(name, pluginOf(one) ?? bad(`its entry ${name} is malformed`));
  }
  return { plugins: Object.fromEntries(plugins) };
}
