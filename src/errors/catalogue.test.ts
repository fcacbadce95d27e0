// The catalogue as a whole: one row a code, and what is printed from it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue } from "./catalogue.ts";
import { Failure, finding } from "./failure.ts";
import { renderFailure, renderFinding } from "./render.ts";
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

const areas = [
  ...[cliTexts, hardenTexts, hostTexts, inspectTexts, pluginsTexts],
  ...[policyTexts, trialTexts, verifyTexts, wasmTexts],
  ...[auditTexts, envoyConfigTexts, gatewayTexts, generateTexts, httpTexts, learnTexts, lintTexts],
  ...[ociTexts, serveTexts, signingTexts],
];

test("no code has rows in two areas, where one would hide the other", () => {
  const codes = areas.flatMap((texts) => Object.keys(texts));
  assert.deepEqual(
    codes.filter((code, at) => codes.indexOf(code) !== at),
    [],
  );
  assert.deepEqual(codes.sort(), Object.keys(catalogue).sort());
});

test("a name with escapes or line feeds stays one line that a terminal does not obey", () => {
  const name = "a\u001b[2J\nerror[x]: b\u202ec\u2028d";
  const plain = "a?[2J?error[x]: b?c?d";
  const failure = new Failure("wasm-duplicate-export", { name });
  assert.ok(renderFailure(failure).includes(`two exports are named ${plain}.`));
  const found = finding("inspect-import-unknown", "error", { name });
  assert.ok(renderFinding(found).includes(`imports ${plain}, which`));
  assert.equal(failure.message.includes(name), true);
});
