// What an Envoy says on its error stream, a bounded part of it: lines of its Wasm component, and the last ones
// of all. A plugin may write gigabytes there.

const WASM_LINES = 2000;
const LAST_LINES = 60;
const LINE = 2000;

/** Envoy's prefix: time, thread, level, component, and in debug builds the place. */
const PREFIX = /^\[[^\]]*\]\[\d+\]\[(\w+)\]\[(\w+)\] (?:\[[^\]]*\] )?/;

export interface LogLine {
  readonly level: string;
  readonly component: string;
  readonly text: string;
}

export class LogLines {
  #rest = "";
  readonly #wasm: LogLine[] = [];
  readonly #last: LogLine[] = [];

  take(piece: Buffer): void {
    const parts = (this.#rest + piece.toString("utf8")).split("\n");
    this.#rest = (parts.pop() ?? "").slice(0, LINE);
    for (const line of parts) this.#line(line.slice(0, LINE));
  }

  #line(line: string): void {
    const [prefix, level, component] = PREFIX.exec(line) ?? ["", "", ""];
    const one = { level: level!, component: component!, text: line.slice(prefix.length) };
    if (component === "wasm" || component === "dns") {
      if (this.#wasm.length < WASM_LINES) this.#wasm.push(one);
    }
    this.#last.push(one);
    if (this.#last.length > LAST_LINES) this.#last.shift();
  }

  /** Lines of the Wasm and DNS components, in order. */
  get wasm(): readonly LogLine[] {
    return this.#wasm;
  }

  /** The last lines of every component. */
  get last(): readonly LogLine[] {
    return this.#last;
  }
}
