// How long the control thread waits for a serving thread, in milliseconds.

/** To come up. */
export const UP = 20_000;
/** To load and start the plugins of a version. */
export const STAGE = 120_000;
/** To use a version. */
export const COMMIT = 20_000;
/** To tell of itself. */
export const REPORT = 500;
/** To write its last records. */
export const LAST_RECORDS = 1_000;
