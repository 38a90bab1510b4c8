/**
 * Answers of next hops in the Redis that lists are kept in, for all servers that have lists there. An answer is looked for where the
 * memory of this server has none, and kept for as long as it counts. Without Redis, next hops are asked.
 */
import { within } from '../time/within';
import { type Answer, isAnswerResult, lifetimes } from './answers';

const prefix = 'smtpcheck.verified:';
/** How long a recipient waits for Redis, in milliseconds. */
const timeout = 1000;

/** Sends a command over the connection of the lists; `undefined` where there is none. Rejects where the server says no. */
export type AskRedis = (command: readonly string[]) => Promise<unknown> | undefined;

export class SharedAnswers {
  private complaint = '';

  constructor(
    private readonly askRedis: AskRedis,
    private readonly log: { logwarn(text: string): void },
  ) {}

  /** Never rejects. */
  async find(of: string): Promise<Answer | undefined> {
    const [, result, at] = /^(\S+) (\d+)$/.exec(String(await this.ask('GET', prefix + of))) ?? [];
    return isAnswerResult(result) ? { result, at: Number(at) } : undefined;
  }

  /** Nobody waits for it. */
  remember(of: string, { result, at }: Answer): void {
    void this.ask('SET', prefix + of, `${result} ${at}`, 'PX', String(lifetimes[result]));
  }

  forget(of: string): void {
    void this.ask('DEL', prefix + of);
  }

  private async ask(...command: readonly string[]): Promise<unknown> {
    try {
      const answer = this.askRedis(command);
      return answer && (await within(timeout, answer));
    } catch (error) {
      const complaint = `what next hops say of recipients is not kept in redis: ${(error as Error).message}`;
      if (complaint !== this.complaint) this.log.logwarn(complaint);
      this.complaint = complaint;
      return undefined;
    }
  }
}
