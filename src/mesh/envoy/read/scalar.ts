// What a plain YAML word is to Envoy, whose reader is of YAML 1.1's school: `yes` and `on` are booleans, 0x1F and
// 010 are whole numbers, and everything else, 1.5 included, is text that a number field may still read.
// Source: Envoy's source/common/protobuf/yaml_utility.cc over yaml-cpp's conversions.

const booleans: Readonly<Record<string, boolean>> = {
  y: true,
  yes: true,
  true: true,
  on: true,
  n: false,
  no: false,
  false: false,
  off: false,
};

/** All lower, all upper, or the first letter upper. */
const evenCase = /^(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)$/;

const whole = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/;

/** A word without quotes → what it is. */
export function plainScalar(word: string): string | number | boolean | null {
  if (word === "" || word === "~" || word === "null" || word === "Null" || word === "NULL") {
    return null;
  }
  if (word.length <= 5 && evenCase.test(word)) {
    const value = booleans[word.toLowerCase()];
    if (value !== undefined) return value;
  }
  if (word.length <= 25 && whole.test(word)) {
    const digits = word.replace(/^[-+]/, "");
    const octal = /^0[0-7]+$/.test(digits);
    const value = Number(octal ? `0o${digits.slice(1)}` : digits);
    // Beyond what a double holds, the digits are kept as text.
    if (Number.isSafeInteger(value)) return word.startsWith("-") ? -value : value;
  }
  return word;
}
