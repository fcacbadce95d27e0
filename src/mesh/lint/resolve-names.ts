// What a list of capabilities means: the article's names as the real ones that they stand for.
import { alias } from "../../spec/aliases.ts";
import type { Capabilities } from "../model.ts";
import { isCapability } from "./capability-names.ts";

/** The real name of a written one; itself where it stands for none. */
export const realName = (name: string): string =>
  isCapability(name) ? name : (alias(name)?.name ?? name);

export function realNames(capabilities: Capabilities | null): ReadonlySet<string> {
  return new Set((capabilities?.names ?? []).map((one) => realName(one.value)));
}
