// The answer to a request whose plugin has failed and must not be passed by.
import { REJECTED } from "../../host/failure.ts";
import type { Answer } from "./seams.ts";

export const rejected: Answer = {
  status: REJECTED.status,
  details: REJECTED.details,
  headers: [],
  body: new Uint8Array(0),
  flags: "",
};
