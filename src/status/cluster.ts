/**
 * Reports from the workers of a cluster to their master, and questions to it: of a worker that serves the status itself, has
 * recipients to be counted, or wants to know whether a next hop knows them. A report is what has happened since the one before,
 * so that none counts twice and what a worker has reported outlives it.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Numbering } from '../lists/generations';
import { type Report, readNumbering, readReport } from './report';

/** Milliseconds; a worker that is killed loses what has happened since its last report. */
export const reportInterval = 1000;

const reportEvent = 'smtpcheck.report';
const questionEvent = 'smtpcheck.question';
const answerEvent = 'smtpcheck.answer';
/** The master's answer to a report: so a worker that has missed a version numbers those after it as the others do. */
const numberingEvent = 'smtpcheck.numbering';

/** What a worker asks its master for. */
export type Service = 'status' | 'count' | 'verify';

/** Milliseconds that a worker waits for a busy master, beyond what the question takes. Haraka gives up a hook after 30 s. */
const answerTimeout = 10_000;

interface Message {
  readonly event?: unknown;
  readonly report?: unknown;
  readonly id?: unknown;
  readonly service?: unknown;
  readonly request?: unknown;
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

  /** The master's answer, or none where it is silent for longer than this takes. */
  ask(service: Service, request: unknown, takes = 0): Promise<unknown> {
    const id = ++this.lastQuestion;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), answerTimeout + takes);
      const settle = (answer: unknown) => {
        clearTimeout(timer);
        this.questions.delete(id);
        resolve(answer);
      };
      this.questions.set(id, settle);
      this.send({ event: questionEvent, id, service, request });
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
    private readonly services: Readonly<Record<Service, (request: never) => Promise<unknown>>>,
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
      void this.answer(message).then((answer) => this.send(worker, { event: answerEvent, id: message.id, answer }));
    }
  };

  /** A worker of another version of the suite may ask for what is none: it gets no answer. */
  private async answer({ service, request }: Message): Promise<unknown> {
    try {
      return await this.services[service as Service](request as never);
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
