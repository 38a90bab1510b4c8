/** RFC 5321 §5.1: a server that finds itself among the MX records passes mail only to those before it. */

export interface Exchange {
  readonly exchange: string;
  /** Lower is better. */
  readonly priority: number;
}

/**
 * The exchanges that are left once this host and every exchange of its preference or a worse one are dropped; the same
 * list where this host is not among them. Two backup servers can then not pass a message to and fro.
 */
export function betterThanOurs<E extends Exchange>(
  exchanges: readonly E[],
  isOurs: (exchange: E) => boolean,
): readonly E[] {
  const ours = exchanges.filter(isOurs);
  if (ours.length === 0) return exchanges;
  const best = Math.min(...ours.map((exchange) => exchange.priority));
  return exchanges.filter((exchange) => exchange.priority < best);
}
