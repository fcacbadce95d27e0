// The admin's pages as one table: method, path, what it is, and the function that answers. The index page and the
// reference are made from it.
import type { Gateway } from "../control/gateway.ts";
import { TRACED_AT_ONCE } from "../worker/observing.ts";
import { clustersPage, configDump, listenersPage, pluginsPage, serverInfo } from "./pages.ts";
import { prometheusPage, statsPage } from "./stats-pages.ts";

export interface AdminContext {
  readonly gateway: Gateway;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Begins to end: answers what is in flight first, or not. */
  readonly end: (drain: boolean) => void;
}

export interface AdminAnswer {
  readonly status: number;
  readonly type: "text" | "json" | "prometheus";
  readonly body: string;
  /** What is done once the answer has been sent. */
  readonly after?: () => void;
}

export interface AdminRoute {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly doc: string;
  readonly answer: (
    context: AdminContext,
    query: URLSearchParams,
  ) => AdminAnswer | Promise<AdminAnswer>;
}

export const text = (body: string, status = 200): AdminAnswer => ({ status, type: "text", body });
export const json = (value: unknown): AdminAnswer => ({
  status: 200,
  type: "json",
  body: `${JSON.stringify(value, null, 2)}\n`,
});

export const adminRoutes: readonly AdminRoute[] = [
  {
    method: "GET",
    path: "/stats",
    doc: "Statistics; filter=REGEX, format=text|json|prometheus, usedonly (not 0)",
    answer: statsPage,
  },
  {
    method: "GET",
    path: "/stats/prometheus",
    doc: "Statistics for Prometheus; filter=REGEX, usedonly (not 0)",
    answer: prometheusPage,
  },
  {
    method: "GET",
    path: "/plugins",
    doc: "Every plugin: state, digests, policy, who enforces what, where it runs, the last reload",
    answer: async ({ gateway }) => json(await pluginsPage(gateway)),
  },
  {
    method: "GET",
    path: "/config_dump",
    doc: "The configuration in use, without what may be secret",
    answer: ({ gateway }) => json(configDump(gateway)),
  },
  {
    method: "GET",
    path: "/listeners",
    doc: "Listeners and their addresses",
    answer: ({ gateway }, query) =>
      query.get("format") === "json"
        ? json(listenersPage(gateway))
        : text(
            listenersPage(gateway)
              .map(({ name, address }) => `${name}::${address}\n`)
              .join(""),
          ),
  },
  {
    method: "GET",
    path: "/clusters",
    doc: "Clusters and their hosts",
    answer: async ({ gateway }) => json(await clustersPage(gateway)),
  },
  {
    method: "GET",
    path: "/ready",
    doc: "LIVE, or 503 where it is starting or draining",
    answer: ({ gateway }) =>
      gateway.ready
        ? text("LIVE\n")
        : text(gateway.draining ? "DRAINING\n" : "INITIALIZING\n", 503),
  },
  {
    method: "GET",
    path: "/server_info",
    doc: "Version, state, uptime, threads",
    answer: ({ gateway, version, now }) => json(serverInfo(gateway, version, now())),
  },
  {
    method: "GET",
    path: "/trace",
    doc: "What plugins did with traced requests: callbacks, host calls, fuel; no values",
    answer: ({ gateway }) => json({ traces: gateway.traces }),
  },
  {
    method: "POST",
    path: "/trace",
    doc: "Trace the next requests of each thread; requests=N",
    answer: ({ gateway }, query) => {
      const requests = Number(query.get("requests") ?? 1);
      if (!Number.isInteger(requests) || requests < 1 || requests > TRACED_AT_ONCE) {
        return text(`requests: 1 to ${TRACED_AT_ONCE}\n`, 400);
      }
      gateway.trace(requests);
      return text(`tracing the next ${requests} requests of each thread; see GET /trace\n`);
    },
  },
  {
    method: "POST",
    path: "/drain",
    doc: "Answer what is in flight, then end",
    answer: (context) => ({ ...text("draining\n"), after: () => context.end(true) }),
  },
  {
    method: "POST",
    path: "/quitquitquit",
    doc: "End at once",
    answer: (context) => ({ ...text("OK\n"), after: () => context.end(false) }),
  },
];

/** The list of pages. */
export function indexPage(): AdminAnswer {
  const width = Math.max(...adminRoutes.map((one) => one.path.length));
  return text(
    adminRoutes
      .map(({ method, path, doc }) => `${method.padEnd(4)} ${path.padEnd(width)}  ${doc}\n`)
      .join(""),
  );
}
