/**
 * The status server under every fault: it is asked all the time, over its Unix socket and its port, and has to answer soon, whole,
 * and with figures that never decrease.
 */
import { ask, type Place, socketOf } from '../../../testkit/live/status-client';
import { pause } from '../../../testkit/live/talk';
import type { World } from '../world';
import type { Ledger } from './ledger';

const between = 150;
/** The machine may be busy with the fault itself. Milliseconds. */
const patience = 5000;
/** One fault of the status server says the same again and again. */
const mostFindings = 20;

/** Counters of an answer, by name; throws where the answer is not as it should be. */
type Read = (body: string) => ReadonlyMap<string, number>;

const pages: Readonly<Record<string, Read>> = {
  'status.json': (body) => {
    const { version, decisions, processes, reloads, verify } = JSON.parse(body) as {
      version: number;
      decisions: { plugin: string; outcome: string; rule: string; observed: boolean; count: number }[];
      processes: unknown[];
      reloads: Record<string, number>;
      verify: { questions: Record<string, number> };
    };
    if (version !== 1 || processes.length === 0) throw new Error('not the status');
    const counts = decisions.map(
      ({ plugin, outcome, rule, observed, count }) => [`${plugin} ${outcome} ${rule} ${observed}`, count] as const,
    );
    return new Map([...counts, ...Object.entries(reloads), ...Object.entries(verify.questions)]);
  },
  metrics: (body) => {
    const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const read = samples.map((line) => {
      const [, series = '', value] = /^(haraka_smtpcheck_\w+(?:\{[^}]*\})?) (-?[\d.e+-]+)$/.exec(line) ?? [];
      if (value === undefined) throw new Error(`no sample: ${line}`);
      return [series, Number(value)] as const;
    });
    if (read.length < 50) throw new Error(`only ${read.length} samples`);
    return new Map(read.filter(([series]) => /_total\b/.test(series)));
  },
  'limits.json': (body) => {
    const { limits } = JSON.parse(body) as { limits: { subject: string; state: string }[] };
    const entry = limits.find(({ subject }) => subject === 'entry');
    return new Map([['an entry over its limit', Number(entry?.state === 'over')]]);
  },
  'decisions.json': (body) => {
    const { last, decisions } = JSON.parse(body) as { last: number; decisions: { number: number }[] };
    if (decisions.some(({ number }) => number > last)) throw new Error('a decision after the last one');
    return new Map([['last', last]]);
  },
};

export class StatusWatch {
  private readonly places: Readonly<Record<string, Place>>;
  private readonly counters = new Map<string, number>();
  private readonly answers = new Map<string, number>();
  private slowest = 0;
  private findings = 0;
  private running: Promise<void> | undefined;
  private isOver = false;

  constructor(
    { haraka, ports }: Pick<World, 'haraka' | 'ports'>,
    private readonly ledger: Ledger,
  ) {
    this.places = { socket: socketOf(haraka), port: { port: ports.status } };
  }

  start(): void {
    this.running = this.watch();
  }

  /** Resolves when the last question is answered. */
  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
    this.running = undefined;
  }

  get line(): string {
    const answers = [...this.answers.values()].reduce((sum, count) => sum + count, 0);
    return `Answers of the status server ${answers}, the slowest after ${Math.round(this.slowest)} ms.`;
  }

  private async watch(): Promise<void> {
    while (!this.isOver) {
      for (const [way, place] of Object.entries(this.places)) {
        for (const [page, read] of Object.entries(pages)) {
          await this.look(`${page} over the ${way}`, place, page, read);
          await pause(between);
        }
      }
    }
    if (this.answers.size < Object.keys(this.places).length * Object.keys(pages).length)
      this.find(`answered was only ${[...this.answers.keys()].join(', ')}`);
  }

  private async look(what: string, place: Place, page: string, read: Read): Promise<void> {
    const start = performance.now();
    try {
      const { status, body } = await ask(place, `/smtpcheck/${page}`);
      const took = performance.now() - start;
      this.slowest = Math.max(this.slowest, took);
      if (status !== 200) throw new Error(`${status} ${body}`);
      if (took > patience) throw new Error(`answered after ${Math.round(took)} ms`);
      for (const [name, count] of read(body)) {
        const key = `${page} ${name}`;
        const before = this.counters.get(key) ?? 0;
        if (count < before) this.find(`${what}: ${name} was ${before} and is ${count}`);
        this.counters.set(key, count);
      }
      this.answers.set(what, (this.answers.get(what) ?? 0) + 1);
    } catch (error) {
      this.find(`${what}: ${String(error).slice(0, 300)}`);
    }
  }

  private find(text: string): void {
    if (++this.findings <= mostFindings) this.ledger.find(`the status server: ${text}`);
  }
}
