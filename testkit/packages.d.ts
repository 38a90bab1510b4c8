/** Haraka's test fixtures, which ship no types, as far as we use them. */
declare module 'haraka-test-fixtures' {
  export interface FixturePlugin {
    name: string;
    timeout: number;
    hooks: Record<string, string[]>;
    config: { module_config(folder: string): FixturePlugin['config'] };
    register(): void;
    register_hook(hook: string, method: string, priority?: number): void;
    [member: string]: unknown;
  }
  export interface MakeConnectionOptions {
    ip?: string;
    host?: string;
    helo?: string;
    withTxn?: boolean;
    relaying?: boolean;
    stubLogs?: boolean;
  }
  export function makePlugin(name: string, options?: { register?: boolean; configDir?: string }): FixturePlugin;
  export function makeConnection(options?: MakeConnectionOptions): unknown;
  export function callHook(
    plugin: unknown,
    method: string,
    connection: unknown,
    ...args: unknown[]
  ): Promise<{ rc: number | undefined; msg: unknown }>;
}
