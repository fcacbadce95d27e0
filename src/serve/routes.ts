// From a request to its answer: modules by digest, the registry, health, metrics. Takes no bodies. Whatever goes wrong
// with content is an answer with a status and a line in the log, and never half of an answer.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Failure } from "../errors/failure.ts";
import { renderFailure } from "../errors/render.ts";
import type { Digest } from "../net/digest.ts";
import { contentHeaders, type Sent, sendContent, sendText } from "./answer.ts";
import type { ContentRow } from "./artifacts.ts";
import type { Log } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { Registry, type RegistryParts, sendRegistryError } from "./registry.ts";

/** Where a module is served, below the server's address. */
export const modulePath = (hex: string): string => `/modules/${hex}.wasm`;

const MODULE = /^\/modules\/([0-9a-f]{64})\.wasm$/;
const TEXT = "text/plain; charset=utf-8";
const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

/** Some clients write the colon of a digest as %3A. */
function plainPath(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

export interface RouteParts extends RegistryParts {
  readonly metrics: Metrics;
  readonly log: Log;
  /** A line for every answer. */
  readonly accessLog: boolean;
  readonly ready: () => boolean;
  readonly metricsText: () => string;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

type Route = "module" | "registry" | "health" | "metrics" | "none";

export class Routes {
  readonly #parts: RouteParts;
  readonly #registry: Registry;
  readonly #headers = new WeakMap<ContentRow, readonly string[]>();
  /** Labels by route and status: made once each. */
  readonly #labels = new Map<string, string>();

  constructor(parts: RouteParts) {
    this.#parts = parts;
    this.#registry = new Registry(parts);
  }

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    const began = this.#parts.accessLog ? this.#parts.now() : 0;
    const url = request.url ?? "/";
    const module = MODULE.exec(url);
    if (module !== null) {
      const found = this.#module(request, response, `sha256:${module[1]!}`);
      if (found instanceof Promise) this.#later("module", request, response, found, began);
      else this.#count("module", request, found, began);
      return;
    }
    const mark = url.indexOf("?");
    const path = plainPath(mark < 0 ? url : url.slice(0, mark));
    const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
    if (path === "/v2" || path.startsWith("/v2/")) {
      const answered = this.#registry.answer(request, response, path, query);
      this.#later("registry", request, response, answered, began);
      return;
    }
    const [route, sent] = this.#small(request, response, path);
    this.#count(route, request, sent, began);
  };

  #module(
    request: IncomingMessage,
    response: ServerResponse,
    digest: Digest,
  ): Sent | Promise<Sent> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return sendText(request, response, 405, TEXT, "GET, HEAD\n", ["Allow", "GET, HEAD"]);
    }
    const { catalog, content } = this.#parts;
    const found = catalog.module(digest);
    if (found === undefined) return sendText(request, response, 404, TEXT, "no such module\n");
    const { row, plugin } = found;
    const headers = this.#headers.get(row) ?? contentHeaders(row);
    this.#headers.set(row, headers);
    if (request.method === "HEAD") return sendContent(request, response, row, headers, null);
    const bytes = content.at(row);
    if (bytes !== undefined) return sendContent(request, response, row, headers, bytes);
    return content
      .read(plugin, row, "blob")
      .then((read) => sendContent(request, response, row, headers, read));
  }

  #small(request: IncomingMessage, response: ServerResponse, path: string): [Route, Sent] {
    const { ready, metricsText } = this.#parts;
    const page = (status: number, body: string, type = TEXT): Sent =>
      sendText(request, response, status, type, body);
    const known = ["/healthz", "/readyz", "/metrics"].includes(path);
    if (!known) return ["none", page(404, "not found\n")];
    if (request.method !== "GET" && request.method !== "HEAD") {
      return [
        "none",
        sendText(request, response, 405, TEXT, "GET, HEAD\n", ["Allow", "GET, HEAD"]),
      ];
    }
    if (path === "/metrics") return ["metrics", page(200, metricsText(), PROMETHEUS)];
    const good = path === "/healthz" || ready();
    return ["health", good ? page(200, "ok\n") : page(503, "not ready\n")];
  }

  #later(
    route: Route,
    request: IncomingMessage,
    response: ServerResponse,
    answered: Promise<Sent>,
    began: number,
  ): void {
    answered.then(
      (sent) => this.#count(route, request, sent, began),
      (error: unknown) => {
        const text = error instanceof Failure ? renderFailure(error) : `a bug: ${String(error)}`;
        const level = error instanceof Failure ? "warning" : "error";
        this.#parts.log.say(level, "unanswered", { message: text });
        if (response.headersSent) {
          response.destroy();
          return;
        }
        const retry = ["Retry-After", "5"];
        const sent = sendRegistryError(request, response, "UNAVAILABLE", retry);
        this.#count(route, request, sent, began);
      },
    );
  }

  #count(route: Route, request: IncomingMessage, { status, bytes }: Sent, began: number): void {
    const { metrics, accessLog, log, now } = this.#parts;
    const key = `${route}${status}`;
    let labels = this.#labels.get(key);
    if (labels === undefined) {
      labels = Metrics.labels({ route, status: String(status) });
      this.#labels.set(key, labels);
    }
    metrics.add("requests", labels);
    if (bytes > 0) metrics.add("bytes", "", bytes);
    if (!accessLog) return;
    const { method = "", url = "" } = request;
    const from = request.socket.remoteAddress ?? "";
    const ms = Math.round((now() - began) * 100) / 100;
    log.say("info", "request", { from, method, path: url.slice(0, 500), status, bytes, ms });
  }
}
