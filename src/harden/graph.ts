// Directed graphs over numbered nodes, as compressed rows; strongly connected components and a set of nodes
// whose removal leaves no cycle. Nothing here knows what the nodes are. All walks keep their own stack:
// the depth of a plugin's call graph is its author's choice.

export interface Graph {
  readonly size: number;
  /** Edges of node n: target[start[n]..start[n + 1]). */
  readonly start: Int32Array;
  readonly target: Int32Array;
}

/** Builds a graph from pairs; `edges` calls back once per edge and is called twice. */
export function buildGraph(
  size: number,
  edges: (add: (from: number, to: number) => void) => void,
): Graph {
  const start = new Int32Array(size + 1);
  edges((from) => {
    start[from + 1]!++;
  });
  for (let n = 0; n < size; n++) start[n + 1] = start[n + 1]! + start[n]!;
  const target = new Int32Array(start[size]!);
  const fill = start.slice(0, size);
  edges((from, to) => {
    target[fill[from]!++] = to;
  });
  return { size, start, target };
}

/**
 * Strongly connected components of the nodes that are not removed. Answers the component of each node (-1 for
 * removed ones), numbered so that every edge leads to the same or a lower component, and their sizes.
 */
export function components(graph: Graph, removed: Uint8Array): { of: Int32Array; sizes: number[] } {
  const { size, start, target } = graph;
  const of = new Int32Array(size).fill(-1);
  const index = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const onStack = new Uint8Array(size);
  const stack: number[] = [];
  const path: number[] = [];
  const next = start.slice(0, size);
  const sizes: number[] = [];
  let counter = 0;
  for (let root = 0; root < size; root++) {
    if (index[root] !== -1 || removed[root] === 1) continue;
    path.push(root);
    while (path.length > 0) {
      const node = path[path.length - 1]!;
      if (index[node] === -1) {
        index[node] = low[node] = counter++;
        stack.push(node);
        onStack[node] = 1;
      }
      let pushed = false;
      while (next[node]! < start[node + 1]!) {
        const to = target[next[node]!++]!;
        if (removed[to] === 1) continue;
        if (index[to] === -1) {
          path.push(to);
          pushed = true;
          break;
        }
        if (onStack[to] === 1 && index[to]! < low[node]!) low[node] = index[to]!;
      }
      if (pushed) continue;
      path.pop();
      const parent = path[path.length - 1];
      if (parent !== undefined && low[node]! < low[parent]!) low[parent] = low[node]!;
      if (low[node] !== index[node]) continue;
      let members = 0;
      for (;;) {
        const member = stack.pop()!;
        onStack[member] = 0;
        of[member] = sizes.length;
        members++;
        if (member === node) break;
      }
      sizes.push(members);
    }
  }
  return { of, sizes };
}

/** Of a component, at most this share is removed between two looks at what is still cyclic. */
const SHARE = 32;

/**
 * Chooses nodes whose removal breaks every cycle, cheap ones first: greedy by (in × out) / price, a share
 * of each component at a time. `removed` is changed; answers the nodes that were added to it.
 */
export function breakCycles(
  graph: Graph,
  removed: Uint8Array,
  price: (node: number) => number,
): number[] {
  const { size, start, target } = graph;
  const chosen: number[] = [];
  for (let node = 0; node < size; node++) {
    for (let e = start[node]!; removed[node] === 0 && e < start[node + 1]!; e++) {
      if (target[e] !== node) continue;
      removed[node] = 1;
      chosen.push(node);
    }
  }
  for (;;) {
    const { of, sizes } = components(graph, removed);
    const inside = new Int32Array(size);
    const outside = new Int32Array(size);
    const members = new Map<number, number[]>();
    for (let node = 0; node < size; node++) {
      const component = of[node]!;
      if (component < 0 || sizes[component]! < 2) continue;
      const list = members.get(component);
      if (list === undefined) members.set(component, [node]);
      else list.push(node);
      for (let e = start[node]!; e < start[node + 1]!; e++) {
        const to = target[e]!;
        if (of[to] !== component) continue;
        outside[node]!++;
        inside[to]!++;
      }
    }
    if (members.size === 0) return chosen;
    for (const nodes of members.values()) {
      const score = (node: number): number => (inside[node]! * outside[node]!) / price(node);
      nodes.sort((a, b) => score(b) - score(a) || a - b);
      const take = Math.max(1, Math.floor(nodes.length / SHARE));
      for (const node of nodes.slice(0, take)) {
        removed[node] = 1;
        chosen.push(node);
      }
    }
  }
}

/** Nodes in an order in which every edge between nodes that are not removed leads to an earlier node. */
export function bottomUp(graph: Graph, removed: Uint8Array): Int32Array {
  const { of } = components(graph, removed);
  const kept: number[] = [];
  for (let node = 0; node < graph.size; node++) if (removed[node] === 0) kept.push(node);
  kept.sort((a, b) => of[a]! - of[b]! || a - b);
  return Int32Array.from(kept);
}
