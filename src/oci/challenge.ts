// WWW-Authenticate, as registries send it: schemes with parameters, several in one header or in several. RFC 9110.

export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

const token = /[!#$%&'*+.^_`|~\w-]+/y;
const parameter = /([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
const gap = /[\s,]*/y;

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The challenges of a header; stops where it can't be read, with what came before. */
export function parseChallenges(header: string): readonly Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  for (let at = 0; at < header.length; ) {
    at += match(gap, header, at)![0].length;
    const pair = match(parameter, header, at);
    const open = found.at(-1);
    if (pair !== null && open !== undefined) {
      const [whole, name, quoted, plain] = pair;
      open.parameters[name!.toLowerCase()] = plain ?? quoted!.replace(/\\(.)/g, "$1");
      at += whole.length;
      continue;
    }
    const scheme = match(token, header, at);
    if (scheme === null) break;
    found.push({ scheme: scheme[0].toLowerCase(), parameters: {} });
    at += scheme[0].length;
  }
  return found;
}
