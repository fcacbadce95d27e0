// What a plugin can be doing, by number: numbers are what the heartbeat in shared memory holds, and what a look-up
// for every callback of every request costs least by. The names are those of the statistics' labels.

/** The steps of requests and connections that are measured: phases. */
export const PHASE = {
  requestHeaders: 1,
  requestBody: 2,
  requestTrailers: 3,
  responseHeaders: 4,
  responseBody: 5,
  responseTrailers: 6,
  log: 7,
  newConnection: 8,
  downstreamData: 9,
  upstreamData: 10,
} as const;

/** What is only told by the heartbeat. */
export const STEP = { none: 0, ...PHASE, start: 11, timer: 12, open: 13 } as const;

export type Phase = (typeof PHASE)[keyof typeof PHASE];
export type Step = (typeof STEP)[keyof typeof STEP];

const names: readonly string[] = Object.entries(STEP)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));

/** `request_headers` and so on; `none` for a number that is no step. */
export function stepName(step: number): string {
  return names[step] ?? names[STEP.none]!;
}
