// `glovebox keys [NAME]`: a pair of keys in cosign's form. Never replaces a key: what it signed would be nobody's.
import { randomBytes } from "node:crypto";
import { chmod } from "node:fs/promises";
import { generateKeyPair } from "../signing/private-key.ts";
import { parsePublicKey } from "../signing/public-key.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { writeOutput } from "./output.ts";
import { passwordFor } from "./password.ts";

const OWNER_ONLY = 0o600;

export async function run({ args }: InputOf<"keys">, io: Io): Promise<Outcome> {
  const name = args.name ?? "cosign";
  const [privateFile, publicFile] = [`${name}.key`, `${name}.pub`];
  const password = await passwordFor(privateFile, io, true);
  const pair = generateKeyPair(password, (length) => randomBytes(length));
  await writeOutput(privateFile, pair.private, { create: true });
  await chmod(privateFile, OWNER_ONLY);
  await writeOutput(publicFile, pair.public, { create: true });
  const { id } = parsePublicKey(pair.public, publicFile);
  return {
    exit: 0,
    result: { private: privateFile, public: publicFile, id },
    text: () =>
      `wrote ${privateFile} (encrypted: keep it where things are signed) and ${publicFile} (give it to whoever verifies)\n`,
  };
}
