/** Attributes: what an entry says besides itself. Each only narrows what the entry does. */
import { formatInstant } from './instant';
import { formatLimits, type Limits } from './limit';
import type { SenderScope } from './sender-scope';

export interface Attributes {
  /** From this instant on the entry does not exist; in milliseconds since 1970. */
  readonly until?: number;
  /** The entry trusts a client for these senders alone. */
  readonly from?: SenderScope;
  /** The entry trusts its clients for so many recipients. */
  readonly limit?: Limits;
}

/** For people, with the exact instant: `from=dept.example limit=200/1h until=2026-12-31T00:00+09:00`. */
export function describeAttributes({ from, limit, until }: Attributes): string {
  const words = [
    from && `from=${from.text}`,
    limit && formatLimits(limit),
    until !== undefined && `until=${formatInstant(until)}`,
  ];
  return words.filter((word) => word).join(' ');
}
