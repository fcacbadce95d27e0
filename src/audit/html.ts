// An audit as one page of HTML without scripts or anything from elsewhere. Everything that comes from configuration is
// escaped; the page's own policy forbids the rest.
import type { Audit } from "./row.ts";
import { fieldsOf, inOrder, summaryText } from "./text.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?")
    .replace(/[&<>"']/g, (one) => entities[one]!);

const style = `body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid #d0d0d0;padding:.45rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600}
.risk{font-weight:700;white-space:nowrap}
.severe{color:#8b0000}.high{color:#b3390b}.medium{color:#7a5c00}.low{color:#1d6b2e}
dl{display:grid;grid-template-columns:6rem 1fr;margin:0;gap:.15rem .6rem}
dt{color:#595959}dd{margin:0}`;

/** The whole page. `made` is a sentence on what was audited and when, by whoever knows the time. */
export function auditHtml(audit: Audit, made: string): string {
  const rows = inOrder(audit.rows).map((row) => {
    const fields = fieldsOf(row)
      .filter(([key]) => key !== "risk")
      .map(([key, value]) => `<dt>${escaped(key)}</dt><dd>${escaped(value)}</dd>`)
      .join("");
    const reasons = row.reasons.map((one) => `<li>${escaped(one)}</li>`).join("");
    return `<tr><th scope="row">${escaped(row.plugin)}</th><td class="risk ${row.risk}">${row.risk}</td><td><ul>${reasons}</ul></td><td><dl>${fields}</dl></td></tr>`;
  });
  const problems =
    audit.problems.length === 0
      ? ""
      : `<h2>Not read</h2><ul>${audit.problems.map((one) => `<li>${escaped(one)}</li>`).join("")}</ul>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plugins in force</title>
<style>${style}</style>
</head>
<body>
<h1>Plugins in force</h1>
<p>${escaped(made)}</p>
<p>${escaped(summaryText(audit))}</p>
<table>
<thead><tr><th scope="col">Plugin</th><th scope="col">Risk</th><th scope="col">Why</th><th scope="col">What it is</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
${problems}
</body>
</html>
`;
}
