/** Where a list comes from, as its setting says it: a file, a key of Redis, or a key and the file that stands in for it. */
import { parseAddress } from '../entries/ip-address';
import type { About, Read, Setting } from './setting-kinds';

export interface ListSource {
  /** A file in Haraka's config folder or an absolute path; empty for none. Beside a key it holds while Redis is disconnected. */
  readonly file: string;
  readonly redis?: RedisKey;
}

export interface RedisKey {
  /** What findings, decisions and the log call it: `redis:host.deny`, `redis:[db.example:6380]host.deny`. */
  readonly name: string;
  readonly key: string;
  /** The server, where it is another than that of `redis.ini`. */
  readonly server?: RedisServer;
}

export interface RedisServer {
  readonly host: string;
  readonly port: number;
}

const aFile = "a file in Haraka's config folder or an absolute path";
const aKey = 'redis:KEY or redis:[HOST:PORT]KEY with a key without blanks';

/** A file, `redis:KEY`, `redis:KEY FILE`, or nothing for no list. A key that is left out is called as the default file. */
export function listSource(about: About): Setting<ListSource> {
  const read = (text: string): Read<ListSource> =>
    isFile(text) ? { value: { file: text } } : { expected: `${aFile}, or ${aKey}` };
  return {
    ...about,
    kind: 'FILE | redis:KEY | redis:KEY FILE',
    read: (text) => readSource(text, about.default, read),
  };
}

/** The same with files written as `hash:FILE`. */
export function mapSource(about: About): Setting<ListSource> {
  const read = (text: string): Read<ListSource> => {
    const match = /^([a-z]+):(.*)$/i.exec(text);
    if (!match) return { expected: 'a table type and a file', suggestion: `hash:${text}` };
    const [, type = '', file = ''] = match;
    if (type.toLowerCase() !== 'hash')
      return { expected: 'a table of type hash, kept as text', suggestion: `hash:${file}` };
    return file === '' || isFile(file) ? { value: { file } } : { expected: aFile };
  };
  return {
    ...about,
    kind: 'hash:FILE | redis:KEY | redis:KEY hash:FILE',
    read: (text) => readSource(text, about.default.replace(/^hash:/, ''), read),
  };
}

function readSource(text: string, defaultKey: string, readFile: (text: string) => Read<ListSource>): Read<ListSource> {
  if (text === '') return { value: { file: '' } };
  const words = text.split(/\s+/);
  const first = words[0] as string;
  if (!isRedis(first)) {
    const key = words.find(isRedis);
    return key === undefined || words.length > 2
      ? readFile(text)
      : { expected: 'the key first and then the file', suggestion: `${key} ${first}` };
  }
  const redis = readKey(first, defaultKey);
  if (!('value' in redis)) return redis;
  if (words.length === 1) return { value: { file: '', redis: redis.value } };
  const second = words[1] as string;
  if (words.length > 2 || isRedis(second)) return { expected: 'redis:KEY and at most one file' };
  const file = readFile(second);
  if ('value' in file) return { value: { ...file.value, redis: redis.value } };
  return file.suggestion === undefined ? file : { ...file, suggestion: `${first} ${file.suggestion}` };
}

function isRedis(word: string): boolean {
  return /^redis:/i.test(word);
}

function readKey(word: string, defaultKey: string): Read<RedisKey> {
  const rest = word.slice('redis:'.length);
  const url = /^\/\/([^/]+)\/?(.*)$/.exec(rest);
  if (url) return { expected: aKey, suggestion: `redis:[${url[1]}]${url[2]}` };
  const match = /^(?:\[((?:\[[^\][]*\])?[^\][]*)\])?([^\][:].*)?$/.exec(rest);
  if (!match) return { expected: aKey };
  const [, written, key = defaultKey] = match;
  if (written === undefined) return { value: { name: `redis:${key}`, key } };
  const server = readServer(written);
  return server ? { value: { name: `redis:[${written}]${key}`, key, server } } : { expected: aKey };
}

const usualPort = 6379;

/** `db.example`, `db.example:6380`, `192.0.2.6`, `2001:db8::6`, `[2001:db8::6]:6380`. */
function readServer(text: string): RedisServer | undefined {
  if (parseAddress(text)) return { host: text, port: usualPort };
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::([0-9]{1,5}))?$/i.exec(text);
  if (!match) return undefined;
  const [, address, name, digits] = match;
  const port = Number(digits ?? usualPort);
  if (port < 1 || port > 65535 || (address !== undefined && !parseAddress(address))) return undefined;
  return { host: (address ?? name) as string, port };
}

function isFile(text: string): boolean {
  if (/^\/\S+$/.test(text)) return true;
  return /^[^\s/]\S*$/.test(text) && !text.split('/').includes('..');
}
