/** Numbers, times and names as text. */

const digits = new Map<number, Intl.NumberFormat>();

/** Four significant digits, as people read them: 12,340 but 0.1234. */
export function value(number: number | null | undefined): string {
  if (number == null) return "–";
  const size = Math.abs(number);
  const places = size >= 1000 || Number.isInteger(number) ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 || size === 0 ? 3 : 4;
  if (!digits.has(places)) digits.set(places, new Intl.NumberFormat("en", { minimumFractionDigits: Math.min(places, 3), maximumFractionDigits: places }));
  return digits.get(places)!.format(number);
}

export function count(number: number): string {
  return value(Math.round(number));
}

export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function bytes(number: number): string {
  if (number < 1000) return `${number} B`;
  const [unit, size] = number < 1e6 ? ["kB", 1e3] : number < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(number / size).toFixed(number / size < 10 ? 1 : 0)} ${unit}`;
}

export function percent(share: number | null | undefined, places = 0): string {
  return share == null ? "–" : `${(100 * share).toFixed(places)}%`;
}

export function change(share: number | null | undefined): string {
  if (share == null) return "–";
  const shown = (100 * share).toFixed(Math.abs(share) < 0.0995 ? 1 : 0);
  return Number(shown) === 0 ? "0%" : `${share > 0 ? "+" : "−"}${shown.replace("-", "")}%`;
}

/** How long, from seconds: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds) / 60;
  if (minutes < 60) return `${Math.floor(minutes)} min ${Math.round(seconds) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${Math.floor(minutes) % 60} min`;
}

export function between(from: string, to: string | null, now: string): number {
  return Math.max(0, (Date.parse(to ?? now) - Date.parse(from)) / 1000);
}

const clock = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** An instant by this machine's clock. */
export function instant(text: string | number): string {
  return clock.format(typeof text === "number" ? text : Date.parse(text));
}

const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

export function timeOfDay(milliseconds: number): string {
  return time.format(milliseconds);
}

/** The time in a vintage's name, which is UTC: 29 Nov 2026, 20:25 UTC. */
export function vintage(name: string): string {
  const [, year, month, day, hour, minute] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)/.exec(name) ?? [];
  if (!year) return name;
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}, ${hour}:${minute} UTC`;
}

export const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A moment of the data, which has no time zone: seconds since 1970 as if its clock showed UTC. */
export function moment(seconds: number, frequency: string): string {
  const text = new Date(seconds * 1000).toISOString();
  return /(min|H)$/.test(frequency) ? text.slice(0, 16).replace("T", " ") : text.slice(0, 10);
}

const UNITS: Record<string, string> = { Y: "year", M: "month", W: "week", D: "day", B: "working day", H: "hour", min: "minute" };

/** A frequency in words: 15 minutes, day. */
export function period(frequency: string, many = 1): string {
  const [, number, unit] = /^(\d*)([A-Za-z]+)$/.exec(frequency) ?? [];
  const word = UNITS[unit ?? ""] ?? frequency;
  const each = Number(number || 1);
  return each === 1 ? word + (many === 1 ? "" : "s") : `${each} ${word}s`;
}

export function title(key: string[]): string {
  return key.join(" · ");
}

/** A vintage's or a run's name, short enough for a table. */
export function short(name: string): string {
  const [run, attempt] = name.split("-", 2);
  return run!.slice(0, 8) + (attempt ? `-${attempt}` : "");
}
