// Log entries as lines: text for people, JSON for machines. A line is one line whatever a plugin said: control
// characters come out escaped in both.
import type { LogEntry } from "../worker/messages.ts";

export type LogFormat = "text" | "json";

function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (one) => {
    if (one === "\n") return "\\n";
    return `\\u${one.codePointAt(0)!.toString(16).padStart(4, "0")}`;
  });
}

/** Guests write bytes; people read UTF-8 where it is some. */
function decoded(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

export function logLine(entry: LogEntry, format: LogFormat): string {
  const time = new Date(entry.time).toISOString();
  const text = entry.plugin === null ? entry.text : decoded(entry.text);
  if (format === "json") {
    const { level, plugin } = entry;
    return `${JSON.stringify({ time, level, ...(plugin !== null && { plugin }), message: text })}\n`;
  }
  const who = entry.plugin === null ? "" : ` [${visible(entry.plugin)}]`;
  return `${time} ${entry.level}${who} ${visible(text)}\n`;
}
