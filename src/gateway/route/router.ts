// The routes of a listener, compiled: which one a request takes, and what happens to it there. Everything that can
// be refused is refused when the routes are compiled; a request only ever gets an answer.
import type { HeaderMap, Pair } from "../../host/header-map.ts";
import type {
  ForwardAction,
  HttpChain,
  Route,
  VirtualHost,
  WeightedCluster,
} from "../../mesh/envoy/lab-config.ts";
import type {
  Answer,
  Matched,
  Onward,
  Reply,
  RouteContext,
  Router,
  RouterSink,
} from "../chain/seams.ts";
import type { ConnectionInfo } from "../http/exchange.ts";
import { bytesText } from "./bytes-text.ts";
import { compileRouteMatch, type RequestTest } from "./compile-match.ts";
import { compileDomains, type Domains } from "./domains.ts";
import {
  type Commands,
  compileEdits,
  type Edit,
  editsNothing,
  joinLevels,
} from "./header-edits.ts";
import { compileRetry, type RetryPolicy } from "./retry-policy.ts";
import { compileRedirect, compileRewrite, type Rewrite } from "./rewrite.ts";
import { type CallTools, editedAnswer, RoutedCall } from "./routed-call.ts";

interface CompiledRoute {
  readonly test: RequestTest;
  readonly route: Route;
  readonly host: VirtualHost;
  readonly retry: RetryPolicy | null;
  readonly rewrite: Rewrite | null;
  readonly location: ((headers: HeaderMap) => string) | null;
  readonly request: Edit;
  readonly response: Edit;
  /** One for each cluster, so that choosing one makes nothing. */
  readonly choices: readonly Matched[];
  readonly weight: number;
}

interface CompiledHost {
  readonly domains: readonly string[];
  readonly host: VirtualHost;
  readonly routes: readonly CompiledRoute[];
}

/** With those of its route. */
interface ClusterEdits {
  readonly request: Edit;
  readonly response: Edit;
}

const NO_BODY = new Uint8Array(0);
const NO_EDITS = { request: [], response: [] } as const;

/** One for each HTTP listener of a thread. */
export class HttpRouter implements Router {
  readonly #domains: Domains<CompiledHost>;
  readonly #tools: CallTools;
  readonly #routes = new Map<Route, CompiledRoute>();
  readonly #clusterEdits = new Map<WeightedCluster, ClusterEdits>();

  /** Throws a Failure for expressions that are refused. */
  constructor(chain: HttpChain, tools: CallTools) {
    this.#tools = tools;
    this.#domains = compileDomains(
      chain.virtualHosts.map((host) => ({
        domains: host.domains,
        host,
        routes: host.routes.map((route) => this.#compile(host, route)),
      })),
    );
  }

  #compile(host: VirtualHost, route: Route): CompiledRoute {
    const { action } = route;
    const clusters = action.kind === "forward" ? action.clusters : [];
    // From the most specific to the least, as Envoy does.
    const levels = [route.headers, host.headers];
    const request = joinLevels(levels.map((one) => compileEdits(one.request)));
    const response = joinLevels(levels.map((one) => compileEdits(one.response)));
    for (const cluster of clusters) {
      const { headers } = cluster;
      if (headers.request.length + headers.response.length === 0) continue;
      this.#clusterEdits.set(cluster, {
        request: joinLevels([compileEdits(headers.request), request]),
        response: joinLevels([compileEdits(headers.response), response]),
      });
    }
    const compiled: CompiledRoute = {
      test: compileRouteMatch(route.match, this.#tools.random),
      route,
      host,
      retry: action.kind === "forward" ? compileRetry(action.retry) : null,
      rewrite: action.kind === "forward" ? compileRewrite(route, action) : null,
      location: action.kind === "redirect" ? compileRedirect(route, action) : null,
      request,
      response,
      choices:
        clusters.length === 0
          ? [{ virtualHost: host, route, cluster: null }]
          : clusters.map((cluster) => ({ virtualHost: host, route, cluster })),
      weight: clusters.reduce((sum, { weight }) => sum + weight, 0),
    };
    this.#routes.set(route, compiled);
    return compiled;
  }

  match(headers: HeaderMap, _connection: ConnectionInfo): Matched | null {
    const found = this.#domains.find(headers.get(":authority") ?? "");
    if (found === null) return null;
    for (const compiled of found.routes) {
      if (compiled.test(headers)) return this.#choose(compiled, headers);
    }
    return null;
  }

  #choose(compiled: CompiledRoute, headers: HeaderMap): Matched {
    const { choices, route, host, weight } = compiled;
    const { action } = route;
    if (action.kind === "forward" && action.clusterHeader !== null) {
      const name = headers.get(action.clusterHeader.toLowerCase()) ?? "";
      const cluster = { name, weight: 1, headers: NO_EDITS, perFilter: {} };
      return { virtualHost: host, route, cluster };
    }
    if (choices.length === 1) return choices[0]!;
    let left = this.#tools.random() * weight;
    for (const choice of choices) {
      left -= choice.cluster!.weight;
      if (left < 0) return choice;
    }
    return choices.at(-1)!;
  }

  send(
    matched: Matched,
    headers: HeaderMap,
    end: boolean,
    sink: RouterSink,
    context: RouteContext,
  ): Onward {
    const compiled = this.#routes.get(matched.route)!;
    const { action } = matched.route;
    if (matched.virtualHost.requireTls && headers.get(":scheme") !== "https") {
      const location = `https://${headers.get(":authority") ?? ""}${headers.get(":path") ?? "/"}`;
      sink.answer(direct(301, [["location", location]], NO_BODY));
      return NOWHERE;
    }
    switch (action.kind) {
      case "direct": {
        const body = Buffer.from(action.body, "utf8");
        sink.answer(edited(direct(action.status, [], body), compiled.response, context));
        return NOWHERE;
      }
      case "redirect": {
        const answer = direct(action.status, [["location", compiled.location!(headers)]], NO_BODY);
        sink.answer(edited(answer, compiled.response, context));
        return NOWHERE;
      }
      case "forward":
        return this.#forward(compiled, action, matched, headers, end, sink, context);
    }
  }

  #forward(
    compiled: CompiledRoute,
    action: ForwardAction,
    matched: Matched,
    headers: HeaderMap,
    end: boolean,
    sink: RouterSink,
    context: RouteContext,
  ): Onward {
    const cluster = matched.cluster!;
    const edits = this.#clusterEdits.get(cluster);
    const { response } = edits ?? compiled;
    const editReply = editsNothing(response)
      ? null
      : (reply: Reply) => response(reply.headers, replying(context, reply));
    const refused = this.#refusal(cluster.name);
    if (refused !== null) {
      sink.answer(editedAnswer(refused, editReply));
      return NOWHERE;
    }
    (edits ?? compiled).request(headers, context);
    if (compiled.rewrite?.(headers) === false) {
      sink.answer(editedAnswer(BAD_PATH, editReply));
      return NOWHERE;
    }
    const call = new RoutedCall(
      {
        cluster: cluster.name,
        rewriteHost: action.autoHostRewrite,
        timeout: action.timeout,
        idleTimeout: action.idleTimeout ?? 0,
        retry: compiled.retry,
        editReply,
      },
      this.#tools,
      headers,
      end,
      sink,
    );
    call.begin();
    return call;
  }

  #refusal(cluster: string): Answer | null {
    const { upstreams } = this.#tools;
    if (!upstreams.has(cluster)) {
      return local(503, "cluster_not_found", "NC", "");
    }
    if (upstreams.hostCount?.(cluster) === 0) {
      return local(503, "no_healthy_upstream", "UH", "no healthy upstream");
    }
    return null;
  }
}

const local = (status: number, details: string, flags: string, text: string): Answer => ({
  status,
  details,
  flags,
  headers: [],
  body: Buffer.from(bytesText(text), "latin1"),
});

const direct = (status: number, headers: readonly Pair[], body: Uint8Array): Answer => ({
  status,
  details: "direct_response",
  headers,
  body,
  flags: "",
});

const BAD_PATH = local(400, "path_rewrite_failed", "", "");

/** Commands see what is being answered. */
const replying = (context: RouteContext, reply: Reply): Commands => ({
  command: (name) => context.command(name, reply),
});

const edited = (answer: Answer, edit: Edit, context: RouteContext): Answer =>
  editedAnswer(
    answer,
    editsNothing(edit) ? null : (reply) => edit(reply.headers, replying(context, reply)),
  );

/** Where the rest of a request goes that is answered here. */
const NOWHERE: Onward = {
  data: () => true,
  trailers() {},
  reset() {},
  pauseReading() {},
  resumeReading() {},
};
