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

export interface ClusterRead {
  readonly reads: readonly FileRead[];
  /** Kinds that could not be listed, one line each. */
  readonly problems: readonly string[];
}

export type Ask = (url: URL, credentials: Credentials) => Promise<Got>;

/** One kind, page by page; undefined where the cluster doesn't know it. */
async function pages(
  { server, credentials }: ClusterAccess,
  path: string,
  ask: Ask,
): Promise<readonly string[] | undefined> {
  const texts: string[] = [];
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
    texts.push(text);
    const answer = JSON.parse(text) as { metadata?: { continue?: string } };
    next = answer.metadata?.continue ?? "";
  } while (next !== "");
  return texts;
}

/** An answer of the API server names the list's kind and leaves out those of its items. */
function withKinds(text: string): string {
  const list = JSON.parse(text) as { kind?: string; apiVersion?: string; items?: object[] };
  const kind = list.kind?.replace(/List$/, "");
  const items = (list.items ?? []).map((item) => ({ apiVersion: list.apiVersion, kind, ...item }));
  return JSON.stringify({ ...list, items });
}

/** Reads every kind. Throws `audit-unreachable`; a kind that is refused is a problem of its own. */
export async function readCluster(access: ClusterAccess, ask: Ask = get): Promise<ClusterRead> {
  const reads: FileRead[] = [];
  const problems: string[] = [];
  for (const [group, plurals] of kinds) {
    for (const plural of plurals) {
      try {
        const texts = (await pages(access, `apis/${group}/${plural}`, ask)) ?? [];
        for (const text of texts) {
          reads.push(readFileText(`${access.context}:${plural}`, withKinds(text)));
        }
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== "audit-status") throw error;
        problems.push(error.message);
      }
    }
  }
  return { reads, problems };
}
