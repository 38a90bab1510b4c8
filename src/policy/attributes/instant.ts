/**
 * The instants that `until=` names: a day, which means its first instant, or a minute, in the time zone of this host or, with
 * `Z`, in UTC. A list holds them as whole minutes since 1970.
 */

const form = /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(Z?))?$/;

/** In milliseconds since 1970; `undefined` where the text names no instant, or one before the year 2000. */
export function parseInstant(text: string): number | undefined {
  const parts = form.exec(text);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts.slice(1, 6).map((part) => Number(part ?? 0));
  if (year < 2000) return undefined;
  const isUtc = parts[6] === 'Z';
  const date = isUtc
    ? new Date(Date.UTC(year, month - 1, day, hour, minute))
    : new Date(year, month - 1, day, hour, minute);
  // What does not exist (30 February, 24:00, an hour that summer time leaves out) becomes another time.
  const is = isUtc
    ? [date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes()]
    : [date.getMonth(), date.getDate(), date.getHours(), date.getMinutes()];
  // A day on which summer time leaves out midnight begins later.
  const asked = [month - 1, day, hour, minute].slice(0, parts[4] === undefined ? 2 : 4);
  return asked.every((number, i) => is[i] === number) ? date.getTime() : undefined;
}

/** The instant in the time zone of this host, with its distance from UTC: `2026-12-31T00:00+09:00`. */
export function formatInstant(time: number): string {
  const date = new Date(time);
  const offset = -date.getTimezoneOffset();
  const two = (number: number) => String(number).padStart(2, '0');
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}${zone}`;
}
