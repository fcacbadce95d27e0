// `glovebox serve -p POLICY…`: every plugin read, hardened and verified before anything listens, then served until a
// signal comes. The first SIGTERM or SIGINT answers what is in flight; the second ends at once.
import { hexOf } from "../net/digest.ts";
import { allConsumers, usualLayout, type Version } from "../serve/artifacts.ts";
import { type Log, lineLog } from "../serve/log.ts";
import { MakeThread } from "../serve/make-thread.ts";
import { ModuleServer } from "../serve/module-server.ts";
import { modulePath } from "../serve/routes.ts";
import { consumers } from "../spec/image-layouts.ts";
import type { Exit, Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { remoteOf } from "./remote-flags.ts";
import { baseUrlOf, depotOf, listenOf, memoryOf, refreshOf, tlsOf } from "./serve-flags.ts";
import { sourcesOf } from "./serve-sources.ts";

interface ServedPlugin {
  readonly name: string;
  readonly url: string;
  /** What https:// consumers pin. */
  readonly sha256: string;
  readonly bytes: number;
  readonly original: string;
  readonly hardened: "here" | "before";
  /** By consumer: the reference with what oci:// consumers pin. */
  readonly oci: Readonly<Record<string, string>>;
}

function described(version: Version, base: URL): ServedPlugin {
  const { plugin, sha256, module, original, before, tags } = version;
  const repository = `oci://${base.host}/${plugin}`;
  const named = [...tags].map(([tag, digest]) => [tag, `${repository}:${tag}@${digest}`]);
  return {
    name: plugin,
    url: `${base.origin}${modulePath(hexOf(module.digest))}`,
    sha256,
    bytes: module.size,
    original,
    hardened: before ? "before" : "here",
    oci: Object.fromEntries(named),
  };
}

function pluginText({ name, url, sha256, hardened, oci }: ServedPlugin, io: Io): string {
  const how = hardened === "here" ? "hardened" : "hardened before, verified";
  const layouts = [...new Set(allConsumers.map(usualLayout))];
  const rows = layouts.map((layout): [string, string] => {
    const all = allConsumers.filter((one) => usualLayout(one) === layout);
    const tag = oci.latest!.endsWith(oci[all[0]!]!.slice(-64)) ? "latest" : all[0]!;
    return [all.map((one) => consumers[one]).join(", "), oci[tag]!];
  });
  const lines = [
    ["module", url],
    ["sha256", `${sha256} (what https:// consumers pin)`],
    ...rows,
  ].map(([label, value]) => `  ${label!.padEnd(24)}  ${value}\n`);
  return `plugin ${io.styles.bold(name)}: ${how}\n${lines.join("")}`;
}

/** Resolves with the exit code when a signal has been obeyed. */
function ended(server: ModuleServer, log: Log): Promise<Exit> {
  return new Promise((resolve) => {
    let begun = false;
    const again = (): void => void server.refresh();
    const end = (exit: Exit, signal: string): void => {
      const over = begun ? server.stop() : server.drain();
      log.say("info", begun ? "stopping" : "draining", { signal });
      begun = true;
      void over.then(() => {
        process.off("SIGTERM", term).off("SIGINT", int).off("SIGHUP", again);
        resolve(exit);
      });
    };
    const term = (): void => end(143, "SIGTERM");
    const int = (): void => end(130, "SIGINT");
    process.on("SIGTERM", term).on("SIGINT", int).on("SIGHUP", again);
  });
}

export async function run({ flags }: InputOf<"serve">, io: Io): Promise<Outcome> {
  const listen = listenOf(flags);
  const [tls, refresh, memory] = [tlsOf(flags), refreshOf(flags), memoryOf(flags)];
  baseUrlOf(flags, listen);
  const json = (flags as { readonly json?: boolean }).json === true;
  const wall = (): number => Date.now();
  const log = lineLog(flags["log-format"] ?? (json ? "json" : "text"), wall, io.note);
  // A log that nobody reads any more ends no server.
  process.stderr.on("error", () => {});
  const sources = await sourcesOf(flags, io);
  const remote = await remoteOf(flags, io);
  const server = new ModuleServer({
    sources,
    maker: new MakeThread(),
    depot: depotOf(flags, remote, io),
    memory,
    latest: flags.for ?? "istio",
    tls,
    refresh,
    accessLog: flags["access-log"] === true,
    log,
    random: Math.random,
    wall,
    now: () => performance.now(),
  });
  const plugins = (base: URL) => server.catalog.versions.map((one) => described(one, base));
  try {
    await server.load();
    if (flags.check === true) {
      const found = plugins(baseUrlOf(flags, listen));
      const text = (): string => found.map((one) => pluginText(one, io)).join("");
      return { exit: 0, result: { plugins: found }, text };
    }
    const over = ended(server, log);
    const bound = await server.start(listen);
    const own = baseUrlOf({ ...flags, url: undefined }, bound);
    const base = baseUrlOf(flags, bound);
    const found = plugins(base);
    if (json) {
      for (const { oci, ...one } of found) {
        log.say("info", "plugin", { ...one, ...prefixed(oci) });
      }
      log.say("info", "serving", { url: own.origin, reached: base.origin, plugins: found.length });
    } else {
      const text = found.map((one) => pluginText(one, io)).join("");
      const reached = flags.url === undefined ? "" : `, reached by ${base.origin}`;
      io.note(`${text}serving on ${io.styles.bold(own.origin)}${reached}\n`);
    }
    const exit = await over;
    log.say("info", "ended");
    return { exit, result: { ended: exit, plugins: plugins(base) }, text: () => "" };
  } finally {
    await server.stop();
    remote.http.close();
  }
}

/** References by tag as fields of one line. */
const prefixed = (oci: ServedPlugin["oci"]): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(oci).map(([tag, ref]) => [`oci.${tag}`, ref]));
