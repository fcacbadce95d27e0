// A list of integers that grows: plain arrays of numbers cost too much for modules of many megabytes.

export class IntList {
  #items = new Int32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#items.length) {
      const bigger = new Int32Array(this.length * 2);
      bigger.set(this.#items);
      this.#items = bigger;
    }
    this.#items[this.length++] = value;
  }

  get(index: number): number {
    return this.#items[index]!;
  }

  set(index: number, value: number): void {
    this.#items[index] = value;
  }

  /** The items, cut to size; the list is not used afterwards. */
  done(): Int32Array {
    return this.#items.subarray(0, this.length);
  }
}
