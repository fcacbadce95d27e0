// A plugin whose policy lacks a call that it needs: what the request sees, what the log says, and that adding it
// helps, also beside Envoy's own list with the names that Envoy knows.

import { callbacks } from "../../../spec/callbacks.ts";
import type { Cell, Detail } from "../../case.ts";
import { ARTICLE, CALL, CLUSTER, configuration, NAME } from "../../cases/denied-capability.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { answerText, dataOf, deniedIn, pluginLines, startText } from "../words.ts";

const asks = [{}];
const base = { configuration, targets: [CLUSTER] };

async function under(lab: EnvoyLab, extra: readonly string[], listed = false): Promise<Played> {
  const overrides = extra.length === 0 ? {} : { "spec.capabilities.allow+": [...extra] };
  const policy = lab.policy("auth", overrides);
  const names = [...policy.allow, ...callbacks.map((row) => row.name)];
  const options = { ...base, ...(listed && { capabilities: names }) };
  const { played, refused } = await lab.hardened(NAME, policy, asks, options);
  if (played === null) throw new Error(`${NAME} is refused: ${refused.message}`);
  return played;
}

const works = (played: Played): boolean =>
  played.calls.length === 1 && played.answers[0]?.status === 200;

function cell(played: Played): Cell {
  if (played.start !== "ready") return { text: startText(played), data: dataOf(played) };
  const calls = `${played.calls.length} calls to ${CLUSTER}`;
  const text = `request ${answerText(played.answers[0])}; ${calls}`;
  return { text, data: dataOf(played) };
}

export const deniedCapability: EnvoyCase = {
  id: "denied-capability",
  measurement:
    "an external-auth plugin without proxy_http_call; held when the request does not pass, the log names exactly the missing function, and allowing it makes the plugin work. Default: the article's own list in Envoy",
  plugins: [NAME],
  async measure(lab) {
    const before = await lab.unhardened(NAME, asks, { ...base, capabilities: ARTICLE });
    const after = await under(lab, []);
    const extra = [CALL, "proxy_continue_stream"];
    const fixed = await under(lab, extra);
    const listed = await under(lab, extra, true);
    const line = pluginLines(after).find((text) => text.includes("capability denied"));
    const named = deniedIn(after).join() === CALL && line !== undefined;
    const stopped = after.answers[0]?.status !== 200 && after.calls.length === 0;
    const beside: Detail = {
      plugin: `${NAME}, allowed, beside Envoy's own list`,
      unhardened: null,
      hardened: cell(listed),
      held: works(listed),
    };
    return {
      unhardened: cell(before),
      hardened: {
        text: `request ${answerText(after.answers[0])}; log: ${line ?? "nothing"}; with it allowed: ${cell(fixed).text}`,
        data: { ...dataOf(after), fixed: dataOf(fixed) },
      },
      held: stopped && named && works(fixed) && beside.held,
      details: [beside],
    };
  },
};
