// A module that is at hand and imports what the release doesn't have yet.
import { minorOf } from "../../../spec/envoy-versions.ts";
import type { Rule } from "../rule.ts";
import { envoyFor } from "../targets.ts";

export const moduleImports: Rule = {
  id: "module-imports",
  level: "error",
  looksAt: "modules that are at hand",
  fix: null,
  summary: "a module with imports that the release does not have",
  use: (use, context, say) => {
    const release = envoyFor(context.targets, use.dialect);
    const imports = context.module(use)?.report.imports ?? [];
    const late = imports.filter(({ since }) => since !== null && minorOf(since) > minorOf(release));
    if (late.length === 0) return;
    const names = [...new Set(late.map((one) => one.name))];
    const shown =
      names.length > 5
        ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`
        : names.join(", ");
    say(use.code!.url.at, { names: shown, release });
  },
};
