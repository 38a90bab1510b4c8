/** Asks the status server of a running Haraka, by the socket that its settings name. */
import { request } from 'node:http';
import { isAbsolute, join } from 'node:path';
import { settingsFile } from '../lists/list-settings';
import { parseSettings } from '../policy/settings/settings';
import { type HarakaFolder, readConfigText } from './haraka-folder';
import { CannotRun } from './io';

/** Milliseconds that a server may take; one that is busy with mail may take some. */
const timeout = 5000;

export class StatusClient {
  private readonly socketPath: string;

  /** `otherwise`: what to do where no server answers, if there is something. */
  constructor(
    private readonly folder: HarakaFolder,
    private readonly otherwise: readonly string[] = [],
  ) {
    const { socket } = parseSettings(settingsFile, readConfigText(folder, settingsFile) ?? '').readable.status;
    if (socket === '') {
      throw new CannotRun(
        `${settingsFile} has an empty [status] socket, so nobody can ask: set it to smtpcheck.sock`,
        ...this.otherwise,
      );
    }
    this.socketPath = isAbsolute(socket) ? socket : join(folder.path, socket);
  }

  /** The JSON of a path below `/smtpcheck/`. Throws `CannotRun` where no server answers. */
  async get<T>(path: string): Promise<T> {
    return JSON.parse(Buffer.from(await this.bytes(path)).toString()) as T;
  }

  /** The same of a request that changes something. */
  async post<T>(path: string): Promise<T> {
    return JSON.parse(Buffer.from(await this.bytes(path, 'POST')).toString()) as T;
  }

  /** What a path below `/smtpcheck/` answers. */
  async bytes(path: string, method = 'GET'): Promise<Uint8Array> {
    const { status, body } = await this.ask(`/smtpcheck/${path}`, method);
    if (status === 200) return body;
    throw new CannotRun(`the server at ${this.socketPath} answers ${status}`, ...body.toString().trimEnd().split('\n'));
  }

  private ask(path: string, method: string): Promise<{ readonly status: number; readonly body: Buffer }> {
    const { socketPath } = this;
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath, path, method, agent: false, timeout }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }));
        response.on('error', (error) => reject(this.noServer(error)));
      });
      asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeout / 1000} s`)));
      asked.on('error', (error) => reject(this.noServer(error)));
      asked.end();
    });
  }

  private noServer(error: NodeJS.ErrnoException): CannotRun {
    const remedy =
      error.code === 'EACCES'
        ? 'run this as the user that Haraka runs as'
        : `is Haraka running in ${this.folder.path}, with the suite in config/plugins?`;
    return new CannotRun(
      `no server answers at ${this.socketPath} (${error.code ?? error.message}): ${remedy}`,
      ...this.otherwise,
    );
  }
}
