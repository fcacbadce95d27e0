// What happens, as structured lines: an event with its fields, in JSON for machines or as text for people. A line is one
// line whatever a client or a registry said.

export type LogFormat = "text" | "json";
export type LogLevel = "info" | "warning" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Log {
  say(level: LogLevel, event: string, fields?: LogFields): void;
}

const plain = /^[\w.:/@+,[\]-]+$/;

function fieldText([name, value]: [string, LogFields[string]]): string {
  const text = String(value);
  return `${name}=${plain.test(text) ? text : visible(text)}`;
}

const visible = (text: string): string =>
  JSON.stringify(text).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (one) => `\\u${one.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );

/** A log that writes lines; `wall` is in milliseconds since 1970. */
export function lineLog(format: LogFormat, wall: () => number, write: (line: string) => void): Log {
  return {
    say(level, event, fields = {}) {
      const time = new Date(wall()).toISOString();
      const line =
        format === "json"
          ? JSON.stringify({ time, level, event, ...fields })
          : [time, level, event, ...Object.entries(fields).map(fieldText)].join(" ");
      write(`${line}\n`);
    },
  };
}
