// Whether a new version of the configuration may take the old one's place: pure comparisons, no threads.
import { type Finding, fail, finding } from "../../errors/failure.ts";
import type { DownstreamTls, LabConfig } from "../../mesh/envoy/lab-config.ts";
import type { Prepared } from "../plugins/prepare.ts";
import { tcpPlugins } from "../tcp/staying.ts";
import type { Version } from "../worker/messages.ts";
import { showAddress } from "./sockets.ts";

/** Whether nothing has changed but times of files. */
export function sameVersion(
  old: Version,
  config: LabConfig,
  plugins: readonly Prepared[],
): boolean {
  const facts = (prepared: readonly Prepared[]): string =>
    JSON.stringify(
      prepared.map((one) => [one.config.name, one.key, one.module?.digest ?? one.error]),
    );
  return (
    facts(old.plugins) === facts(plugins) && JSON.stringify(old.config) === JSON.stringify(config)
  );
}

/**
 * What is decided when a listener begins to listen: its address, and how it shakes hands. Sockets are bound once; the
 * certificates themselves are taken over.
 */
export function restartFindings(old: LabConfig, config: LabConfig): Finding[] {
  const addresses = ({ listeners }: LabConfig): string =>
    listeners.map(({ name, address }) => `${name} ${showAddress(address)}`).join(", ");
  const handshakes = ({ listeners }: LabConfig): string =>
    listeners.map(({ name, tls }) => `${name} ${handshakeOf(tls)}`).join(", ");
  const admin = ({ admin }: LabConfig): string =>
    admin === null ? "none" : showAddress(admin.address);
  const facts = { listeners: addresses, "TLS of listeners": handshakes, "the admin": admin };
  return Object.entries(facts).flatMap(([name, of]) => {
    const [before, now] = [of(old), of(config)];
    if (before === now) return [];
    return finding("gateway-restart", "warning", { what: `${name}: ${before} became ${now}` });
  });
}

function handshakeOf(tls: DownstreamTls | null): string {
  if (tls === null) return "without TLS";
  const { alpn, clientAuthority, requireClientCertificate } = tls;
  const client = clientAuthority !== null || requireClientCertificate;
  const wanted = requireClientCertificate ? "required" : client ? "asked for" : "not asked for";
  return `with TLS (ALPN ${alpn.join(" ") || "none"}, client certificate ${wanted})`;
}

/**
 * What running threads can't become: a listener with another protocol, or more of them, or a filter of TCP
 * connections whose plugin is in a cell. With any of them the old version stays.
 */
export function lastingFindings(
  old: LabConfig,
  config: LabConfig,
  inCell: (plugin: string) => boolean,
): Finding[] {
  const kinds = ({ listeners }: LabConfig): string => listeners.map((one) => one.chain.kind).join();
  const [before, now] = [kinds(old), kinds(config)];
  const what = before === now ? [] : [`listeners: ${before} became ${now}`];
  for (const name of tcpPlugins(config)) {
    if (inCell(name)) what.push(`${name}, which runs in a cell and is to filter TCP connections,`);
  }
  return what.map((one) => finding("gateway-restart", "error", { what: one }));
}

/** Plugins that can't be loaded now, though the old version had them, or is without them. */
export function worsePlugins(old: Version, plugins: readonly Prepared[]): Finding[] {
  return plugins.flatMap(({ error, config: { name } }) => {
    const before = old.plugins.find((one) => one.config.name === name);
    if (error === null || (before !== undefined && before.module === null)) return [];
    const reason = `error[${error.code}]: ${error.message}`;
    return finding("gateway-not-started", "error", { name, reason });
  });
}

/** A Failure for a configuration whose findings are errors. */
export function refusedConfig(file: string, findings: readonly Finding[]): never {
  const first = findings.find((one) => one.level === "error");
  return fail(
    "gateway-config",
    { file, count: findings.filter((one) => one.level === "error").length },
    first?.where,
  );
}
