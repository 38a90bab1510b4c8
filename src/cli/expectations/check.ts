/** Whether a policy answers as a file of expectations says, and what it answers where it does not. */
import { replyAt } from '../../host/guard';
import { formatReply } from '../../policy/decision';
import { formatRoute } from '../../policy/entries/route';
import type { MailDecision } from '../../policy/sets/mail-decision';
import { type Answer, Questioner, shownClients } from '../../policy/sets/mail-question';
import { emptyListData, type PolicyContent } from '../../policy/sets/policy-lists';
import type { FolderPolicy } from '../policy-content';
import type { Expectation, Expected } from './expectation';

export interface Outcome {
  readonly expectation: Expectation;
  /** Parts of the question that are answered otherwise, the first few of them, in words. */
  readonly failures: readonly string[];
}

/** Of a large set so many parts are named. */
const namedParts = 3;

export function check(policy: FolderPolicy, expectations: readonly Expectation[]): Outcome[] {
  const { settings } = policy;
  const content = contentInForce(policy);
  const questioner = new Questioner(content);
  const answered = (decision: MailDecision) => onWire(decision, settings.deny.at);
  return expectations.map((expectation): Outcome => {
    const { question, expected } = expectation;
    if (question.domain.startsWith('*.') && content.lists.host_list_regex.lines.length > 0) {
      return { expectation, failures: ['what host_list_regex matches cannot be listed: name the domains one by one'] };
    }
    const isExpected = (decision: MailDecision) => meets(answered(decision), expected);
    const parts: string[] = [];
    let count = 0;
    for (const answer of questioner.unexpected(question, isExpected, expected.at !== undefined)) {
      count++;
      if (count <= namedParts) parts.push(describeAnswer(answer, answered(answer.decision)));
    }
    return { expectation, failures: count > namedParts ? [...parts, `and ${count - namedParts} more`] : parts };
  });
}

/** Without `host.deny` where no plugin reads it. */
export function contentInForce({ content, loaded }: FolderPolicy): PolicyContent {
  if (loaded.includes('deny')) return content;
  return { ...content, lists: { ...content.lists, hosts: emptyListData('hosts') } };
}

/** As the client reads it: at connect other codes are written than at RCPT. */
export function onWire(decision: MailDecision, denyAt: 'connect' | 'rcpt'): MailDecision {
  const { by, reply } = decision;
  return reply && by === 'deny' && denyAt === 'connect' ? { ...decision, reply: replyAt('connect', reply) } : decision;
}

function meets({ outcome, reply, route, at }: MailDecision, expected: Expected): boolean {
  if (outcome !== expected.outcome) return false;
  if (expected.code !== undefined && reply?.code !== expected.code) return false;
  if (expected.enhanced !== undefined && reply?.enhanced.join('.') !== expected.enhanced) return false;
  if (expected.via !== undefined && (route ? formatRoute(route) : 'mx') !== expected.via) return false;
  return expected.at === undefined || (at !== undefined && `${at.file}:${at.line}` === expected.at);
}

function describeAnswer(answer: Answer, decision: MailDecision): string {
  return `is ${describeResult(decision)}, ${shownClients(answer)} -> ${answer.recipient}`;
}

/** `refuse 550 5.7.1 Relaying denied (localip:2)`. */
export function describeResult({ outcome, reply, route, at }: MailDecision): string {
  const what = reply ? `${outcome} ${formatReply(reply)}` : route ? `${outcome} via ${formatRoute(route)}` : outcome;
  return at ? `${what} (${at.file}:${at.line})` : what;
}
