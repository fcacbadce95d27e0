// Log entries as lines: text for people, JSON for machines. A line is one line whatever a plugin said: control
// characters come out escaped in both. Text is text already: whoever read it from a plugin's memory has decoded it.
import type { LogEntry } from "../worker/messages.ts";

export type LogFormat = "text" | "json";

/** Control characters, line ends of Unicode, and marks that turn the direction of what stands around them. */
const hidden = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (one: string): string => `\\u${one.codePointAt(0)!.toString(16).padStart(4, "0")}`;

function visible(text: string): string {
  return text.replace(hidden, (one) => (one === "\n" ? "\\n" : escaped(one)));
}

export function logLine({ time: at, level, plugin, text }: LogEntry, format: LogFormat): string {
  const time = new Date(at).toISOString();
  if (format === "json") {
    const line = JSON.stringify({ time, level, ...(plugin !== null && { plugin }), message: text });
    // What JSON lets through in a string is escaped too: a terminal may show it.
    return `${line.replace(hidden, escaped)}\n`;
  }
  const who = plugin === null ? "" : ` [${visible(plugin)}]`;
  return `${time} ${level}${who} ${visible(text)}\n`;
}
