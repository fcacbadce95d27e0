// Names as evidence may show them. A plugin puts what it likes into the names of clusters, keys and metrics, and a
// path holds whatever a client sent: what doesn't look like a word that a programmer wrote becomes `*`.

const MAX = 200;
const MAX_PATH = 80;

/** A word as programmers write them, with up to two digits behind it, or a short number: no token, no identifier. */
const word = /^(?:(?=.{1,18}$)(?:[A-Za-z][a-z]*(?:[A-Z][a-z]+){0,3}|[A-Z]+)\d{0,2}|\d{1,4})?$/;

/** Words stay, everything else becomes `*`; what parts them stays. */
export function plainWords(text: string): string {
  const parts = text.slice(0, MAX).split(/([._\-/:;,=| ]+)/);
  const shown = parts.map((part, i) => (i % 2 === 1 || word.test(part) ? part : "*")).join("");
  return text.length > MAX ? `${shown}*` : shown;
}

/** Method and path of a request, without its query. */
export function plainRequest(method: string, path: string): string {
  const bare = path.replace(/[?#].*$/s, "");
  const shown = plainWords(bare.slice(0, MAX_PATH));
  const verb = /^[A-Za-z]{1,16}$/.test(method) ? method : "?";
  return `${verb} ${shown}${bare.length > MAX_PATH ? "…" : ""}`;
}

/** A method as HTTP writes them. */
export function plainMethod(method: string): string {
  return /^[A-Z]{1,16}$/.test(method) ? method : "(no method)";
}

/** A path whose parts are all words; what is behind its query stays out, and says so by a `*`. */
export function plainPath(path: string): string {
  const bare = path.replace(/[?#].*$/s, "");
  const shown = plainWords(bare);
  return bare === path ? shown : `${shown}*`;
}

/** A key's first word, up to what parts it from the rest. */
export function keyPrefix(key: string): string {
  const [, first = "", mark = "", rest = ""] = /^([^/:.|#=]*)([/:.|#=]?)(.*)$/s.exec(key) ?? [];
  const shown = plainWords(first);
  return mark === "" ? shown : `${shown}${mark}${rest === "" ? "" : "*"}`;
}

/** A cluster, a header, a foreign function: visible ASCII as it stands, anything else without its text. */
export function visible(text: string, otherwise: string): string {
  return /^[\x21-\x7e]{1,200}$/.test(text) ? text : otherwise;
}

/** The last two labels of a domain name: whoever asks for a name can put anything in front of its own domain. */
export function domainOf(name: string): string {
  const labels = name.replace(/\.$/, "").split(".");
  const shown = visible(labels.slice(-2).join("."), "(no name)");
  return labels.length > 2 ? `*.${shown}` : shown;
}

/** A property's path with dots between its segments. */
export function propertyName(path: string): string {
  const dotted = path.replace(/\0$/, "").replaceAll("\0", ".");
  return visible(dotted, "(a path that is no text)");
}
