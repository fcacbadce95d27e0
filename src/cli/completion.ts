// `glovebox completion SHELL`: the table as a completion script. The scripts hold words only; nothing of
// Glovebox runs while the user types.
import type { FlagRow, Outcome } from "./command-row.ts";
import {
  type CommandName,
  commandNames,
  commandRow,
  commonFlags,
  groups,
  type InputOf,
} from "./commands.ts";
import { usage } from "./usage.ts";

interface Place {
  /** Words typed so far after `glovebox`: "", "policy", "policy explain". */
  readonly path: string;
  readonly words: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly FlagRow[];
}

function flagsOf(name: CommandName): readonly FlagRow[] {
  return [...commandRow(name).flags, ...commonFlags];
}

/** Every place in a command line where a word can follow. */
function places(): readonly Place[] {
  const top = new Map<string, string>();
  const all: Place[] = [];
  for (const name of commandNames) {
    const [first, second] = name.split(" ");
    top.set(first!, second === undefined ? commandRow(name).summary : (groups[first!] ?? ""));
    all.push({ path: name, words: [], flags: flagsOf(name) });
  }
  for (const group of Object.keys(groups)) {
    const words = commandNames
      .filter((name) => name.startsWith(`${group} `))
      .map((name) => ({ name: name.split(" ")[1]!, summary: commandRow(name).summary }));
    all.push({ path: group, words, flags: [] });
  }
  const words = [...top].map(([name, summary]) => ({ name, summary }));
  return [{ path: "", words, flags: [] }, ...all];
}

const longNames = (flags: readonly FlagRow[]): readonly string[] =>
  ["help", ...flags.map((flag) => flag.name)].map((name) => `--${name}`);

function bash(): string {
  const cases = places().map(({ path, words, flags }) => {
    const offers = [...words.map((word) => word.name), ...longNames(flags)].join(" ");
    return `    "${path}") offers="${offers}" ;;`;
  });
  return `# bash completion for glovebox
_glovebox() {
  local word path="" offers=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      ${[...new Set(places().map(({ path }) => path.split(" ").at(-1)!))].filter(Boolean).join("|")}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$offers" -- "\${COMP_WORDS[COMP_CWORD]}"))
  case "\${COMP_WORDS[COMP_CWORD]}" in -*) ;; *) COMPREPLY+=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")) ;; esac
}
complete -o filenames -F _glovebox glovebox
`;
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(): string {
  const cases = places().map(({ path, words, flags }) => {
    const offers = [
      ...words.map((word) => quote(`${word.name}:${word.summary}`)),
      ...flags.map((flag) => quote(`--${flag.name}:${flag.summary}`)),
      quote("--help:show arguments, examples and exit codes"),
    ];
    return `    ${quote(path)}) offers=(${offers.join(" ")}) ;;`;
  });
  return `#compdef glovebox
_glovebox() {
  local -a offers typed
  typed=(\${\${words[2,CURRENT-1]}:#-*})
  local place="\${typed[1]}"
  [[ -n \${(M)\${:-${Object.keys(groups).join(" ")}}:#$place} && -n "\${typed[2]}" ]] && place="$place \${typed[2]}"
  case "$place" in
${cases.join("\n")}
  esac
  _describe glovebox offers
  _files
}
if [ "$funcstack[1]" = "_glovebox" ]; then _glovebox "$@"; else compdef _glovebox glovebox; fi
`;
}

function fish(): string {
  const lines: string[] = ["# fish completion for glovebox"];
  for (const { path, words, flags } of places()) {
    const parts = path.split(" ").filter(Boolean);
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`);
    const names = words.map((word) => word.name).join(" ");
    const unseen = words.length === 0 ? [] : [`not __fish_seen_subcommand_from ${names}`];
    const when = [...seen, ...unseen].join("; and ");
    const condition = when === "" ? "" : ` -n ${quote(when)}`;
    for (const word of words) {
      lines.push(`complete -c glovebox${condition} -a ${word.name} -d ${quote(word.summary)}`);
    }
    for (const flag of flags) {
      const short = flag.short === undefined ? "" : ` -s ${flag.short}`;
      const value = flag.value === undefined ? "" : " -r";
      lines.push(
        `complete -c glovebox${condition}${short} -l ${flag.name}${value} -d ${quote(flag.summary)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

const shells: Readonly<Record<string, () => string>> = { bash, zsh, fish };

export async function run({ args }: InputOf<"completion">): Promise<Outcome> {
  const script = Object.hasOwn(shells, args.shell) ? shells[args.shell] : undefined;
  if (script === undefined)
    usage("completion", `no completion for ${args.shell}: bash, zsh or fish`);
  const text = script();
  return { exit: 0, result: { shell: args.shell, script: text }, text: () => text };
}
