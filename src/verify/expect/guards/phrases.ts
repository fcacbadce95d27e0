// Phrases that the guards of docs/guards.md share, under the names that they have there.
import { CHECK } from "../../../spec/guards.ts";

export const SAY = (status: number): string => `i32.const ${status} return`;
export const DENY = SAY(CHECK.deny);

export const when = (condition: string, then: string): string => `${condition} if ${then} end`;
export const unless = (condition: string, then: string): string =>
  when(`${condition} i32.eqz`, then);

/** A parameter or local as i64. */
export const wide = (local: number | string): string => `local.get ${local} i64.extend_i32_u`;
