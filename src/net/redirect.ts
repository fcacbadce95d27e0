// GET and HEAD through redirects. Credentials stay with the origin that they are for; nobody is led from https to
// http, nor into a network that the first host is not in itself.
import { fail } from "../errors/failure.ts";
import { registryLimits } from "../spec/oci.ts";
import type { AddressKind } from "./addresses.ts";
import type { Http, HttpAnswer, HttpRequest } from "./http.ts";

const redirects = new Set([301, 302, 303, 307, 308]);

/** What is only for the origin that it was made for. */
const secret = new Set(["authorization", "cookie", "proxy-authorization"]);

/** Kinds that a host of `kind` may send to: its own and the internet's. */
export const within =
  (kind: AddressKind) =>
  (other: AddressKind): boolean =>
    other === "public" || other === kind;

export interface Followed extends HttpAnswer {
  /** Where the answer came from in the end. */
  readonly url: URL;
}

/** Sends and follows. Throws `registry-redirect` where a redirect must not be followed. */
export async function sendFollowing(
  http: Http,
  request: HttpRequest,
  options: { readonly plainHttp: boolean },
): Promise<Followed> {
  const first = request.url.host;
  let next = request;
  for (let count = 0; ; count++) {
    const answer = await http.send(next);
    const { location } = answer.headers;
    if (!redirects.has(answer.status) || location === undefined) {
      return { ...answer, url: next.url };
    }
    const refuse = (reason: string): never => fail("registry-redirect", { host: first, reason });
    if (count >= registryLimits.redirects) return refuse("there are too many, one after the other");
    if (!URL.canParse(location, next.url.href)) return refuse("the new place is no URL");
    const url = new URL(location, next.url.href);
    const http1 = url.protocol === "http:";
    if (!http1 && url.protocol !== "https:") return refuse(`to ${url.protocol}`);
    if (http1 && (next.url.protocol === "https:" || !options.plainHttp)) {
      return refuse("from https: to http:");
    }
    if (url.username !== "" || url.password !== "") return refuse("the new place has a password");
    const same = url.origin === next.url.origin;
    const headers = same
      ? next.headers
      : Object.fromEntries(
          Object.entries(next.headers).filter(([name]) => !secret.has(name.toLowerCase())),
        );
    const allowed = same ? next.allowed : within(answer.kind);
    next = { ...next, url, headers, allowed };
  }
}
