// Who asks the admin: a page in a browser on the same machine may not. A name that leads to a loopback address for the
// length of a visit (DNS rebinding) would let a page read everything, and a form that it posts could end the lab.
// Programs send no Origin, and call this machine by an address or as localhost.
import { isIP } from "node:net";

export interface Asking {
  readonly method: string | undefined;
  /** The address of this machine that the connection came to; undefined for a pipe. */
  readonly to: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

const loopback = /^(?:::ffff:)?127\.|^::1$/;

/** The host of `HOST:PORT` in lower case, without the brackets of IPv6. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1");
}

/** Names that no resolver of others can lead here. */
const isOwn = (name: string): boolean =>
  isIP(name) !== 0 || /^(?:[^.]+\.)*localhost\.?$/.test(name) || name === "";

/** Why the admin says nothing; null where it answers. */
export function refusalOf({ method, to, headers }: Asking): string | null {
  const host = String(headers.host ?? "");
  const name = nameOf(host);
  if (to !== undefined && loopback.test(to) && !isOwn(name)) {
    return `the admin of this machine is asked as ${JSON.stringify(name.slice(0, 100))}; ask by its address, or as localhost`;
  }
  if (method !== "POST") return null;
  const { origin } = headers;
  const own =
    origin === undefined || String(origin).toLowerCase() === `http://${host.toLowerCase()}`;
  const site = headers["sec-fetch-site"];
  const near = site === undefined || site === "same-origin" || site === "none";
  return own && near ? null : "a page of another origin may not post to the admin";
}
