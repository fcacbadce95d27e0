// Reference pages of the lab, from its tables: statistics, and the admin's pages.
import { adminRoutes } from "../src/gateway/admin/routes.ts";
import { type Stat, type StatOrigin, stats } from "../src/spec/stats.ts";
import { code, page, table } from "./docs-pages.ts";

const origins: Readonly<Record<StatOrigin, string>> = {
  article: "The article's, in both its spellings",
  envoy: "Envoy's own",
  glovebox: "What only the lab knows",
};

function section(origin: StatOrigin): string {
  const rows = (stats as readonly Stat[])
    .filter((row) => row.origin === origin)
    .map(({ names, kind, merge, prometheus, labels, doc }) => {
      const labelled = Object.values(labels);
      const family = `${prometheus}${labelled.length === 0 ? "" : `{${labelled.join(",")}}`}`;
      const how = merge === "max" ? `${kind}, the largest of all threads` : kind;
      return [names.map(code).join("<br>"), how, code(family), doc];
    });
  return `## ${origins[origin]}\n\n${table(["Name", "Kind", "Prometheus", "What it counts"], rows)}`;
}

/** docs/reference/statistics.md */
export function statisticsPage(): string {
  return page(
    "Statistics of the lab",
    "What `/stats` of `glovebox run` prints, over all threads. In a name, `{plugin}` is the plugin's name, `{vm}` its VM id (its name where it has none), and a placeholder that ends in `_` has underscores for everything but letters and digits. Labels never carry anything of a request. Requests that are traced meet an instance of their own, which is not counted.",
    ...(["article", "envoy", "glovebox"] as const).map(section),
  );
}

/** docs/reference/admin.md */
export function adminPage(): string {
  return page(
    "The lab's admin",
    "`glovebox run` serves these at the bootstrap's `admin` address, or at `--admin`. Whoever reaches it can end the lab: give it an address of your own machine. There it answers only to who asks by an address or as localhost, and nowhere does it do what a page of another origin posts, so that no page in a browser can read or end it. Nothing that may be secret is shown: plugin configuration, environment, keys, inline code, and whatever went through a request.",
    table(
      ["Method", "Path", "What it does"],
      adminRoutes.map(({ method, path, doc }) => [method, code(path), doc]),
    ),
  );
}
