// The guards of queue tokens (A14): an instance uses only the queues that it was given. From
// docs/guards.md, "Guard functions".
import { tokenGlobals } from "../../../spec/layout.ts";
import { signature } from "../expected.ts";
import type { Maker } from "../link.ts";
import { written } from "../words.ts";
import { SAY, when } from "./phrases.ts";

const same = tokenGlobals.map((key) => `global.get ${key} local.get 0 i32.eq`);
const free = tokenGlobals.map((key) =>
  when(`global.get ${key} i32.eqz`, `local.get 0 global.set ${key} return`),
);

export const hasToken: Maker = (link) => {
  const [first, ...others] = same;
  const any = [first, ...others.map((one) => `${one} i32.or`)].join(" ");
  const text = `${when("local.get 0 i32.eqz", SAY(0))} ${any} end`;
  return written(link, "the guard hasToken", signature("i:i"), text);
};

export const keepToken: Maker = (link) => {
  const text = `${when("local.get 0 call hasToken", "return")} ${free.join(" ")} end`;
  return written(link, "the guard keepToken", signature("i:"), text);
};
