// The admin's HTTP server, on an address of its own, in the control thread: it answers also while every other
// thread hangs. It takes no bodies, and says nothing that changes something unless asked by POST.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fail } from "../../errors/failure.ts";
import type { Address } from "../../mesh/envoy/lab-config.ts";
import { listenReason, showAddress } from "../control/sockets.ts";
import { type AdminAnswer, type AdminContext, adminRoutes, indexPage, text } from "./routes.ts";
import { refusalOf } from "./who-asks.ts";

const types = {
  text: "text/plain; charset=utf-8",
  json: "application/json",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
} as const;

async function answerOf(request: IncomingMessage, context: AdminContext): Promise<AdminAnswer> {
  const { method: asked, headers, socket } = request;
  const refused = refusalOf({ method: asked, to: socket.localAddress, headers });
  if (refused !== null) return text(`${refused}\n`, 403);
  let url: URL;
  try {
    url = new URL(request.url ?? "/", "http://admin");
  } catch {
    return text("bad path\n", 400);
  }
  const { pathname, searchParams } = url;
  if (pathname === "/" || pathname === "/help") return indexPage();
  const routes = adminRoutes.filter((one) => one.path === pathname);
  if (routes.length === 0) return text(`there is no ${pathname}; see /help\n`, 404);
  const method = asked === "HEAD" ? "GET" : asked;
  const route = routes.find((one) => one.method === method);
  if (route === undefined)
    return text(`${pathname} is for ${routes.map((one) => one.method).join(", ")}\n`, 405);
  return route.answer(context, searchParams);
}

function send(response: ServerResponse, { status, type, body, after }: AdminAnswer): void {
  if (after !== undefined) {
    // Whoever asked may have gone meanwhile.
    if (response.destroyed) after();
    else response.once("close", after);
  }
  response.writeHead(status, {
    "content-type": types[type],
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-cache, max-age=0",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}

export interface Admin {
  readonly address: string;
  close(): void;
}

/** Listens; throws `gateway-port`. */
export async function startAdmin(address: Address, context: AdminContext): Promise<Admin> {
  const server: Server = createServer(
    { maxHeaderSize: 16 * 1024, requestTimeout: 10_000 },
    (request, response) => {
      request.resume();
      answerOf(request, context).then(
        (answer) => send(response, answer),
        (error: unknown) => {
          context.gateway.say("critical", `the admin failed: ${String(error)}`);
          send(response, text("the admin failed; its log says how\n", 500));
        },
      );
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (address.kind === "pipe") server.listen(address.path, resolve);
    else server.listen(address.port, address.host, resolve);
  }).catch((error: NodeJS.ErrnoException) =>
    fail(
      "gateway-port",
      { address: showAddress(address), reason: listenReason(error) },
      undefined,
      error,
    ),
  );
  const found = server.address();
  const shown =
    address.kind === "tcp" && typeof found === "object" && found !== null
      ? showAddress({ ...address, port: (found as AddressInfo).port })
      : showAddress(address);
  return {
    address: shown,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
