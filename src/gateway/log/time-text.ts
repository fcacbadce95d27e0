// The text of `START_TIME`: what stands in its parentheses is strftime's, as absl writes it in UTC. What is no
// conversion stays as it stands. A clock of milliseconds has nothing for the digits behind them.
import { timeConversions } from "../../spec/log-commands.ts";

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  ...["January", "February", "March", "April", "May", "June", "July", "August", "September"],
  ...["October", "November", "December"],
];

const two = (value: number): string => String(value).padStart(2, "0");
const short = (name: string): string => name.slice(0, 3);
const nanoseconds = (at: Date): string =>
  `${String(at.getUTCMilliseconds()).padStart(3, "0")}000000`;
const hour12 = (at: Date): number => at.getUTCHours() % 12 || 12;
const dayOfYear = (at: Date): number =>
  Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;

const letters: Readonly<Record<string, string | ((at: Date) => string)>> = {
  "%": () => "%",
  t: () => "\t",
  z: () => "+0000",
  Z: () => "UTC",
  Y: (at) => String(at.getUTCFullYear()),
  C: (at) => two(Math.floor(at.getUTCFullYear() / 100)),
  y: (at) => two(at.getUTCFullYear() % 100),
  m: (at) => two(at.getUTCMonth() + 1),
  B: (at) => months[at.getUTCMonth()]!,
  b: (at) => short(months[at.getUTCMonth()]!),
  h: (at) => short(months[at.getUTCMonth()]!),
  d: (at) => two(at.getUTCDate()),
  e: (at) => String(at.getUTCDate()).padStart(2, " "),
  j: (at) => String(dayOfYear(at)).padStart(3, "0"),
  A: (at) => days[at.getUTCDay()]!,
  a: (at) => short(days[at.getUTCDay()]!),
  u: (at) => String(at.getUTCDay() || 7),
  w: (at) => String(at.getUTCDay()),
  H: (at) => two(at.getUTCHours()),
  I: (at) => two(hour12(at)),
  p: (at) => (at.getUTCHours() < 12 ? "AM" : "PM"),
  M: (at) => two(at.getUTCMinutes()),
  S: (at) => two(at.getUTCSeconds()),
  f: nanoseconds,
  s: (at) => String(Math.floor(at.getTime() / 1000)),
  F: "%Y-%m-%d",
  T: "%H:%M:%S",
  X: "%H:%M:%S",
  R: "%H:%M",
  D: "%m/%d/%y",
  x: "%m/%d/%y",
  r: "%I:%M:%S %p",
  c: "%a %b %e %H:%M:%S %Y",
};

function seconds(at: Date, digits: string): string {
  if (digits === "0") return two(at.getUTCSeconds());
  const all = nanoseconds(at);
  const rest = digits === "*" ? all.replace(/0+$/, "") : all.slice(0, Number(digits));
  return rest === "" ? two(at.getUTCSeconds()) : `${two(at.getUTCSeconds())}.${rest}`;
}

function written(format: string, at: Date): string {
  return format.replace(timeConversions, (whole, digits, second, zone, letter) => {
    if (digits !== undefined) return nanoseconds(at).slice(0, Number(digits));
    if (second !== undefined) return seconds(at, second);
    if (zone !== undefined) return "+00:00";
    const how = letters[letter];
    if (how === undefined) return whole;
    return typeof how === "string" ? written(how, at) : how(at);
  });
}

/** For milliseconds since 1970; without a format to the millisecond, as Envoy writes it. */
export function timeText(format: string): (at: number) => string {
  if (format === "") return (at) => new Date(at).toISOString();
  return (at) => written(format, new Date(at));
}
