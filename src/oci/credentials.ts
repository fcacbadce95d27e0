// What Docker and Podman know about a registry: their files, and the helper programs that the files name. Secrets are
// read when they are needed, and are in no message.
import { spawn } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { Failure, fail } from "../errors/failure.ts";
import { dockerHub, IDENTITY_TOKEN_USER, registryLimits, registryTimes } from "../spec/oci.ts";
import { readCapped } from "../util/read-capped.ts";

export type Credentials =
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  /** A refresh token, for which the token service gives access tokens. */
  | { readonly kind: "identity"; readonly token: string }
  /** Sent to the registry as it is. */
  | { readonly kind: "registry"; readonly token: string };

/** Answers a registry's credentials; null where none are known. */
export type Keychain = (registry: string, repository: string) => Promise<Credentials | null>;

type Env = Readonly<Record<string, string | undefined>>;

interface AuthEntry {
  readonly auth?: unknown;
  readonly username?: unknown;
  readonly password?: unknown;
  readonly identitytoken?: unknown;
  readonly registrytoken?: unknown;
}

interface AuthFile {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credHelpers?: Readonly<Record<string, unknown>>;
  readonly credsStore?: unknown;
}

/** The files in the order in which they are asked. */
export function credentialFiles(env: Env, given?: string): readonly string[] {
  if (given !== undefined) return [given];
  const home = env.HOME || homedir();
  const runtime = env.XDG_RUNTIME_DIR;
  return [
    ...(env.REGISTRY_AUTH_FILE ? [env.REGISTRY_AUTH_FILE] : []),
    join(env.DOCKER_CONFIG || join(home, ".docker"), "config.json"),
    ...(runtime ? [join(runtime, "containers", "auth.json")] : []),
    join(env.XDG_CONFIG_HOME || join(home, ".config"), "containers", "auth.json"),
  ];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function readFileOf(file: string, required: boolean): Promise<AuthFile | null> {
  const bad = (reason: string): never => fail("credentials-file", { file, reason });
  let bytes: Uint8Array | null;
  try {
    bytes = await readCapped(file, registryLimits.credentialFileBytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!required && (code === "ENOENT" || code === "ENOTDIR")) return null;
    return bad(code ?? "it can't be read");
  }
  if (bytes === null) return bad("it is too large");
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return bad("it is no JSON");
  }
  return isObject(value) ? (value as AuthFile) : bad("it is no JSON object");
}

/** How files and helpers may call a registry, most exact first. */
export function namesOf(registry: string, repository: string): readonly string[] {
  const hub = (dockerHub.names as readonly string[]).includes(registry);
  // Podman's files may have an entry for a part of a registry.
  const parts = repository.split("/");
  const hosts = hub ? [...dockerHub.names] : [registry];
  const prefixes = parts.map((_, i) => parts.slice(0, parts.length - i).join("/"));
  return [
    ...hosts.flatMap((host) => prefixes.map((prefix) => `${host}/${prefix}`)),
    ...(hub ? [dockerHub.credentials] : []),
    ...hosts.flatMap((host) => [host, `https://${host}`]),
    ...hosts.flatMap((host) => [`https://${host}/v1/`, `https://${host}/v2/`, `http://${host}`]),
  ];
}

function decoded(entry: AuthEntry, file: string): Credentials | null {
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  if (text(entry.registrytoken)) return { kind: "registry", token: text(entry.registrytoken) };
  if (text(entry.identitytoken)) return { kind: "identity", token: text(entry.identitytoken) };
  if (text(entry.auth) !== "") {
    const pair = Buffer.from(text(entry.auth), "base64").toString("utf8").replace(/\0+$/, "");
    const colon = pair.indexOf(":");
    if (colon < 0) fail("credentials-file", { file, reason: "an auth field is no USER:PASSWORD" });
    return { kind: "basic", user: pair.slice(0, colon), password: pair.slice(colon + 1) };
  }
  if (text(entry.username) === "") return null;
  return { kind: "basic", user: text(entry.username), password: text(entry.password) };
}

/** Runs `docker-credential-NAME get`; null where it knows nothing of the registry. */
export function askHelper(helper: string, server: string, env: Env): Promise<Credentials | null> {
  const program = `docker-credential-${helper}`;
  return new Promise((resolve, reject) => {
    const failed = (reason: string): void =>
      reject(new Failure("credentials-helper", { program: JSON.stringify(program), reason }));
    // A name with a path would run any program that a file names.
    if (!/^[\w.-]+$/.test(helper)) return failed("its name is malformed");
    const child = spawn(program, ["get"], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...env },
      windowsHide: true,
    });
    let output = "";
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      failed(`it took more than ${registryTimes.helper} ms`);
    }, registryTimes.helper);
    child.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      failed(error.code === "ENOENT" ? "there is no such program on the PATH" : error.message);
    });
    child.stdin.on("error", () => {});
    child.stdin.end(server);
    child.stdout.on("data", (piece: Buffer) => {
      output += piece.toString();
      if (output.length > registryLimits.smallBytes) child.kill("SIGKILL");
    });
    child.on("close", (status) => {
      clearTimeout(timer);
      if (status !== 0) {
        // The one error that helpers agree on.
        if (/credentials not found/i.test(output)) return resolve(null);
        return failed(`exit code ${status}`);
      }
      try {
        const { Username: user, Secret: password } = JSON.parse(output) as Record<string, unknown>;
        if (typeof user !== "string" || typeof password !== "string") throw new Error("fields");
        if (user === "" && password === "") return resolve(null);
        resolve(
          user === IDENTITY_TOKEN_USER
            ? { kind: "identity", token: password }
            : { kind: "basic", user, password },
        );
      } catch {
        failed("its answer can't be read");
      }
    });
  });
}

async function fromFile(
  file: AuthFile,
  path: string,
  names: readonly string[],
  server: string,
  env: Env,
): Promise<Credentials | null> {
  const helpers = isObject(file.credHelpers) ? file.credHelpers : {};
  for (const name of names) {
    const helper = helpers[name];
    if (typeof helper === "string") return askHelper(helper, name, env);
  }
  if (typeof file.credsStore === "string" && file.credsStore !== "") {
    const found = await askHelper(file.credsStore, server, env);
    if (found !== null) return found;
  }
  const auths = isObject(file.auths) ? file.auths : {};
  for (const name of names) {
    const entry = auths[name];
    if (!isObject(entry)) continue;
    const found = decoded(entry, path);
    if (found !== null) return found;
  }
  return null;
}

/** The keychain of an environment, or of one file that must be there. */
export function createKeychain(env: Env, given?: string): Keychain {
  return async (registry, repository) => {
    const names = namesOf(registry, repository);
    const hub = (dockerHub.names as readonly string[]).includes(registry);
    const server = hub ? dockerHub.credentials : registry;
    for (const path of credentialFiles(env, given)) {
      const file = await readFileOf(path, given !== undefined);
      const found = file === null ? null : await fromFile(file, path, names, server, env);
      if (found !== null) return found;
    }
    return null;
  };
}
