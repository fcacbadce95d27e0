// What a whole run counts: fewer files, modules or assertions than these are lost ones, and turn the test red.
export const expected = {
  files: 149,
  modules: 1600,
  hardened: 1563,
  canonical: 1648,
  // Written as bytes in the script, with integers longer than needed or with empty sections.
  shortened: { binary: 10, "binary-leb128": 32, custom: 1, float_literals: 1 },
  assertions: {
    action: 155,
    assert_exhaustion: 15,
    assert_invalid: 2142,
    assert_malformed: 1809,
    assert_return: 45_734,
    assert_trap: 2408,
    assert_uninstantiable: 34,
    assert_unlinkable: 83,
  },
  passed: {
    action: 152,
    assert_exhaustion: 13,
    assert_invalid: 2140,
    assert_malformed: 719,
    assert_return: 45_129,
    assert_trap: 2364,
    assert_uninstantiable: 27,
    assert_unlinkable: 80,
  },
};
