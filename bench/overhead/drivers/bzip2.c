// bzip2: compresses a text and takes it apart again.
#include "driver.h"
#include "bzlib.h"

enum { SIZE = 60000 };
static char text[SIZE], packed[SIZE + SIZE / 50 + 1000], unpacked[SIZE];

void bz_internal_error(int code) { __builtin_trap(); }

EXPORT(bench) int32_t bench(int32_t n) {
  uint32_t sum = 2166136261u;
  random_state = 0x9e3779b9u;
  for (int32_t i = 0; i < n; i++) {
    fill_text(text, SIZE);
    unsigned packed_size = sizeof packed, size = SIZE;
    if (BZ2_bzBuffToBuffCompress(packed, &packed_size, text, SIZE, 1, 0, 0) != BZ_OK) __builtin_trap();
    if (BZ2_bzBuffToBuffDecompress(unpacked, &size, packed, packed_size, 0, 0) != BZ_OK) __builtin_trap();
    if (size != SIZE || memcmp(text, unpacked, SIZE) != 0) __builtin_trap();
    sum = mix_bytes(sum, packed, packed_size);
  }
  return (int32_t)sum;
}
