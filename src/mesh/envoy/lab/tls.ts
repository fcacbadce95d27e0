// TLS transport sockets, of listeners and of clusters. Certificates and keys come in as PEM text.
import type { DownstreamTls, StringMatch, UpstreamTls } from "../lab-config.ts";
import { readText } from "./data-source.ts";
import type { Lab } from "./lab.ts";
import { readStringMatch } from "./matchers.ts";
import type { Picker } from "./picker.ts";

const SOCKETS = "envoy.extensions.transport_sockets.";
const UPSTREAM = `${SOCKETS}tls.v3.UpstreamTlsContext`;
const DOWNSTREAM = `${SOCKETS}tls.v3.DownstreamTlsContext`;
const PLAIN = `${SOCKETS}raw_buffer.v3.RawBuffer`;

/** The TLS context of a transport socket; null where it is plain, or where a finding says that it is neither. */
function readContext(lab: Lab, socket: Picker | undefined, wanted: string): Picker | null {
  if (socket === undefined) return null;
  const name = socket.text("name");
  const any = socket.any("typed_config");
  const context = socket.typed(any, wanted, PLAIN);
  if (context?.type === wanted) return context;
  if (context === undefined && any?.value !== null) {
    const args = { type: any?.type || "a transport socket without typed_config", name };
    lab.report.add("lab-unsupported-filter", "error", socket.message.at, args);
  }
  return null;
}

interface Common {
  readonly certificate: string | null;
  readonly key: string | null;
  readonly authority: string | null;
  readonly names: readonly StringMatch[];
  readonly alpn: readonly string[];
}

function readCommon(lab: Lab, context: Picker): Common {
  const common = context.child("common_tls_context");
  const certificates = common?.messages("tls_certificates") ?? [];
  const [first] = certificates;
  if (certificates.length > 1) {
    common!.unsupported("tls_certificates", `${certificates.length} certificates`, "one");
  }
  const validation = common?.child("validation_context");
  const typed = (validation?.messages("match_typed_subject_alt_names") ?? []).map((one) => {
    // A name of any kind is held against it.
    if (!["DNS", "URI", "IP_ADDRESS", "EMAIL"].includes(one.choice("san_type"))) {
      one.unsupported("san_type", one.choice("san_type"), "DNS, URI, IP_ADDRESS, EMAIL");
    }
    return one.child("matcher");
  });
  const plain = validation?.messages("match_subject_alt_names") ?? [];
  return {
    certificate: readText(lab, first?.child("certificate_chain")) ?? null,
    key: readText(lab, first?.child("private_key")) ?? null,
    authority: readText(lab, validation?.child("trusted_ca")) ?? null,
    names: [...typed, ...plain].flatMap((one) => readStringMatch(one) ?? []),
    alpn: common?.texts("alpn_protocols") ?? [],
  };
}

export function readUpstreamTls(lab: Lab, socket: Picker | undefined): UpstreamTls | null {
  const context = readContext(lab, socket, UPSTREAM);
  if (context === null) return null;
  const { certificate, key, authority, names } = readCommon(lab, context);
  return { sni: context.text("sni"), authority, names, certificate, key };
}

export function readDownstreamTls(lab: Lab, socket: Picker | undefined): DownstreamTls | null {
  const context = readContext(lab, socket, DOWNSTREAM);
  if (context === null) return null;
  const { certificate, key, authority, names, alpn } = readCommon(lab, context);
  if (certificate === null || key === null) {
    const args = {
      message: "DownstreamTlsContext",
      field: "a certificate_chain and a private_key",
    };
    lab.report.add("envoy-missing-field", "error", context.message.at, args);
    return null;
  }
  if (names.length > 0) {
    context.unsupported("common_tls_context", "names of client certificates", "trusted_ca");
  }
  const requireClientCertificate = context.flag("require_client_certificate");
  return { certificate, key, clientAuthority: authority, requireClientCertificate, alpn };
}
