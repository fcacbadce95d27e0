// Pass: charges of `exact` mode for one function (rule A11). Not written yet.
import type { IntList } from "./int-list.ts";
import type { EntryPlan } from "./meter-fuel.ts";
import type { Subject } from "./meter-bound.ts";
import type { Prices } from "./prices.ts";

export class ExactMeter {
  meter(_subject: Subject, _prices: Prices, _edits: IntList, _must: boolean): EntryPlan {
    throw new Error("exact");
  }
}
