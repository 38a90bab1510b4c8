/**
 * The part of Haraka that we touch, for 3.1 and 3.3 alike. Haraka ships no types; nothing beyond this file may assume
 * more of it.
 */

/** Calls the next plugin, or answers: a code of `haraka-constants` and a text or DSN. */
export type Next = (code?: number, message?: unknown) => void;

export interface Address {
  /** The domain as it was written. */
  readonly original_host?: string;
  /** Local part, quotes included; `postmaster` for `<postmaster>`. */
  readonly user: string | null;
  /** A-labels in lower case or a literal in brackets; empty for `<postmaster>` and `<>`. Mail goes there. */
  host: string | null;
  format(): string;
}

export interface Header {
  headers: Readonly<Record<string, readonly string[]>>;
  headers_decoded: Readonly<Record<string, readonly string[]>>;
  /** The lines as they go out, one element a header. Haraka's message holds this very array. */
  readonly header_list: string[];
}

export interface Results {
  add(plugin: { readonly name: string }, result: Record<string, unknown>): void;
  get(plugin: string): { readonly pass?: unknown } | undefined;
}

export interface Transaction {
  readonly mail_from: Address | null;
  rcpt_to: readonly Address[];
  /** Recipients by the reply they got. */
  readonly rcpt_count: { accept: number };
  /** The size of the message. */
  readonly data_bytes?: number;
  readonly notes: Notes;
  readonly header: Header;
  readonly results: Results;
  add_header(name: string, value: string): void;
  remove_header(name: string): void;
}

export interface Notes extends Record<string, unknown> {
  /** Which queue is to take the message, and its next hop: `queue.wants` and `queue.next_hop`. */
  queue?: Readonly<Record<string, unknown>> | undefined;
}

export interface Connection {
  readonly remote: { readonly ip: string | null; readonly host: string | null };
  readonly local: { readonly host: string };
  readonly hello: { readonly host: string | null | undefined; readonly verb: string | null };
  readonly notes: Notes;
  /** `allowed`: Haraka takes PROXY lines from this connection. */
  readonly proxy: { allowed: boolean };
  readonly results: Results;
  readonly transaction: Transaction | null;
  /** The plugins of the running hook that have not been asked yet, each with its method. */
  readonly hooks_to_run: readonly (readonly [{ readonly name: string }, ...unknown[]])[];
  /** Inside a transaction the setter speaks of that transaction alone. */
  relaying: boolean;
  /** What `relaying` is outside of transactions. */
  _relaying: boolean;
  lognotice(...args: unknown[]): void;
  loginfo(...args: unknown[]): void;
  logwarn(...args: unknown[]): void;
  logerror(...args: unknown[]): void;
}

/** Parameters of the `rcpt` and `mail` hooks: the address and the ESMTP parameters. */
export type AddressParams = readonly [Address, ...unknown[]];

/** An outbound queue item, as `get_mx` is handed it. */
export interface OutboundMail {
  readonly todo: { readonly notes?: Notes; readonly rcpt_to: readonly (Address & BouncedRecipient)[] };
  logerror(...args: unknown[]): void;
}

/** A recipient of an outbound queue item, with what its bounce says of it. */
export interface BouncedRecipient {
  dsn_action?: string;
  dsn_status?: string;
  dsn_code?: number;
  dsn_msg?: string;
}

export interface Outbound {
  /** Puts the transaction into the outbound queue; `next` gets a code and a text. */
  send_trans_email(transaction: Transaction, next: (code: number, message?: unknown) => void): void;
  /** The same with a message as text. */
  send_email(
    from: string,
    to: string,
    contents: string,
    next: (code: number, message?: unknown) => void,
    options?: { readonly notes?: Notes },
  ): void;
}

/** Haraka's own SMTP client, as `queue/smtp_forward` has it: it speaks, and its listeners say what comes next. */
export interface SmtpClient extends NodeJS.EventEmitter {
  /** Bytes as they come; `upgrade` and its event `secure` are for STARTTLS. */
  readonly socket: NodeJS.EventEmitter & { unref?(): void };
  /** Of the last command, line by line, without the codes. */
  readonly response: readonly string[];
  /** That of the last command that was sent, in lower case. */
  command: string;
  /** For STARTTLS, as `tls.connect` takes them. */
  tls_options: object;
  send_command(command: string, data?: string): void;
  /** Sends QUIT where it can, and closes. */
  release(): void;
  destroy(): void;
}

export interface SmtpClientModule {
  readonly smtp_client: new (options: {
    readonly host: string;
    readonly port: number;
    /** Seconds. */
    readonly connect_timeout: number;
    readonly idle_timeout: number;
  }) => SmtpClient;
}

export interface Hooks {
  /** Asks the plugins of a hook in turn, and calls `<hook>_respond` of the object with what they answer. */
  run_hooks(hook: string, object: object): void;
  /** Those that are loaded, named as in `config/plugins`. */
  readonly plugin_list: readonly string[];
}

export interface HarakaConfig {
  readonly root_path: string;
  readonly overrides_path?: string;
  get(name: string, type?: 'value' | 'list' | 'ini'): unknown;
}

export interface Plugin {
  readonly name: string;
  /** Seconds until Haraka gives up on a hook of ours; 0 for never. */
  timeout?: number;
  readonly config: HarakaConfig;
  register_hook(hook: string, method: string, priority?: number): void;
  haraka_require(name: 'outbound'): Outbound;
  haraka_require(name: 'plugins'): Hooks;
  haraka_require(name: 'smtp_client'): SmtpClientModule;
  logdebug(...args: unknown[]): void;
  loginfo(...args: unknown[]): void;
  lognotice(...args: unknown[]): void;
  logwarn(...args: unknown[]): void;
  logerror(...args: unknown[]): void;
}
