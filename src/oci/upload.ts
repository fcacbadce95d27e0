// A blob on its way to a registry: in one request where it is small, otherwise in pieces. An upload that breaks off is
// gone on with where the registry says it stands, in this process or, from what is remembered, in a later one.
import { Failure, fail } from "../errors/failure.ts";
import { type Digest, digestOf } from "../net/digest.ts";
import { isTransient } from "../net/http.ts";
import { backoff } from "../net/retry.ts";
import { REGISTRY_TRIES, UPLOAD_CHUNK } from "../spec/oci.ts";
import type { RegistrySession } from "./registry-session.ts";

/** Where unfinished uploads are remembered. Losing one costs time only. */
export interface UploadMemory {
  recall(key: string): Promise<string | null>;
  remember(key: string, location: string): Promise<void>;
  forget(key: string): Promise<void>;
}

export const noMemory: UploadMemory = {
  recall: async () => null,
  remember: async () => {},
  forget: async () => {},
};

interface Place {
  readonly location: URL;
  /** Bytes that have arrived. */
  readonly offset: number;
}

/** How a registry refuses an upload whose bytes aren't the ones that were meant. */
const spoilt: ReadonlySet<string> = new Set(["registry-status", "registry-upload"]);

const OCTETS = "application/octet-stream";

const withDigest = (location: URL, digest: Digest): URL => {
  const url = new URL(location);
  url.searchParams.set("digest", digest);
  return url;
};

/** The number of bytes that `Range: 0-N` says; 0 for `0-0` of an upload that has not begun is told apart by callers. */
function arrived(range: string | undefined): number | null {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(range ?? "")?.[1];
  return last === undefined ? null : Number(last) + 1;
}

export class Upload {
  readonly #session: RegistrySession;
  readonly #memory: UploadMemory;
  readonly #chunk: number;

  constructor(session: RegistrySession, memory: UploadMemory, chunk = UPLOAD_CHUNK) {
    this.#session = session;
    this.#memory = memory;
    this.#chunk = chunk;
  }

  #key(digest: Digest): string {
    return `${this.#session.base.href} ${digest}`;
  }

  /** The registry has the blob: an upload of it that was killed at its end needs no memory. */
  async needless(size: number, digest: Digest): Promise<void> {
    if (size > this.#chunk) await this.#memory.forget(this.#key(digest));
  }

  /** Sends a blob that the registry doesn't have. Throws `registry-upload` and what requests throw. */
  async send(bytes: Uint8Array, digest: Digest): Promise<void> {
    if (bytes.length <= this.#chunk) return this.#whole(bytes, digest);
    const key = this.#key(digest);
    const recalled = await this.#recalled(key, bytes.length);
    if (recalled === null) return this.#pieces(bytes, digest, key, await this.#begin(key));
    try {
      return await this.#pieces(bytes, digest, key, recalled);
    } catch (error) {
      // What a killed process sent last may still be arriving behind what the registry said: then the sum is wrong, and
      // only a new upload helps. Whatever stands in the way of that too is said by it.
      if (!(error instanceof Failure) || !spoilt.has(error.code)) throw error;
      return this.#pieces(bytes, digest, key, await this.#begin(key));
    }
  }

  async #pieces(bytes: Uint8Array, digest: Digest, key: string, from: Place): Promise<void> {
    let place = from;
    for (let failures = 0; ; ) {
      try {
        const before = place.offset;
        place = await this.#piece(bytes, place);
        if (place.offset > before) failures = 0;
        await this.#memory.remember(key, place.location.href);
        if (place.offset < bytes.length) continue;
        await this.#finish(place.location, new Uint8Array(0), digest);
        return await this.#memory.forget(key);
      } catch (error) {
        failures++;
        if (failures >= REGISTRY_TRIES || !isTransient(error)) throw error;
        const { random, sleep } = this.#session.clock;
        await sleep(backoff(failures, random()));
        place = (await this.#status(place.location, bytes.length)) ?? (await this.#begin(key));
      }
    }
  }

  async #start(): Promise<{ readonly location: URL; readonly least: number }> {
    const answer = await this.#session.ask({
      method: "POST",
      at: "blobs/uploads/",
      writes: true,
      expect: [202],
    });
    const least = Number(answer.headers["oci-chunk-min-length"] ?? 0);
    return { location: this.#session.place(answer.headers.location, answer.url), least };
  }

  async #whole(bytes: Uint8Array, digest: Digest): Promise<void> {
    const { location } = await this.#start();
    await this.#finish(location, bytes, digest);
  }

  async #begin(key: string): Promise<Place> {
    const { location, least } = await this.#start();
    if (least > this.#chunk) {
      const reason = `it wants pieces of at least ${least} bytes`;
      fail("registry-protocol", { host: this.#session.host, reason });
    }
    await this.#memory.remember(key, location.href);
    return { location, offset: 0 };
  }

  async #finish(location: URL, body: Uint8Array, digest: Digest): Promise<void> {
    const answer = await this.#session.ask({
      method: "PUT",
      at: withDigest(location, digest),
      headers: { "content-type": OCTETS },
      body,
      writes: true,
      // After the first PUT the upload is gone, whether or not its answer arrived.
      once: true,
      expect: [201, 204],
    });
    const said = answer.headers["docker-content-digest"];
    if (said !== undefined && said !== digest) {
      const reason = `it stored ${String(said).slice(0, 100)}`;
      fail("registry-upload", { host: this.#session.host, digest, reason });
    }
  }

  async #piece(bytes: Uint8Array, { location, offset }: Place): Promise<Place> {
    if (offset >= bytes.length) return { location, offset };
    const body = bytes.subarray(offset, Math.min(bytes.length, offset + this.#chunk));
    const end = offset + body.length;
    const answer = await this.#session.ask({
      method: "PATCH",
      at: location,
      headers: { "content-type": OCTETS, "content-range": `${offset}-${end - 1}` },
      body,
      writes: true,
      once: true,
      expect: [202, 204, 416],
    });
    const next =
      answer.headers.location === undefined
        ? location
        : this.#session.place(answer.headers.location, answer.url);
    if (answer.status === 416) {
      const stands = await this.#status(next, bytes.length);
      if (stands !== null && stands.offset !== offset) return stands;
      const digest = digestOf(bytes);
      const reason = `it doesn't take the piece at byte ${offset}`;
      return fail("registry-upload", { host: this.#session.host, digest, reason });
    }
    const taken = arrived(answer.headers.range);
    // Some say nothing, some count from the piece: only a smaller sum is believed.
    return {
      location: next,
      offset: taken !== null && taken < end && taken >= offset ? taken : end,
    };
  }

  /** Where an upload stands; null where the registry doesn't know it any more, or can't say. */
  async #status(location: URL, size: number): Promise<Place | null> {
    const answer = await this.#session.ask({
      method: "GET",
      at: location,
      writes: true,
      expect: [200, 202, 204, 400, 404, 405, 416],
    });
    if (answer.status !== 204 && answer.status !== 202) return null;
    const taken = arrived(answer.headers.range);
    if (taken === null || taken > size) return null;
    const next = answer.headers.location;
    return {
      location: next === undefined ? location : this.#session.place(next, location),
      // `0-0` is how some say that nothing has arrived: one byte too few is never wrong.
      offset: taken <= 1 ? 0 : taken,
    };
  }

  async #recalled(key: string, size: number): Promise<Place | null> {
    const location = await this.#memory.recall(key);
    if (location === null || !URL.canParse(location)) return null;
    const url = new URL(location);
    if (url.protocol !== this.#session.base.protocol) return null;
    try {
      return await this.#status(url, size);
    } catch {
      return null;
    }
  }
}
