// The parties of the fuzz targets, wasm-tools and Wasmtime: the same installation as that of the interop tests.

interface Parties {
  prepareParties(): { env: Record<string, string>; missing: readonly string[] };
}

/** Installs what is missing and puts it on the PATH of this process; what can't be had is said. */
export async function useParties(): Promise<void> {
  const script = new URL("../../../scripts/lib/parties.mjs", import.meta.url).href;
  const { prepareParties } = (await import(script)) as Parties;
  const { env, missing } = prepareParties();
  for (const problem of missing) process.stderr.write(`not available: ${problem}\n`);
  Object.assign(process.env, env);
}
