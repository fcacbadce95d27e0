// Names and numbers of signatures and attestations. Sources: sigstore's bundle format 0.3, cosign 3's keys, payloads and
// annotations, in-toto Statement 1, DSSE 1, SLSA provenance 1, Fulcio's and Rekor's HTTP interfaces.

/** Media types of what is signed with and stored. */
export const signingTypes = {
  /** A bundle as cosign 3 attaches it: also the artifact type of the referrer. */
  bundle: "application/vnd.dev.sigstore.bundle.v0.3+json",
  /** What every version of a bundle's media type begins with. */
  bundlePrefix: "application/vnd.dev.sigstore.bundle",
  /** A layer of the older signature image: the payload that was signed. */
  simpleSigning: "application/vnd.dev.cosign.simplesigning.v1+json",
  inToto: "application/vnd.in-toto+json",
} as const;

/** Versions of a bundle that are read. */
export const bundleTypes = [
  signingTypes.bundle,
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
] as const;

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";

export const predicateTypes = {
  /** cosign 3's: the statement says no more than that its subject is signed. */
  signature: "https://sigstore.dev/cosign/sign/v1",
  /** Ours: this module is that one, hardened under this policy (docs/guide/supply.md). */
  hardened: "https://glovebox.dev/attestations/hardened/v1",
  slsa: "https://slsa.dev/provenance/v1",
} as const;

/** `critical.type` of the older payload. */
export const SIMPLE_SIGNING_TYPE = "cosign container image signature";

/** What follows `sha256-HEX` in the tag of the older signature image. */
export const SIGNATURE_TAG_SUFFIX = ".sig";

export const signingAnnotations = {
  signature: "dev.cosignproject.cosign/signature",
  certificate: "dev.sigstore.cosign/certificate",
  /** What the log promised, of a signature by certificate. */
  log: "dev.sigstore.cosign/bundle",
  timestamp: "dev.sigstore.cosign/rfc3161timestamp",
  content: "dev.sigstore.bundle.content",
  predicateType: "dev.sigstore.bundle.predicateType",
} as const;

/** Value of the annotation `content` for a DSSE envelope. */
export const DSSE_CONTENT = "dsse-envelope";

/** Labels of PEM blocks that hold an encrypted private key; the first is what is written. */
export const privateKeyLabels = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"] as const;
export const PUBLIC_KEY_LABEL = "PUBLIC KEY";
export const CERTIFICATE_LABEL = "CERTIFICATE";

/** How a private key is encrypted: scrypt over the password, then secretbox. Other parameters aren't read. */
export const keyEncryption = {
  kdf: "scrypt",
  cipher: "nacl/secretbox",
  /** The first is what is written; 2^15 is what tools wrote years ago. */
  costs: [65_536, 32_768],
  blockSize: 8,
  parallel: 1,
  saltBytes: 32,
  nonceBytes: 24,
  keyBytes: 32,
} as const;

/** Digest that goes with a curve, by OpenSSL's name of it. */
export const curveDigests: Readonly<Record<string, string>> = {
  prime256v1: "sha256",
  secp384r1: "sha384",
  secp521r1: "sha512",
};

/** RSA keys are read from this size on. */
export const RSA_MIN_BITS = 2_048;

/** Bytes, unless the name says otherwise. */
export const signingLimits = {
  keyFileBytes: 64 * 1024,
  bundleBytes: 1024 * 1024,
  payloadBytes: 512 * 1024,
  jsonDepth: 32,
  /** Signatures and attestations of one artifact that are looked at. */
  candidates: 100,
  annotations: 50,
  trustedRootBytes: 1024 * 1024,
  tokenBytes: 64 * 1024,
  answerBytes: 1024 * 1024,
} as const;

/** Paths of the services that sign without a key. */
export const servicePaths = {
  certificate: "/api/v2/signingCert",
  logEntries: "/api/v1/log/entries",
  timestamp: "/api/v1/timestamp",
} as const;

/** Object identifiers of a certificate's extensions, in which Fulcio writes who vouched for the identity. */
export const issuerExtensions = { current: "1.3.6.1.4.1.57264.1.8", older: "1.3.6.1.4.1.57264.1.1" } as const;

/** The services that anybody may use; their signatures and certificates are public for good. */
export const publicServices = {
  authority: "https://fulcio.sigstore.dev",
  log: "https://rekor.sigstore.dev",
} as const;
