/**
 * Makes a throw-away Haraka directory, as `haraka -i` would, with this package installed in it by a link.
 * Mail that goes out stays in the directory's `queue` folder: delivery is switched off, so nothing leaves the machine.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

export type HarakaVersion = '3.3' | '3.1';

export interface HarakaDirectoryOptions {
  readonly version?: HarakaVersion;
  /** As in `smtp.ini`: one or more `host:port`, separated by commas. */
  readonly listen: string;
  /** Worker processes; 0 is a single process without a cluster. */
  readonly nodes?: number;
  readonly plugins: readonly string[];
  /** Config files by name; they win over what is made here. */
  readonly files?: Readonly<Record<string, string>>;
  /** A folder of plain `.js` plugins to copy in. */
  readonly localPlugins?: string;
  /** What `haraka-plugin-smtpcheck` is; by default this checkout. */
  readonly packageDirectory?: string;
}

export interface HarakaDirectory {
  readonly path: string;
  /** The script to run as `node <program> -c <path>`. */
  readonly program: string;
  configFile(name: string): string;
  write(name: string, text: string): void;
  remove(): void;
}

export const checkout = findCheckout(__dirname);

export function makeHarakaDirectory(options: HarakaDirectoryOptions): HarakaDirectory {
  const haraka = harakaPackage(options.version ?? '3.3');
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-haraka-'));
  const configFile = (name: string) => path.join(directory, 'config', name);
  const write = (name: string, text: string) => {
    fs.mkdirSync(path.dirname(configFile(name)), { recursive: true });
    fs.writeFileSync(configFile(name), text);
  };

  for (const folder of ['config', 'plugins', 'queue', 'node_modules']) fs.mkdirSync(path.join(directory, folder));
  // Without its own connection.ini Haraka fails at the first greeting.
  for (const name of ['connection.ini', 'log.ini']) {
    fs.copyFileSync(path.join(haraka, 'config', name), configFile(name));
  }
  for (const [name, text] of Object.entries({ ...standardFiles(options), ...options.files })) write(name, text);
  if (options.localPlugins) fs.cpSync(options.localPlugins, path.join(directory, 'plugins'), { recursive: true });
  fs.symlinkSync(
    options.packageDirectory ?? checkout,
    path.join(directory, 'node_modules', 'haraka-plugin-smtpcheck'),
    'dir',
  );

  return {
    path: directory,
    program: harakaProgram(options.version ?? '3.3'),
    configFile,
    write,
    remove: () => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 }),
  };
}

const firstPort = 10_000;
/** Above are the ports that the system gives to connections, of which any may be taken before a server listens. */
const ports = 32_768 - firstPort;
const portsPerProcess = 211;
let portsTried = 0;

/** A port that nobody listens on at this moment, and that no other process of a test run is given. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = firstPort + ((process.pid * portsPerProcess + portsTried++) % ports);
    if (await isFree(port, host)) return port;
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

function standardFiles(options: HarakaDirectoryOptions): Record<string, string> {
  return {
    'smtp.ini': `listen=${options.listen}\nnodes=${options.nodes ?? 0}\n`,
    'log.ini': '[main]\nlevel=info\ntimestamps=false\nformat=default\n',
    'outbound.ini': 'disabled=true\n',
    me: 'mx.local.example\n',
    host_list: '',
    'dhparams.pem': ffdhe2048,
    internalcmd_key: randomBytes(32).toString('hex'),
    plugins: `${options.plugins.join('\n')}\n`,
  };
}

/** The group of RFC 7919 appendix A.1. Without one Haraka looks for a prime of its own, for half a minute of processor time. */
const ffdhe2048 = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
`;

/** The folder of an installed Haraka. Its name in npm is `haraka` since 3.3; `Haraka` is what older installations have. */
export function harakaPackage(version: HarakaVersion): string {
  const names = version === '3.3' ? ['haraka', 'Haraka'] : ['haraka-3.1'];
  const folders = names.map((name) => path.join(checkout, 'node_modules', name));
  const found = folders.find((folder) => fs.existsSync(path.join(folder, 'package.json')));
  if (!found) throw new Error(`no Haraka ${version} in ${path.join(checkout, 'node_modules')}: run npm ci`);
  return found;
}

/** The script to run as `node <program>`. */
export function harakaProgram(version: HarakaVersion): string {
  return path.join(harakaPackage(version), 'bin', 'haraka');
}

// The compiled file lies deeper than its source, so a fixed number of `..` would be right for only one of them.
function findCheckout(from: string): string {
  if (fs.existsSync(path.join(from, 'package.json'))) return from;
  const parent = path.dirname(from);
  if (parent === from) throw new Error(`no package.json above ${__dirname}`);
  return findCheckout(parent);
}
