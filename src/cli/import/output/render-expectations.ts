/**
 * The expectations that come with an import: for each pattern of the old server, and for what lies just outside of it, what
 * that server decides. What the import is known to decide otherwise is there as a comment, with the remark that says so.
 */
import { listSettings, settingsFile } from '../../../lists/list-settings';
import { type ListContent, parseListContent } from '../../../lists/parsing/parse-bytes';
import type { ListVersions } from '../../../lists/policy';
import { parseSettings } from '../../../policy/settings/settings';
import { beforeAllEnds } from '../../../policy/tables/ends';
import { check } from '../../expectations/check';
import { parseExpectations } from '../../expectations/expectation';
import { defaultFile, header, inColumns, type WrittenLine } from '../../expectations/written';
import { type FolderPolicy, policyOf } from '../../policy-content';
import { type ExpectedAnswer, expectedAnswers } from '../expected-answers';
import { describeRemark, kindOf, type Remark } from '../remark';
import type { SitePolicy } from '../site-policy';
import { clean, formatOrigin, type RenderedFile } from './render-lines';

/** `imported`: the files of the import, as they will be read. */
export function renderExpectations(
  site: SitePolicy,
  remarks: readonly Remark[],
  imported: readonly RenderedFile[],
): RenderedFile {
  const losses = remarks.filter(({ code }) => kindOf(code) !== 'note');
  const sections = expectedAnswers(site).filter(({ written }) => written.length > 0);
  const met = metIn(
    policyIn(imported),
    sections.flatMap(({ written }) => written),
  );
  const body = sections.flatMap(({ title, written, rest }) => {
    const texts = inColumns(written.map(withOrigin));
    const lines = written.flatMap((line, i) => textOf(line, texts[i] ?? '', met.has(line) ? [] : losses));
    return ['', `# ${title}`, ...lines, ...(rest > 0 ? [`# ${rest} more lines of the source have none here`] : [])];
  });
  const left = losses.map((remark) => `# ${formatOrigin(remark.at)}: ${clean(describeRemark(remark).message)}`);
  const head = '# From what the old server decides, by the lines that the comments name.';
  const tail = left.length === 0 ? [] : ['', '# what the import left out or changed', ...new Set(left)];
  const count = body.filter((line) => line !== '' && !line.startsWith('#')).length;
  return { name: defaultFile, text: `${header}${[head, ...body, ...tail].join('\n')}\n`, count };
}

function withOrigin({ client, recipient, result, origin }: ExpectedAnswer): WrittenLine {
  return { client, recipient, result: origin ? `${result}  # ${formatOrigin(origin)}` : result };
}

/** Those that the lists of the import meet. */
function metIn(policy: FolderPolicy, all: readonly ExpectedAnswer[]): ReadonlySet<ExpectedAnswer> {
  const parsed = all.flatMap((one) =>
    parseExpectations(inColumns([one]).join()).expectations.map((expectation) => ({ one, expectation })),
  );
  const outcomes = check(
    policy,
    parsed.map(({ expectation }) => expectation),
  );
  return new Set(parsed.filter((_, i) => outcomes[i]?.failures.length === 0).map(({ one }) => one));
}

/** An expectation that is not met stays one, so that the test fails, unless a loss on the same line explains it. */
function textOf({ origin }: ExpectedAnswer, text: string, losses: readonly Remark[]): string[] {
  const known = losses.filter(({ at }) => at.file === origin?.file && at.line === origin.line);
  if (known.length === 0) return [text];
  return [...known.map((remark) => `# not so here: ${clean(describeRemark(remark).message)}`), `# ${text}`];
}

/** What Haraka makes of the files, with the local domains accepted as the old server accepts them. */
function policyIn(files: readonly RenderedFile[]): FolderPolicy {
  const textOfFile = (name: string) => files.find((file) => file.name === name)?.text ?? '';
  const { readable: settings, written } = parseSettings(settingsFile, textOfFile(settingsFile));
  const versions = listSettings.map((listSetting) => {
    const { file } = listSetting.sourceIn(settings);
    const value = parseListContent(listSetting.name, file, textOfFile(file)).data as ListContent;
    return [listSetting.name, { file, value, hash: '', fingerprint: '' }] as const;
  });
  const parts = { settings, written, versions: Object.fromEntries(versions) as unknown as ListVersions };
  return policyOf(parts, ['smtpcheck', 'rcpt_to.in_host_list'], beforeAllEnds);
}
