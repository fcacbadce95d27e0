// Which virtual host a request's authority belongs to, in Envoy's order: the exact name, the longest suffix, the
// longest prefix, then `*`. Ports are part of the name unless the domain leaves them to a wildcard.

interface Wildcard<T> {
  readonly text: string;
  readonly host: T;
}

export interface Domains<T> {
  find(authority: string): T | null;
}

/** `hosts` in the order of the configuration; of two with the same domain the first has it. */
export function compileDomains<T extends { readonly domains: readonly string[] }>(
  hosts: readonly T[],
): Domains<T> {
  const exact = new Map<string, T>();
  const suffixes: Wildcard<T>[] = [];
  const prefixes: Wildcard<T>[] = [];
  let any: T | null = null;
  for (const host of hosts) {
    for (const domain of host.domains) {
      if (domain === "*") any ??= host;
      else if (domain.startsWith("*")) suffixes.push({ text: domain.slice(1), host });
      else if (domain.endsWith("*")) prefixes.push({ text: domain.slice(0, -1), host });
      else if (!exact.has(domain)) exact.set(domain, host);
    }
  }
  const longest = (a: Wildcard<T>, b: Wildcard<T>): number => b.text.length - a.text.length;
  suffixes.sort(longest);
  prefixes.sort(longest);
  if (exact.size + suffixes.length + prefixes.length === 0) return { find: () => any };
  return {
    find: (authority) => {
      const name = authority.toLowerCase();
      const found = exact.get(name);
      if (found !== undefined) return found;
      // A wildcard stands for at least one character.
      for (const { text, host } of suffixes) {
        if (name.length > text.length && name.endsWith(text)) return host;
      }
      for (const { text, host } of prefixes) {
        if (name.length > text.length && name.startsWith(text)) return host;
      }
      return any;
    },
  };
}
