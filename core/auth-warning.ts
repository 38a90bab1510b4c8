/** The facts that `authwarnings` marks in a message, in sendmail's words. */
import { type IpAddress, parseAddressLiteral, sameAddress } from './ip-address';

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
  const client = `${request.clientName ? printable(request.clientName) : 'unknown'} [${request.clientIp}]${
    request.clientName && !request.clientNameConfirmed ? ' (may be forged)' : ''
  }`;
  if (!request.claimedHelo) return [`${request.ourName}: ${client} didn't use HELO protocol`];
  if (helloIsTheClients(request)) return [];
  return [`${request.ourName}: Host ${client} claimed to be ${printable(request.claimedHelo)}`];
}

function helloIsTheClients({ claimedHelo = '', clientName, clientAddress }: AuthWarningRequest): boolean {
  if (clientName && bare(clientName) === bare(claimedHelo)) return true;
  const literal = parseAddressLiteral(claimedHelo);
  return literal !== undefined && clientAddress !== undefined && sameAddress(literal, clientAddress);
}

function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** A claim may hold anything; a header may not. */
function printable(claim: string): string {
  return claim.replace(/[^\x21-\x7e]/g, '?').slice(0, 255);
}
