// The estimate of native stack that one frame takes (rule A26), in one place: expected bodies and
// the walk over guest code both use it. Evidence for the constants: docs/containment-rules.md.

/** Slots of 8 bytes that one v128 value counts for. */
export const WIDE_SLOTS = 3;

/** Bytes of a frame: slots of parameters, locals, operands; most arguments of any call. */
export function frameBytes(slots: number, mostArguments: number): number {
  return 128 + 8 * slots + 16 * mostArguments;
}
