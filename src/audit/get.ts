// One GET for an audit: whole, of at most so many bytes, within so much time; with the certificates and tokens of a
// kubeconfig where one says so. A redirect is an answer like any other: credentials go nowhere else.
import { request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { Failure, fail } from "../errors/failure.ts";

export interface Credentials {
  readonly token?: string;
  /** PEM. */
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly serverName?: string;
  /** The kubeconfig says insecure-skip-tls-verify. */
  readonly insecure?: boolean;
}

export interface Got {
  readonly status: number;
  readonly text: string;
}

/** Bytes of an answer: a config_dump of ten thousand listeners stays below. */
export const ANSWER_LIMIT = 256 * 1024 * 1024;

const TIMEOUT_MS = 30_000;

function optionsOf(url: URL, credentials: Credentials): RequestOptions {
  const { token, authority, certificate, key, serverName, insecure } = credentials;
  return {
    method: "GET",
    headers: {
      accept: "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(authority === undefined ? {} : { ca: authority }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(url.protocol === "https:" ? { rejectUnauthorized: insecure !== true } : {}),
  };
}

function reasonOf(error: unknown): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (name === "AbortError" || name === "TimeoutError")
    return `no answer in ${TIMEOUT_MS / 1000} s`;
  return code ?? message;
}

/** Asks for a URL. Throws `audit-unreachable` and `audit-too-large`. */
export async function get(
  url: URL,
  credentials: Credentials = {},
  limit = ANSWER_LIMIT,
): Promise<Got> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  try {
    return await new Promise<Got>((resolve, reject) => {
      const sent = send(url, optionsOf(url, credentials), (answer) => {
        const pieces: Buffer[] = [];
        let length = 0;
        answer.on("data", (piece: Buffer) => {
          length += piece.length;
          pieces.push(piece);
          if (length > limit) {
            answer.destroy();
            reject(new Failure("audit-too-large", { host: url.host, limit }));
          }
        });
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString("utf8") }),
        );
      });
      sent.on("error", reject).end();
    });
  } catch (error) {
    if (error instanceof Failure) throw error;
    return fail("audit-unreachable", { host: url.host, reason: reasonOf(error) }, undefined, error);
  }
}
