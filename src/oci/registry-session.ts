// Requests to one repository of one registry: authorized, retried, redirects followed where that is safe, errors of the
// registry in words. Knows nothing of manifests and blobs.
import { fail } from "../errors/failure.ts";
import type { AddressKind } from "../net/addresses.ts";
import type { Http, HttpAnswer, HttpRequest } from "../net/http.ts";
import { type Followed, sendFollowing, within } from "../net/redirect.ts";
import { type Clock, retried } from "../net/retry.ts";
import { dockerHub, registryLimits } from "../spec/oci.ts";
import { Authorizer } from "./authorizer.ts";
import type { Keychain } from "./credentials.ts";

export interface SessionOptions {
  readonly http: Http;
  readonly registry: string;
  readonly repository: string;
  readonly plainHttp: boolean;
  readonly keychain: Keychain;
  readonly clock: Clock;
}

export interface Ask {
  readonly method: HttpRequest["method"];
  /** Below `/v2/REPOSITORY/`, or a whole URL that the registry gave. */
  readonly at: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly limit?: number;
  /** Compute the body's digest as it comes in. */
  readonly digest?: boolean;
  /** Needs the right to write. */
  readonly writes?: boolean;
  /** Another repository that has to be readable: for mounts. */
  readonly also?: string;
  /** Tried once only: doing it twice is not the same as doing it once. */
  readonly once?: boolean;
  readonly expect: readonly number[];
}

const anyNetwork = (_: AddressKind): boolean => true;

/** What a registry says about an error, short and printable: code and message of the first. */
function detailOf(answer: HttpAnswer): string {
  try {
    const { errors } = JSON.parse(new TextDecoder().decode(answer.body)) as {
      readonly errors?: readonly { readonly code?: unknown; readonly message?: unknown }[];
    };
    const first = errors?.[0];
    const said = [first?.code, first?.message].filter(
      (one) => typeof one === "string" && one !== "",
    );
    return said.length === 0 ? "" : `: ${said.join(", ").slice(0, 300)}`;
  } catch {
    return "";
  }
}

export class RegistrySession {
  readonly #options: SessionOptions;
  readonly #authorizer: Authorizer;
  readonly base: URL;
  /** Of the registry's own address, as soon as it has answered. */
  #kind: AddressKind = "public";

  constructor(options: SessionOptions) {
    const { registry, repository, plainHttp, http, keychain, clock } = options;
    const hub = (dockerHub.names as readonly string[]).includes(registry);
    const host = hub ? dockerHub.host : registry;
    this.#options = options;
    this.base = new URL(`${plainHttp ? "http" : "https"}://${host}/v2/${repository}/`);
    this.#authorizer = new Authorizer({
      http,
      origin: new URL(this.base.origin),
      plainHttp,
      credentials: () => keychain(registry, repository),
      clock,
    });
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get host(): string {
    return this.base.host;
  }

  /** A place that the registry gave. Throws `registry-protocol` where it is none, or would give up TLS. */
  place(location: string | undefined, relativeTo: URL = this.base): URL {
    const bad = (reason: string): never => fail("registry-protocol", { host: this.host, reason });
    if (location === undefined || !URL.canParse(location, relativeTo.href)) {
      return bad("it gives no place where one is due");
    }
    const url = new URL(location, relativeTo.href);
    const plain = url.protocol === "http:";
    if (!plain && url.protocol !== "https:") return bad(`it leads to ${url.protocol}`);
    if (plain && this.base.protocol === "https:") return bad("it leads from https: to http:");
    return url;
  }

  #scope({ writes, also }: Ask): string {
    const own = `repository:${this.#options.repository}:pull${writes ? ",push" : ""}`;
    return also === undefined ? own : `${own} repository:${also}:pull`;
  }

  /** Sends, and answers with one of the statuses that are expected; every other one is a Failure. */
  async ask(ask: Ask): Promise<Followed> {
    const { http, plainHttp, clock } = this.#options;
    const url = typeof ask.at === "string" ? new URL(ask.at, this.base) : ask.at;
    const what = `${ask.method} ${url.pathname.slice(0, 200)}`;
    const home = url.origin === this.base.origin;
    const request = (): HttpRequest => ({
      method: ask.method,
      url,
      headers: {
        ...ask.headers,
        // To the registry itself only: an upload's place may be elsewhere.
        ...(home && this.#authorizer.header !== null && { authorization: this.#authorizer.header }),
      },
      ...(ask.body !== undefined && { body: ask.body }),
      limit: ask.limit ?? registryLimits.smallBytes,
      ...(ask.digest && { digest: true }),
      what,
      allowed: home ? anyNetwork : within(this.#kind),
    });
    const reads = ask.method === "GET" || ask.method === "HEAD";
    const send = async (): Promise<Followed> =>
      reads
        ? sendFollowing(http, request(), { plainHttp })
        : { ...(await http.send(request())), url };
    const tried = async (): Promise<Followed> => {
      if (ask.once) return send();
      let last: Followed | undefined;
      await retried(async () => (last = await send()), { host: this.host, what }, clock);
      return last!;
    };
    let answer = await tried();
    if (answer.url.origin === this.base.origin) this.#kind = answer.kind;
    if (answer.status === 401 && home) {
      await this.#authorizer.accept(answer, this.#scope(ask), what);
      answer = await tried();
    }
    if (ask.expect.includes(answer.status)) return answer;
    return this.#refuse(answer, what);
  }

  #refuse(answer: HttpAnswer, what: string): never {
    const { host } = this;
    const { status } = answer;
    const detail = detailOf(answer);
    if (status === 401 || status === 403) {
      const code = this.#authorizer.anonymous ? "registry-login" : "registry-auth";
      return fail(code, { host, what, detail });
    }
    return fail("registry-status", { host, status, what, detail });
  }
}
