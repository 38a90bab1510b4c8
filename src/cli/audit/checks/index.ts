/** Every check, in the order they are asked and shown. */
import type { PopCheck, SmtpCheck } from '../check';
import { authChecks } from './auth';
import { bannerChecks } from './banner';
import { disclosureChecks } from './disclosure';
import { expectedChecks } from './expected';
import { helloChecks } from './hello';
import { orderTrickChecks } from './order-trick';
import { popLoginChecks } from './pop3-login';
import { popTlsChecks } from './pop3-tls';
import { popUserChecks } from './pop3-users';
import { relayChecks } from './relay';
import { smugglingChecks } from './smuggling';
import { tlsChecks } from './tls';

export const smtpChecks: readonly SmtpCheck[] = [
  ...relayChecks,
  ...orderTrickChecks,
  ...expectedChecks,
  ...disclosureChecks,
  ...helloChecks,
  ...authChecks,
  ...tlsChecks,
  ...bannerChecks,
  ...smugglingChecks,
];

export const popChecks: readonly PopCheck[] = [...popLoginChecks, ...popUserChecks, ...popTlsChecks];
