// Objects of a cluster that bring plugins, through the Kubernetes API, as the lists that the readers of manifests know.
// A kind that the cluster doesn't have is no problem; one that may not be listed is said.
import { Failure } from "../errors/failure.ts";
import { type FileRead, readFileText } from "../mesh/read/read-file.ts";
import { type Credentials, type Got, get } from "./get.ts";
import type { ClusterAccess } from "./kubeconfig.ts";

/** Group and version, and the kinds' plural names. */
const kinds = [
  ["extensions.istio.io/v1alpha1", ["wasmplugins", "trafficextensions"]],
  ["networking.istio.io/v1alpha3", ["envoyfilters"]],
  ["gateway.envoyproxy.io/v1alpha1", ["envoyextensionpolicies", "envoypatchpolicies"]],
  ["kuma.io/v1alpha1", ["meshproxypatches"]],
  ["gateway.solo.io/v1", ["gateways", "httplisteneroptions"]],
  ["extensions.policy.gloo.solo.io/v2", ["wasmdeploymentpolicies"]],
] as const;

const PAGE = 500;
/** A million objects of one kind: a server that goes on after them is making them up. */
const MOST_PAGES = 2000;

export interface ClusterRead {
  readonly reads: readonly FileRead[];
  /** Kinds that could not be listed, one line each. */
  readonly problems: readonly string[];
}

export type Ask = (url: URL, credentials: Credentials) => Promise<Got>;

type Fields = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

interface List extends Fields {
  readonly items: readonly Fields[];
}

/** An answer of the API server; whatever else says 200, such as a proxy before it, is refused. */
function listOf(text: string, { host, pathname: path }: URL): List {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = undefined;
  }
  const items = isMap(list) ? (list.items ?? []) : undefined;
  if (!isMap(list) || !Array.isArray(items)) throw new Failure("audit-not-list", { host, path });
  return { ...list, items: items.filter(isMap) };
}

/** One kind, page by page; undefined where the cluster doesn't know it. */
async function pages(
  { server, credentials }: ClusterAccess,
  path: string,
  ask: Ask,
): Promise<readonly List[] | undefined> {
  const lists: List[] = [];
  let next = "";
  do {
    const url = new URL(path, server.href.endsWith("/") ? server : `${server.href}/`);
    url.searchParams.set("limit", String(PAGE));
    if (next !== "") url.searchParams.set("continue", next);
    const { status, text } = await ask(url, credentials);
    if (status === 404) return undefined;
    if (status !== 200) {
      throw new Failure("audit-status", { host: url.host, status, path: url.pathname });
    }
    const list = listOf(text, url);
    lists.push(list);
    const more = isMap(list.metadata) ? list.metadata.continue : undefined;
    next = typeof more === "string" ? more : "";
    if (next !== "" && lists.length >= MOST_PAGES) {
      throw new Failure("audit-not-list", { host: url.host, path: url.pathname });
    }
  } while (next !== "");
  return lists;
}

/** An answer of the API server names the list's kind and leaves out those of its items. */
function withKinds(list: List): string {
  const kind = typeof list.kind === "string" ? list.kind.replace(/List$/, "") : undefined;
  const items = list.items.map((item) => ({ apiVersion: list.apiVersion, kind, ...item }));
  return JSON.stringify({ ...list, items });
}

/** What is a problem of one kind, while the others are listed. */
const ofOneKind = new Set(["audit-status", "audit-not-list"]);

/** Reads every kind. Throws `audit-unreachable`; a kind that is refused is a problem of its own. */
export async function readCluster(access: ClusterAccess, ask: Ask = get): Promise<ClusterRead> {
  const reads: FileRead[] = [];
  const problems: string[] = [];
  for (const [group, plurals] of kinds) {
    for (const plural of plurals) {
      try {
        const lists = (await pages(access, `apis/${group}/${plural}`, ask)) ?? [];
        for (const list of lists) {
          reads.push(readFileText(`${access.context}:${plural}`, withKinds(list)));
        }
      } catch (error) {
        if (!(error instanceof Failure) || !ofOneKind.has(error.code)) throw error;
        problems.push(error.message);
      }
    }
  }
  return { reads, problems };
}
