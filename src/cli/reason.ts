// Why the operating system refused, in words: no errno, no path twice, no stack. A Failure passes through.
import { Failure } from "../errors/failure.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EEXIST: "it exists already",
  ENOTSUP: "it is no regular file",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its links go round in a circle",
  ERR_ENCODING_INVALID_ENCODED_DATA: "it is not UTF-8 text",
};

/** The reason of a system error; anything that isn't one is thrown on. */
export function reasonOf(error: unknown): string {
  if (error instanceof Failure) throw error;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== "string") throw error;
  return reasons[code] ?? code;
}
