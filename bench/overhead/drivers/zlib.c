// zlib: two levels of deflate, each inflated again, and both checksums.
#include "driver.h"
#include "zlib.h"

enum { SIZE = 100000 };
static Bytef text[SIZE], packed[SIZE + SIZE / 50 + 1000], unpacked[SIZE];

EXPORT(bench) int32_t bench(int32_t n) {
  static const int levels[] = {1, 6};
  uint32_t sum = 2166136261u;
  random_state = 0x9e3779b9u;
  for (int32_t i = 0; i < n; i++) {
    fill_text((char *)text, SIZE);
    for (int k = 0; k < 2; k++) {
      uLongf packed_size = sizeof packed, size = SIZE;
      if (compress2(packed, &packed_size, text, SIZE, levels[k]) != Z_OK) __builtin_trap();
      if (uncompress(unpacked, &size, packed, packed_size) != Z_OK) __builtin_trap();
      if (size != SIZE || memcmp(text, unpacked, SIZE) != 0) __builtin_trap();
      sum = mix_bytes(sum, packed, packed_size);
    }
    sum = mix(sum, (uint32_t)crc32(adler32(1, text, SIZE), text, SIZE));
  }
  return (int32_t)sum;
}
