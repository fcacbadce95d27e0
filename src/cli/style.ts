// Colours for people. Off where the output is no terminal, where NO_COLOR is set to anything but the empty
// string (no-color.org), and where the terminal says that it is dumb.

export interface Styles {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
}

const same = (text: string): string => text;
const sgr = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`;

export const plain: Styles = { bold: same, dim: same, good: same, bad: same, warn: same };

const coloured: Styles = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  good: sgr(32, 39),
  bad: sgr(31, 39),
  warn: sgr(33, 39),
};

export function stylesFor(
  terminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Styles {
  const refused = (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  return terminal && !refused ? coloured : plain;
}
