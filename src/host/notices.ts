// Who has to be told that something has happened, and when: only once the outermost call into the host is done,
// so that a listener may feed any stream again and never meets a guest, or a direction, half way through.

export interface Noticed {
  /** Tells the listener; never called while a guest runs. */
  deliver(): void;
}

export class Notices {
  readonly #waiting: Noticed[] = [];
  #depth = 0;

  enter(): void {
    this.#depth++;
  }

  leave(): void {
    this.#depth--;
    if (this.#depth === 0 && this.#waiting.length > 0) this.#flush();
  }

  add(one: Noticed): void {
    this.#waiting.push(one);
  }

  /** One that throws keeps nobody else from being told: the rest waits for the next call. */
  #flush(): void {
    for (let one = this.#waiting.shift(); one !== undefined; one = this.#waiting.shift()) {
      one.deliver();
    }
  }
}
