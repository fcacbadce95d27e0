// Flags that say who must have signed (trust-flags.ts reads them) and who signs (signer.ts does).
import type { FlagRow } from "./command-row.ts";

/** Who must have signed; given here, it is not whom a policy names. */
export const trustFlags = [
  {
    name: "key",
    value: "FILE",
    summary: "a public key (cosign.pub) that must have signed it",
    many: true,
  },
  {
    name: "identity",
    value: "TEXT",
    summary: "who the signer's certificate names; one that ends in * is a prefix",
  },
  { name: "issuer", value: "URL", summary: "the OpenID provider that vouches for --identity" },
  {
    name: "trusted-root",
    value: "FILE",
    summary: "the trusted_root.json that certificates, logs and times are checked against",
  },
  {
    name: "threshold",
    value: "N",
    summary: "how many of the signers must have signed; without it all",
  },
  {
    name: "annotation",
    value: "KEY=VALUE",
    summary: "an annotation that must be signed along",
    many: true,
  },
  {
    name: "bundle",
    value: "FILE",
    summary: "a bundle beside the plugin, such as the signature of a file",
    many: true,
  },
] as const satisfies readonly FlagRow[];

/** How a command signs: by a key, or by a certificate for an identity token. */
export const signerFlags = [
  {
    name: "key",
    value: "FILE",
    summary: "the private key (cosign.key); without it SIGSTORE_ID_TOKEN signs by certificate",
  },
  {
    name: "fulcio",
    value: "URL",
    summary: "the authority that gives certificates for tokens; without it the public one",
  },
  {
    name: "rekor",
    value: "URL",
    summary: "the log of signatures by certificate; without it the public one",
  },
  { name: "timestamp", value: "URL", summary: "also have a service say when it was signed" },
] as const satisfies readonly FlagRow[];
