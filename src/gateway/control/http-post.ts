// One POST of JSON, for what the gateway sends by itself when it was told to. Throws where no 2xx has come within so
// many milliseconds, however busy the other side is with something else.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

export function httpPost(url: string, body: string, within: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const make = url.startsWith("https:") ? httpsRequest : httpRequest;
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    const request = make(url, { method: "POST", headers, agent: false }, (response) => {
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) resolve();
      else reject(new Error(`the collector answered ${status}`));
      // Nobody reads what else it says.
      request.destroy();
    });
    const late = setTimeout(
      () => request.destroy(new Error(`no answer within ${within} ms`)),
      within,
    );
    request.on("close", () => clearTimeout(late));
    request.on("error", reject);
    request.end(body);
  });
}
