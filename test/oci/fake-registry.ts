// A registry in this process, by the distribution-spec, for what real ones can't be made to do: lie, break off, move
// tags, ask for passwords. `intercept` sees every request first and may answer in its place.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Digest, digestOf } from "../../src/net/digest.ts";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Uint8Array;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface FakeOptions {
  readonly referrers?: boolean;
  /** Ends the connection where it answers `break`. */
  readonly intercept?: (seen: Seen) => Reply | "break" | undefined;
}

interface Upload {
  readonly repository: string;
  bytes: Uint8Array;
}

const INDEX = "application/vnd.oci.image.index.v1+json";

export class FakeRegistry {
  readonly seen: Seen[] = [];
  /** By repository and digest; `blobs` may be changed by tests: that is lying. */
  readonly blobs = new Map<string, Uint8Array>();
  readonly manifests = new Map<string, { type: string; bytes: Uint8Array }>();
  readonly tags = new Map<string, Digest>();
  intercept: NonNullable<FakeOptions["intercept"]>;
  referrers: boolean;
  readonly #uploads = new Map<string, Upload>();
  readonly #server: Server;
  #next = 0;

  private constructor(options: FakeOptions) {
    this.intercept = options.intercept ?? (() => undefined);
    this.referrers = options.referrers ?? true;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(options: FakeOptions = {}): Promise<FakeRegistry> {
    const registry = new FakeRegistry(options);
    await new Promise<void>((done) => registry.#server.listen(0, "127.0.0.1", done));
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get uploads(): number {
    return this.#uploads.size;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
    } catch {
      return;
    }
    const seen: Seen = {
      method: request.method!,
      path: request.url!,
      headers: request.headers,
      body: Buffer.concat(parts),
    };
    this.seen.push(seen);
    const reply = this.intercept(seen) ?? this.#answer(seen);
    if (reply === "break") {
      request.socket.destroy();
      return;
    }
    const body = Buffer.from((reply.body ?? "") as string);
    const length = { "content-length": String(body.length) };
    response.writeHead(reply.status, { ...length, ...reply.headers });
    response.end(seen.method === "HEAD" ? undefined : body);
  }

  #answer(seen: Seen): Reply {
    const url = new URL(seen.path, "http://registry");
    const match = /^\/v2\/(.+)\/(manifests|blobs|referrers|tags)\/(.*)$/.exec(url.pathname);
    if (match === null) return { status: 404 };
    const [, repository, kind, rest] = match as unknown as [string, string, string, string];
    if (kind === "tags") return this.#tagList(repository);
    if (kind === "referrers") return this.#referrersOf(repository, rest as Digest);
    if (kind === "manifests") return this.#manifest(seen, repository, rest);
    if (rest.startsWith("uploads/")) return this.#upload(seen, url, repository, rest.slice(8));
    const bytes = this.blobs.get(`${repository} ${rest}`);
    return bytes === undefined ? { status: 404 } : { status: 200, body: bytes };
  }

  #tagList(repository: string): Reply {
    const tags = [...this.tags.keys()]
      .filter((key) => key.startsWith(`${repository} `))
      .map((key) => key.slice(repository.length + 1));
    return { status: 200, body: JSON.stringify({ name: repository, tags }) };
  }

  #referrersOf(repository: string, digest: Digest): Reply {
    if (!this.referrers) return { status: 404 };
    const manifests = [...this.manifests].flatMap(([key, { type, bytes }]) => {
      const document = JSON.parse(Buffer.from(bytes).toString()) as {
        subject?: { digest: string };
      };
      if (!key.startsWith(`${repository} `) || document.subject?.digest !== digest) return [];
      return [{ mediaType: type, digest: digestOf(bytes), size: bytes.length }];
    });
    const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
    return { status: 200, headers: { "content-type": INDEX }, body };
  }

  #manifest(seen: Seen, repository: string, target: string): Reply {
    if (seen.method === "PUT") {
      const digest = digestOf(seen.body);
      const type = seen.headers["content-type"]!;
      this.manifests.set(`${repository} ${digest}`, { type, bytes: seen.body });
      if (!target.startsWith("sha256:")) this.tags.set(`${repository} ${target}`, digest);
      const document = JSON.parse(Buffer.from(seen.body).toString()) as {
        subject?: { digest: string };
      };
      const subject = this.referrers && document.subject?.digest;
      const headers = {
        "docker-content-digest": digest,
        ...(subject && { "oci-subject": subject }),
      };
      return { status: 201, headers };
    }
    const digest = target.startsWith("sha256:") ? target : this.tags.get(`${repository} ${target}`);
    const found = this.manifests.get(`${repository} ${digest}`);
    if (found === undefined) return { status: 404 };
    return { status: 200, headers: { "content-type": found.type }, body: found.bytes };
  }

  #upload(seen: Seen, url: URL, repository: string, id: string): Reply {
    const place = (which: string) => `/v2/${repository}/blobs/uploads/${which}`;
    if (seen.method === "POST") {
      const mount = url.searchParams.get("mount");
      const from = mount && this.blobs.get(`${url.searchParams.get("from")} ${mount}`);
      if (from) {
        this.blobs.set(`${repository} ${mount}`, from);
        return { status: 201, headers: { location: `/v2/${repository}/blobs/${mount}` } };
      }
      const next = `u${this.#next++}`;
      this.#uploads.set(next, { repository, bytes: new Uint8Array(0) });
      return { status: 202, headers: { location: place(next) } };
    }
    const upload = this.#uploads.get(id);
    if (upload === undefined) return { status: 404 };
    const range = () => ({
      location: place(id),
      range: `0-${Math.max(0, upload.bytes.length - 1)}`,
    });
    if (seen.method === "GET") return { status: 204, headers: range() };
    if (seen.method === "PATCH") {
      const start = Number(/^(\d+)-/.exec(seen.headers["content-range"] ?? "")?.[1] ?? 0);
      if (start !== upload.bytes.length) return { status: 416, headers: range() };
      upload.bytes = Buffer.concat([upload.bytes, seen.body]);
      return { status: 202, headers: range() };
    }
    const whole = Buffer.concat([upload.bytes, seen.body]);
    const digest = url.searchParams.get("digest");
    if (digestOf(whole) !== digest) return { status: 400 };
    this.#uploads.delete(id);
    this.blobs.set(`${repository} ${digest}`, whole);
    return { status: 201, headers: { "docker-content-digest": digest } };
  }
}
