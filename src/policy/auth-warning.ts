/** The facts that `authwarnings` marks in a message, in sendmail's words. */
import { type IpAddress, parseAddressLiteral, sameAddress } from './entries/ip-address';

export const authWarningHeader = 'X-Authentication-Warning';

export interface AuthWarningRequest {
  /** The name this server goes by. */
  readonly ourName: string;
  readonly clientAddress: IpAddress | undefined;
  /** The client's address as text. */
  readonly clientIp: string;
  /** The PTR name that is known already, if any. */
  readonly clientName: string | undefined;
  readonly clientNameConfirmed: boolean;
  /** What the client said at HELO, if it said anything. */
  readonly claimedHelo: string | undefined;
}

/** One header value per fact, none where there is nothing to warn of. */
export function authWarnings(request: AuthWarningRequest): string[] {
  const { ourName, claimedHelo } = request;
  if (!claimedHelo) return [`${ourName}: ${clientText(request)} didn't use HELO protocol`];
  if (helloIsTheClients(request)) return [];
  return [`${ourName}: Host ${clientText(request)} claimed to be ${headerWord(claimedHelo)}`];
}

function clientText({ clientName, clientIp, clientNameConfirmed }: AuthWarningRequest): string {
  if (!clientName) return `unknown [${clientIp}]`;
  return `${headerWord(clientName)} [${clientIp}]${clientNameConfirmed ? '' : ' (may be forged)'}`;
}

function helloIsTheClients({ claimedHelo = '', clientName, clientAddress }: AuthWarningRequest): boolean {
  if (clientName && bare(clientName) === bare(claimedHelo)) return true;
  const literal = parseAddressLiteral(claimedHelo);
  return literal !== undefined && clientAddress !== undefined && sameAddress(literal, clientAddress);
}

function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** A claim may hold anything; what stands for it in the header is one word of ASCII, so that Haraka encodes nothing. */
function headerWord(claim: string): string {
  return claim.replace(/[^\x21-\x7e]/g, '?').slice(0, 255);
}
