// What HTTP/1 and HTTP/2 keep of a request that is being served, in the same words.
import type { HeaderMap } from "../../host/header-map.ts";
import type { MessageSink, Refusal } from "./exchange.ts";

/** Before the router has taken an exchange there is nobody to tell. */
const NOBODY: MessageSink = {
  data() {},
  trailers() {},
  reset() {},
  pause() {},
  resume() {},
};

export class OpenRequest {
  readonly headers: HeaderMap;
  readonly headersOnly: boolean;
  readonly started: number;
  sink: MessageSink = NOBODY;
  refusal: Refusal | null = null;
  bytesReceived = 0;
  bytesSent = 0;
  /** All of the request has come. */
  requestComplete: boolean;
  responseStarted = false;
  ended = false;

  constructor(headers: HeaderMap, headersOnly: boolean, started: number) {
    this.headers = headers;
    this.headersOnly = headersOnly;
    this.started = started;
    this.requestComplete = headersOnly;
  }
}
