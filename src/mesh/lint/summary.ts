// What a run of the linter looked at, in numbers.

export interface Summary {
  readonly files: number;
  /** Documents that are about plugins. */
  readonly documents: number;
  /** Documents that aren't, which were left alone. */
  readonly skipped: number;
  readonly plugins: number;
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
  readonly suppressed: number;
  /** Known from the baseline. */
  readonly baseline: number;
}
