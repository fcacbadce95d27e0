// Whether an address that a generated file names is free on this machine: an Envoy says it only when it is started.
import { createServer } from "node:net";
import { type Finding, finding } from "../errors/failure.ts";
import type { Endpoint } from "../mesh/envoy/generate/request.ts";

/** Whether something listens there. Addresses of other machines, and ports that may not be had, are not told. */
function taken({ host, port }: Endpoint): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "EADDRINUSE"));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}

/** A finding for each flag's address that is in use; port 0 is the system's choice. */
export async function portsTaken(
  given: readonly (readonly [flag: string, address: Endpoint])[],
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const [flag, address] of given) {
    if (address.port === 0 || !(await taken(address))) continue;
    const shown = `${address.host}:${address.port}`;
    found.push(finding("generate-port-taken", "warning", { address: shown, flag }));
  }
  return found;
}
