// AssemblyScript: numbers in typed arrays, a hash map, strings and objects under its own garbage collector.
export function proxy_abi_version_0_2_1(): void {}

export function malloc(size: usize): usize {
  return heap.alloc(size);
}

class Body {
  constructor(
    public x: f64,
    public y: f64,
    public vx: f64,
    public vy: f64,
    public mass: f64,
  ) {}
}

function orbit(steps: i32): f64 {
  const bodies: Body[] = [];
  for (let i = 0; i < 5; i++)
    bodies.push(new Body(i * 3.5, i * 1.25 + 1, 0.1 * i, 0.3 - 0.05 * i, 1.0 + i));
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < bodies.length; i++) {
      const a = bodies[i];
      for (let k = i + 1; k < bodies.length; k++) {
        const b = bodies[k];
        const dx = a.x - b.x;
        const dy = a.y - b.y;
        const square = dx * dx + dy * dy + 0.01;
        const pull = 0.001 / (square * Math.sqrt(square));
        a.vx -= dx * b.mass * pull;
        a.vy -= dy * b.mass * pull;
        b.vx += dx * a.mass * pull;
        b.vy += dy * a.mass * pull;
      }
    }
    for (let i = 0; i < bodies.length; i++) {
      bodies[i].x += bodies[i].vx;
      bodies[i].y += bodies[i].vy;
    }
  }
  return bodies[0].x + bodies[4].y;
}

function count(words: i32): i32 {
  const seen = new Map<string, i32>();
  for (let i = 0; i < words; i++) {
    const key = "key-" + ((i * 7919) % 131).toString();
    seen.set(key, (seen.has(key) ? seen.get(key) : 0) + i);
  }
  const keys = seen.keys();
  keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  let sum = 0;
  for (let i = 0; i < keys.length; i++) sum = sum * 31 + seen.get(keys[i]) + keys[i].length;
  return sum;
}

function matrix(size: i32): i32 {
  const a = new Float32Array(size * size);
  const b = new Float32Array(size * size);
  for (let i = 0; i < a.length; i++) {
    a[i] = <f32>(i % 7);
    b[i] = <f32>(i % 5);
  }
  let sum: f32 = 0;
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      let cell: f32 = 0;
      for (let j = 0; j < size; j++) cell += a[i * size + j] * b[j * size + k];
      sum += cell;
    }
  }
  return <i32>sum;
}

export function bench(n: i32): i32 {
  let sum = 17;
  for (let i = 0; i < n; i++) {
    sum = sum * 31 + <i32>(orbit(600) * 1000);
    sum = sum * 31 + count(1200);
    sum = sum * 31 + matrix(48);
  }
  return sum;
}
