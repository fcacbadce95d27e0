// Modules that were made ready before, so that a new version of the configuration costs only what has changed in it:
// decoding, hardening, verifying and compiling a module takes longer than all the rest. The invariant: one is found
// again only for the same bytes under the same policy. It knows nothing of what a module is.

/** Things by what they were made from; what two turns have not asked for is forgotten. */
export class ReadyMemory<Ready> {
  #before: ReadonlyMap<string, Promise<Ready>> = new Map();
  #now = new Map<string, Promise<Ready>>();

  /** As it was made before, or is being made; else as `make` makes it. What it throws is not remembered. */
  async get(key: string, make: () => Promise<Ready>): Promise<Ready> {
    const known = this.#now.get(key) ?? this.#before.get(key);
    if (known !== undefined) {
      this.#now.set(key, known);
      try {
        return await known;
      } catch {
        // Whoever asked first is told in its own words; this one tries for itself.
        return make();
      }
    }
    const made = make();
    this.#now.set(key, made);
    made.catch(() => this.#now.delete(key));
    return made;
  }

  /** A version has been read; what neither it nor the one before it has is forgotten. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  get size(): number {
    return new Set([...this.#before.keys(), ...this.#now.keys()]).size;
  }
}
