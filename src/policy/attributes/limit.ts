/**
 * How many recipients that leave the site a client may have in a period: `200/1h`. A list holds that for each client alone, or
 * with `,all` for all clients of the entry together.
 */

export interface Limit {
  readonly recipients: number;
  /** Milliseconds. */
  readonly period: number;
}

/** Of one entry, each at most once. */
export interface Limits {
  /** For each client address. */
  readonly client?: Limit;
  /** For all clients of the entry together. */
  readonly all?: Limit;
}

const units: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
const longestPeriod = 31 * 86_400_000;

/** `undefined` where the text is no number and period: neither is ever 0, and no period is longer than 31 days. */
export function parseLimit(text: string): Limit | undefined {
  const [, recipients, count, unit = ''] = /^([1-9][0-9]{0,8})\/([1-9][0-9]{0,6})([smhd])$/.exec(text) ?? [];
  const period = Number(count) * (units[unit] ?? Number.NaN);
  return period <= longestPeriod ? { recipients: Number(recipients), period } : undefined;
}

/** In its largest unit: 3600 s is `1h`. */
export function formatLimit({ recipients, period }: Limit): string {
  const [unit, length] = Object.entries(units).find(([, length]) => period % length === 0) ?? ['ms', 1];
  return `${recipients}/${period / length}${unit}`;
}

/** The value of one `limit=`. */
export function parseEntryLimit(text: string): Limits | undefined {
  const isForAll = text.endsWith(',all');
  const limit = parseLimit(isForAll ? text.slice(0, -',all'.length) : text);
  return limit && (isForAll ? { all: limit } : { client: limit });
}

/** As words of an entry, the same for all texts that mean the same. */
export function formatLimits({ client, all }: Limits): string {
  const words = [client && `limit=${formatLimit(client)}`, all && `limit=${formatLimit(all)},all`];
  return words.filter((word) => word).join(' ');
}

/** Whether whoever keeps these keeps the others too. */
export function isWithin(limits: Limits | undefined, others: Limits | undefined): boolean {
  return (['client', 'all'] as const).every((kind) => {
    const [inner, outer] = [limits?.[kind], others?.[kind]];
    if (!outer) return true;
    return inner !== undefined && inner.recipients <= outer.recipients && inner.period >= outer.period;
  });
}
