/**
 * Reports from the workers of a cluster to their master, and questions to it: of a worker that serves the status itself, and
 * of one that has recipients to be counted. A report is what has happened since the one before, so that none counts twice and what a worker has reported outlives it.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Count, CountRequest } from '../limits/limit-counts';
import type { Counted } from '../limits/windows';
import type { Numbering } from '../lists/generations';
import { type Report, readNumbering, readReport } from './report';
import type { Answer } from './routes';
import type { Respond } from './server';

/** Milliseconds; a worker that is killed loses what has happened since its last report. */
export const reportInterval = 1000;

const reportEvent = 'smtpcheck.report';
const questionEvent = 'smtpcheck.question';
const countEvent = 'smtpcheck.count';
const answerEvent = 'smtpcheck.answer';
/** The master's answer to a report: so a worker that has missed a version numbers those after it as the others do. */
const numberingEvent = 'smtpcheck.numbering';

interface Message {
  readonly event?: unknown;
  readonly report?: unknown;
  readonly id?: unknown;
  readonly url?: unknown;
  readonly accept?: unknown;
  readonly count?: unknown;
  readonly answer?: unknown;
  readonly numbering?: unknown;
}

export class WorkerLink {
  private readonly questions = new Map<number, (answer: unknown) => void>();
  private lastQuestion = 0;

  constructor(
    private readonly collect: () => Report,
    private readonly adopt: (numbering: Numbering) => void,
  ) {
    setInterval(this.report, reportInterval).unref();
    process.on('message', this.receive);
    process.on('exit', this.report);
  }

  /** To be called when the worker is to stop: the channel may close now. Until it does, the reports go on. */
  close(): void {
    this.report();
  }

  /** The master's answer, or none where it is silent for too long. */
  async ask(url: string, accept: string): Promise<Answer | undefined> {
    return (await this.question({ event: questionEvent, url, accept })) as Answer | undefined;
  }

  /** Rejects where the master does not answer: nothing can be said of the recipients then. */
  async count(request: CountRequest): Promise<Counted> {
    const counted = await this.question({ event: countEvent, count: request });
    if (!counted) throw new Error('the master of the cluster has not counted recipients');
    return counted as Counted;
  }

  private question(message: Message): Promise<unknown> {
    const id = ++this.lastQuestion;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), 3000);
      const settle = (answer: unknown) => {
        clearTimeout(timer);
        this.questions.delete(id);
        resolve(answer);
      };
      this.questions.set(id, settle);
      this.send({ ...message, id });
    });
  }

  private readonly report = (): void => {
    if (process.connected) this.send({ event: reportEvent, report: this.collect() });
  };

  private send(message: Message): void {
    // A channel that closes meanwhile takes the report with it, and is no reason to end.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  }

  private readonly receive = (message: Message): void => {
    const numbering = message?.event === numberingEvent ? readNumbering(message.numbering) : undefined;
    if (numbering) this.adopt(numbering);
    if (message?.event !== answerEvent) return;
    this.questions.get(Number(message.id))?.(message.answer);
  };
}

export class MasterLink {
  private readonly known = new Set<number>();

  constructor(
    private readonly reported: (worker: number, report: Report) => void,
    private readonly gone: (worker: number) => void,
    private readonly respond: Respond,
    private readonly count: Count,
    private readonly numbering: () => Numbering | undefined,
  ) {
    cluster.on('message', this.receive);
  }

  close(): void {
    cluster.off('message', this.receive);
  }

  private readonly receive = (worker: Worker, message: Message): void => {
    if (message?.event === reportEvent) {
      const report = readReport(message.report);
      if (report) this.reported(worker.id, report);
      this.send(worker, { event: numberingEvent, numbering: this.numbering() });
      this.watch(worker);
    } else if (message?.event === questionEvent) {
      const { id, url, accept } = message;
      void this.respond(String(url), String(accept)).then((answer) => {
        this.send(worker, { event: answerEvent, id, answer });
      });
    } else if (message?.event === countEvent) {
      void this.counted(message.count as CountRequest).then((answer) => {
        this.send(worker, { event: answerEvent, id: message.id, answer });
      });
    }
  };

  /** A request of another version of the suite may be none: its recipients are deferred. */
  private async counted(request: CountRequest): Promise<Counted | undefined> {
    try {
      return await this.count(request);
    } catch {
      return undefined;
    }
  }

  private send(worker: Worker, message: Message): void {
    if (worker.isConnected()) worker.send(message, undefined, () => {});
  }

  /** By an event of the worker: Haraka removes all listeners of the cluster's own when it restarts gracefully. */
  private watch(worker: Worker): void {
    // Its last report may come after its exit.
    if (worker.isDead()) this.gone(worker.id);
    if (this.known.has(worker.id)) return;
    this.known.add(worker.id);
    worker.once('exit', () => this.gone(worker.id));
  }
}
