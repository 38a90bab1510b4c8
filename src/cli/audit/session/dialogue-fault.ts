/** How an exchange with a server can fail, and what a question makes of it. */

export type FaultKind =
  | 'unreachable'
  | 'closed'
  | 'timeout'
  | 'line-too-long'
  | 'too-much'
  | 'garbage'
  | 'tls'
  | 'budget'
  | 'unanswered'
  | 'no-tls';

/** The server, the network or our own limits ended this exchange: what was asked stays unanswered. */
export class DialogueFault extends Error {
  readonly kind: FaultKind;
  constructor(kind: FaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Whether the fault ends all further questions, and not just this one. */
export function endsAll(error: unknown): boolean {
  return !(error instanceof DialogueFault) || ['unreachable', 'budget', 'no-tls'].includes(error.kind);
}

/** The result, or `undefined` where the server did not answer: for questions where silence is an answer too. */
export async function answered<T>(exchange: Promise<T>): Promise<T | undefined> {
  try {
    return await exchange;
  } catch (error) {
    if (endsAll(error)) throw error;
    return undefined;
  }
}

/** The answer, or `undefined` where the server closed the connection. A timeout is thrown, because it proves nothing. */
export async function unlessClosed<T>(exchange: Promise<T>): Promise<T | undefined> {
  try {
    return await exchange;
  } catch (error) {
    if (error instanceof DialogueFault && (error.kind === 'closed' || error.kind === 'tls')) return undefined;
    throw error;
  }
}
