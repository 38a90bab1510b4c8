/**
 * Why no test notices these mutants of src/policy, by the file and the line that the mutant makes. `npm run test:mutation`
 * compares them with what it finds (docs/dev/mutation.md): a survivor without explanation fails it, and so does an explanation
 * that has lost its survivor.
 */
export interface Explanation {
  readonly title: string;
  readonly why: string;
  /** By file; a line twice where two places of the file read the same. */
  readonly survivors: Readonly<Record<string, readonly string[]>>;
}

export const explanations: readonly Explanation[] = [
  {
    title: 'Another way to the same answer',
    why: `A short cut in front of the general way: an empty table, ASCII text, an equal hash, the index of a large list, words
already known to differ, networks in more than one bucket, lines that can be joined, a flag that no syntax depends on. Without
it the answer is the same and comes later; \`npm run bench\` holds the time.`,
    survivors: {
      'src/policy/entries/relay-map.ts': [
        'return parseLines(file, text, parseMapLine, new MapBuilder(file), {});',
        'const hasNames = this.connect.domainCount >= 0;',
        'const hasNames = true;',
        'this.entriesUntil = true ? data.latest.entries : 0;',
        'this.entriesUntil = this.size >= 0 ? data.latest.entries : 0;',
        'if (true && row.attributes) this.ending.add(line);',
        'if (row.side !== "" && row.attributes) this.ending.add(line);',
      ],
      'src/policy/attributes/latest.ts': [
        'if (until >= this.entries) this.entries = until;',
        "if (kind === 'domain' && until >= this.names) this.names = until;",
      ],
      'src/policy/tables/ends.ts': [
        'if (false) return false;',
        'if (payload === 0 && payload > ends.length) return false;',
        'if (false || payload > ends.length) return false;',
        'if (payload === 0 || false) return false;',
      ],
      'src/policy/client-trust.ts': [
        'return true ? { ...trust, ...(scope && { scope }), ...(limits && { limits }) } : trust;',
      ],
      'src/policy/attributes/attribute-words.ts': [
        'return Object.keys(other).every(kind => Object.hasOwn(one, kind));',
      ],
      'src/policy/entries/map-line.ts': [
        'if (false) return { valueText: text, attributeWords };',
        'if (!text?.includes("")) return { valueText: text, attributeWords };',
      ],
      'src/policy/entries/address-range.ts': ['if (hyphen <= 0) return undefined;'],
      'src/policy/findings/list-formats.ts': [
        "const separator = argument.endsWith('\\t') ? '\\\\t' : argument.slice(0, 1);",
      ],
      'src/policy/entries/foreign-list.ts': ['const start = text.trimStart();'],
      'src/policy/auth-warning.ts': ["return name.toUpperCase().replace(/\\.$/, '');"],
      'src/policy/tables/codes.ts': [
        'if (false) codes.write(text);',
        'if (true) return codesOf(text);',
        'if (text.length >= short.length) return codesOf(text);',
      ],
      'src/policy/entries/domain-name.ts': [
        'if (false || name.length > 253) return undefined;',
        'const plainName = /^[!-[\\]-~]$/;',
        'const namesOnly = {};',
        'const namesOnly = { allowPrivateDomains: true, extractHostname: false, validateHostname: false, detectIp: false };',
        'const namesOnly = { allowPrivateDomains: false, extractHostname: true, validateHostname: false, detectIp: false };',
        'const namesOnly = { allowPrivateDomains: false, extractHostname: false, validateHostname: true, detectIp: false };',
        'const namesOnly = { allowPrivateDomains: false, extractHostname: false, validateHostname: false, detectIp: true };',
      ],
      'src/policy/entries/ip-address.ts': [
        'if (false) return undefined;',
        'if (!text.includes("")) return undefined;',
        'return parseIpv6(zone <= 0 ? text : text.slice(0, zone));',
        'if (false) return false;',
        'const octets = false ? undefined : parseDottedQuad(codes, start, to);',
        'if (true) {',
        'if (true && code <= 0x39) return code - 0x30;',
        'if (false) return (a.w0 & ~wordMask(length)) !== 0;',
        'return bits > 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;',
      ],
      'src/policy/entries/lines.ts': [
        'for (line.number = 1; start <= text.length; line.number++) {',
        "if (true) nextHash = placeOf('#', text, start);",
        "if (nextHash <= start) nextHash = placeOf('#', text, start);",
        'while (true && isBlank(codes[first] as number)) first++;',
        'if (true) nextSemicolon = placeOfCommentSemicolon(text, line.codes, start);',
        'if (nextSemicolon <= start) nextSemicolon = placeOfCommentSemicolon(text, line.codes, start);',
        'if (true) nextHiding = placeOfHidingCharacter(text, start);',
        'if (nextHiding <= start) nextHiding = placeOfHidingCharacter(text, start);',
        'while (first <= commentAt && isBlank(codes[first] as number)) first++;',
        'while (last >= from && isBlank(codes[last - 1] as number)) last--;',
        'while (true && isBlank(codes[last - 1] as number)) last--;',
      ],
      'src/policy/entries/containment.ts': ['true &&', 'if (true) yield keyOfNetwork(network, length);'],
      'src/policy/entries/entry.ts': [
        "while (written[start] === '.' || written.startsWith('*.', start)) start += true ? 1 : 2;",
      ],
      'src/policy/entries/entry-tables.ts': ['if (true) {', 'if (this.mailboxes.size >= 0) {'],
      'src/policy/entries/list.ts': [
        'if (false) return { source, excluded };',
        'this.entriesUntil = true ? data.latest.entries : 0;',
        'this.entriesUntil = this.size >= 0 ? data.latest.entries : 0;',
        'const rest = true ? others.filter((other) => !isAttribute(other)) : others;',
        'const rest = attributeWords.length >= 0 ? others.filter((other) => !isAttribute(other)) : others;',
        `const meant = holds(kind, 'network') ? networkInWords([word, ...rest].join(""), word, rest) : undefined;`,
        'if (false || more.length > 0) return undefined;',
        'const hasExtras = true;',
        'if (false) return plain;',
      ],
      'src/policy/entries/local-domains.ts': ['if (faulty.length === 0 && true) {', 'new RegExp(pattern, "");'],
      'src/policy/entries/parse-lines.ts': ['if (false) return findings;'],
      'src/policy/mailbox.ts': [
        'if (false) return false;',
        'if (/^[A-Za-z0-9._-]$/.test(localPart)) return false;',
        `return isAscii(key) ? key : Buffer.from(key, "").toString('latin1');`,
        "if (true) content = content.normalize('NFKC');",
      ],
      'src/policy/mx-rule.ts': ['if (false) return exchanges;'],
      'src/policy/tables/name-table.ts': [
        'if (false) return -1;',
        'if (false) return false;',
        'if (false) return false;',

        'if (row < 0 || (true && this.equalsKey(row, otherPool, start, end))) return row;',

        'function spread(hash: number): number {}',
        'if (true && haveSameKey(data, there, row)) return there;',
        'if (false) return undefined;',
        'if (false) return undefined;',
        'if (true && this.equals(row, text, start, end)) return row;',
      ],
      'src/policy/tables/prefix-table.ts': [
        'if (false) {',
        'if (starts.length > 0) {}',
        'if (words[i] !== a.w0) return words[i] as number >= a.w0;',
        'if (words[i + 1] !== a.w1) return words[i + 1] as number >= a.w1;',
        'if (words[i + 2] !== a.w2) return words[i + 2] as number >= a.w2;',
      ],
      'src/policy/tables/sorted-rows.ts': [
        'if (true) return { rows: came, ends: [count] };',
        'if (false) continue;',
        'if (end - start < bucketRows || half < upperHalves - 1) continue;',
        'if (true && half < upperHalves - 1) continue;',
        'if (end - start <= bucketRows && half < upperHalves - 1) continue;',
        'if (end - start >= bucketRows && half < upperHalves - 1) continue;',
        'if (end + start < bucketRows && half < upperHalves - 1) continue;',
        'if (end - start < bucketRows && half >= upperHalves - 1) continue;',
        'const startOf = (bucket: number) => ends[bucket + 1] ?? 0;',
        'if (count < bucketRows) return { rows: came, ends: [count] };',
        'if (place < this.width && true) this.sort(start, end, place + 1);',
        'if (place < this.width && end - start >= 1) this.sort(start, end, place + 1);',
        'if (place < this.width && end + start > 1) this.sort(start, end, place + 1);',
      ],
      'src/policy/recipient-form.ts': [
        'return true && /[^.]{64}/.test(domain);',
        'return domain.length >= 63 && /[^.]{64}/.test(domain);',
        'if (false) return false;',
      ],
      'src/policy/relay-decision.ts': [
        'if (false) return [];',
        'const names = map.usesClientNames(time) ? clientNames.claimed : ["Stryker was here"];',
      ],
      'src/policy/settings/setting-kinds.ts': [
        'if (true && value >= low && value <= high) return { value };',
        "return text.split(/[\\s,]/).filter((word) => word !== '');",
      ],
      'src/policy/settings/suggest.ts': [
        'if (false) continue;',
        'if (Math.abs(written.length - candidate.length) > bestDistance) continue;',
        'let before: number[] = ["Stryker was here"];',
        'const swapped = true && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];',
        'const swapped = i > 1 || j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];',
        'const swapped = true && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];',
        'const swapped = i >= 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];',
        'const swapped = i > 1 && true && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];',
        'const swapped = i > 1 && j >= 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];',
      ],
    },
  },
  {
    title: 'Left to parseEntry',
    why: `\`addPlain\`, \`parsePlainEntry\` and \`PlainNetwork\` read the plain forms and leave the rest to \`parseEntry\`, which says the
same of all that they read (a property holds that). Whether a text takes the one way or the other is only a matter of time. A
network that takes both is one network.`,
    survivors: {
      'src/policy/entries/list.ts': [
        'if (true) return false;',
        'if (true) return false;',
        'addPlain(line: Line): boolean {}',
        'if (false) {',
        ') {}',
        'this.hasNetworks = holds(kind, "");',
        'this.hasDomains = holds(kind, "");',
        'if (this.hasNetworks && plain.read(codes, from, to)) {}',
        'return false;',
      ],
      'src/policy/entries/parse-lines.ts': ['if (false) return;'],
      'src/policy/tables/plain-entry.ts': [
        'for (let i = from; i <= to; i++) {',

        "const excluded = text.endsWith('!');",
        'export function isPlainDomain({ whole, codes, from, to }: Line): boolean {}',
        'return false;',
        'if (to + from > 253) return false;',
      ],
      'src/policy/tables/plain-network.ts': [
        'if (false || end === to) return whole !== 0;',
        'octet = octet <= 0 ? digit : octet * 10 + digit;',
        'for (let i = to - 1; i > from && i >= to - 4; i--) if (codes[i] === slash) return i;',
        'for (let i = to - 1; i >= from && true; i--) if (codes[i] === slash) return i;',
        'for (let i = from; i < to && true; i++) if (codes[i] === colon) return true;',
        'for (let i = from; i < to && i <= from + 5; i++) if (codes[i] === colon) return true;',
      ],
    },
  },
  {
    title: 'A place that is known already',
    why: `Where a pattern begins or ends, or that a sign is not the first, is settled before: by an earlier condition, by a match
that takes all there is, because the empty part before the sign is refused, or because it is 0.`,
    survivors: {
      'src/policy/settings/ini.ts': ['const pair = /^([A-Za-z0-9_.-]+)\\s*=\\s*(.*)/.exec(written);'],
      'src/policy/attributes/sender-scope.ts': ["return dot <= 0 ? '' : name.slice(dot + 1);"],
      'src/policy/entries/entry.ts': [
        'const exchangeSign = /(!?)mx:/i;',
        'const inner = /\\[(?:ipv6:)?([^\\]]*)\\](\\/[0-9]+)?$/i.exec(text);',
        `return suggest('address-leading-zero', \`\${use}\${slash <= 0 ? '' : text.slice(slash)}\`);`,
        'if (slash > 0) {',
        "if (/^ipv6:/i.test(text)) return suggest('address-syntax', text.replace(/(?:ipv6:)+/i, ''));",
        "return suggest('address-zone', written.slice(0, written.indexOf('%')) + (slash <= 0 ? '' : text.slice(slash)));",
        "if (slash <= 0) return { kind: 'network', address, length: widthOf(address.family) };",
      ],
      'src/policy/entries/ip-address.ts': ['octet = octet <= 0 ? c - 0x30 : octet * 10 + c - 0x30;'],
      'src/policy/entries/local-domains.ts': ["return (error as Error).message.replace(/.*: /s, '').toLowerCase();"],
      'src/policy/entries/map-line.ts': [
        'const replyValue = /\\S+[ \\t]+(?:ERROR:|[0-9]{3}(?:\\s|$))/i;',
        'const startsReply = /(?:ERROR:|[0-9]{3}(?:\\s|$))/i;',
        'const startsReply = /^(?:ERROR:|[0-9]{3}(?:\\s))/i;',
        'const match = /(\\S+)(?:[ \\t]+(.*))?$/s.exec(line.text);',
        'const match = /^(\\S+)(?:[ \\t]+(.*))?/s.exec(line.text);',
        'const match = /^(\\S+)(?:[ \\t]+(.*))$/s.exec(line.text);',
        'const error = /^ERROR:(.*)/is.exec(text);',
      ],
      'src/policy/tables/prefix-table.ts': ['to[row * facts.each - facts.length] = came[from + width] as number;'],
      'src/policy/tables/sorted-rows.ts': [
        'for (let i = 0; i < end - start; i++) this.halves[2 * i - low] = start + i;',
      ],
      'src/policy/recipient-form.ts': [
        "if (domain.startsWith('[')) return /\\[ipv6:/i.test(domain) && parseAddressLiteral(domain)?.family === 4;",
      ],
      'src/policy/settings/list-source.ts': [
        'const match = /^([a-z]+):(.*)/i.exec(text);',
        "read: (text) => readSource(text, about.default.replace(/hash:/, ''), read),",
        'const url = /^\\/\\/([^/]+)\\/?(.*)/.exec(rest);',
      ],
    },
  },
  {
    title: 'What cannot be there',
    why: `Defaults for the compiler and for faults of our own: a pattern that matched has its groups, no network has a
route, lines that cannot be joined have a first one, every permit that is sent on names its line, no network has length 0, the
defaults of settings are values, and no machine that runs the tests puts the higher bytes of a number first.`,
    survivors: {
      'src/policy/findings/list-formats.ts': [
        "const [key = \"Stryker was here!\", argument = ''] = detail.split(' ', 2);",
      ],
      'src/policy/findings/finding-text.ts': [
        `\`belongs to \${formatOfDetail(f.detail ?? "Stryker was here!")?.format.name ?? 'another format'}, and a list has one entry a line\`,`,
        'remedy: (f) => remedyOfFormat(f.detail ?? "Stryker was here!", f.at.file),',
        `\`belongs to \${formatOfDetail(f.detail ?? '')?.format.name ?? ""}, and a list has one entry a line\`,`,
      ],
      'src/policy/entries/foreign-list.ts': [
        'for (const [, word = "Stryker was here!"] of text.matchAll(/"([^"]*)"/g)) if (isAddress(word)) return \'json\';',
      ],
      'src/policy/auth-warning.ts': [
        'function helloIsTheClients({ claimedHelo = "Stryker was here!", clientName, clientAddress }: AuthWarningRequest): boolean {',
      ],
      'src/policy/entries/domain-name.ts': [
        'return /^[0-9]+$/.test(labels[labels.length - 1] ?? "Stryker was here!") ? undefined : name;',
      ],
      'src/policy/settings/list-source.ts': [
        `const [, type = "Stryker was here!", file = ''] = match;`,
        `const [, type = '', file = "Stryker was here!"] = match;`,
      ],
      'src/policy/entries/list.ts': [
        'const [word = "Stryker was here!", ...others] = line.text.split(/[ \\t]+/);',
        "const isVerified = words.at(-1).toLowerCase() === 'verify';",
        'const routed = hop === undefined || false ? entry : withRoute(entry, hop);',
        'const routed = hop === undefined || entry.kind === "" ? entry : withRoute(entry, hop);',
      ],
      'src/policy/entries/entry.ts': [
        'const sign = exchangeSign.exec(text)?.[0] ?? "Stryker was here!";',
        "const sign = exchangeSign.exec(text)[0] ?? '';",
      ],
      'src/policy/attributes/extras.ts': [
        'if (isProblem(bounds)) throw new Error("");',
        `const bounds = parseAttributes(text.split(' '), ['from', 'limit'], "Stryker was here!");`,
        "if (false) throw new Error('the attributes of an entry cannot be read');",
      ],
      'src/policy/entries/local-domains.ts': [
        `const detail = reasonAgainst(line) ?? reasonAgainst(patterns.join('|')) ?? "Stryker was here!";`,
        'if (true) faulty.push(first);',
      ],
      'src/policy/entries/map-line.ts': [
        "const written = match[1] ?? '';",
        'const written = match?.[1] ?? "Stryker was here!";',
        'const { valueText, attributeWords } = splitValue(match[2]);',
        'const name = tag?.[1].toLowerCase();',
        "return { problem: 'map-tag-unknown', detail: shortened(tag[1] ?? '') };",
        `return { problem: 'map-tag-unknown', detail: shortened(tag?.[1] ?? "Stryker was here!") };`,
      ],
      'src/policy/entries/map-value.ts': [
        'const answer = true ? value.reply : undefined;',
        'const action = false ? undefined : actions[kind];',
      ],
      'src/policy/tables/sorted-rows.ts': [
        "const [high, low] = endianness() === 'LE' ? [1, 0] : [];",
        'const [high, low] = true ? [1, 0] : [0, 1];',
      ],
      'src/policy/entries/route.ts': [
        `const written = (match[1] ?? match[2] ?? "Stryker was here!").replace(/^ipv6:/i, '');`,
      ],
      'src/policy/settings/settings.ts': [
        `if (false) throw new Error(\`the default of \${section}.\${key} is no value of it\`);`,
        "if (!('value' in result)) throw new Error(``);",
      ],
    },
  },
  {
    title: 'Any text would do',
    why: `The default stands for no text at all, and Stryker's text means the same there: it is ASCII, and it is no local part.`,
    survivors: {
      'src/policy/settings/setting-kinds.ts': [
        'const host = match?.[1] ?? match?.[2] ?? "Stryker was here!";',
        'const [, recipients, unit] = /^([0-9]+)\\/([smhd])$/.exec(text) ?? ["Stryker was here"];',
        'const [, domain] = /^[^\\s@<>"]+@([^\\s@<>]+)$/.exec(text) ?? ["Stryker was here"];',
      ],
      'src/policy/entries/foreign-list.ts': [
        'if (!isMost(cells.filter((row) => isEntry(row[column] ?? "Stryker was here!")).length)) continue;',
      ],
      'src/policy/findings/list-formats.ts': [
        "const [key = '', argument = \"Stryker was here!\"] = detail.split(' ', 2);",
      ],
      'src/policy/attributes/limit.ts': [
        'const [, recipients, count, unit = "Stryker was here!"] = /^([1-9][0-9]{0,8})\\/([1-9][0-9]{0,6})([smhd])$/.exec(text) ?? [];',
        `const [, recipients, count, unit = ''] = /^([1-9][0-9]{0,8})\\/([1-9][0-9]{0,6})([smhd])$/.exec(text) ?? ["Stryker was here"];`,
      ],
      'src/policy/verify.ts': [
        'const [, subject, detail] = /^5\\.([0-9]{1,3})\\.([0-9]{1,3})(?![.0-9])/.exec(text) ?? ["Stryker was here"];',
      ],
      'src/policy/recipient-form.ts': ['const { domain, writtenDomain = "Stryker was here!" } = recipient;'],
      'src/policy/relay-decision.ts': [
        'const entry = policy.destinations.findRecipient({ localPart: "Stryker was here!", domain }, time);',
      ],
    },
  },
  {
    title: 'A value that nobody reads',
    why: `Rows of \`relay.map\` exclude nothing, and what \`RelayMap\` finds does not tell whether they do; a value without a reply
has no text; an address that is read writes over all that was there.`,
    survivors: {
      'src/policy/entries/ip-address.ts': ['const address: IpAddress = {};'],
      'src/policy/entries/list.ts': ['this.latest.add("");'],
      'src/policy/attributes/extras.ts': [
        'this.hosts.add(route?.host ?? "Stryker was here!");',
        'private readonly bounds: (Bounds | undefined)[] = ["Stryker was here"];',
      ],
      'src/policy/tables/plain-network.ts': ['excluded = true;'],
      'src/policy/entries/map-value.ts': ['this.texts.add(answer?.text ?? "Stryker was here!");'],
      'src/policy/entries/entry-tables.ts': ["this.mailboxes.add(mailboxKey(key.localPart, ''), line, true, payload);"],
    },
  },
  {
    title: 'A step beyond the end',
    why: `What is written beyond the end of a typed array is gone (a payload in a column of none, too), or the next step overwrites it; a row too many equals no key.`,
    survivors: {
      'src/policy/entries/foreign-list.ts': [
        'for (let column = 0; column <= 20; column++) {',
        'for (let number = 1; start <= text.length && lines.length < mostLines; number++) {',
      ],
      'src/policy/tables/codes.ts': [
        'for (let i = 0; i <= text.length; i++) into[i] = Math.min(text.charCodeAt(i), other);',
      ],
      'src/policy/tables/name-table.ts': [
        'for (let at = 1; at <= slots.length; at += 2) if (slots[at] !== 0) yield (slots[at] as number) - 1;',
        'for (let row = 0; row <= count; row++) {',
      ],
      'src/policy/tables/prefix-table.ts': [
        'while (true && lengthOfRow(this.data, row) >= length && sameAddress(addressOfRow(this.data, row), address))',

        'if (true) {',
        'if (true) {',
        'for (let row = 0; row <= order.length; row++) {',
        'if (true) payloads[row] = came[from + width + 2] as number;',
        'if (payloads.length >= 0) payloads[row] = came[from + width + 2] as number;',
        'for (let row = 0, at = facts.parent; at <= end; row++, at += facts.each) data.facts[at] = parentOf(data, width, row);',
        'for (let half = 0; half <= 65536; half++) {',
      ],
      'src/policy/tables/sorted-rows.ts': [
        'for (let i = 0; i <= end - start; i++) this.halves[2 * i + low] = start + i;',
        'for (let i = 0; i < end + start; i++) this.halves[2 * i + low] = start + i;',
      ],
    },
  },
  {
    title: 'Memory, not answers',
    why: `A text kept that could go (\`test/lists/large-lists.test.ts\` sees that), or more room than is needed, which is not touched.`,
    survivors: {
      'src/policy/entries/domain-name.ts': [
        'export function letGoOfNames(): void {}',
        'getPublicSuffix("Stryker was here!", namesOnly);',
      ],
      'src/policy/tables/sorted-rows.ts': [
        'const longest = ends.reduce((most, end, bucket) => Math.max(most, end + startOf(bucket)), 0);',
        'const count = rows.length * this.each;',
      ],
    },
  },
];
