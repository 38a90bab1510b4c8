/** Connection and transaction as the suite's hooks see them, with Haraka's two places for `relaying`. */
import type { Address, Connection, Notes, Transaction } from '../../types/haraka';

const silent = (): void => {};

const noResults = { add: silent, get: () => undefined };

export class SimulatedTransaction implements Transaction {
  rcpt_to: Address[] = [];
  readonly rcpt_count = { accept: 0 };
  readonly notes: Notes = {};
  readonly header = { headers: {}, headers_decoded: {}, header_list: [] };
  readonly results = noResults;
  _relaying: boolean | undefined;

  constructor(readonly mail_from: Address) {}

  add_header(): void {}
  remove_header(): void {}
}

export class SimulatedConnection implements Connection {
  readonly remote: Connection['remote'];
  readonly local: Connection['local'];
  hello: Connection['hello'] = { verb: null, host: null };
  readonly notes: Notes = {};
  readonly proxy = { allowed: false };
  readonly results = noResults;
  readonly hooks_to_run = [];
  transaction: SimulatedTransaction | null = null;
  _relaying = false;
  readonly lognotice = silent;
  readonly logwarn = silent;
  readonly loginfo = silent;
  readonly logerror = silent;

  constructor(ip: string, host: string, me: string) {
    this.remote = { ip, host };
    this.local = { host: me };
  }

  get relaying(): boolean {
    return this.transaction?._relaying ?? this._relaying;
  }

  set relaying(value: boolean) {
    if (this.transaction) this.transaction._relaying = value;
    else this._relaying = value;
  }
}
