// How a command signs: with --key, or by a certificate for the token in SIGSTORE_ID_TOKEN. The services are called with
// the flags' authorities, and never with the credentials of registries.
import { fail } from "../errors/failure.ts";
import type { Remote } from "../oci/remote.ts";
import { signWithKey } from "../signing/bundle.ts";
import { type Post, signWithToken } from "../signing/keyless-sign.ts";
import { readPrivateKey, type SigningKey } from "../signing/private-key.ts";
import type { BundleSigner } from "../signing/sign.ts";
import { publicServices } from "../spec/signing.ts";
import type { CommandName } from "./commands.ts";
import type { Io } from "./io.ts";
import { passwordFor } from "./password.ts";
import { readText } from "./ref.ts";
import { usage } from "./usage.ts";

export interface SignerFlags {
  readonly key: string | undefined;
  readonly fulcio: string | undefined;
  readonly rekor: string | undefined;
  readonly timestamp: string | undefined;
}

export interface Signing {
  readonly bundle: BundleSigner;
  /** Null where a certificate signs. */
  readonly key: SigningKey | null;
}

/** Posts JSON through the command's own HTTP. */
function postOf({ http, plainHttp }: Remote): Post {
  return async (text, body, limit) => {
    const url = new URL(text);
    if (url.protocol !== "https:" && !(plainHttp && url.protocol === "http:")) {
      fail("service-unreachable", { url: text, reason: "it has no TLS" });
    }
    const answer = await http.send({
      method: "POST",
      url,
      headers: { "content-type": "application/json", accept: "*/*" },
      body: new TextEncoder().encode(JSON.stringify(body)),
      limit,
      what: `POST ${url.pathname}`,
      allowed: () => true,
    });
    if (answer.status === 200 || answer.status === 201) return answer.body;
    const said = new TextDecoder().decode(answer.body.subarray(0, 200)).replace(/\s+/g, " ").trim();
    const detail = said === "" ? "" : `: ${said}`;
    return fail("service-refused", { url: text, status: answer.status, detail });
  };
}

function baseOf(
  command: CommandName,
  flag: string,
  text: string | undefined,
  otherwise: string,
): string {
  if (text === undefined) return otherwise;
  return URL.canParse(text) ? text : usage(command, `--${flag} wants a URL, not ${text}`);
}

/** Reads the key (and asks for its password), or takes the token. Throws `cli-usage` where there is neither. */
export async function signingOf(
  command: CommandName,
  flags: SignerFlags,
  remote: Remote,
  io: Io,
): Promise<Signing> {
  const { key: file, timestamp } = flags;
  if (file !== undefined) {
    const text = await readText(file);
    const key = readPrivateKey(text, await passwordFor(file, io), file);
    return { key, bundle: async (type, payload) => signWithKey(type, payload, key) };
  }
  const token = io.env.SIGSTORE_ID_TOKEN;
  if (!token)
    usage(command, "nothing to sign with: give --key FILE, or a token in SIGSTORE_ID_TOKEN");
  const services = {
    authority: baseOf(command, "fulcio", flags.fulcio, publicServices.authority),
    log: baseOf(command, "rekor", flags.rekor, publicServices.log),
    timestamp: timestamp === undefined ? null : baseOf(command, "timestamp", timestamp, ""),
    post: postOf(remote),
  };
  return { key: null, bundle: (type, payload) => signWithToken(type, payload, token, services) };
}
