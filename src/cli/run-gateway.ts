// What `glovebox run CONFIG` does: serves an Envoy bootstrap until a signal comes. The first SIGTERM or SIGINT answers
// what is in flight; the second ends at once. What it prints at start is what a stock Envoy would not do.
import { resolve } from "node:path";
import { type Failure, type Finding, fail } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { startAdmin } from "../gateway/admin/server.ts";
import { Gateway } from "../gateway/control/gateway.ts";
import { refusedConfig } from "../gateway/control/judge-version.ts";
import type { ReadVersion } from "../gateway/control/read-version.ts";
import type { SpareThreads } from "../gateway/control/spare-threads.ts";
import { type LogFormat, logLine } from "../gateway/log/lines.ts";
import { diskCache } from "../gateway/plugins/cache.ts";
import { DECENT_SHARE, EXPENSIVE_STEP } from "../gateway/worker/share.ts";
import type { Address, LabConfig } from "../mesh/envoy/lab-config.ts";
import type { Remote } from "../oci/remote.ts";
import { makeFolder } from "../util/make-folder.ts";
import { version } from "../util/version.ts";
import type { Exit, Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { moduleCacheFolder, moduleCacheSize } from "./module-cache.ts";
import { reasonOf } from "./reason.ts";
import { usage } from "./usage.ts";

/** How long a drain may take, in milliseconds. */
const DRAIN = 30_000;
/** Share of one processor that a cell may use. */
const CELL_SHARE = 0.25;

type Flags = InputOf<"run">["flags"];

/** `HOST:PORT`, `[V6]:PORT` or `PORT`. */
function addressOf(text: string): Address {
  const [, v6, host, port] =
    /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    usage("run", `--admin wants HOST:PORT, not ${text}`);
  }
  return { kind: "tcp", host: v6 ?? host ?? "127.0.0.1", port: Number(port) };
}

/** Spans are sent only where OpenTelemetry's own variables say where. */
function otlpOf(env: Io["env"]) {
  const whole = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? "";
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "";
  if (whole === "" && base === "") return null;
  const endpoint = whole === "" ? `${base.replace(/\/$/, "")}/v1/traces` : whole;
  const web = URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol);
  if (!web) usage("run", `${endpoint} is no URL for spans`);
  return { endpoint, service: env.OTEL_SERVICE_NAME || "glovebox", version: version() };
}

/** Made where it isn't there; null where nothing is recorded. */
async function recordFolder({ record, check }: Flags): Promise<string | null> {
  if (record === undefined || check) return null;
  try {
    await makeFolder(record);
    return resolve(record);
  } catch (error) {
    return fail("file-unwritable", { file: record, reason: reasonOf(error) }, undefined, error);
  }
}

/** Gets artifacts; what that needs is loaded and read with the first of them. */
function puller(flags: Flags, io: Io): (text: string, manifest: string) => Promise<Uint8Array> {
  let opened: Promise<Remote> | undefined;
  return async (text, manifest) => {
    const [{ remoteOf }, { artifactReference, pullPinned }, { parseReference }] = await Promise.all(
      [import("./remote-flags.ts"), import("../oci/remote.ts"), import("../net/reference.ts")],
    );
    opened ??= remoteOf(flags, io);
    const reference = artifactReference(parseReference(text));
    return (await pullPinned(reference, `sha256:${manifest}`, await opened)).module;
  };
}

function noteFindings(findings: readonly Finding[], io: Io): void {
  for (const one of findings) io.note(`${renderFinding(one)}\n`);
}

/** In one piece: whoever waits for a part of it has it all. */
function introduce(gateway: Gateway, read: ReadVersion, admin: string | null, io: Io): void {
  const { styles } = io;
  const listeners = gateway.listeners.map(
    ({ name, address }) => `listening on ${styles.bold(address)}${name === "" ? "" : ` (${name})`}`,
  );
  const plugins = read.plugins.map(({ config: { name }, module, error, policy }) => {
    if (module === null || error !== null) {
      return `plugin ${name}: ${styles.bad("not loaded")}: error[${error?.code}]: ${error?.message}`;
    }
    const cell = gateway.cells.has(name);
    const where = cell
      ? `in a cell, at most ${CELL_SHARE * 100} % of a processor`
      : "in the connection's thread";
    const how = {
      hardened: "hardened",
      before: "hardened before, verified",
      no: styles.warn("as shipped, not contained"),
    }[module.hardened];
    return `plugin ${name}: ${how}, policy from ${policy!.origin}, ${where}`;
  });
  const shares = plugins.length === 0 ? [] : [`shares: ${sharesText()}`];
  const adminLine = admin === null ? [] : [`admin on ${styles.bold(`http://${admin}`)}`];
  io.note(`${[...listeners, ...plugins, ...shares, ...adminLine].join("\n")}\n`);
}

function sharesText(): string {
  return `a plugin whose costly steps take over ${DECENT_SHARE * 100} % of a thread, or one of them over ${EXPENSIVE_STEP} ms, moves to a cell with ${CELL_SHARE * 100} % of a processor; there requests wait, and beyond that are answered 503`;
}

/** Ends by signals and by the admin: first what is in flight is answered, a second word ends at once. */
class Ending {
  readonly #gateway: Gateway;
  readonly #resolve: (exit: Exit) => void;
  #begun = false;
  readonly #onTerm = (): void => this.end(143, true);
  readonly #onInt = (): void => this.end(130, true);

  constructor(gateway: Gateway, resolve: (exit: Exit) => void) {
    this.#gateway = gateway;
    this.#resolve = resolve;
    process.on("SIGTERM", this.#onTerm).on("SIGINT", this.#onInt);
  }

  end(exit: Exit, drain: boolean): void {
    const gently = drain && !this.#begun;
    this.#begun = true;
    const over = gently ? this.#gateway.drain(DRAIN) : this.#gateway.stop();
    void over.then(() => {
      process.off("SIGTERM", this.#onTerm).off("SIGINT", this.#onInt);
      this.#resolve(exit);
    });
  }
}

/** With threads that come up already: as many as shall serve, or none where nothing is served. */
export async function runGateway(
  { args, flags }: InputOf<"run">,
  concurrency: number,
  spare: SpareThreads,
  io: Io,
): Promise<Outcome> {
  const format: LogFormat = flags["log-format"] ?? "text";
  const asked = flags.admin === undefined ? null : addressOf(flags.admin);
  let fatal: (error: Failure) => void = () => {};
  const gateway = new Gateway({
    configFile: args.config,
    policyFiles: flags.policy ?? [],
    concurrency,
    spare,
    unsafe: flags["unsafe-default"] === true,
    cache: diskCache(moduleCacheFolder(io.env), moduleCacheSize(io.env)),
    pull: puller(flags, io),
    environment: io.env,
    random: Math.random,
    wall: () => Date.now(),
    log: (entry) => io.note(logLine(entry, format)),
    cellShare: CELL_SHARE,
    record: await recordFolder(flags),
    otlp: otlpOf(io.env),
    fatal: (error) => fatal(error),
  });
  const read = await gateway.check();
  noteFindings(read.findings, io);
  const { config } = read;
  if (config === null) return refusedConfig(args.config, read.findings);
  if (flags.check) return checked(read);
  try {
    await gateway.start(read);
    const exit = await new Promise<Exit>((resolve, reject) => {
      fatal = reject;
      const ending = new Ending(gateway, resolve);
      serveAdmin(gateway, config, asked, (drain) => ending.end(0, drain)).then(
        (admin) => introduce(gateway, read, admin, io),
        reject,
      );
    });
    return { exit, result: { ended: exit }, text: () => "" };
  } finally {
    await gateway.stop();
  }
}

/** The admin's address; null where there is none. */
async function serveAdmin(
  gateway: Gateway,
  config: LabConfig,
  asked: Address | null,
  end: (drain: boolean) => void,
): Promise<string | null> {
  const address = asked ?? config.admin?.address ?? null;
  if (address === null) return null;
  const context = { gateway, version: version(), now: () => Date.now(), end };
  const admin = await startAdmin(address, context);
  gateway.onStop(() => admin.close());
  return admin.address;
}

/** `--check`: what would be served, and whether every plugin can be loaded. */
function checked(read: ReadVersion): Outcome {
  const plugins = read.plugins.map(({ config, module, error }) => ({
    name: config.name,
    sha256: module?.digest ?? null,
    error,
  }));
  const bad = plugins.filter((one) => one.error !== null);
  const lines = plugins.map(
    ({ name, error }) =>
      `plugin ${name}: ${error === null ? "fine" : `error[${error.code}]: ${error.message}`}\n`,
  );
  return {
    exit: bad.length === 0 ? 0 : 1,
    result: { plugins, findings: read.findings },
    text: () => lines.join(""),
  };
}
