// A value out of somebody else's JSON, with its path: every read is checked, and what is wrong is told by place and
// kind, never by value. Objects are read by own keys only.
import { fail } from "../errors/failure.ts";
import type { Where } from "../errors/where.ts";
import { jsonErrorAt, placeOf } from "../util/json-error.ts";

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "number") return Number.isInteger(value) ? "a number" : "a fraction";
  return typeof value === "boolean"
    ? "true or false"
    : `text of ${String(value).length} characters`;
}

/** Most items of any list that isn't bounded otherwise. */
const MAX_ITEMS = 100_000;

export class Field {
  readonly value: unknown;
  readonly path: string;
  readonly #file: string;
  readonly #line: number | undefined;

  constructor(value: unknown, path: string, file: string, line?: number) {
    this.value = value;
    this.path = path;
    this.#file = file;
    this.#line = line;
  }

  /** `line`: of the text's first line in its file. Throws traffic-not-json at the place. */
  static parse(text: string, file: string, line?: number): Field {
    try {
      return new Field(JSON.parse(text), "", file, line);
    } catch {
      const at = placeOf(text, jsonErrorAt(text));
      const where = {
        at: "file",
        file,
        line: at.line + (line ?? 1) - 1,
        column: at.column,
      } as const;
      return fail("traffic-not-json", {}, where);
    }
  }

  get where(): Where {
    const path = this.path === "" ? {} : { path: this.path };
    const line = this.#line === undefined ? {} : { line: this.#line };
    return { at: "file", file: this.#file, ...line, ...path };
  }

  wrong(expected: string): never {
    const path = this.path === "" ? "the whole" : this.path;
    return fail("traffic-wrong-type", { path, expected, found: kindOf(this.value) }, this.where);
  }

  #child(value: unknown, path: string): Field {
    return new Field(value, path, this.#file, this.#line);
  }

  #has(key: string): boolean {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return this.wrong("a map");
    return Object.hasOwn(value, key);
  }

  /** The entry of that name; one that is missing fails when it is read as something. */
  get(key: string): Field {
    const value = this.#has(key) ? (this.value as Record<string, unknown>)[key] : undefined;
    return this.#child(value, this.path === "" ? key : `${this.path}.${key}`);
  }

  /** The entry of that name, or undefined where there is none. */
  optional(key: string): Field | undefined {
    return this.#has(key) ? this.get(key) : undefined;
  }

  entries(max: number): readonly (readonly [string, Field])[] {
    this.#has("");
    const keys = Object.keys(this.value as object);
    if (keys.length > max) this.wrong(`a map of at most ${max} entries`);
    return keys.map((key) => [key, this.get(key)] as const);
  }

  list(max = MAX_ITEMS): readonly Field[] {
    const { value } = this;
    if (!Array.isArray(value)) return this.wrong("a list");
    if (value.length > max)
      fail("traffic-too-many", { max, what: "entries in one list" }, this.where);
    return value.map((one, i) => this.#child(one, `${this.path}[${i}]`));
  }

  text(max: number): string {
    const { value } = this;
    if (typeof value !== "string") return this.wrong("text");
    return value.length > max ? this.wrong(`text of at most ${max} characters`) : value;
  }

  /** A whole number, from 0 where nothing else is said. */
  count(min = 0, max: number = Number.MAX_SAFE_INTEGER): number {
    const { value } = this;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    const top = max === Number.MAX_SAFE_INTEGER ? "up" : String(max);
    return this.wrong(`a whole number from ${min} to ${top}`);
  }

  flag(): boolean {
    return typeof this.value === "boolean" ? this.value : this.wrong("true or false");
  }
}
