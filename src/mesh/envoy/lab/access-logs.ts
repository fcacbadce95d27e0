// Access loggers: files, the standard streams, and the Wasm logger.
import type { AccessLog, LogTemplate } from "../lab-config.ts";
import { readText } from "./data-source.ts";
import { checkFormat } from "./formats.ts";
import type { Lab } from "./lab.ts";
import type { Picker } from "./picker.ts";
import { readPlugin } from "./plugins.ts";

type JsonFormat = Exclude<AccessLog["format"], string | null>;

const LOGGERS = "envoy.extensions.access_loggers.";
const FILE = `${LOGGERS}file.v3.FileAccessLog`;
const STDOUT = `${LOGGERS}stream.v3.StdoutAccessLog`;
const STDERR = `${LOGGERS}stream.v3.StderrAccessLog`;
const WASM = `${LOGGERS}wasm.v3.WasmAccessLog`;

function checkedText(place: Picker, field: string, text: string): string {
  checkFormat(place, field, text);
  return text;
}

/** Every text of a JSON format, however deep. */
function textsOf(template: LogTemplate): readonly string[] {
  if (typeof template === "string") return [template];
  if (typeof template !== "object" || template === null) return [];
  return Object.values(template).flatMap(textsOf);
}

function checkedJson(place: Picker, field: string): JsonFormat | undefined {
  const format = place.json(field);
  if (typeof format !== "object" || format === null || Array.isArray(format)) return undefined;
  for (const text of textsOf(format as JsonFormat)) checkFormat(place, field, text);
  return format as JsonFormat;
}

function readFormat(lab: Lab, logger: Picker): AccessLog["format"] {
  if (logger.has("format")) return checkedText(logger, "format", logger.text("format"));
  const old = checkedJson(logger, "json_format") ?? checkedJson(logger, "typed_json_format");
  if (old !== undefined) return old;
  const format = logger.child("log_format");
  if (format === undefined) return null;
  if (format.has("text_format"))
    return checkedText(format, "text_format", format.text("text_format"));
  const source = format.child("text_format_source");
  if (source === undefined) return checkedJson(format, "json_format") ?? null;
  const text = readText(lab, source);
  return text === undefined ? null : checkedText(format, "text_format_source", text);
}

function readTarget(lab: Lab, log: Picker): AccessLog[] {
  const any = log.any("typed_config");
  const logger = log.typed(any, FILE, STDOUT, STDERR, WASM);
  if (any === undefined) {
    const args = { message: "AccessLog", field: "typed_config" };
    lab.report.add("envoy-missing-field", "error", log.message.at, args);
    return [];
  }
  if (any.value === null) return [];
  if (logger === undefined) {
    const args = { type: any.type || "what has no type", name: log.text("name") };
    lab.report.add("lab-unsupported-filter", "warning", log.message.at, args);
    return [];
  }
  if (logger.type === WASM) {
    const plugin = readPlugin(lab, logger.child("config"));
    return plugin === undefined ? [] : [{ to: { kind: "plugin", plugin }, format: null }];
  }
  const format = readFormat(lab, logger);
  if (logger.type === FILE) return [{ to: { kind: "file", path: logger.text("path") }, format }];
  return [{ to: { kind: logger.type === STDOUT ? "stdout" : "stderr" }, format }];
}

export function readAccessLogs(lab: Lab, logs: readonly Picker[]): readonly AccessLog[] {
  return logs.flatMap((log) => {
    // The name is for people; the type decides.
    log.text("name");
    return readTarget(lab, log);
  });
}
