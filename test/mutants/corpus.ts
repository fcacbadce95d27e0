// The modules whose mutants are judged: every plugin of the catalogue that hardens, those of other toolchains where
// they are built, the regression corpus, and random programs; each in both modes, with budgets that the
// counting interpreter can run out.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { fixture } from "../../plugins/fixtures.ts";
import { contain } from "../../src/contain/contain.ts";
import { textOf } from "../../src/errors/catalogue.ts";
import { Failure } from "../../src/errors/failure.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import type { RoleName } from "../../src/policy/roles.ts";
import { fromFile } from "../fuzz/corpus.ts";
import type { Call } from "../fuzz/generate.ts";
import { mixed } from "../fuzz/generated.ts";
import { startsItself } from "../oracle/promise.ts";
import { guardedPolicy } from "../verify/guarded.ts";
import { type Subject, subjectOf } from "./subject.ts";

export interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly role: RoleName | null;
  readonly allow: readonly string[];
  /** What to call; undefined for a plugin's life. */
  readonly calls?: readonly Call[];
}

export interface Corpus {
  readonly members: readonly Member[];
  /** What could not be had, with the reason. */
  readonly missing: readonly string[];
}

const BUDGETS = { callback: 20_000, start: 400_000 } as const;

/** Beyond the role of its row, what a plugin's SDK asks for at start. */
const beyondRole: Readonly<Record<string, readonly string[]>> = {
  "solo-headers": ["proxy_get_property"],
};

const replayed = new URL("../../../test/regress/corpus/", import.meta.url);

function regressions(): Member[] {
  if (!existsSync(replayed)) return [];
  const files = readdirSync(replayed)
    .filter((file) => file.endsWith(".wasm"))
    .sort();
  return files.flatMap((file) => {
    const entry = fromFile(new Uint8Array(readFileSync(new URL(file, replayed))));
    if (entry === undefined) return [];
    const { sample, setting } = entry;
    return [{ name: file, ...sample, role: "logging" as const, allow: setting.allow }];
  });
}

function randomOnes(count: number): Member[] {
  return Array.from({ length: count }, (_, i) => {
    const { sample, setting } = mixed(i + 1);
    return { name: `random ${i + 1}`, ...sample, role: "logging" as const, allow: setting.allow };
  });
}

/** `toolchains`: with the plugins of other toolchains. `random`: how many random programs. */
export async function corpusOf(toolchains: boolean, random: number): Promise<Corpus> {
  const paths = await buildPlugins();
  const members: Member[] = [];
  const missing: string[] = [];
  for (const row of plugins as readonly PluginRow[]) {
    if (row.kind === "fixture" && !toolchains) continue;
    const found = row.kind === "fixture" ? await fixture(row.name) : { path: paths.get(row.name)! };
    if ("missing" in found) {
      missing.push(`${row.name}: ${found.missing}`);
      continue;
    }
    members.push({
      name: row.name,
      bytes: new Uint8Array(readFileSync(found.path)),
      role: row.role as RoleName | null,
      allow: beyondRole[row.name] ?? [],
    });
  }
  return { members: [...members, ...regressions(), ...randomOnes(random)], missing };
}

/** As a role has it, in both modes, and with every rule, accounts of streams, telemetry and answers to exhaustion. */
const forms = [
  { mode: "bound", guarded: false },
  { mode: "exact", guarded: false },
  { mode: "bound", guarded: true },
] as const;
type Form = (typeof forms)[number];

function policyOf({ role, allow }: Member, { mode, guarded }: Form): Policy {
  const policy = policyFromRole(role, {
    "spec.limits.fuel.mode": mode,
    "spec.limits.fuel.callback": BUDGETS.callback,
    "spec.limits.fuel.start": BUDGETS.start,
    "spec.capabilities.allow+": [...allow],
  });
  if (!guarded) return policy;
  const { fuel, log, dispatch, host, streams } = guardedPolicy.limits;
  const limits = {
    log,
    dispatch,
    host,
    streams,
    fuel: { ...policy.limits.fuel, request: fuel.request },
  };
  return {
    ...policy,
    rules: guardedPolicy.rules,
    limits: { ...policy.limits, ...limits },
    telemetry: true,
    onExhaustion: "deny",
  };
}

/** A member hardened in each form; empty where harden refuses it, for what it is. */
export function subjectsOf(member: Member): readonly Subject[] {
  try {
    return forms.map((form) => {
      const policy = policyOf(member, form);
      const { bytes } = contain(member.bytes, policy);
      const name = form.guarded ? `${member.name}, guarded` : member.name;
      return subjectOf(name, bytes, policy, startsItself(member.bytes));
    });
  } catch (error) {
    if (error instanceof Failure && textOf(error.code).blame === "input") return [];
    throw error;
  }
}
