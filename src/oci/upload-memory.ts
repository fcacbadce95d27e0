// Where uploads stood, on disk: a process that was killed is followed by one that goes on. The places are a registry's
// own and may hold a session's secret, so the files are the user's alone.
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { atomicWrite } from "../util/atomic-write.ts";
import { sha256 } from "../util/digest.ts";
import type { UploadMemory } from "./upload.ts";

const PLACE_BYTES = 16 * 1024;

export function uploadMemory(folder: string): UploadMemory {
  const fileOf = (key: string): string => join(folder, `${sha256(key)}.upload`);
  return {
    async recall(key) {
      try {
        const text = await readFile(fileOf(key), "utf8");
        return text.length > PLACE_BYTES ? null : text;
      } catch {
        return null;
      }
    },
    async remember(key, location) {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await atomicWrite(fileOf(key), location, { sync: false });
      } catch {}
    },
    async forget(key) {
      await rm(fileOf(key), { force: true }).catch(() => {});
    },
  };
}
