// Queue tokens are small numbers that hosts give to anyone (rule A14): the module keeps those that it was given
// for an allowed name, and lets no other pass.
import { tokenGlobals } from "../../../spec/layout.ts";
import { Asm, NO_RESULT, ONE_I32 } from "../asm.ts";
import { type GuardRow, say } from "./guard.ts";

export const tokens: readonly GuardRow[] = [
  {
    name: "hasToken",
    build({ ground }) {
      const asm = new Asm(ground).local("get", 0).op("i32.eqz");
      say(asm.if(), 0).op("end");
      for (const [k, token] of tokenGlobals.entries()) {
        asm.get(token).local("get", 0).op("i32.eq");
        if (k > 0) asm.op("i32.or");
      }
      return asm.body(ONE_I32, ONE_I32);
    },
  },
  {
    name: "keepToken",
    build({ ground, target }) {
      const asm = new Asm(ground).local("get", 0).call(target("hasToken"));
      asm.if().return(0).op("end");
      for (const token of tokenGlobals) {
        asm.get(token).op("i32.eqz").if().local("get", 0).set(token).return(0).op("end");
      }
      return asm.body(ONE_I32, NO_RESULT);
    },
  },
];
