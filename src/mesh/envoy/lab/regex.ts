// Envoy's regular expressions are RE2; JavaScript's are another language. Here is the part that both read alike,
// and the translation of what they only spell differently. What JavaScript alone has is refused.

/** Reads a pattern; throws a SyntaxError whose message says what is wrong. Whoever matches adds its own anchors. */
export function compileRegex(pattern: string, anchored: boolean): RegExp {
  const { source, flags } = translate(pattern);
  return new RegExp(anchored ? `^(?:${source})$` : source, flags);
}

const classes: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  blank: "\\t ",
  digit: "0-9",
  lower: "a-z",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

function refuse(what: string): never {
  throw new SyntaxError(what);
}

function translate(pattern: string): { readonly source: string; readonly flags: string } {
  const [, inline = "", rest = pattern] = /^\(\?([a-z]+)\)(.*)$/s.exec(pattern) ?? [];
  if (/[^ims]/.test(inline)) refuse(`the flags (?${inline})`);
  // Without a flag, RE2's dot stops at line ends and its $ means the end of the text: so do JavaScript's.
  return { source: walk(rest), flags: `u${[...new Set(inline)].join("")}` };
}

function walk(pattern: string): string {
  let out = "";
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === "\\") {
      out += escaped(pattern, ++at, inClass);
    } else if (inClass) {
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(pattern.slice(at));
      if (posix !== null) {
        const set = classes[posix[2]!];
        if (set === undefined || posix[1] !== "") refuse(`the class ${posix[0]}`);
        out += set;
        at += posix[0].length - 1;
        continue;
      }
      // Unicode mode wants its own brackets escaped.
      if (character === "]") inClass = false;
      out += character === "[" ? "\\[" : character;
    } else if (character === "[") {
      inClass = true;
      const open = /^\[\^?\]?/.exec(pattern.slice(at))![0];
      // RE2 reads a bracket that closes at once as itself.
      out += open.endsWith("]") ? `${open.slice(0, -1)}\\]` : open;
      at += open.length - 1;
    } else if (character === "(" && pattern[at + 1] === "?") {
      const group = /^\(\?(?:P?<([A-Za-z_]\w*)>|:)/.exec(pattern.slice(at));
      if (group === null) return refuse(`the group ${pattern.slice(at, at + 4)}`);
      out += group[1] === undefined ? "(?:" : `(?<${group[1]}>`;
      at += group[0].length - 1;
    } else if (
      (character === "{" && !/^\{\d+(?:,\d*)?\}/.test(pattern.slice(at))) ||
      character === "}"
    ) {
      const closes = character === "}" && /\{\d+(?:,\d*)?$/.test(out);
      out += closes ? character : `\\${character}`;
    } else {
      out += character;
    }
  }
  return out;
}

function escaped(pattern: string, at: number, inClass: boolean): string {
  const character = pattern[at];
  if (character === undefined) return refuse("a backslash at the end");
  if (/[dDwWsStnrfv]/.test(character)) return `\\${character}`;
  if (/[bB]/.test(character) && !inClass) return `\\${character}`;
  if (character === "A" && !inClass) return "^";
  if (character === "z" && !inClass) return "$";
  if (character === "x") {
    const hex = /^x[0-9a-fA-F]{2}/.exec(pattern.slice(at));
    return hex === null ? refuse("\\x without two hex digits") : "\\x";
  }
  if (/[0-9]/.test(character)) return refuse(`the back-reference \\${character}`);
  if (/[A-Za-z]/.test(character)) return refuse(`the escape \\${character}`);
  // Unicode mode lets only these be escaped.
  if (/[\^$\\.*+?()[\]{}|/]/.test(character)) return `\\${character}`;
  return character === "-" && inClass ? "\\-" : character;
}
