// Beyond the article's tables: calls that the policy allows with arguments that it doesn't, in a stock Envoy whose own
// lists know no arguments. What arrives at a real server and what the plugin logs is what counts.
import type { Cell } from "../../case.ts";
import {
  AUTHORITY,
  cluster,
  type GuardScene,
  header,
  property,
  ROLE,
  succeeded,
  tries,
} from "../../cases/guards.ts";
import type { PolicyOverrides } from "../../lab.ts";
import { plural, refusal } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab, SceneOptions } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { answerText, dataOf, deniedIn, pluginLines } from "../words.ts";

async function under(
  lab: EnvoyLab,
  scene: GuardScene,
  rules: PolicyOverrides,
  options: SceneOptions,
): Promise<Played> {
  const policy = lab.policy(ROLE, rules);
  const { played, refused } = await lab.hardened(scene.plugin, policy, [scene.request], options);
  if (played === null) throw new Error(refusal(refused).text);
  return played;
}

async function threeOf(lab: EnvoyLab, scene: GuardScene, options: SceneOptions = {}) {
  const expected = options.targets === undefined ? options : { ...options, expectCalls: 1 };
  const [before, after, control] = await Promise.all([
    lab.unhardened(scene.plugin, [scene.request], expected),
    under(lab, scene, scene.refused, options),
    under(lab, scene, scene.allowed, expected),
  ]);
  return { before, after, control };
}

function callCell(played: Played): Cell {
  const denied = deniedIn(played);
  const said = denied.length === 0 ? "" : `; denied ${denied.join(", ")}`;
  const arrived = `${plural(played.calls.length, "call")} arrived`;
  const text = `${arrived}${said}; request ${answerText(played.answers[0])}`;
  return { text, data: dataOf(played) };
}

function triesCell(played: Played): Cell {
  const lines = pluginLines(played);
  const [all, done] = [tries(lines), succeeded(lines)];
  const text = `${done.length} of ${plural(all.length, "try", "tries")} succeeded`;
  return { text, data: { ...dataOf(played), tries: all } };
}

const count = (played: Played): number => succeeded(pluginLines(played)).length;

export const otherCluster: EnvoyCase = {
  id: "other-cluster",
  measurement:
    "calls that arrive at a cluster that the policy doesn't name; held when one does by default and none hardened, and it arrives where the policy names the cluster",
  plugins: [cluster.plugin],
  async measure(lab) {
    const { before, after, control } = await threeOf(lab, cluster, { targets: ["exfiltration"] });
    const hardened = callCell(after);
    return {
      unhardened: callCell(before),
      hardened: {
        text: `${hardened.text}; where the policy names it: ${callCell(control).text}`,
        data: hardened.data,
      },
      held:
        before.calls.length === 1 &&
        after.calls.length === 0 &&
        deniedIn(after).join() === "proxy_http_call" &&
        control.calls.length === 1,
      details: [],
    };
  },
};

export const otherProperty: EnvoyCase = {
  id: "other-property",
  measurement:
    "which of six attributes a plugin reads that may read its own name; held when it gets credentials by default, hardened only its name, and one more where the policy names one more",
  plugins: [property.plugin],
  async measure(lab) {
    const { before, after, control } = await threeOf(lab, property);
    const hardened = triesCell(after);
    return {
      unhardened: triesCell(before),
      hardened: {
        text: `${hardened.text}; with authorization named: ${triesCell(control).text}`,
        data: hardened.data,
      },
      held: count(before) >= 3 && count(after) === 1 && count(control) === 2,
      details: [],
    };
  },
};

export const otherHeader: EnvoyCase = {
  id: "other-header",
  measurement:
    "which of ten ways to read and change headers work for a plugin that may write x-tenant; held when most do by default, hardened that one alone, and where the policy says host or :authority what has to do with the authority and nothing else",
  plugins: [header.plugin],
  async measure(lab) {
    const { before, after, control } = await threeOf(lab, header);
    const aliases = succeeded(pluginLines(control));
    const hardened = triesCell(after);
    return {
      unhardened: triesCell(before),
      hardened: {
        text: `${hardened.text}; with the authority named: ${triesCell(control).text}`,
        data: { ...hardened.data, allowed: aliases },
      },
      held:
        count(before) >= 8 &&
        succeeded(pluginLines(after)).join() === "add x-tenant" &&
        aliases.every((one) => AUTHORITY.includes(one)) &&
        aliases.includes("read :authority") &&
        aliases.includes("replace :authority"),
      details: [],
    };
  },
};
