// What which Envoy release has, as far as plugins notice: WASI functions and configuration features.
// `evidence` says how it is known: read in that release's source or protos, measured by running it, or
// inferred from neighbouring releases and changelogs. Releases are minor versions; compare by number, not text.
// Sources: Envoy's bazel/repository_locations.bzl by branch with proxy-wasm-cpp-host's exports.h at that
// commit; Envoy protos and changelogs.

export type Evidence = "read" | "measured" | "inferred";

export interface WasiStep {
  /** First minor release with these functions. */
  readonly since: string;
  readonly evidence: Evidence;
  readonly note: string;
  readonly names: readonly string[];
}

/** Every WASI function of wasi.ts stands in exactly one step. */
export const wasiSteps: readonly WasiStep[] = [
  {
    since: "1.28",
    evidence: "read",
    note: "1.28 and 1.31 were read; 1.29 and 1.30 lie between them",
    names: [
      "args_get",
      "args_sizes_get",
      "clock_time_get",
      "environ_get",
      "environ_sizes_get",
      "fd_close",
      "fd_fdstat_get",
      "fd_prestat_dir_name",
      "fd_prestat_get",
      "fd_read",
      "fd_seek",
      "fd_write",
      "path_open",
      "proc_exit",
      "random_get",
    ],
  },
  { since: "1.34", evidence: "read", note: "also in 1.32.13; 1.33 is not known", names: ["fd_fdstat_set_flags", "poll_oneoff", "sched_yield"] },
  {
    since: "1.39",
    evidence: "inferred",
    note: "in the reference host since April 2026; measured in 1.40",
    names: [
      "clock_res_get",
      "fd_advise",
      "fd_allocate",
      "fd_datasync",
      "fd_fdstat_set_rights",
      "fd_filestat_get",
      "fd_filestat_set_size",
      "fd_filestat_set_times",
      "fd_pread",
      "fd_pwrite",
      "fd_readdir",
      "fd_renumber",
      "fd_sync",
      "fd_tell",
      "path_create_directory",
      "path_filestat_get",
      "path_filestat_set_times",
      "path_link",
      "path_readlink",
      "path_remove_directory",
      "path_rename",
      "path_symlink",
      "path_unlink_file",
      "sock_accept",
      "sock_recv",
      "sock_send",
      "sock_shutdown",
    ],
  },
];

/** Pages of linear memory that the reference host gives a VM at most; fixed when it is compiled. Measured in 1.40. */
export const stockMemoryPages = 16_384;

export interface EnvoyFeature {
  readonly id: string;
  readonly since: string;
  readonly evidence: Evidence;
  readonly what: string;
}

export const envoyFeatures: readonly EnvoyFeature[] = [
  { id: "capability-restriction", since: "1.18", evidence: "inferred", what: "capability_restriction_config in PluginConfig; deprecated in 1.40 and still read" },
  { id: "filter-disabled", since: "1.28", evidence: "read", what: "a filter that is off by default and switched on by route" },
  { id: "upstream-filter", since: "1.31", evidence: "read", what: "the Wasm filter as an upstream HTTP filter" },
  { id: "failure-policy", since: "1.33", evidence: "read", what: "failure_policy and reload_config; FAIL_RELOAD makes a new VM after a trap" },
  { id: "reload-stats", since: "1.33", evidence: "read", what: "vm_reload counters by plugin" },
  { id: "namespaced-attributes", since: "1.33", evidence: "read", what: "bare attribute names such as route_name are gone, xds.* stays" },
  { id: "trap-answers-503", since: "1.35", evidence: "read", what: "a trap in a request callback answers 503; before, the request could hang" },
  { id: "headers-stop-iteration", since: "1.35", evidence: "read", what: "allow_on_headers_stop_iteration" },
  { id: "vm-count-stat", since: "1.39", evidence: "read", what: "gauge wasm.wasm_vm_count" },
  { id: "environment-in-vm-key", since: "1.39", evidence: "read", what: "plugins with other environment variables no longer share a VM" },
  { id: "restriction-in-vm-key", since: "1.40", evidence: "read", what: "capability_restriction_config in VmConfig; plugins with other restrictions no longer share a VM" },
];

/** Minor version as a number to compare by, e.g. 40 for "1.40" or "1.40.2". */
export function minorOf(release: string): number {
  return Number(release.split(".")[1]);
}

/** First release whose host registers a WASI function, with how that is known. */
export function wasiSince(name: string): WasiStep | undefined {
  return wasiSteps.find((step) => step.names.includes(name));
}

/** Whether a release (e.g. "1.34") has a feature of this table; unknown ids are not there. */
export function envoyHas(release: string, id: string): boolean {
  const row = envoyFeatures.find((one) => one.id === id);
  return row !== undefined && minorOf(release) >= minorOf(row.since);
}

export interface EnvoyRelease {
  readonly release: string;
  /** How it is known what this release reads and does of what `generate envoy` writes. */
  readonly evidence: Evidence;
}

/** Releases that configuration is generated for, oldest first. */
export const envoyReleases = [
  { release: "1.30", evidence: "inferred" },
  { release: "1.31", evidence: "read" },
  { release: "1.32", evidence: "inferred" },
  { release: "1.33", evidence: "inferred" },
  { release: "1.34", evidence: "read" },
  { release: "1.35", evidence: "read" },
  { release: "1.36", evidence: "measured" },
  { release: "1.37", evidence: "measured" },
  { release: "1.38", evidence: "measured" },
  { release: "1.39", evidence: "measured" },
  { release: "1.40", evidence: "measured" },
] as const satisfies readonly EnvoyRelease[];

export type EnvoyVersion = (typeof envoyReleases)[number]["release"];

/** What a release does with a plugin that traps, and how it is told to. */
export interface FailureForm {
  /** The policy's `failure`. */
  readonly failure: "closed" | "open" | "reload";
  /** First minor release that has the form; of several the newest counts. */
  readonly since: string;
  readonly evidence: Evidence;
  readonly field: "failure_policy" | "fail_open";
  readonly value: string | boolean;
  /** What becomes of the request that traps. */
  readonly trapped: string;
  /** What becomes of the plugin's later requests on that worker. */
  readonly later: string;
  /** Where it is not what the article promises. */
  readonly differs?: string;
}

const FOR_EVER = "until a restart or a new configuration";

export const failureForms: readonly FailureForm[] = [
  { failure: "closed", since: "1.18", evidence: "inferred", field: "fail_open", value: false, trapped: "503", later: `503 ${FOR_EVER}` },
  { failure: "closed", since: "1.33", evidence: "measured", field: "failure_policy", value: "FAIL_CLOSED", trapped: "503", later: `503 ${FOR_EVER}` },
  {
    failure: "open",
    since: "1.18",
    evidence: "inferred",
    field: "fail_open",
    value: true,
    trapped: "goes on without the plugin",
    later: `go on without the plugin ${FOR_EVER}, and nothing says so`,
    differs: "the article counts them (fail_open_count); Envoy has no such statistic",
  },
  {
    failure: "open",
    since: "1.33",
    evidence: "measured",
    field: "failure_policy",
    value: "FAIL_OPEN",
    trapped: "503",
    later: `go on without the plugin ${FOR_EVER}, and nothing says so`,
    differs: "the article lets the request that traps go on too; the deprecated `fail_open: true` in its place does, and excludes failure_policy",
  },
  {
    failure: "reload",
    since: "1.33",
    evidence: "measured",
    field: "failure_policy",
    value: "FAIL_RELOAD",
    trapped: "503",
    later: "a new VM; 503 as long as the last load is not reload_config.backoff.base_interval ago",
  },
];

/** How a release is told what a trap does; undefined where it has no such thing. */
export function failureForm(release: string, failure: FailureForm["failure"]): FailureForm | undefined {
  return failureForms.findLast((row) => row.failure === failure && minorOf(release) >= minorOf(row.since));
}
