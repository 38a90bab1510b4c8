/** The status of one server: collects, merges and serves it, whichever part of that the process is for. */
import cluster from 'node:cluster';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, isAbsolute, join } from 'node:path';
import type { CountRequest } from '../limits/limit-counts';
import type { Counted } from '../limits/windows';
import { pathOf } from '../lists/list-settings';
import type { Policy } from '../lists/policy';
import type { StoreLog } from '../lists/store-log';
import { isTrue } from '../policy/settings/ini';
import type { Verified } from '../policy/verify';
import type { Next } from '../types/haraka';
import type { VerifyRequest } from '../verify/verifier';
import { MasterLink, reportInterval, WorkerLink } from './cluster';
import { type Answer, answer, type CommandSite, type ExplainQuery, problem, type Site } from './http/routes';
import { handle, StatusServer } from './http/server';
import { suiteVersion } from './package';
import { disagreementsOf, type TransferredPolicy } from './policy-transfer';
import { collectReport, type StatusSource, StatusView } from './view';

/** What hooks of the start are handed: Haraka's server. */
export interface HarakaServer {
  readonly cluster?: unknown;
  readonly cfg?: { readonly main?: { readonly daemonize?: unknown } };
  readonly http?: {
    readonly app?: {
      use(
        path: string,
        handler: (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => void,
      ): void;
    };
  };
}

type StartHook = (next: Next, server: HarakaServer) => void;

/** A plugin that registers hooks. */
interface Registrar {
  register_hook(hook: string, method: string): void;
}

export class StatusService {
  private master: StatusMaster | undefined;
  private link: WorkerLink | undefined;

  constructor(
    private readonly source: StatusSource,
    private readonly configFolder: string,
    private readonly log: StoreLog,
  ) {}

  register(plugin: Registrar): void {
    // A worker takes mail before its hooks of the start are over.
    if (cluster.isWorker) this.guarded(() => this.startWorker());
    const hooks: Readonly<Record<string, readonly [string, (server: HarakaServer) => void]>> = {
      init_master: ['status_master', (server) => this.startMaster(server)],
      init_http: ['status_http', (server) => this.serveBeside(server)],
    };
    for (const [hook, [method, start]] of Object.entries(hooks)) {
      const run: StartHook = (next, server) => {
        this.guarded(() => start(server));
        next();
      };
      Object.assign(plugin, { [method]: run });
      plugin.register_hook(hook, method);
    }
  }

  close(): void {
    this.guarded(() => {
      this.link?.close();
      this.master?.close();
    });
  }

  private startMaster({ cluster, cfg }: HarakaServer): void {
    // A master that is to become a daemon ends now, and another begins where this one is.
    if (cluster && isTrue(String(cfg?.main?.daemonize)) && !process.env.__daemon) return;
    this.master = new StatusMaster(this.source, this.configFolder, this.log, cluster !== undefined);
  }

  private startWorker(): void {
    this.link = new WorkerLink(
      () => collectReport(this.source),
      (numbering) => this.guarded(() => this.source.adopt?.(numbering)),
    );
    const { link } = this;
    this.source.limits.useMaster(async (request) => answered<Counted>(await link.ask('count', request)));
    this.source.verifier.useMaster(async (request) =>
      answered<Verified>(await link.ask('verify', request, request.timeout)),
    );
  }

  /** In Haraka's own HTTP server: the single process answers, or the master through the worker that was asked. */
  private serveBeside({ http }: HarakaServer): void {
    http?.app?.use('/smtpcheck', (request, response) => {
      const url = request.originalUrl ?? request.url ?? '';
      const { tokenPath } = placesOf(this.source, this.configFolder);
      handle(request, response, url, tokenPath, (path, accept) => this.answer(path, accept)).catch(() =>
        response.destroy(),
      );
    });
  }

  private async answer(url: string, accept: string): Promise<Answer> {
    if (this.master) return this.master.answer(url, accept);
    const answer = await this.link?.ask('status', { url, accept });
    return (answer as Answer | undefined) ?? problem(503, 'the master of the cluster does not answer');
  }

  /** Whatever is wrong with the status, mail goes on. */
  private guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.log.logerror(`the status server failed: ${String(error)}`);
    }
  }
}

class StatusMaster {
  private readonly view: StatusView;
  private readonly server: StatusServer;
  private readonly link: MasterLink | undefined;
  private readonly timer: NodeJS.Timeout;
  private complaint = '';

  constructor(
    private readonly source: StatusSource,
    private readonly configFolder: string,
    private readonly log: StoreLog,
    isCluster: boolean,
  ) {
    this.view = new StatusView(source);
    const respond = (url: string, accept: string) => this.answer(url, accept);
    const forCommand: CommandSite = {
      policy: () => this.policy(),
      resetLimit: (name) => this.source.limits.reset(name),
    };
    this.server = new StatusServer(log, respond, (url, accept, method) =>
      this.answer(url, accept, method, { forCommand }),
    );
    this.link = isCluster
      ? new MasterLink(
          (worker, report) => this.view.merge(worker, report),
          (worker) => this.view.forget(worker),
          {
            status: ({ url, accept }: { url: string; accept: string }) => respond(url, accept),
            count: (request: CountRequest) => this.source.limits.count(request),
            verify: (request: VerifyRequest) => this.source.verifier.verify(request),
          },
          () => this.source.numbering,
        )
      : undefined;
    this.timer = setInterval(() => this.tick(), reportInterval);
    this.timer.unref();
    this.tick();
  }

  async answer(url: string, accept: string, method = 'GET', more: Pick<Site, 'forCommand'> = {}): Promise<Answer> {
    this.view.collect();
    return answer({ view: this.view, explain: (query) => this.explain(query), ...more }, url, accept, method);
  }

  close(): void {
    clearInterval(this.timer);
    this.link?.close();
    this.server.close();
  }

  /** The settings may have changed. */
  private tick(): void {
    try {
      this.server.use(placesOf(this.source, this.configFolder));
      this.view.collect();
      this.complaint = '';
    } catch (error) {
      const complaint = `the status cannot be collected: ${String(error)}`;
      if (complaint !== this.complaint) this.log.logerror(complaint);
      this.complaint = complaint;
    }
  }

  private policy(): TransferredPolicy {
    const { inForce, plugins } = this.source;
    if (!inForce) throw new Error('the policy in force is not known');
    const disagreements = disagreementsOf(this.view.processes);
    return { suite: suiteVersion, ...inForce, plugins: plugins ?? [], disagreements };
  }

  private explain(query: ExplainQuery): Promise<string> {
    const { explainInForce } = require(explainModule) as ExplainModule;
    return explainInForce(this.source.policy, dirname(this.configFolder), this.configFolder, query);
  }
}

/** Loaded when somebody asks: the command plays the plugins, which stand on this folder. */
const explainModule = join(__dirname, '..', 'cli', 'explain', 'in-force');

interface ExplainModule {
  explainInForce(policy: Policy, path: string, config: string, query: ExplainQuery): Promise<string>;
}

/** Rejects where the master was silent: nothing can be said of the recipients then. */
function answered<T>(answer: unknown): T {
  if (answer === undefined) throw new Error('the master of the cluster does not answer');
  return answer as T;
}

function placesOf({ policy }: StatusSource, configFolder: string) {
  const { listen, socket, token_file: tokenFile } = policy.settings.status;
  const harakaFolder = dirname(configFolder);
  return {
    listen,
    socket: socket === '' || isAbsolute(socket) ? socket : join(harakaFolder, socket),
    tokenPath: tokenFile === '' ? '' : pathOf(configFolder, tokenFile),
  };
}
