// Where something was found: one tagged union for every surface (bytes, text files, references, flags).
// The invariant: a Where holds data only; `showWhere` is the single place that turns it into words.

export type Where =
  | {
      readonly at: "bytes";
      readonly offset: number;
      readonly section?: string;
      readonly func?: number;
      readonly name?: string;
    }
  | {
      readonly at: "file";
      readonly file: string;
      readonly line?: number;
      readonly column?: number;
      readonly path?: string;
    }
  | { readonly at: "ref"; readonly ref: string }
  | { readonly at: "phase"; readonly phase: string; readonly tenant?: string }
  | { readonly at: "flag"; readonly flag: string };

/** One phrase for a place, e.g. `code section, function 12 (foo), byte 0x1f3`. */
export function showWhere(where: Where): string {
  switch (where.at) {
    case "bytes": {
      const parts: string[] = [];
      if (where.section !== undefined) parts.push(`${where.section} section`);
      if (where.func !== undefined) {
        parts.push(`function ${where.func}${where.name === undefined ? "" : ` (${where.name})`}`);
      }
      parts.push(`byte 0x${where.offset.toString(16)}`);
      return parts.join(", ");
    }
    case "file": {
      const position = where.line === undefined ? "" : `:${where.line}:${where.column ?? 1}`;
      return `${where.file}${position}${where.path === undefined ? "" : ` (${where.path})`}`;
    }
    case "ref":
      return where.ref;
    case "phase":
      return where.tenant === undefined ? where.phase : `${where.phase} of ${where.tenant}`;
    case "flag":
      return where.flag;
  }
}
