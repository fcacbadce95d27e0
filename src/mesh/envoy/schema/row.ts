// One line of the table of Envoy's API → a message or an enum with its fields. Facts stand in
// src/spec/envoy-api.ts; this file knows only how its lines are written:
//   p PACKAGE                                   the package of the lines below it
//   m NAME !ONEOF… FIELD:NUMBER:TYPE[*|%KEY][@ONEOF][,RULE[=VALUE]]…     `!` marks a oneof that must be set
//   e NAME VALUE=NUMBER[,RULE]…
// A type that starts with a dot is of the same package. `*` is a list, `%KEY` a map. Values are URL-encoded.

export interface FieldRow {
  /** As in the .proto file, in snake case. */
  readonly name: string;
  /** As in JSON, in camel case. */
  readonly json: string;
  readonly number: number;
  readonly shape: "single" | "list" | "map";
  /** A scalar's name or the full name of a message or enum. */
  readonly type: string;
  /** Only of maps: the scalar that keys are. */
  readonly key: string | undefined;
  readonly oneof: string | undefined;
  readonly deprecated: boolean;
  /** Deprecated for so long that Envoy refuses it unless told otherwise. */
  readonly disallowed: boolean;
  /** Envoy redacts it when it shows its configuration. */
  readonly secret: boolean;
  /** Validation rules by path, e.g. `min_len` or `items.gte`. */
  readonly rules: ReadonlyMap<string, string>;
}

export interface MessageRow {
  readonly name: string;
  readonly fields: readonly FieldRow[];
  /** By both spellings. */
  readonly byName: ReadonlyMap<string, FieldRow>;
  /** Oneofs of which one field has to be set. */
  readonly needed: readonly string[];
}

export interface EnumRow {
  readonly name: string;
  readonly byName: ReadonlyMap<string, EnumValueRow>;
  readonly byNumber: ReadonlyMap<number, EnumValueRow>;
}

export interface EnumValueRow {
  readonly name: string;
  readonly number: number;
  readonly deprecated: boolean;
  readonly disallowed: boolean;
}

/** Snake case → the camel case that protobuf derives for JSON. */
function jsonName(name: string): string {
  return name.replace(/_+(.)?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? "");
}

/** What comes after a name: `,rule=value` pieces. */
function rulesOf(pieces: readonly string[]): Map<string, string> {
  return new Map(
    pieces.map((piece) => {
      const [name = "", value = ""] = piece.split("=");
      return [name, value];
    }),
  );
}

/** `FIELD:NUMBER:TYPE…` of a message in `pkg`. */
export function readField(text: string, pkg: string): FieldRow {
  const [head = "", ...pieces] = text.split(",");
  const [name = "", number = "", rest = ""] = head.split(":");
  const [typed = "", oneof] = rest.split("@");
  const list = typed.endsWith("*");
  const [type = "", key] = (list ? typed.slice(0, -1) : typed).split("%");
  const rules = rulesOf(pieces);
  const flag = (rule: string): boolean => rules.delete(rule);
  return {
    name,
    json: jsonName(name),
    number: Number(number),
    shape: list ? "list" : key === undefined ? "single" : "map",
    type: type.startsWith(".") ? pkg + type : type,
    key,
    oneof,
    deprecated: flag("deprecated"),
    disallowed: flag("disallowed"),
    secret: flag("secret"),
    rules,
  };
}

/** A message from its fields. */
export function messageRow(
  name: string,
  fields: readonly FieldRow[],
  needed: readonly string[],
): MessageRow {
  const byName = new Map<string, FieldRow>();
  for (const field of fields) byName.set(field.name, field).set(field.json, field);
  return { name, fields, byName, needed };
}

/** The words of an `m` line after its name. */
export function readMessage(name: string, pkg: string, words: readonly string[]): MessageRow {
  const needed = words.filter((word) => word.startsWith("!")).map((word) => word.slice(1));
  const fields = words.filter((word) => !word.startsWith("!")).map((word) => readField(word, pkg));
  return messageRow(name, fields, needed);
}

/** The words of an `e` line after its name. */
export function readEnum(name: string, words: readonly string[]): EnumRow {
  const byName = new Map<string, EnumValueRow>();
  const byNumber = new Map<number, EnumValueRow>();
  for (const word of words) {
    const [head = "", ...pieces] = word.split(",");
    const [value = "", number = ""] = head.split("=");
    const rules = rulesOf(pieces);
    const row = {
      name: value,
      number: Number(number),
      deprecated: rules.has("deprecated"),
      disallowed: rules.has("disallowed"),
    };
    byName.set(value, row);
    if (!byNumber.has(row.number)) byNumber.set(row.number, row);
  }
  return { name, byName, byNumber };
}
