// One GET: a body of at most so many bytes within so much time, over HTTP or HTTPS, to the URI's own host or to an
// endpoint of a cluster. No redirects are followed and no proxies used: the bytes come from where the
// configuration says. Throws an Error whose message is the reason.
import { type ClientRequest, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { ClusterConfig } from "../../mesh/envoy/lab-config.ts";

export interface GetLimits {
  readonly bytes: number;
  /** Milliseconds for all of it; 0 for as long as it takes, as in Envoy. */
  readonly timeout: number;
}

function target(uri: URL, cluster: ClusterConfig | undefined): [RequestOptions, boolean] {
  const path = `${uri.pathname}${uri.search}`;
  const headers = { host: uri.host, accept: "application/wasm, application/octet-stream, */*" };
  const secure = uri.protocol === "https:";
  const endpoint = cluster?.endpoints[0];
  if (cluster === undefined || endpoint === undefined) {
    return [
      { host: uri.hostname.replace(/^\[|\]$/g, ""), port: uri.port || undefined, path, headers },
      secure,
    ];
  }
  const { address } = endpoint;
  const where =
    address.kind === "pipe"
      ? { socketPath: address.path }
      : { host: address.host, port: address.port };
  if (cluster.tls === null) return [{ ...where, path, headers }, false];
  const { sni, authority, certificate, key } = cluster.tls;
  const tls = {
    servername: sni || uri.hostname,
    // As in Envoy: without an authority the upstream's certificate isn't checked; the digest is what counts.
    rejectUnauthorized: authority !== null,
    ...(authority !== null && { ca: authority }),
    ...(certificate !== null && { cert: certificate }),
    ...(key !== null && { key }),
  };
  return [{ ...where, path, headers, ...tls } as RequestOptions, true];
}

/** The body of a 200. */
export function httpGet(
  uri: URL,
  cluster: ClusterConfig | undefined,
  limits: GetLimits,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const [options, secure] = target(uri, cluster);
    const request: ClientRequest = (secure ? httpsRequest : httpRequest)({
      ...options,
      agent: false,
    });
    const late = new Error(`no whole answer within ${limits.timeout} ms`);
    const timer =
      limits.timeout === 0 ? undefined : setTimeout(() => request.destroy(late), limits.timeout);
    const done = (): void => clearTimeout(timer);
    request.on("error", (error) => {
      done();
      reject(error);
    });
    request.on("response", (response) => {
      if (response.statusCode !== 200) {
        request.destroy(new Error(`the server answered ${response.statusCode}`));
        return;
      }
      const parts: Buffer[] = [];
      let size = 0;
      response.on("data", (part: Buffer) => {
        size += part.length;
        if (size > limits.bytes) {
          request.destroy(new Error(`the answer has more than ${limits.bytes} bytes`));
        } else parts.push(part);
      });
      response.on("end", () => {
        done();
        if (response.complete) resolve(Buffer.concat(parts));
        else reject(new Error("the answer broke off"));
      });
      response.on("error", (error) => {
        done();
        reject(error);
      });
    });
    request.end();
  });
}
