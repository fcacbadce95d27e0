// The certificate and its key, judged before anything listens: one clear line for what every client would refuse.
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { fail } from "../errors/failure.ts";

export interface TlsFiles {
  /** What messages call them. */
  readonly certificate: string;
  readonly key: string;
  /** Reads both, now. Throws what reading files throws. */
  readonly read: () => Promise<{ readonly cert: string; readonly key: string }>;
}

export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

const words: Readonly<Record<string, string>> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "the key belongs to another certificate",
  ERR_OSSL_X509_KEY_TYPE_MISMATCH: "the key belongs to another certificate",
  ERR_OSSL_BAD_PASSWORD_READ: "the key has a passphrase",
  ERR_MISSING_PASSPHRASE: "the key has a passphrase",
};

function reasonOf(error: unknown, { cert, key }: TlsPair): string {
  if (!cert.includes("-----BEGIN CERTIFICATE-----")) return "there is no certificate in PEM";
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) return "there is no private key in PEM";
  if (/BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(key)) return "the key has a passphrase";
  const { code = "", message } = error as NodeJS.ErrnoException;
  return words[code] ?? `it can't be read (${code || message})`;
}

/** Reads and checks. Throws `serve-tls`, `serve-tls-time` and what reading throws; `wall` is in ms since 1970. */
export async function readTls(files: TlsFiles, wall: number): Promise<TlsPair> {
  const pair = await files.read();
  const { certificate, key } = files;
  let leaf: X509Certificate;
  try {
    createSecureContext(pair);
    leaf = new X509Certificate(pair.cert);
  } catch (error) {
    const reason = reasonOf(error, pair);
    return fail("serve-tls", { certificate, key, reason }, undefined, error);
  }
  const [from, to] = [new Date(leaf.validFrom), new Date(leaf.validTo)];
  if (wall < from.getTime() || wall > to.getTime()) {
    const shown = (date: Date): string => date.toISOString().slice(0, 19) + "Z";
    const args = { certificate, from: shown(from), to: shown(to), now: shown(new Date(wall)) };
    fail("serve-tls-time", args);
  }
  return pair;
}
