// One HTTP request and its whole answer: at most so many bytes, within so much time, from an address that is allowed.
// No redirects, no cookies, no proxies, no credentials of its own. Everything that goes wrong is a Failure that names
// the host; only `transient` ones are worth another try.
import { createHash } from "node:crypto";
import { lookup as systemLookup } from "node:dns";
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { rootCertificates } from "node:tls";
import { Failure, fail } from "../errors/failure.ts";
import { registryTimes } from "../spec/oci.ts";
import { type AddressKind, addressKind, inBlocks } from "./addresses.ts";

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Bytes that the answer may have. */
  readonly limit: number;
  /** Also compute the body's digest as it comes in, while the rest is on its way. */
  readonly digest?: boolean;
  /** What is asked, for messages: `GET manifests/v1`. */
  readonly what: string;
  /** The kinds of addresses that may be called. */
  readonly allowed: (kind: AddressKind) => boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  /** The body's SHA-256 in hex, where it was asked for. */
  readonly sha256?: string;
  /** Of the address that answered. */
  readonly kind: AddressKind;
}

export interface HttpOptions {
  /** PEM, beside the authorities that Node knows. */
  readonly authorities?: readonly string[];
  /** CIDR blocks that are never called. */
  readonly blocked?: readonly string[];
  readonly times?: { readonly connect: number; readonly idle: number; readonly request: number };
  /** Instead of the system's, for tests. */
  readonly lookup?: LookupFunction;
}

export interface Http {
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends idle connections. */
  close(): void;
}

/** Network errors after which the same request may well succeed. */
const transient = new Set([
  ...["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "EAI_AGAIN", "ENETUNREACH"],
  ...["EHOSTUNREACH", "ECONNABORTED", "HPE_INVALID_EOF_STATE"],
]);

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "its name can't be looked up now",
  ECONNRESET: "the connection was closed",
  EPIPE: "the connection was closed",
  ETIMEDOUT: "it doesn't answer",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no way to it",
  EPROTO: "it doesn't speak TLS",
};

const outOfTime = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

const isTls = (code: string): boolean =>
  /^(?:CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|ERR_SSL_TLSV1_ALERT)/.test(
    code,
  );

/** Whether another try may help. */
export const isTransient = (error: unknown): boolean =>
  error instanceof Failure &&
  (error.code === "registry-timeout" ||
    (error.code === "registry-unreachable" &&
      transient.has(String((error.cause as { code?: unknown } | undefined)?.code))));

/** Why a request failed below HTTP, as a Failure. */
function failureOf(error: unknown, host: string): never {
  if (error instanceof Failure) throw error;
  const { code: named, message } = error as NodeJS.ErrnoException;
  // Several addresses were tried; the first says enough.
  const several = (error as { errors?: readonly NodeJS.ErrnoException[] }).errors;
  const code = named ?? several?.[0]?.code ?? "";
  if (outOfTime.has(code))
    return fail("registry-expired", { host, reason: message }, undefined, error);
  if (isTls(code)) return fail("registry-tls", { host, reason: message }, undefined, error);
  const cause = { code, error };
  const reason = words[code] ?? (code.startsWith("HPE_") ? "it doesn't speak HTTP" : message);
  return fail("registry-unreachable", { host, reason }, undefined, cause);
}

class Client implements Http {
  readonly #plain = new HttpAgent({ keepAlive: true, maxSockets: 6 });
  readonly #secure: HttpsAgent;
  readonly #times: NonNullable<HttpOptions["times"]>;
  readonly #blocked: readonly string[];
  readonly #lookup: LookupFunction;

  constructor({ authorities = [], blocked = [], times = registryTimes, lookup }: HttpOptions) {
    this.#secure = new HttpsAgent({
      keepAlive: true,
      maxSockets: 6,
      minVersion: "TLSv1.2",
      ...(authorities.length > 0 && { ca: [...rootCertificates, ...authorities] }),
    });
    this.#blocked = blocked;
    this.#times = times;
    this.#lookup = lookup ?? (systemLookup as unknown as LookupFunction);
  }

  /** Throws `registry-address` where the address must not be called. */
  #judge(host: string, address: string, { allowed }: HttpRequest): void {
    const kind = addressKind(address);
    const blocked = inBlocks(address, this.#blocked);
    if (!blocked && kind !== "link-local" && allowed(kind)) return;
    const said = blocked ? "blocked here" : kind === "link-local" ? "link-local" : `a ${kind} one`;
    fail("registry-address", { host, address, kind: said });
  }

  /** A look-up whose answers have been judged: what is checked is what is called. */
  #guarded(request: HttpRequest): LookupFunction {
    return (host, options, done) => {
      this.#lookup(host, { ...options, all: true }, (error, found) => {
        if (error) return done(error, "", 0);
        const all = typeof found === "string" ? [{ address: found, family: isIP(found) }] : found;
        try {
          for (const { address } of all) this.#judge(host, address, request);
        } catch (refused) {
          return done(refused as NodeJS.ErrnoException, "", 0);
        }
        if (options.all) return done(null, all);
        const [first] = all;
        return first === undefined
          ? done(Object.assign(new Error("no address"), { code: "ENOTFOUND" }), "", 0)
          : done(null, first.address, first.family);
      });
    };
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { url } = request;
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // An address that is written out is never looked up.
    if (isIP(host) !== 0) this.#judge(host, host, request);
    try {
      return await this.#exchange(request, host);
    } catch (error) {
      return failureOf(error, url.host);
    }
  }

  #exchange(request: HttpRequest, host: string): Promise<HttpAnswer> {
    const { method, url, headers, body } = request;
    const secure = url.protocol === "https:";
    const times = this.#times;
    return new Promise((resolve, reject) => {
      const options = {
        method,
        host,
        port: url.port || undefined,
        path: `${url.pathname}${url.search}`,
        headers: {
          host: url.host,
          "accept-encoding": "identity",
          ...headers,
          ...((body !== undefined || method === "POST" || method === "PUT") && {
            "content-length": String(body?.length ?? 0),
          }),
        },
        lookup: this.#guarded(request),
        maxHeaderSize: 32 * 1024,
        ...(secure && isIP(host) === 0 && { servername: host }),
      };
      const sent: ClientRequest = secure
        ? httpsRequest({ ...options, agent: this.#secure })
        : httpRequest({ ...options, agent: this.#plain });
      const late = (what: string, ms: number) => (): void => {
        sent.destroy(new Failure("registry-timeout", { host: url.host, what, ms }));
      };
      let whole: NodeJS.Timeout | undefined;
      let connecting: NodeJS.Timeout | undefined;
      const end = (finish: () => void): void => {
        clearTimeout(whole);
        clearTimeout(connecting);
        finish();
      };
      // From here on: before, others may have been waited for, which have times of their own.
      sent.on("socket", (socket) => {
        whole = setTimeout(late(request.what, times.request), times.request);
        connecting = setTimeout(late("connecting", times.connect), times.connect);
        const ready = (): void => clearTimeout(connecting);
        if (!socket.connecting) ready();
        else socket.once(secure ? "secureConnect" : "connect", ready);
        socket.setTimeout(times.idle);
      });
      sent.on("timeout", late(request.what, times.idle));
      sent.on("error", (error) => end(() => reject(error)));
      sent.on("response", (answer) => {
        collect(answer, request).then(
          (value) => end(() => resolve(value)),
          (error) => {
            sent.destroy();
            end(() => reject(error));
          },
        );
      });
      sent.end(body);
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

/** The whole body, no byte more than the limit. */
function collect(answer: IncomingMessage, request: HttpRequest): Promise<HttpAnswer> {
  const { url, limit, what, method } = request;
  const host = url.host;
  const { headers, socket, statusCode = 0 } = answer;
  const kind = addressKind(socket.remoteAddress ?? "");
  const tooLarge = (): Failure => new Failure("registry-too-large", { host, what, limit });
  return new Promise((resolve, reject) => {
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") {
      const reason = `its answer is encoded as ${encoding}`;
      return reject(new Failure("registry-protocol", { host, reason }));
    }
    const length = Number(headers["content-length"] ?? 0);
    if (method !== "HEAD" && length > limit) return reject(tooLarge());
    // Where the length is known the bytes go to their place at once.
    const known =
      method !== "HEAD" && length <= limit ? Buffer.allocUnsafe(length) : Buffer.alloc(0);
    const hash = request.digest ? createHash("sha256") : null;
    const parts: Buffer[] = [];
    let [filled, size] = [0, 0];
    answer.on("data", (part: Buffer) => {
      if (size + part.length > limit) return reject(tooLarge());
      if (parts.length === 0 && size + part.length <= known.length) {
        filled += part.copy(known, size);
      } else parts.push(part);
      hash?.update(part);
      size += part.length;
    });
    answer.on("error", reject);
    answer.on("end", () => {
      if (!answer.complete) {
        const broken = new Error("the answer broke off");
        return reject(Object.assign(broken, { code: "ECONNRESET" }));
      }
      const placed = known.subarray(0, filled);
      const body = parts.length === 0 ? placed : Buffer.concat([placed, ...parts], size);
      const sha256 = hash?.digest("hex");
      resolve({ status: statusCode, headers, body, kind, ...(sha256 && { sha256 }) });
    });
  });
}

/** A client with connections of its own. */
export function createHttp(options: HttpOptions = {}): Http {
  return new Client(options);
}
