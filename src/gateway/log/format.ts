// Envoy's access-log formats: a string with %COMMANDS%, or JSON with such strings in it, compiled once into a list of
// functions over whatever is logged. Text is a byte string (one character a byte), as headers are. A command that
// nobody knows is a finding when the configuration is read, and `-` here.
import type { AccessLog, LogTemplate } from "../../mesh/envoy/lab-config.ts";
import {
  commandPattern,
  dashCommands,
  type LabCommand,
  numberCommands,
  splitCommand,
} from "../../spec/log-commands.ts";

/** Reads one thing of what is logged; undefined where there is nothing. */
export type Part<Subject> = (subject: Subject) => string | undefined;

/** Makes the reader of a command from what stands in its parentheses. */
export type Make<Subject> = (argument: string) => Part<Subject>;

export type Commands<Subject> = Readonly<Partial<Record<LabCommand, Make<Subject>>>>;

/** A whole log line, with its line feed, as a byte string. */
export type FormatLine<Subject> = (subject: Subject) => string;

/** What Envoy writes where a configuration names no format. */
export const DEFAULT_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% ' +
  "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% " +
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

const MISSING = "-";

const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/** A command without an argument. */
export const plain =
  <Subject>(read: Part<Subject>): Make<Subject> =>
  () =>
    read;

/** Milliseconds as a log writes them. */
export const whole = (milliseconds: number): string =>
  String(Math.max(0, Math.round(milliseconds)));

/** Neither printable nor above ASCII; and what is no byte at all. */
const control = /[^ -~\u0080-\uffff]/g;
const unsafe = /[^ -~\u0080-\u00ff]/;

/**
 * A value as it may stand in a line or a header: names of certificates and servers, and what plugins say of their
 * answers, are text of strangers. Control characters become `_`, text beyond bytes becomes UTF-8.
 */
export function oneLine(text: string): string {
  if (!unsafe.test(text)) return text;
  const inBytes = /[\u0100-\uffff]/.test(text) ? bytes(text) : text;
  return inBytes.replace(control, "_");
}

/** One command by its text between the percent signs; undefined where there is no such command. */
export function compileCommand<Subject>(
  commands: Commands<Subject>,
  text: string,
): Part<Subject> | undefined {
  const split = splitCommand(text);
  if (split === null || !Object.hasOwn(commands, split.name)) return undefined;
  const read = commands[split.name as LabCommand]!(split.argument);
  const { length } = split;
  return (subject) => {
    const value = read(subject);
    if (value === undefined) return undefined;
    const text = oneLine(value);
    return length === null ? text : text.slice(0, length);
  };
}

function compileText<Subject>(
  commands: Commands<Subject>,
  format: string,
): (subject: Subject) => string {
  const parts: (string | Part<Subject>)[] = [];
  let from = 0;
  for (const match of format.matchAll(commandPattern)) {
    parts.push(bytes(format.slice(from, match.index)));
    from = match.index + match[0].length;
    if (match[0] === "%%") parts.push("%");
    else parts.push(compileCommand(commands, match[0].slice(1, -1)) ?? MISSING);
  }
  parts.push(bytes(format.slice(from)));
  return (subject) => {
    let text = "";
    for (const part of parts) text += typeof part === "string" ? part : (part(subject) ?? MISSING);
    return text;
  };
}

type Value<Subject> = (subject: Subject) => LogTemplate;

/** One command by itself is a number or null where it may be; with text beside it, it is text. */
function compileValue<Subject>(commands: Commands<Subject>, template: string): Value<Subject> {
  const text = (from: string): string => Buffer.from(from, "latin1").toString("utf8");
  const [alone] = template.match(commandPattern) ?? [];
  if (alone !== template || template === "%%") {
    const read = compileText(commands, template);
    return (subject) => text(read(subject));
  }
  const command = template.slice(1, -1);
  const { name } = splitCommand(command)!;
  const read = compileCommand(commands, command) ?? (() => undefined);
  const missing = dashCommands.has(name) ? MISSING : null;
  const isNumber = numberCommands.has(name);
  return (subject) => {
    const value = read(subject);
    if (value === undefined) return missing;
    return isNumber ? Number(value) : text(value);
  };
}

function compileTemplate<Subject>(
  commands: Commands<Subject>,
  template: LogTemplate,
): Value<Subject> {
  if (typeof template === "string") return compileValue(commands, template);
  if (typeof template !== "object" || template === null) return () => template;
  if (Array.isArray(template)) {
    const items = template.map((item: LogTemplate) => compileTemplate(commands, item));
    return (subject) => items.map((item) => item(subject));
  }
  const entries = Object.entries(template).map(
    ([key, value]) => [key, compileTemplate(commands, value)] as const,
  );
  return (subject) => Object.fromEntries(entries.map(([key, value]) => [key, value(subject)]));
}

/** Compiles a format as LabConfig has it; null is Envoy's default. */
export function compileFormat<Subject>(
  commands: Commands<Subject>,
  format: AccessLog["format"],
): FormatLine<Subject> {
  if (format === null) return compileText(commands, DEFAULT_FORMAT);
  if (typeof format === "string") return compileText(commands, format);
  const read = compileTemplate(commands, format);
  return (subject) => `${bytes(JSON.stringify(read(subject)))}\n`;
}
