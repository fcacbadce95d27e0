// Oniguruma: the patterns that a traffic filter might carry, searched through a log.
#include "driver.h"
#include "oniguruma.h"

enum { SIZE = 20000, PATTERNS = 6 };
static UChar text[SIZE];
static regex_t *compiled[PATTERNS];
static OnigRegion *region;

static const char *const patterns[PATTERNS] = {
    "(?:GET|POST) (/[a-z0-9/._-]+)",
    "\\b\\d{1,3}\\.\\d{1,3}\\.(?<host>\\d+)?",
    "(?i)mozilla/(\\d)\\.(\\d)[^\\n]*cluster=",
    "user=\\d*(?=[^\\n]{0,80}session:\\d+)",
    "([a-z]+_)+[a-z]+ |\"[^\"]*\"",
    "(?<!cache=)(?:hit|miss)|(\\d)\\1",
};

static void start(void) {
  OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
  onig_initialize(encodings, 1);
  region = onig_region_new();
  for (int i = 0; i < PATTERNS; i++) {
    OnigErrorInfo error;
    const UChar *pattern = (const UChar *)patterns[i];
    if (onig_new(&compiled[i], pattern, pattern + strlen(patterns[i]), ONIG_OPTION_DEFAULT, ONIG_ENCODING_UTF8,
                 ONIG_SYNTAX_RUBY, &error) != ONIG_NORMAL) {
      __builtin_trap();
    }
  }
}

EXPORT(bench) int32_t bench(int32_t n) {
  uint32_t sum = 2166136261u;
  random_state = 0x9e3779b9u;
  if (region == NULL) start();
  for (int32_t i = 0; i < n; i++) {
    fill_text((char *)text, SIZE);
    const UChar *end = text + SIZE;
    for (int p = 0; p < PATTERNS; p++) {
      for (const UChar *at = text; at < end;) {
        const int found = onig_search(compiled[p], text, end, at, end, region, ONIG_OPTION_NONE);
        if (found < 0) break;
        sum = mix(sum, (uint32_t)(found + region->num_regs));
        at = text + (region->end[0] > region->beg[0] ? region->end[0] : region->beg[0] + 1);
      }
    }
  }
  return (int32_t)sum;
}
