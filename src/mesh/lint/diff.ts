// Two texts → a unified diff, for repairs: changes are few and local, so lines are matched from both ends and, in
// between, by a longest common subsequence of bounded size.

interface Hunk {
  readonly kind: " " | "-" | "+";
  readonly line: string;
}

/** Cells of the table that are computed at most; beyond it the middle is shown as replaced whole. */
const CELLS = 4_000_000;

function middle(a: readonly string[], b: readonly string[]): Hunk[] {
  const all = (lines: readonly string[], kind: Hunk["kind"]) =>
    lines.map((line) => ({ kind, line }));
  if (a.length * b.length > CELLS) return [...all(a, "-"), ...all(b, "+")];
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] =
        a[i] === b[j]
          ? table[(i + 1) * width + j + 1]! + 1
          : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);
    }
  }
  const out: Hunk[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      out.push({ kind: " ", line: a[i]! });
      i++;
      j++;
    } else if (table[(i + 1) * width + j]! >= table[i * width + j + 1]!) {
      out.push({ kind: "-", line: a[i++]! });
    } else out.push({ kind: "+", line: b[j++]! });
  }
  return [...out, ...all(a.slice(i), "-"), ...all(b.slice(j), "+")];
}

function lines(a: readonly string[], b: readonly string[]): readonly Hunk[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) {
    tail++;
  }
  const same = (part: readonly string[]) => part.map((line): Hunk => ({ kind: " ", line }));
  return [
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ];
}

const CONTEXT = 3;

/** The lines of a text; one that nothing ends says so, as `diff` does. */
function linesOf(text: string): readonly string[] {
  const all = text.split("\n");
  const last = all.pop()!;
  return last === "" ? all : [...all, `${last}\n\\ No newline at end of file`];
}

/** The diff of two texts, three lines of context each; "" where they are equal. */
export function unifiedDiff(name: string, before: string, after: string): string {
  if (before === after) return "";
  const all = lines(linesOf(before), linesOf(after));
  const near = all.map((_, at) =>
    all.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((one) => one.kind !== " "),
  );
  const out = [`--- ${name}`, `+++ ${name}`];
  let oldLine = 1;
  let newLine = 1;
  for (let at = 0; at < all.length; ) {
    if (!near[at]) {
      oldLine++;
      newLine++;
      at++;
      continue;
    }
    let end = at;
    while (end < all.length && near[end]) end++;
    const part = all.slice(at, end);
    const olds = part.filter((one) => one.kind !== "+").length;
    const news = part.filter((one) => one.kind !== "-").length;
    out.push(`@@ -${oldLine},${olds} +${newLine},${news} @@`);
    out.push(...part.map(({ kind, line }) => kind + line));
    oldLine += olds;
    newLine += news;
    at = end;
  }
  return `${out.join("\n")}\n`;
}
