// Matchers of texts, headers and query parameters, and the regular expressions in them.
import type { HeaderMatch, QueryMatch, RegexRewrite, StringMatch } from "../lab-config.ts";
import { shortName } from "../read/check.ts";
import type { Picker } from "./picker.ts";
import { regexProblem } from "./regex.ts";

/** The pattern of a RegexMatcher; undefined, and a finding, where the lab cannot read it. */
export function readRegex(matcher: Picker | undefined): string | undefined {
  if (matcher === undefined) return undefined;
  // It says which engine, and there is one.
  matcher.value("google_re2");
  const pattern = matcher.text("regex");
  const problem = regexProblem(pattern);
  if (problem === null) return pattern;
  const args = { field: `${shortName(matcher.type)}.regex`, reason: problem.slice(0, 200) };
  matcher.report.add("envoy-bad-regex", "error", matcher.offset("regex"), args);
  return undefined;
}

export function readRewrite(rewrite: Picker | undefined): RegexRewrite | null {
  const pattern = readRegex(rewrite?.child("pattern"));
  return rewrite === undefined || pattern === undefined
    ? null
    : { pattern, substitution: rewrite.text("substitution") };
}

export function readStringMatch(matcher: Picker | undefined): StringMatch | undefined {
  if (matcher === undefined) return undefined;
  const ignoreCase = matcher.flag("ignore_case");
  for (const kind of ["exact", "prefix", "suffix", "contains"] as const) {
    if (matcher.has(kind)) return { kind, value: matcher.text(kind), ignoreCase };
  }
  const pattern = readRegex(matcher.child("safe_regex"));
  return pattern === undefined ? undefined : { kind: "regex", pattern };
}

const oldForms = {
  exact_match: "exact",
  prefix_match: "prefix",
  suffix_match: "suffix",
  contains_match: "contains",
} as const;

function headerTest(matcher: Picker): HeaderMatch["test"] | undefined {
  for (const [field, kind] of Object.entries(oldForms)) {
    if (matcher.has(field)) {
      const match = { kind, value: matcher.text(field), ignoreCase: false } as const;
      return { kind: "string", match };
    }
  }
  if (matcher.has("safe_regex_match")) {
    const pattern = readRegex(matcher.child("safe_regex_match"));
    return pattern === undefined
      ? undefined
      : { kind: "string", match: { kind: "regex", pattern } };
  }
  if (matcher.has("string_match")) {
    const match = readStringMatch(matcher.child("string_match"));
    return match === undefined ? undefined : { kind: "string", match };
  }
  const range = matcher.child("range_match");
  if (range !== undefined) {
    return { kind: "range", from: range.number("start") ?? 0, to: range.number("end") ?? 0 };
  }
  const present = matcher.has("present_match") ? matcher.flag("present_match") : true;
  return { kind: "present", present };
}

export function readHeaderMatches(matchers: readonly Picker[]): readonly HeaderMatch[] {
  return matchers.flatMap((matcher): HeaderMatch[] => {
    const test = headerTest(matcher);
    if (test === undefined) return [];
    return [
      {
        name: matcher.text("name").toLowerCase(),
        test,
        invert: matcher.flag("invert_match"),
        treatMissingAsEmpty: matcher.flag("treat_missing_header_as_empty"),
      },
    ];
  });
}

export function readQueryMatches(matchers: readonly Picker[]): readonly QueryMatch[] {
  return matchers.flatMap((matcher): QueryMatch[] => {
    const name = matcher.text("name");
    if (matcher.has("present_match") && !matcher.flag("present_match")) {
      matcher.unsupported("present_match", "false", "true");
      return [];
    }
    if (!matcher.has("string_match")) return [{ name, match: null }];
    const match = readStringMatch(matcher.child("string_match"));
    return match === undefined ? [] : [{ name, match }];
  });
}
