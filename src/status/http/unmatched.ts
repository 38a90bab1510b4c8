/** Entries of the lists in force that have not decided since the server started: what may be superfluous, or never worked. */
import { type ListId, ownListSettings } from '../../lists/list-settings';
import { never } from '../../policy/tables/ends';
import type { Unmatched } from '../answers';
import type { ListReport } from '../report';
import type { StatusView } from '../view';
import { isoTime, jsonVersion, shownText } from './pages';
import { oneOf, readQuery } from './query';

/** More entries of a list are only counted. */
const mostShown = 100;

const names: readonly string[] = ownListSettings.map(({ name }) => name);
const parameters = { list: oneOf(names) } as const;

export function unmatchedPage(view: StatusView, query: URLSearchParams): Unmatched {
  const { list: asked } = readQuery(query, parameters);
  const wanted = asked.length > 0 ? asked : names;
  return {
    version: jsonVersion,
    startedAt: isoTime(view.processes[0]?.startedAt ?? 0),
    matchesOfOthers: view.totals.unlisted,
    lists: view.lists.filter(({ list }) => wanted.includes(list)).flatMap((list) => unmatchedOf(view, list)),
  };
}

/**
 * An entry that has ended matches nothing any more, and can go. Nothing of a list whose file another setting names as well:
 * matches count under that one.
 */
function unmatchedOf(view: StatusView, { list, source, loadedAt, entries }: ListReport): Unmatched['lists'] {
  const { policy, totals } = view;
  const written = policy.entries.of(list as ListId);
  if (!written) return [];
  const { hash, file, lines } = written;
  const left = lines?.filter((entry) => !totals.hasMatched({ list, hash, file, ...entry }));
  const matchedByLine = () => totals.entries.filter((one) => one.list === list && one.hash === hash).length;
  const unmatched = left?.length ?? Math.max(entries - matchedByLine(), 0);
  const shown = (left ?? []).slice(0, mostShown);
  return [
    {
      ...{ list, source, loadedAt: isoTime(loadedAt), entries, unmatched },
      shown: shown.map(({ line }) => {
        const { text, comment, until = never } = policy.entries.at({ file, line }) ?? {};
        return { line, text: shownText(text), comment: shownText(comment), ended: until <= view.clock() };
      }),
      notShown: unmatched - shown.length,
    },
  ];
}
