// One POST of JSON, for what the gateway sends by itself when it was told to. Throws where it isn't answered 2xx
// within five seconds.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

const TIMEOUT = 5000;

export function httpPost(url: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const make = url.startsWith("https:") ? httpsRequest : httpRequest;
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    const request = make(url, { method: "POST", headers, timeout: TIMEOUT }, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) resolve();
      else reject(new Error(`the collector answered ${status}`));
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT} ms`)));
    request.on("error", reject);
    request.end(body);
  });
}
