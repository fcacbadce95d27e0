// Texts of traffic files, run records and what is learnt from them; see catalogue.ts for the shape. No text quotes
// a value: such files hold credentials.
import type { Text } from "../catalogue.ts";

export const learnTexts = {
  "traffic-not-json": {
    text: "the file is not well-formed JSON",
    hint: "Correct the syntax at this place; traffic is a HAR file, or JSON lines, one request a line (docs/traffic.md)",
    blame: "input",
    exit: 3,
  },
  "traffic-wrong-type": {
    text: "{path} must be {expected}, found {found}",
    hint: "See docs/traffic.md for traffic files and docs/run-record.md for records",
    blame: "input",
    exit: 3,
  },
  "traffic-bad-url": {
    text: "{path} is no absolute http or https URL",
    hint: "HAR files name each request by its whole URL",
    blame: "input",
    exit: 3,
  },
  "traffic-too-many": {
    text: "the file has more than {max} {what}",
    hint: "Split the file, or leave out what repeats",
    blame: "input",
    exit: 3,
  },
  "traffic-empty": {
    text: "there is no request in what was given",
    hint: "Give --traffic or --record with at least one request that a plugin can be shown",
    blame: "input",
    exit: 3,
  },
  "record-other-format": {
    text: "the record's format is not {expected}",
    hint: "Make the record with this version: `glovebox run --record DIR`",
    blame: "input",
    exit: 3,
  },
  "record-other-module": {
    text: "the record is of another module than {ref} (sha256 {found}…, expected {expected}…)",
    hint: "Records hold for the exact module that ran: give that one, or record again",
    blame: "input",
    exit: 3,
  },
  "record-none-of-module": {
    text: "no record in {folder} is of {ref} (sha256 {expected}…)",
    hint: "Name the folder that `glovebox run --record` wrote, and the module that ran",
    blame: "input",
    exit: 3,
  },
  "learn-not-started": {
    text: "the plugin does not start even with everything allowed: {how}",
    hint: "Check its configuration: --configuration TEXT",
    blame: "input",
    exit: 3,
  },
  "learn-trapped": {
    text: "the plugin trapped {count} times though everything was allowed, first {how}",
    hint: "No policy lets this traffic pass: it is a mistake of the plugin, or takes more fuel than {fuel} units a callback",
    blame: "input",
    exit: 1,
  },
  "learn-differs": {
    text: "played again under the policy that was learnt, {count} of {total} requests differ, first {first}",
    hint: "The plugin behaves differently with the same requests: judge the policy by hand",
    blame: "input",
    exit: 1,
  },
  "learn-was-denied": {
    text: "{name} was denied when the record was made ({times} times, first {how}); it is not granted",
    hint: "Record again under a policy that allows it, or use --traffic, if it shall be granted",
    blame: "input",
    exit: 1,
  },
  "fit-below-most": {
    text: "{path} is {current}, below the most that was seen: {most}",
    hint: "Raise it to {proposed}, or this very traffic traps or is denied",
    blame: "input",
    exit: 1,
  },
  "fit-trapped": {
    text: "{count} callbacks trapped, the first kind of them {how}: what they needed is in no limit here",
    hint: "After the third trap nothing more is played. Let the plugin be mended, or leave these requests out",
    blame: "input",
    exit: 1,
  },
  "fit-memory-grows": {
    text: "memory still grew late in the run: three of four requests ended with at most {before}, the last with {most}",
    hint: "A plugin that keeps what it was given outgrows any limit: give more traffic, and choose the limit for what comes between two reloads",
    blame: "input",
    exit: 1,
  },
  "fit-small-sample": {
    text: "{count} requests are too few for p{percentile}: it takes {needed}; the maximum was used instead",
    hint: "Give more traffic, or a lower --percentile",
    blame: "input",
    exit: 1,
  },
  "fit-not-metered": {
    text: "the record counts no fuel: the plugin ran unhardened",
    hint: "Record without --unsafe-default, or use --traffic",
    blame: "input",
    exit: 3,
  },
  "fit-other-fuel": {
    text: "the record counted fuel by {found}, the policy counts by {expected}",
    hint: "Units of different modes and tables can't be compared: record under this policy, or use --traffic",
    blame: "input",
    exit: 3,
  },
} as const satisfies Readonly<Record<string, Text>>;
