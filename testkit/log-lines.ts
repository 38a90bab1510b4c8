/** Lines of Haraka's log as the suite and Haraka write them, in its default format. */
export interface LogFields {
  readonly outcome?: string;
  readonly rule?: string;
  readonly at?: string;
  readonly ip?: string;
  readonly ptr?: string;
  readonly helo?: string;
  readonly from?: string;
  readonly rcpt?: string;
  readonly reason?: string;
  /** What stands behind the fields that every line has. */
  readonly more?: string;
  /** The time and a blank; empty for none. */
  readonly time?: string;
}

const quoted = (text: string) => (/[ ="\\]|^$/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text);

/** A refusal for a recipient, unless it is told otherwise. */
export function logLine(fields: LogFields = {}): string {
  const { outcome = 'refuse', rule = 'relay-denied', at = '', ip = '203.0.113.7', ptr = 'NXDOMAIN' } = fields;
  const { helo = 'x.example', from = '<a@x.example>', rcpt = '<user@dept.example>', more = '' } = fields;
  const { reason = outcome === 'permit' ? '' : '550 5.7.1 Relaying denied', time = '2026-11-29T08:10:02.113Z ' } =
    fields;
  const level = outcome === 'permit' ? 'INFO' : 'NOTICE';
  const pairs = { action: outcome, rule, at, generation: '1', ip, ptr, helo, from, rcpt, reason };
  const text = Object.entries(pairs).map(([key, value]) => `${key}=${quoted(value)}`);
  return `${time}[${level}] [B19DCBC8-1650-4FCA-A495-9689167D76D2.1] [smtpcheck] smtpcheck ${outcome} ${text.join(' ')}${more}`;
}
