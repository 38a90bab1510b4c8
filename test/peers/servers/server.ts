/** What the three servers have in common for a comparison. */
import type { Listener } from '../../../testkit/live/haraka';

export type ServerName = 'smtpcheck' | 'sendmail' | 'postfix';

export interface Server {
  readonly name: ServerName;
  /** A server without the `mapped` listener is played to by IPv4. */
  readonly ports: Readonly<Partial<Record<Listener, number>>>;
  /** Messages taken so far. */
  queued(): Promise<readonly TakenMessage[]>;
  log(): string;
  stop(): Promise<void>;
}

/** The recipients of messages taken since it was last asked. */
export function takenSince(server: Server): () => Promise<readonly string[]> {
  let seen = new Set<string>();
  return async () => {
    const messages = await server.queued();
    const fresh = messages.filter(({ id }) => !seen.has(id));
    seen = new Set(messages.map(({ id }) => id));
    return fresh.flatMap(({ recipients }) => recipients);
  };
}

export interface TakenMessage {
  readonly id: string;
  readonly recipients: readonly string[];
}
