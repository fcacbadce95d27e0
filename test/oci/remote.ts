// A Remote for tests: no waiting, no chance, no files of the user's.
import type { LookupFunction } from "node:net";
import { Failure } from "../../src/errors/failure.ts";
import { noBlobCache } from "../../src/net/blob-cache.ts";
import { createHttp } from "../../src/net/http.ts";
import type { Credentials } from "../../src/oci/credentials.ts";
import type { Remote } from "../../src/oci/remote.ts";
import { noMemory } from "../../src/oci/upload.ts";

export interface TestRemote extends Remote {
  /** What was waited, in milliseconds. */
  readonly slept: number[];
}

export interface TestOptions extends Partial<Omit<Remote, "http">> {
  readonly credentials?: Credentials;
  readonly lookup?: LookupFunction;
  readonly blocked?: readonly string[];
  readonly authorities?: readonly string[];
  readonly times?: { readonly connect: number; readonly idle: number; readonly request: number };
}

export function testRemote(options: TestOptions = {}): TestRemote {
  const { credentials, lookup, blocked, authorities, times, ...rest } = options;
  const slept: number[] = [];
  return {
    http: createHttp({
      ...(lookup && { lookup }),
      ...(blocked && { blocked }),
      ...(authorities && { authorities }),
      ...(times && { times }),
    }),
    keychain: async () => credentials ?? null,
    clock: {
      now: () => 1_700_000_000_000,
      random: () => 0.5,
      sleep: async (ms) => void slept.push(ms),
    },
    cache: noBlobCache,
    memory: noMemory,
    plainHttp: true,
    ...rest,
    slept,
  };
}

/** The code that an action fails with; `none` where it doesn't. */
export async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return "none";
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.code;
  }
}
