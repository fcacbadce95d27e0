// Zstandard: three levels, each unpacked again.
#include "driver.h"
#include "zstd.h"

enum { SIZE = 120000 };
static char text[SIZE], packed[SIZE + SIZE / 50 + 1000], unpacked[SIZE];

EXPORT(bench) int32_t bench(int32_t n) {
  static const int levels[] = {1, 3, 7};
  static ZSTD_CCtx *in;
  static ZSTD_DCtx *out;
  uint32_t sum = 2166136261u;
  random_state = 0x9e3779b9u;
  if (in == NULL) {
    in = ZSTD_createCCtx();
    out = ZSTD_createDCtx();
  }
  for (int32_t i = 0; i < n; i++) {
    fill_text(text, SIZE);
    for (int k = 0; k < 3; k++) {
      const size_t packed_size = ZSTD_compressCCtx(in, packed, sizeof packed, text, SIZE, levels[k]);
      if (ZSTD_isError(packed_size)) __builtin_trap();
      const size_t size = ZSTD_decompressDCtx(out, unpacked, SIZE, packed, packed_size);
      if (size != SIZE || memcmp(text, unpacked, SIZE) != 0) __builtin_trap();
      sum = mix_bytes(sum, packed, packed_size);
    }
  }
  return (int32_t)sum;
}
