/**
 * Reads all sources of an import and every file that they name, and joins them into one policy. Whatever cannot be read
 * ends in one error that names all of it, before anything is written.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CannotRun } from '../io';
import { readers } from './readers';
import { recognise } from './recognise';
import {
  type Feature,
  joinReadings,
  lists,
  type ReaderContext,
  type Reading,
  type Reference,
  type SitePolicy,
} from './site-policy';
import { leadingTypes, type SourceType } from './source-type';
import { listWithout } from './sources/postfix/postfix-table-reference';
import { commandsToPrint, type MapFormat, mapFormat } from './sources/sendmail/compiled-map';

export interface GatherOptions {
  /** Paths as the operator wrote them; remarks name files by them. */
  readonly sources: readonly string[];
  readonly typeOf: (source: string) => SourceType | undefined;
  readonly cwd: string;
  /** Where the paths that sources name begin, for a copy of the old server's files. */
  readonly root?: string | undefined;
  readonly skipMissing: boolean;
  readonly keepLoopback: boolean;
  readonly hostName?: string | undefined;
  /** Called for each file before it is read. */
  readonly progress: (file: string, type: SourceType) => void;
}

export interface ReadSource {
  readonly file: string;
  readonly type: SourceType;
}

export interface Gathered {
  readonly site: SitePolicy;
  readonly sources: readonly ReadSource[];
}

interface GivenSource {
  readonly file: string;
  readonly path: string;
  readonly text: string;
  readonly type: SourceType | undefined;
}

export function gather(options: GatherOptions): Gathered {
  return new Gatherer(options).run();
}

class Gatherer {
  private readonly readings: Reading[] = [];
  private readonly sources: ReadSource[] = [];
  private readonly problems: string[] = [];
  private readonly consumed = new Set<GivenSource>();
  private readonly followed = new Set<string>();
  private features: ReadonlySet<Feature> = new Set();
  private given: readonly GivenSource[] = [];

  constructor(private readonly options: GatherOptions) {}

  run(): Gathered {
    this.given = this.options.sources.flatMap((file) => this.open(file));
    const leading = this.given.filter(({ type }) => type && leadingTypes.has(type));
    for (const source of leading) this.readGiven(source);
    this.features = new Set(this.readings.flatMap((reading) => reading.features));

    for (let i = 0; i < this.readings.length; i++) {
      for (const reference of this.readings[i]?.references ?? []) this.follow(reference);
    }
    for (const source of this.given) {
      if (leading.includes(source) || this.consumed.has(source)) continue;
      if (source.type) this.readGiven(source);
      else
        this.problems.push(
          `${source.file}: cannot tell what kind of source this is; say it with --type ${source.file}=TYPE`,
        );
    }
    if (this.problems.length > 0) {
      const [first = '', ...more] = this.problems;
      throw new CannotRun(first, ...more.map((problem) => `smtpcheck: ${problem}`));
    }
    return { site: joinReadings(this.readings), sources: this.sources };
  }

  private open(file: string): GivenSource[] {
    const path = resolve(this.options.cwd, file);
    const bytes = this.bytesOf(file, path);
    if (!bytes) return [];
    const format = mapFormat(file, bytes);
    if (format) {
      this.problems.push(compiled(file, format));
      return [];
    }
    const text = decode(bytes);
    return [{ file, path, text, type: this.options.typeOf(file) ?? recognise(path, text) }];
  }

  private bytesOf(file: string, path: string): Buffer | undefined {
    try {
      const stats = statSync(path);
      if (!stats.isFile()) {
        // A pipe or a device may never come to an end.
        const what = stats.isDirectory() ? 'is a folder; name the files in it' : 'is no regular file; give it as one';
        this.problems.push(`${file}: ${what}`);
        return undefined;
      }
      return readFileSync(path);
    } catch (error) {
      this.problems.push(`${file}: cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
      return undefined;
    }
  }

  private readGiven(source: GivenSource): void {
    if (source.type) this.read(source.file, source.type, source.text);
  }

  private read(file: string, type: SourceType, text: string, reference?: Reference): void {
    this.options.progress(file, type);
    this.sources.push({ file, type });
    const context: ReaderContext = {
      file,
      features: this.features,
      keepLoopback: this.options.keepLoopback,
      hostName: this.options.hostName,
      position: reference?.position,
    };
    this.readings.push(readers[type](text, context));
  }

  /** A file that a source names: one given on the command line, one that lies beside its source, or the path itself. */
  private follow(reference: Reference): void {
    const from = this.pathOf(reference.origin.file);
    const given =
      this.given.find((source) => source.path === reference.path) ??
      this.given.find((source) => basename(source.path) === basename(reference.path) && source.path !== from);
    const { position } = reference;
    // The chain that a file of Postfix stands in determines its meaning there.
    const standing = position ? JSON.stringify([position.chain, position.negated]) : '';
    const id = `${reference.type} ${given?.path ?? reference.path} ${standing}`;
    if (this.followed.has(id)) return;
    this.followed.add(id);
    if (given) {
      this.consumed.add(given);
      this.read(given.file, reference.type, given.text, reference);
      return;
    }
    const file = this.candidates(reference).find((path) => existsSync(this.pathOf(path)));
    if (file !== undefined) {
      this.readNamed(file, reference);
      return;
    }
    this.missing(reference);
  }

  private readNamed(file: string, reference: Reference): void {
    const bytes = this.bytesOf(file, this.pathOf(file));
    if (!bytes) return;
    const format = mapFormat(file, bytes);
    if (format) this.problems.push(compiled(file, format, reference));
    else this.read(file, reference.type, decode(bytes), reference);
  }

  private missing(reference: Reference): void {
    const { path, origin } = reference;
    for (const candidate of this.candidates(reference)) {
      for (const extension of ['.db', '.lmdb', '.cdb', '.dir', '.pag']) {
        const file = `${candidate}${extension}`;
        if (!existsSync(this.pathOf(file))) continue;
        const format = mapFormat(file, this.bytesOf(file, this.pathOf(file)) ?? Buffer.alloc(0)) ?? 'hash';
        this.problems.push(compiled(file, format, reference));
        return;
      }
    }
    if (reference.optional) return;
    if (this.options.skipMissing) {
      const { text, position, type } = reference;
      const remark = { code: 'file-missing', at: origin, text, detail: path } as const;
      const list = position && listWithout(type, position.negated);
      const barriers = list ? [{ ...position, question: lists[list].question, origin, text }] : [];
      this.readings.push({ ...emptyReading, remarks: [remark], barriers });
      return;
    }
    this.problems.push(
      `${origin.file}:${origin.line}: names ${path}, which is not there; give it as a SOURCE too, ` +
        'say where the copy of the old server begins with --root DIR, or go on without it with --skip-missing',
    );
  }

  private candidates({ path, origin }: Reference): string[] {
    const folder = dirname(origin.file);
    const parts = path.split('/').filter((part) => part !== '');
    // A copy of the folder of the source keeps the folders in it.
    const siblings = parts.map((_, i) => {
      const tail = join(...parts.slice(parts.length - 1 - i));
      return folder === '.' ? tail : join(folder, tail);
    });
    return [...siblings, this.options.root === undefined ? path : join(this.options.root, path)];
  }

  private pathOf(file: string): string {
    return resolve(this.options.cwd, file);
  }
}

const emptyReading: Reading = {
  rules: [],
  barriers: [],
  map: [],
  exchanges: [],
  localNames: [],
  routes: [],
  transports: [],
  suggestions: [],
  settings: [],
  features: [],
  references: [],
  remarks: [],
};

const formatNames: Readonly<Record<MapFormat, string>> = {
  hash: 'a compiled map (Berkeley DB hash)',
  btree: 'a compiled map (Berkeley DB btree)',
  dbm: 'a compiled map (dbm)',
  lmdb: 'a compiled map (LMDB)',
  cdb: 'a compiled map (cdb)',
};

function compiled(file: string, format: MapFormat, reference?: Reference): string {
  const server = reference && (reference.type.startsWith('postfix') ? 'postfix' : 'sendmail');
  const commands = commandsToPrint(file, format, server).join('` or `');
  return `${file}: ${formatNames[format]}; import its source text, which \`${commands}\` prints`;
}

/** UTF-8, and what Japanese sites wrote their comments in before it; anything else byte by byte. */
export function decode(bytes: Buffer): string {
  if (/\x1b[$(]/.test(bytes.toString('latin1'))) return new TextDecoder('iso-2022-jp').decode(bytes);
  for (const encoding of ['utf-8', 'euc-jp', 'shift_jis']) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
      // The next encoding may fit.
    }
  }
  return bytes.toString('latin1');
}
