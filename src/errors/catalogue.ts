// The catalogue: every error and finding that Glovebox can report, with its text, hint and exit code.
// One row per code in errors/texts/; a code, once released, never changes its meaning. No other file
// holds an error's words.
import { auditTexts } from "./texts/audit.ts";
import { cliTexts } from "./texts/cli.ts";
import { envoyConfigTexts } from "./texts/envoy-config.ts";
import { gatewayTexts } from "./texts/gateway.ts";
import { generateTexts } from "./texts/generate.ts";
import { hardenTexts } from "./texts/harden.ts";
import { hostTexts } from "./texts/host.ts";
import { httpTexts } from "./texts/http.ts";
import { inspectTexts } from "./texts/inspect.ts";
import { learnTexts } from "./texts/learn.ts";
import { lintTexts } from "./texts/lint.ts";
import { ociTexts } from "./texts/oci.ts";
import { pluginsTexts } from "./texts/plugins.ts";
import { policyTexts } from "./texts/policy.ts";
import { serveTexts } from "./texts/serve.ts";
import { signingTexts } from "./texts/signing.ts";
import { trialTexts } from "./texts/trial.ts";
import { verifyTexts } from "./texts/verify.ts";
import { wasmTexts } from "./texts/wasm.ts";

/** Whose mistake it is: decides nothing but the sentence a fuzz oracle may check. */
export type Blame = "input" | "usage" | "environment" | "remote" | "glovebox";

export interface Text {
  /** What was expected and what was found; `{name}` is filled from the arguments. */
  readonly text: string;
  /** What to do about it. */
  readonly hint: string;
  readonly blame: Blame;
  /** Process exit code when this ends a command (see product exit codes). */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 70;
}

export const catalogue = {
  ...wasmTexts,
  ...policyTexts,
  ...hardenTexts,
  ...verifyTexts,
  ...httpTexts,
  ...inspectTexts,
  ...hostTexts,
  ...trialTexts,
  ...learnTexts,
  ...pluginsTexts,
  ...envoyConfigTexts,
  ...gatewayTexts,
  ...generateTexts,
  ...auditTexts,
  ...lintTexts,
  ...ociTexts,
  ...signingTexts,
  ...serveTexts,
  ...cliTexts,
} as const satisfies Readonly<Record<string, Text>>;

export type Code = keyof typeof catalogue;

export type Args = Readonly<Record<string, string | number | bigint>>;

/** The row of a code, widened to its common shape. */
export function textOf(code: Code): Text {
  return catalogue[code];
}

/** Fills `{name}` placeholders; an argument that is missing stays visible as `{name}`. */
export function fill(template: string, args: Args): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = args[name];
    return value === undefined ? whole : String(value);
  });
}
