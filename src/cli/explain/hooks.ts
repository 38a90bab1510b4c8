/** The hooks of a played session: the suite's own plugins, registered and asked as Haraka does it. */
import constants from 'haraka-constants';
import * as deny from '../../../plugins/deny/index';
import * as helo from '../../../plugins/helo/index';
import * as privacy from '../../../plugins/privacy/index';
import * as relay from '../../../plugins/relay/index';
import type { SuitePlugin } from '../../host/answer';
import type { Suite } from '../../host/suite';
import type { Decision } from '../../policy/decision';
import type { PluginName } from '../../policy/settings/settings';
import type { Address, Connection, Next } from '../../types/haraka';
import { domainOf, type LocalDomains } from './host-config';

export interface HookResult {
  readonly code: number;
  readonly message: unknown;
}

/** The decision of one rule. */
export interface RuleTrace {
  readonly decision: Decision;
  /** The plugin only observes: the decision was not acted on. */
  readonly observed: boolean;
  /** The comment behind the entry that decided. */
  readonly note?: string | undefined;
  /** The attributes of that entry, in words. */
  readonly attributes?: string | undefined;
}

interface Hook {
  readonly hook: string;
  readonly priority: number;
  readonly ask: (next: Next, params: unknown) => void;
}

type Method = (next: Next, ...args: readonly unknown[]) => void;

const registrations = {
  deny: deny.registerDeny,
  helo: helo.registerHelo,
  privacy: privacy.registerPrivacy,
  relay: relay.registerRelay,
};

export class Hooks {
  private readonly hooks: Hook[] = [];
  private trace: RuleTrace[] = [];

  /** `loaded` in the order of `config/plugins`. */
  constructor(
    suite: Suite,
    loaded: readonly PluginName[],
    localDomains: LocalDomains | undefined,
    private readonly connection: Connection,
  ) {
    suite.onDecision = (_hook, decision, observed) => {
      const entry = suite.entryAt(decision.at);
      this.trace.push({ decision, observed, note: suite.noteOf(entry), attributes: entry?.attributes });
    };
    const plugin = this.makePlugin(suite);
    for (const name of loaded) registrations[name](plugin);
    if (localDomains) this.addInHostList(localDomains);
    // Equal priorities keep the order in which they were registered, as in Haraka.
    this.hooks.sort((a, b) => a.priority - b.priority);
  }

  /** The decisions since the last call. */
  takeTrace(): readonly RuleTrace[] {
    const { trace } = this;
    this.trace = [];
    return trace;
  }

  /** The hooks in their order until one answers. */
  async run(name: string, params?: unknown): Promise<HookResult> {
    for (const { hook, ask } of this.hooks) {
      if (hook !== name) continue;
      const answer = await new Promise<HookResult>((resolve) => {
        ask((code = constants.cont, message?: unknown) => resolve({ code, message }), params);
      });
      if (answer.code !== constants.cont) return answer;
    }
    return { code: constants.cont, message: undefined };
  }

  private makePlugin(suite: Suite): SuitePlugin {
    const silent = (): void => {};
    const plugin: SuitePlugin = {
      name: 'smtpcheck',
      smtpcheck: suite,
      smtpcheckLimit: 30_000,
      config: { root_path: '', get: () => undefined },
      register_hook: (hook, method, priority = 0) => {
        const run = (plugin as unknown as Record<string, Method>)[method] as Method;
        this.hooks.push({ hook, priority, ask: (next, params) => run(next, this.connection, params) });
      },
      haraka_require: () => {
        throw new Error('explain queues nothing');
      },
      logdebug: silent,
      loginfo: silent,
      lognotice: silent,
      logwarn: silent,
      logerror: silent,
    };
    return plugin;
  }

  /** Haraka's `rcpt_to.in_host_list`. */
  private addInHostList(localDomains: LocalDomains): void {
    const { connection } = this;
    const addressIn = (params: unknown) => (params as readonly [Address])[0];
    let sender: unknown;
    const mail = (next: Next, params: unknown) => {
      sender = undefined;
      const domain = domainOf(addressIn(params));
      if (domain === '' || !localDomains.has(domain)) return next();
      if (localDomains.antiSpoof && !connection.relaying) {
        return next(constants.deny, `Mail from domain '${domain}' is not allowed from your host`);
      }
      sender = connection.transaction;
      return next();
    };
    const rcpt = (next: Next, params: unknown) => {
      const domain = domainOf(addressIn(params));
      if (domain === '') return next();
      const isOurs = connection.relaying && sender === connection.transaction;
      return next(localDomains.has(domain) || isOurs ? constants.ok : undefined);
    };
    this.hooks.push({ hook: 'mail', priority: 0, ask: mail }, { hook: 'rcpt', priority: 0, ask: rcpt });
  }
}
