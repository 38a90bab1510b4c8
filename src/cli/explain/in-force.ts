/** Plays a session under the policy that a running server has in force, for its status server. */
import type { Policy } from '../../lists/policy';
import type { ExplainQuery } from '../../status/http/routes';
import { linesOf, playUnder } from './command';
import { toJson } from './print';

/** `path`: of the Haraka folder. The JSON is that of `smtpcheck explain --json`. */
export async function explainInForce(
  policy: Policy,
  path: string,
  config: string,
  query: ExplainQuery,
): Promise<string> {
  const options = { ip: query.ip, ptr: query.ptr, forgedPtr: [], dns: true };
  return toJson(await playUnder(policy, [], { path, config }, options, linesOf(query)));
}
