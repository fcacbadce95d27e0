// What a run of the conformance tests counts, and how it is printed.
import { exclusions, type Reason } from "./exclusions.ts";
import type { Mode, Verdict } from "./hardened.ts";

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** How the smallest budget of a module compares with what its dearest returning call spends. */
interface Budgets {
  /** The same, to the unit. */
  exact: number;
  /** More, as a call traps after spending more than any that returns. */
  traps: number;
  /** More, as a call must be able to pay for a dearer way than the one it takes. */
  ahead: number;
  mostAhead: number;
  /** One unit less than the dearest call spends starved it. */
  starved: number;
}

export class Tally {
  readonly problems: string[] = [];
  files = 0;
  modules = 0;
  hardened = 0;
  canonical = 0;
  /** Modules that came out shorter than they went in, by script. */
  readonly shortened = new Map<string, number>();
  readonly assertions = new Map<string, number>();
  readonly passed = new Map<string, number>();
  readonly excluded = new Map<Reason, Map<string, number>>();
  /** Codes with which modules were refused. */
  readonly refusals = new Map<string, number>();
  readonly budgets: Record<Mode, Budgets> = {
    bound: { exact: 0, traps: 0, ahead: 0, mostAhead: 0, starved: 0 },
    exact: { exact: 0, traps: 0, ahead: 0, mostAhead: 0, starved: 0 },
  };

  problem(script: string, line: number, text: string): void {
    this.problems.push(`${script}.wast:${line}: ${text}`);
  }

  assertion(kind: string): void {
    add(this.assertions, kind);
  }

  pass(kind: string): void {
    add(this.passed, kind);
  }

  exclude(reason: Reason, script: string): void {
    const scripts = this.excluded.get(reason) ?? new Map<string, number>();
    add(scripts, script);
    this.excluded.set(reason, scripts);
  }

  shorten(script: string): void {
    add(this.shortened, script);
  }

  refuse(code: string): void {
    add(this.refusals, code);
  }

  verdict({ mode, slack, starved, traps }: Verdict): void {
    if (slack === null) return;
    const budgets = this.budgets[mode];
    if (starved) budgets.starved++;
    if (slack === 0) budgets.exact++;
    else if (traps) budgets.traps++;
    else {
      budgets.ahead++;
      budgets.mostAhead = Math.max(budgets.mostAhead, slack);
    }
  }

  /** The counts that the test expects, as plain data. */
  counted() {
    const object = (counts: ReadonlyMap<string, number>) => Object.fromEntries([...counts].sort());
    const { files, modules, hardened, canonical } = this;
    return {
      files,
      modules,
      hardened,
      canonical,
      shortened: object(this.shortened),
      assertions: object(this.assertions),
      passed: object(this.passed),
    };
  }

  /** Lines for people. */
  lines(): string[] {
    const sum = (counts: ReadonlyMap<unknown, number>) =>
      [...counts.values()].reduce((a, b) => a + b, 0);
    const total = sum(this.assertions);
    const passed = sum(this.passed);
    const excluded = [...this.excluded.values()].reduce((all, scripts) => all + sum(scripts), 0);
    const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`;
    const budgets = (["bound", "exact"] as const).map((mode) => {
      const { exact, traps, ahead, mostAhead, starved } = this.budgets[mode];
      return `${mode}: the smallest budget is what the dearest call spends in ${exact} modules; it is more in ${traps} where a trapping call spends more, and in ${ahead} where a dearer way lies ahead (at most ${mostAhead} units more); one unit less starved a call in ${starved}, the others have no smaller budget`;
    });
    return [
      `${this.files} files, ${this.modules} modules: ${this.canonical} byte-identical through the codec, ${sum(this.shortened)} made canonical, ${this.hardened} hardened in both modes`,
      ...[...this.assertions].map(
        ([kind, count]) => `${kind}: ${this.passed.get(kind) ?? 0} of ${count} passed`,
      ),
      `assertions: ${total}, passed ${passed}, excluded ${excluded} (${percent(excluded, total)}), failed ${total - passed - excluded}; of those not excluded ${percent(passed, total - excluded)} passed`,
      ...exclusions.map(
        ({ reason, why }) => `excluded ${sum(this.excluded.get(reason) ?? new Map())}: ${why}`,
      ),
      ...budgets,
      `refusals: ${[...this.refusals]
        .sort((a, b) => b[1] - a[1])
        .map(([code, count]) => `${code} ${count}`)
        .join(", ")}`,
    ];
  }
}
