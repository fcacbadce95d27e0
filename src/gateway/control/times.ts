// How long the control thread waits for a serving thread, in milliseconds.

export interface Patience {
  /** To come up. */
  readonly up: number;
  /** To load and start the plugins of a version. */
  readonly stage: number;
  /** The same for a cell whose plugin runs as shipped, and so may never come up. */
  readonly stageAsShipped: number;
  /** To use a version. */
  readonly commit: number;
  /** To tell of itself. */
  readonly report: number;
  /** For a cell whose plugin is in no version any more: until no worker sends it anything new, then to answer. */
  readonly lastRequests: { readonly sent: number; readonly answered: number };
  /** To write its last records. */
  readonly lastRecords: number;
}

export const PATIENCE: Patience = {
  up: 20_000,
  stage: 120_000,
  stageAsShipped: 5_000,
  commit: 20_000,
  report: 500,
  lastRequests: { sent: 1_000, answered: 30_000 },
  lastRecords: 1_000,
};
