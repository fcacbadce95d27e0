// Replaces a file in one step: whoever looks, whenever the process dies, sees the old file or the whole new
// one. Throws Node's own errors; the caller knows which words fit.
import { randomBytes } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

async function ignoreMissing<T>(value: Promise<T>): Promise<T | undefined> {
  try {
    return await value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** In one piece where the system takes it: `writeFile` cuts into many, and waits for the event loop between them. */
async function writeAll(handle: FileHandle, data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows can't open folders, and some file systems refuse to sync them: the rename itself is done.
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {}
}

/**
 * Writes `bytes` to `file` through a temporary file in the same folder. A link is followed, and an existing
 * file's permissions are kept. With `create`, an existing file is an error (EEXIST). Without `sync`, a crash of the
 * machine (not of the process) may leave the new name with other bytes: for readers that check them.
 */
export async function atomicWrite(
  file: string,
  bytes: Uint8Array | string,
  options: { readonly create?: boolean; readonly sync?: boolean } = {},
): Promise<void> {
  const target = (await ignoreMissing(realpath(file))) ?? file;
  const before = await ignoreMissing(stat(target));
  if (before !== undefined && options.create) {
    throw Object.assign(new Error(`EEXIST: file already exists, '${file}'`), { code: "EEXIST" });
  }
  if (before !== undefined && !before.isFile()) {
    // A rename would replace a device or pipe by a plain file.
    throw Object.assign(new Error(`not a regular file: '${file}'`), {
      code: before.isDirectory() ? "EISDIR" : "ENOTSUP",
    });
  }
  const folder = dirname(target);
  const temporary = join(folder, `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  const handle = await open(temporary, "wx", 0o666);
  try {
    try {
      await writeAll(handle, bytes);
      if (before !== undefined) await handle.chmod(before.mode & 0o777);
      if (options.sync !== false) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (options.sync !== false) await syncFolder(folder);
}
