// A kubeconfig → which API server, and how one says who one is. Programs that it names are not run. It reads files
// that the kubeconfig names through a function that it is given.
import { parse } from "yaml";
import { fail } from "../errors/failure.ts";
import type { Credentials } from "./get.ts";

export interface ClusterAccess {
  readonly context: string;
  readonly server: URL;
  readonly credentials: Credentials;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const textOf = (fields: Fields, key: string): string | undefined => {
  const value = fields[key];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** The entry of that name in one of the kubeconfig's lists. */
function named(config: Fields, list: string, name: string, inner: string): Fields | undefined {
  const entries = config[list];
  const all = Array.isArray(entries) ? entries.map(fieldsOf) : [];
  const found = all.find((one) => one.name === name);
  return found === undefined ? undefined : fieldsOf(found[inner]);
}

/** PEM out of the file itself or of one that it names. */
function pem(fields: Fields, key: string, read: (path: string) => string): string | undefined {
  const data = textOf(fields, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  const path = textOf(fields, key);
  return path === undefined ? undefined : read(path);
}

function credentialsOf(cluster: Fields, user: Fields, read: (path: string) => string): Credentials {
  const tokenFile = textOf(user, "tokenFile");
  const parts: Readonly<Record<keyof Credentials, string | boolean | undefined>> = {
    token: textOf(user, "token") ?? (tokenFile === undefined ? undefined : read(tokenFile).trim()),
    authority: pem(cluster, "certificate-authority", read),
    certificate: pem(user, "client-certificate", read),
    key: pem(user, "client-key", read),
    serverName: textOf(cluster, "tls-server-name"),
    insecure: cluster["insecure-skip-tls-verify"] === true ? true : undefined,
  };
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Credentials;
}

/**
 * Reads one context of a kubeconfig. `read` answers the text of a file that it names, by a path that may be relative to
 * the kubeconfig's folder. Throws `audit-kubeconfig` and `audit-kubeconfig-program`.
 */
export function readKubeconfig(
  text: string,
  file: string,
  wanted: string | undefined,
  read: (path: string) => string,
): ClusterAccess {
  const refuse = (reason: string): never => fail("audit-kubeconfig", { file, reason });
  let config: Fields;
  try {
    config = fieldsOf(parse(text, { maxAliasCount: 0 }));
  } catch {
    return refuse("it is no YAML");
  }
  const context = wanted ?? textOf(config, "current-context");
  if (context === undefined) return refuse("it has no current-context");
  const chosen = named(config, "contexts", context, "context");
  if (chosen === undefined) return refuse(`it has no context ${context}`);
  const clusterName = textOf(chosen, "cluster") ?? "";
  const cluster = named(config, "clusters", clusterName, "cluster");
  const server = cluster === undefined ? undefined : textOf(cluster, "server");
  if (cluster === undefined || server === undefined || !URL.canParse(server)) {
    return refuse(`cluster ${clusterName} has no server`);
  }
  const userName = textOf(chosen, "user") ?? "";
  const user = named(config, "users", userName, "user") ?? {};
  if (user.exec !== undefined || user["auth-provider"] !== undefined) {
    fail("audit-kubeconfig-program", { user: userName });
  }
  return { context, server: new URL(server), credentials: credentialsOf(cluster, user, read) };
}
