/**
 * Formats of lists that are no lists here: what each is called, and the command that makes a list of such a file. The detail
 * of a `list-format` finding is the key of the format, with what its command needs besides.
 */

export interface ListFormat {
  readonly name: string;
  /** Says what is refused, so that no list of whom to trust can be made of it. */
  readonly denies?: true;
  /** A command that prints the list, with `FILE` in the place of the file; or what else to do. */
  readonly remedy: { readonly command: (argument: string) => string } | { readonly advice: string };
}

// No counts in braces: some versions of mawk do not know them.
const ipv4 = '[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+(/[0-9]+)?';
const ipv6 = '[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*(/[0-9]+)?';
const ranges =
  'awk -F\'[ \\t,-]+\' \'function n(a, p) {split(a, p, "."); return ((p[1] * 256 + p[2]) * 256 + p[3]) * 256 + p[4]} /^[0-9]/ {s = n($1); e = n($2); while (s <= e) {b = 1; l = 32; while (l > 0 && s % (b * 2) == 0 && s + b * 2 - 1 <= e) {b *= 2; l--} printf "%d.%d.%d.%d/%d\\n", s / 16777216, s / 65536 % 256, s / 256 % 256, s % 256, l; s += b}}\' FILE';

export const listFormats = {
  json: {
    name: 'a JSON document',
    remedy: { command: () => `jq -r '.. | strings | select(test("^(${ipv4}|${ipv6})$"))' FILE` },
  },
  'json-names': {
    name: 'a JSON document',
    remedy: {
      command: () => `jq -r '.. | strings | select(test("^([0-9a-zA-Z_-]+[.])+[a-zA-Z][0-9a-zA-Z-]+$"))' FILE`,
    },
  },
  html: {
    name: 'an HTML page',
    remedy: {
      advice:
        'it is likely an error page: download the list again with curl -f, which fails where the server has no list',
    },
  },
  gzip: { name: 'a file compressed by gzip', remedy: { command: () => 'gzip -dc < FILE' } },
  'access-table': {
    name: 'an access table with REJECT for each entry',
    denies: true,
    remedy: {
      command: () =>
        `awk 'toupper($2) ~ /^(REJECT|DROP|DENY|DISCARD|ERROR:.*|[45][0-9][0-9])$/ {sub(/^[Cc]onnect:/, "", $1); print $1}' FILE`,
    },
  },
  'access-table-mixed': {
    name: 'an access table',
    remedy: { advice: 'smtpcheck import reads such a table as sendmail or Postfix does, and writes the lists' },
  },
  ranges: { name: 'a list of address ranges', remedy: { command: () => ranges } },
  ipset: {
    name: 'a set saved by ipset',
    remedy: { command: () => `awk '$1 == "add" {print ($0 ~ / nomatch/ ? "!" : "") $3}' FILE` },
  },
  iptables: {
    name: 'rules saved by iptables',
    denies: true,
    remedy: { command: () => "sed -nE '/ ! -s /d; s/^(ip6?tables )?-A .*-s ([^ ]+) .*-j (DROP|REJECT).*/\\2/p' FILE" },
  },
  nftables: {
    name: 'a set of nftables',
    remedy: {
      command: () =>
        `tr '{},' '\\n\\n\\n' < FILE | awk '$1 ~ /^[0-9]+[.][0-9]+[.]|^[0-9a-fA-F]*:[0-9a-fA-F]*:/ {print $1}'`,
    },
  },
  'hosts-file': {
    name: 'a hosts file',
    denies: true,
    remedy: {
      command: () =>
        `awk '$1 ~ /^(0[.]0[.]0[.]0|127[.]0[.]0[.]1|::1?)$/ {sub(/[#\\r].*/, ""); for (i = 2; i <= NF; i++) if ($i ~ /[.]/ && $i !~ /[.]localdomain$|^[0-9.]+$/) print $i}' FILE`,
    },
  },
  rpz: {
    name: 'a response policy zone (RPZ)',
    denies: true,
    remedy: {
      command: () =>
        `awk '{sub(/[ \\t]*[;\\r].*/, "")} $1 !~ /[.]rpz-/ && toupper($(NF - 1)) == "CNAME" && $NF ~ /^([*]?[.]|rpz-drop[.]|rpz-passthru[.])$/ {sub(/^[*][.]/, "", $1); print ($NF ~ /passthru/ ? "!" : "") $1}' FILE | sort -u`,
    },
  },
  htaccess: {
    name: 'rules of an .htaccess file',
    denies: true,
    remedy: {
      command: () =>
        `awk '{sub(/\\r$/, "")} tolower($1 " " $2) == "deny from" {for (i = 3; i <= NF; i++) if (tolower($i) != "all") print $i} tolower($1 " " $2 " " $3) == "require not ip" {for (i = 4; i <= NF; i++) print $i}' FILE`,
    },
  },
  csv: {
    name: 'a table with several columns (CSV)',
    remedy: { command: (argument) => csvCommand(argument, `^(${ipv4}|${ipv6})$`) },
  },
  'csv-names': {
    name: 'a table with several columns (CSV)',
    remedy: { command: (argument) => csvCommand(argument, '[.][a-zA-Z][0-9a-zA-Z-]*$') },
  },
} as const satisfies Record<string, ListFormat>;

export type ListFormatKey = keyof typeof listFormats;

/** `argument` is the separator and the number of the column, as in `,1`. */
function csvCommand(argument: string, pattern: string): string {
  const separator = argument.startsWith('\t') ? '\\t' : argument.slice(0, 1);
  const field = `$${argument.slice(1)}`;
  return `awk -F'${separator}' '{gsub(/["\\r ]/, "", ${field}); if (${field} ~ /${pattern.replaceAll('/', '\\/')}/) print ${field}}' FILE`;
}

/** The detail of the finding, and back: the key, and what the command needs or `trusts` where no command would be right. */
export function detailOfFormat(key: ListFormatKey, argument = ''): string {
  return argument === '' ? key : `${key} ${argument}`;
}

export function formatOfDetail(detail: string): { readonly format: ListFormat; readonly argument: string } | undefined {
  const [key = '', argument = ''] = detail.split(' ', 2);
  return Object.hasOwn(listFormats, key) ? { format: listFormats[key as ListFormatKey], argument } : undefined;
}

/** What to do with a file of the format. */
export function remedyOfFormat(detail: string, file: string): string {
  const found = formatOfDetail(detail);
  if (!found) return 'convert it to one entry a line';
  const { format, argument } = found;
  if (argument === 'trusts') return 'it lists what is refused, which belongs into host.deny';
  if ('advice' in format.remedy) return format.remedy.advice;
  const path = /^[\w./-]+$/.test(file) ? file : 'FILE';
  return `convert it with ${format.remedy.command(argument).replace('FILE', path)} > ${path}.new`;
}
