// A directed graph in flat arrays, and a walk over it that leaves a node after all that it leads to. The
// invariant: the walk keeps its own path, so depth costs memory and never the native stack.
const GREY = 1;
const BLACK = 2;

export class Graph {
  /** Where the edges of each node start and end in `targets`. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly targets: number[] = [];
  #from = -1;
  /** By node, the last one that an edge was added from: one edge a pair is enough. */
  readonly #before: Int32Array;

  constructor(nodes: number) {
    this.start = new Int32Array(nodes);
    this.end = new Int32Array(nodes);
    this.#before = new Int32Array(nodes).fill(-1);
  }

  /** The edges of a node follow, all of them. */
  from(node: number): void {
    this.#from = node;
    this.start[node] = this.end[node] = this.targets.length;
  }

  to(node: number): void {
    if (this.#before[node] === this.#from) return;
    this.#before[node] = this.#from;
    this.targets.push(node);
    this.end[this.#from] = this.targets.length;
  }

  /** Leaves every node that the roots lead to, targets first; returns a node on a cycle, or -1. */
  leaveAll(roots: Iterable<number>, leave: (node: number) => void): number {
    const colour = new Uint8Array(this.start.length);
    const next = this.start.slice();
    const path: number[] = [];
    let cycle = -1;
    for (const root of roots) {
      if (colour[root] === 0) path.push(root);
      colour[root] ||= GREY;
      while (path.length > 0) {
        const node = path.at(-1)!;
        if (next[node] === this.end[node]) {
          colour[node] = BLACK;
          leave(node);
          path.pop();
          continue;
        }
        const to = this.targets[next[node]!++]!;
        if (colour[to] === GREY && cycle < 0) cycle = to;
        if (colour[to] !== 0) continue;
        colour[to] = GREY;
        path.push(to);
      }
    }
    return cycle;
  }
}
