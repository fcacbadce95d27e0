// How requests to one registry prove who they come from: nothing at first, then what the registry's challenge asks for.
// Credentials go to the registry and to the token service that it names, if that may be named; to nobody else.
import { Failure, fail } from "../errors/failure.ts";
import type { AddressKind } from "../net/addresses.ts";
import type { Http, HttpAnswer } from "../net/http.ts";
import { parseJson } from "../net/manifest.ts";
import { within } from "../net/redirect.ts";
import { type Clock, retried } from "../net/retry.ts";
import { registryLimits } from "../spec/oci.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";

export interface AuthorizerOptions {
  readonly http: Http;
  /** The registry's origin. */
  readonly origin: URL;
  readonly plainHttp: boolean;
  readonly credentials: () => Promise<Credentials | null>;
  readonly clock: Clock;
}

const CLIENT_ID = "glovebox";

const basic = ({ user, password }: { user: string; password: string }): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

export class Authorizer {
  readonly #options: AuthorizerOptions;
  #header: string | null = null;
  #scopes = new Set<string>();
  #proved = false;
  #known: Promise<Credentials | null> | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** What to send with the next request; null where nothing is asked for yet. */
  get header(): string | null {
    return this.#header;
  }

  /** Whether nothing that was sent could prove anything. */
  get anonymous(): boolean {
    return !this.#proved;
  }

  get #host(): string {
    return this.#options.origin.host;
  }

  /**
   * Takes up a 401. Afterwards `header` is worth another try. `scope` is what is needed if the challenge doesn't say.
   * Throws `registry-login`, `registry-auth`, `registry-realm` and `registry-protocol`.
   */
  async accept(refusal: HttpAnswer, scope: string, what: string): Promise<void> {
    const header = refusal.headers["www-authenticate"] ?? "";
    const challenges = parseChallenges(header);
    this.#known ??= this.#options.credentials();
    const credentials = await this.#known;
    this.#proved = credentials !== null;
    if (credentials?.kind === "registry") {
      this.#header = `Bearer ${credentials.token}`;
      return;
    }
    const bearer = challenges.find((one) => one.scheme === "bearer");
    if (bearer !== undefined) {
      this.#header = `Bearer ${await this.#token(bearer, credentials, scope, refusal.kind, what)}`;
      return;
    }
    if (!challenges.some((one) => one.scheme === "basic")) {
      const reason = `it refuses ${what} and names no way to log in`;
      fail("registry-protocol", { host: this.#host, reason });
    }
    if (credentials?.kind !== "basic") fail("registry-login", { host: this.#host, what });
    this.#header = basic(credentials);
  }

  /** The realm, if it may be asked. */
  #realm({ parameters }: Challenge): URL {
    const { realm = "" } = parameters;
    const host = this.#host;
    const shown = realm.slice(0, 200);
    const refuse = (reason: string): never =>
      fail("registry-realm", { host, realm: shown, reason });
    if (!URL.canParse(realm)) return refuse("that is no URL");
    const url = new URL(realm);
    if (url.username !== "" || url.password !== "") return refuse("it has a password in it");
    const plain = url.protocol === "http:";
    if (!plain && url.protocol !== "https:") return refuse("it is neither http: nor https:");
    if (plain && !(this.#options.plainHttp && this.#options.origin.protocol === "http:")) {
      return refuse("it is not https:");
    }
    return url;
  }

  async #token(
    challenge: Challenge,
    credentials: Exclude<Credentials, { kind: "registry" }> | null,
    needed: string,
    kind: AddressKind,
    what: string,
  ): Promise<string> {
    const { http, clock } = this.#options;
    const url = this.#realm(challenge);
    const { service } = challenge.parameters;
    for (const one of (challenge.parameters.scope ?? needed).split(" ")) {
      if (one !== "") this.#scopes.add(one);
    }
    const form = new URLSearchParams();
    if (service !== undefined) form.set("service", service);
    const scopes = [...this.#scopes];
    const identity = credentials?.kind === "identity";
    if (identity) {
      form.set("grant_type", "refresh_token");
      form.set("refresh_token", credentials.token);
      form.set("client_id", CLIENT_ID);
      form.set("scope", scopes.join(" "));
    } else {
      for (const one of scopes) form.append("scope", one);
      form.set("client_id", CLIENT_ID);
      if (credentials !== null) form.set("account", credentials.user);
    }
    const target = new URL(url);
    if (!identity) for (const [name, value] of form) target.searchParams.append(name, value);
    const own = url.host === this.#options.origin.host;
    const request = {
      method: identity ? ("POST" as const) : ("GET" as const),
      url: target,
      headers: {
        accept: "application/json",
        ...(identity && { "content-type": "application/x-www-form-urlencoded" }),
        ...(credentials?.kind === "basic" && { authorization: basic(credentials) }),
      },
      ...(identity && { body: new TextEncoder().encode(form.toString()) }),
      limit: registryLimits.smallBytes,
      what: "a token",
      // The registry's own host, its own kind of network, or the internet.
      allowed: own ? () => true : within(kind),
    };
    let answer: HttpAnswer;
    try {
      answer = await retried(() => http.send(request), { host: url.host, what: "a token" }, clock);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "registry-address") throw error;
      const { address = "", kind: found = "" } = error.args;
      const reason = `its address ${address} is ${found}`;
      return fail(
        "registry-realm",
        { host: this.#host, realm: url.origin, reason },
        undefined,
        error,
      );
    }
    if (answer.status === 401 || answer.status === 403) {
      const host = this.#host;
      if (credentials === null) return fail("registry-login", { host, what });
      return fail("registry-auth", {
        host,
        what,
        detail: ` (${url.host} answered ${answer.status})`,
      });
    }
    if (answer.status !== 200) {
      const { status } = answer;
      return fail("registry-status", { host: url.host, status, what: "a token", detail: "" });
    }
    const { token, access_token } = (parseJson(answer.body, `the token of ${url.host}`) ??
      {}) as Record<string, unknown>;
    const value = access_token ?? token;
    if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return value;
    return fail("registry-protocol", { host: url.host, reason: "its answer has no token" });
  }
}
