// Failure: the one thing that is thrown, and Finding: the one thing that is listed. Neither is ever the
// other: a Failure is caught at the edges (cli, gateway, admission) only, a Finding is never thrown.
import { type Args, type Code, fill, textOf } from "./catalogue.ts";
import type { Where } from "./where.ts";

export type Level = "error" | "warning" | "info";

export interface Finding {
  readonly code: Code;
  readonly level: Level;
  readonly message: string;
  readonly where?: Where;
  readonly hint: string;
}

/** Thrown when a command or a load cannot go on. `code` is stable; `message` holds no stack or place. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: Code;
  readonly where: Where | undefined;
  readonly hint: string;
  readonly args: Args;

  constructor(code: Code, args: Args = {}, where?: Where, cause?: unknown) {
    super(fill(textOf(code).text, args), cause === undefined ? undefined : { cause });
    this.code = code;
    this.args = args;
    this.where = where;
    this.hint = fill(textOf(code).hint, args);
  }
}

/** Throws a Failure; typed `never` so that callers need no return after it. */
export function fail(code: Code, args: Args = {}, where?: Where, cause?: unknown): never {
  throw new Failure(code, args, where, cause);
}

/** Builds a Finding from its catalogue row. */
export function finding(code: Code, level: Level, args: Args = {}, where?: Where): Finding {
  const row = textOf(code);
  const base = { code, level, message: fill(row.text, args), hint: fill(row.hint, args) };
  return where === undefined ? base : { ...base, where };
}
