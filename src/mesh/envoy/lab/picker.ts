// Reads the fields of one checked message by name and remembers which were asked for: those that nobody asks for
// are what the lab does not do, and `reportUnread` says so. That is how nothing is silently ignored without a
// list of everything that is not supported.

import type { At } from "../lab-config.ts";
import { shortName } from "../read/check.ts";
import type { Report } from "../read/report.ts";
import { position, type Tree } from "../read/tree.ts";
import type { AnyValue, Json, MessageValue, Value } from "../read/value.ts";
import { unreadLevel } from "./unread-levels.ts";

/** Every picker of a document, in the order in which messages were looked into. */
export type Pickers = Picker[];

export class Picker {
  readonly message: MessageValue;
  readonly report: Report;
  readonly #all: Pickers;
  readonly #asked = new Set<string>();

  constructor(message: MessageValue, report: Report, all: Pickers) {
    this.message = message;
    this.report = report;
    this.#all = all;
    all.push(this);
  }

  get type(): string {
    return this.message.type;
  }

  get at(): At {
    return position(this.report.source, this.message.at);
  }

  /** Offset of a field's key, or of the message where the field is not set. */
  offset(field?: string): number {
    const set = field === undefined ? undefined : this.message.fields.get(field);
    return set?.at ?? this.message.at;
  }

  has(field: string): boolean {
    return this.message.fields.has(field);
  }

  /** Looked at without being asked for: the field still counts as unread. */
  isTrue(field: string): boolean {
    const value = this.message.fields.get(field)?.value;
    return value?.kind === "scalar" && value.value === true;
  }

  asked(field: string): boolean {
    return this.#asked.has(field);
  }

  value(field: string): Value | undefined {
    this.#asked.add(field);
    return this.message.fields.get(field)?.value;
  }

  #scalar<T>(field: string): T | undefined {
    const value = this.value(field);
    return value?.kind === "scalar" ? (value.value as T) : undefined;
  }

  text(field: string): string {
    return this.#scalar<string>(field) ?? "";
  }

  bytes(field: string): Uint8Array | undefined {
    return this.#scalar<Uint8Array>(field);
  }

  flag(field: string): boolean {
    return this.#scalar<boolean>(field) ?? false;
  }

  number(field: string): number | undefined {
    const value = this.#scalar<number | bigint>(field);
    return value === undefined ? undefined : Number(value);
  }

  /** Milliseconds. */
  duration(field: string): number | undefined {
    const value = this.value(field);
    return value?.kind === "duration" ? value.ms : undefined;
  }

  /** An enum's name; "" where not set, which stands for its first. */
  choice(field: string): string {
    const value = this.value(field);
    return value?.kind === "enum" ? value.name : "";
  }

  json(field: string): Json | undefined {
    const value = this.value(field);
    return value?.kind === "json" ? value.value : undefined;
  }

  /** Free JSON with places. */
  tree(field: string): Tree | undefined {
    const value = this.value(field);
    return value?.kind === "json" ? value.tree : undefined;
  }

  any(field: string): AnyValue | undefined {
    const value = this.value(field);
    return value?.kind === "any" ? value : undefined;
  }

  #list(field: string): readonly Value[] {
    const value = this.value(field);
    return value?.kind === "list" ? value.items : [];
  }

  texts(field: string): readonly string[] {
    return this.#list(field).map((item) => (item.kind === "scalar" ? String(item.value) : ""));
  }

  numbers(field: string): readonly number[] {
    return this.#list(field).map((item) => (item.kind === "scalar" ? Number(item.value) : 0));
  }

  messages(field: string): readonly Picker[] {
    return this.#list(field).flatMap((item) => this.#picked(item) ?? []);
  }

  entries(
    field: string,
  ): readonly { readonly key: string; readonly at: number; readonly value: Value }[] {
    const value = this.value(field);
    if (value?.kind !== "map") return [];
    return [...value.entries].map(([key, entry]) => ({ key, ...entry }));
  }

  child(field: string): Picker | undefined {
    return this.#picked(this.value(field));
  }

  /** The message of an Any; undefined where it is none, or not of a type that `wanted` names. */
  typed(any: AnyValue | undefined, ...wanted: readonly string[]): Picker | undefined {
    if (any === undefined || !wanted.includes(any.real)) return undefined;
    return this.#picked(any.value ?? undefined);
  }

  #picked(value: Value | undefined): Picker | undefined {
    return value?.kind === "message" ? new Picker(value, this.report, this.#all) : undefined;
  }

  /** What the lab does not do, said by the caller: the field counts as read. */
  unsupported(field: string, value: string, supported: string): void {
    this.value(field);
    const name = `${shortName(this.type)}.${field}`;
    this.report.add("lab-unsupported-value", "error", this.offset(field), {
      field: name,
      value,
      supported,
    });
  }
}

/** Whether a value says no more than leaving it out would. */
function saysNothing(value: Value): boolean {
  switch (value.kind) {
    case "scalar": {
      const inner = value.value;
      return typeof inner === "object" ? inner.length === 0 : !inner || inner === 0n;
    }
    case "enum":
      return value.number === 0;
    case "list":
      return value.items.length === 0;
    case "map":
      return value.entries.size === 0;
    default:
      return false;
  }
}

/** Reports every field that is set, says something, and was not asked for. */
export function reportUnread(pickers: Pickers): void {
  for (const picker of pickers) {
    for (const [name, { at, value }] of picker.message.fields) {
      if (picker.asked(name) || saysNothing(value)) continue;
      const level = unreadLevel(picker.type, name);
      picker.report.add("lab-unsupported", level, at, {
        field: `${shortName(picker.type)}.${name}`,
      });
    }
  }
}
