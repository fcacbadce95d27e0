// Header maps hold one character a byte; a configuration is Unicode. The one place that turns the latter into the
// former, so that no wide character can become a line's end when it is written.

/** The UTF-8 bytes of a text, one character each. */
export function bytesText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
