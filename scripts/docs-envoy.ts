// Reference page of Envoy's releases: which are generated for, what each has, and what a trap does in it.
import {
  type EnvoyRelease,
  envoyFeatures,
  envoyReleases,
  type FailureForm,
  failureForm,
  wasiSteps,
} from "../src/spec/envoy-versions.ts";
import { code, page, table } from "./docs-pages.ts";

const evidences = {
  measured: "measured: `npm run test:interop` runs it",
  read: "read in that release's source",
  inferred: "inferred from its neighbours and from changelogs",
} as const;

/** Neighbours that are told the same, oldest first. */
function spans(failure: FailureForm["failure"]) {
  const found: { first: string; last: string; form: FailureForm | undefined }[] = [];
  for (const { release } of envoyReleases as readonly EnvoyRelease[]) {
    const form = failureForm(release, failure);
    const before = found.at(-1);
    if (before !== undefined && before.form === form) before.last = release;
    else found.push({ first: release, last: release, form });
  }
  return found;
}

function failures(failure: FailureForm["failure"]): string {
  const rows = spans(failure).map(({ first, last, form }) => {
    const releases = first === last ? first : `${first} to ${last}`;
    if (form === undefined)
      return [releases, `nothing: ${code("generate-failure-policy")}`, "", "", ""];
    const { field, value, trapped, later, differs } = form;
    return [releases, code(`${field}: ${value}`), trapped, later, differs ?? ""];
  });
  const heads = [
    "Envoy",
    "What is generated",
    "The request that traps",
    "Later ones on that worker",
    "Not as the article has it",
  ];
  return `### \`failure: ${failure}\`\n\n${table(heads, rows)}`;
}

/** docs/reference/envoy-releases.md */
export function envoyReleasesPage(): string {
  return page(
    "Releases of Envoy",
    "What `glovebox generate envoy --version` knows of each. Releases before 1.35 may leave a request that traps without any answer; later ones answer 503.",
    table(
      ["Envoy", "How it is known"],
      envoyReleases.map(({ release, evidence }) => [release, evidences[evidence]]),
    ),
    "## What a trap does",
    ...(["closed", "open", "reload"] as const).map(failures),
    "## What configuration and hosts have",
    table(
      ["Since", "What", "How it is known"],
      envoyFeatures.map(({ since, what, evidence }) => [since, what, evidence]),
    ),
    "## WASI functions",
    "A plugin that imports one that its host doesn't have is not loaded. A hardened plugin imports only what its policy allows and its code calls.",
    table(
      ["Since", "Functions", "How it is known"],
      wasiSteps.map(({ since, names, evidence, note }) => [
        since,
        names.map(code).join(" "),
        `${evidence}; ${note}`,
      ]),
    ),
  );
}
