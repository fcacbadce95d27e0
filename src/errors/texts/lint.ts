// Texts of linting mesh configuration; see catalogue.ts for the shape. `manifest-` codes are about files that can't be
// read, `suppression-`, `baseline-` and `fix-` ones about the linter's own means; every other code is a rule's id, with
// a page in docs/rules.
import type { Text } from "../catalogue.ts";

const rule = (text: string, hint: string) => ({ text, hint, blame: "input", exit: 1 }) as const;

export const lintTexts = {
  "manifest-template": rule("this is a template that hasn't been rendered", "Render it first, for example `helm template . | glovebox lint -`"),
  "manifest-syntax": rule("this is not well-formed YAML or JSON: {reason}", "Correct the syntax at this place"),
  "manifest-too-large": rule("this document is not read: {reason}", "No manifest needs that; check that this is the right file"),
  "manifest-not-text": rule("this file is not read: it is {what}", "Write manifests as UTF-8 text"),
  "manifest-unreadable": { text: "this file can't be read: {reason}", hint: "Check its path and permissions", blame: "environment", exit: 3 },
  "suppression-without-reason": rule("this suppression of {rule} says no reason, so it counts for nothing", "Write `# glovebox-ignore {rule}: REASON`"),
  "suppression-unknown": rule("there is no rule {rule} to suppress", "{suggestion}"),
  "suppression-unused": rule("this suppression of {rule} suppresses nothing", "Take it out"),
  "baseline-unreadable": { text: "the baseline is none that `glovebox lint` wrote: {reason}", hint: "Write it again with --write-baseline", blame: "input", exit: 3 },
  "fix-not-applied": rule("{count} repairs of this file don't hold together, so none was written: {reason}", "Correct the file by hand"),
  "lint-no-files": { text: "{files} hold no manifest", hint: "Name YAML or JSON files, folders of them, or - for standard input", blame: "usage", exit: 2 },
  "lint-unknown-target": { text: "--target {target} is nothing that facts are known of", hint: "{suggestion}", blame: "usage", exit: 2 },

  "capability-alias": rule("hosts know no capability {name}, so Envoy silently denies what it means: {real}{note}", "Write {real}"),
  "capability-empty": rule(
    "this list of capabilities is empty, which restricts nothing: Envoy then allows every call",
    "Name what the plugin may do; `glovebox inspect` proposes the least",
  ),
  "digest-missing": rule("nothing pins the bytes of {url}: whoever can write there decides what runs in the proxy", "Add `sha256` with {what}"),
  "fail-open-security": rule("{name} decides about requests ({why}), and {field} lets them pass unchecked once it has failed", "Let it fail closed"),
  "invented-runtime-key": rule("nobody reads the runtime key {key}: Envoy has no limit of a plugin there", "Put the limit into the module: `glovebox harden`"),
} as const satisfies Readonly<Record<string, Text>>;
