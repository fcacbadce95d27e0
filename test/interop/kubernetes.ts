// A Kubernetes API server of one's own for a test: etcd and kube-apiserver on loopback, with the definitions that the
// parties brought. No nodes, no controllers: objects are checked and stored, and nothing comes of them.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import type { Definition } from "./definitions.ts";

const TOKEN = "token-of-the-test";

export interface Reply {
  readonly status: number;
  readonly body: {
    readonly message?: string;
    readonly reason?: string;
    readonly items?: readonly object[];
    readonly status?: object;
  };
}

export interface Kubernetes {
  readonly kubeconfig: string;
  readonly ask: (method: string, path: string, body?: object) => Promise<Reply>;
  readonly stop: () => Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function started(
  program: string,
  args: readonly string[],
): { child: ChildProcess; log: () => string } {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (piece: Buffer) => {
      log = (log + piece.toString()).slice(-20_000);
    });
  }
  return { child, log: () => log };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.on("close", () => resolve()));
  child.kill("SIGKILL");
  await gone;
}

/** Starts both; ready when this resolves. */
export async function startKubernetes(): Promise<Kubernetes> {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-kubernetes-"));
  const at = (name: string): string => join(folder, name);
  const [client, peer, secure] = [await freePort(), await freePort(), await freePort()];
  const etcd = started("etcd", [
    ...["--data-dir", at("etcd"), "--log-level", "error", "--unsafe-no-fsync"],
    ...["--listen-client-urls", `http://127.0.0.1:${client}`],
    ...["--advertise-client-urls", `http://127.0.0.1:${client}`],
    ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
  ]);
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  await writeFile(at("sa.pub"), publicKey);
  await writeFile(at("sa.key"), privateKey);
  await writeFile(at("tokens.csv"), `${TOKEN},admin,admin,system:masters\n`);
  const server = started("kube-apiserver", [
    `--etcd-servers=http://127.0.0.1:${client}`,
    ...["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", `--secure-port=${secure}`],
    ...[`--cert-dir=${at("certs")}`, `--token-auth-file=${at("tokens.csv")}`],
    ...[`--service-account-key-file=${at("sa.pub")}`],
    ...[`--service-account-signing-key-file=${at("sa.key")}`],
    ...["--service-account-issuer=https://kubernetes.default.svc"],
    ...["--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC"],
    ...["--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none"],
  ]);
  const stop = async () => {
    await ended(server.child);
    await ended(etcd.child);
    await rm(folder, { recursive: true, force: true });
  };
  const ask = (method: string, path: string, body?: object): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
      const options = {
        host: "127.0.0.1",
        port: secure,
        method,
        path,
        headers,
        agent: false,
        rejectUnauthorized: false,
        timeout: 30_000,
      };
      const sent = request(options, (answer) => {
        let whole = "";
        answer.setEncoding("utf8").on("data", (piece: string) => {
          whole += piece;
        });
        answer.on("end", () => {
          const json = whole.startsWith("{") ? JSON.parse(whole) : { message: whole };
          resolve({ status: answer.statusCode ?? 0, body: json });
        });
      });
      sent.on("timeout", () => sent.destroy(new Error("no answer in half a minute")));
      sent.on("error", reject).end(text);
    });
  try {
    await ready(ask, server);
    const kubeconfig = at("kubeconfig");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
      clusters: [
        {
          name: "test",
          cluster: {
            server: `https://127.0.0.1:${secure}`,
            "certificate-authority-data": (await readFile(at("certs/apiserver.crt"))).toString(
              "base64",
            ),
          },
        },
      ],
      users: [{ name: "admin", user: { token: TOKEN } }],
    };
    await writeFile(kubeconfig, stringify(config));
    return { kubeconfig, ask, stop };
  } catch (error) {
    await stop();
    throw new Error(`${server.log()}\n${etcd.log()}`.slice(-4000), { cause: error });
  }
}

async function ready(ask: Kubernetes["ask"], server: { child: ChildProcess }): Promise<void> {
  for (let tries = 0; tries < 240; tries++) {
    if (server.child.exitCode !== null) throw new Error("kube-apiserver ended");
    const answer = await ask("GET", "/readyz").catch(() => null);
    if (answer?.status === 200) return;
    await sleep(500);
  }
  throw new Error("not ready in two minutes");
}

/** Groups whose objects the server checks only once it has their definition. */
export async function define({ ask }: Kubernetes, all: readonly Definition[]): Promise<void> {
  for (const { object } of all) {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const { status, body } = await ask("POST", path, object);
    assert.ok(status === 201, body.message);
  }
  for (const { group, plural, versions } of all) {
    for (const { name } of versions.filter(
      (one) => (one as { served?: boolean }).served !== false,
    )) {
      for (let tries = 0; ; tries++) {
        const { status } = await ask("GET", `/apis/${group}/${name}/${plural}?limit=1`);
        if (status === 200) break;
        assert.ok(tries < 120, `${plural}.${group}/${name}: ${status}`);
        await sleep(250);
      }
    }
  }
}
