/** Judges a certificate: its names, its validity period, its chain and its key. */
import tls from 'node:tls';
import { type Outcome, report, safe, unsafe, worstOf } from '../outcome';
import type { TlsFacts } from './tls-options';

const dayMs = 86_400_000;

export interface CertificateOptions {
  /** The name that the certificate should carry; absent where none is known. */
  readonly name: string | undefined;
  /** Clients that send a password check name and chain; mail servers among themselves mostly do not. */
  readonly strict: boolean;
  readonly now: number;
}

export function judgeCertificate(facts: TlsFacts, { name, strict, now }: CertificateOptions): Outcome {
  const { certificate, distrust } = facts;
  const matter = strict ? unsafe : report;
  const outcomes: Outcome[] = [];
  const ends = Date.parse(certificate.valid_to);
  const begins = Date.parse(certificate.valid_from);
  if (Number.isNaN(ends) || Number.isNaN(begins)) outcomes.push(unsafe('its dates cannot be read'));
  else if (ends < now) outcomes.push(unsafe(`expired on ${day(ends)}`));
  else if (begins > now) outcomes.push(unsafe(`not valid before ${day(begins)}`));
  else if (ends - now < 14 * dayMs) outcomes.push(report(`expires on ${day(ends)}`));
  if (name === undefined) outcomes.push(report('no name to compare with: say --name NAME'));
  else {
    const mismatch = tls.checkServerIdentity(name, certificate);
    if (mismatch !== undefined)
      outcomes.push(matter(`not for ${name}: ${certificate.subjectaltname ?? subject(facts)}`));
  }
  if (distrust !== undefined && distrust !== 'CERT_HAS_EXPIRED' && distrust !== 'CERT_NOT_YET_VALID') {
    outcomes.push(matter(`not trusted: ${distrust}`));
  }
  const bits = certificate.bits;
  if (certificate.modulus !== undefined && bits !== undefined && bits < 2048) {
    outcomes.push(unsafe(`an RSA key of ${bits} bits`));
  }
  const good = safe(`${subject(facts)}, until ${Number.isNaN(ends) ? '?' : day(ends)}, ${facts.version}`);
  const judged = worstOf(outcomes.length === 0 ? [good] : outcomes);
  return judged.verdict === 'safe' ? judged : { ...judged, observed: `${subject(facts)}: ${judged.observed}` };
}

function subject({ certificate }: TlsFacts): string {
  const name: unknown = certificate.subject?.CN;
  return typeof name === 'string' ? `CN=${name}` : (certificate.subjectaltname ?? 'a certificate without a name');
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
