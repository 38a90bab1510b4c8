/** Haraka's packages that ship no types, as far as we use them. */

declare module 'haraka-constants' {
  const constants: {
    readonly cont: number;
    readonly deny: number;
    readonly denysoft: number;
    readonly denydisconnect: number;
    readonly denysoftdisconnect: number;
    readonly ok: number;
  };
  export default constants;
}

declare module 'haraka-dsn' {
  /** Haraka takes the reply's code and text from an object of this class. */
  export default class DSN {
    static create(code: number, text: string, subject: number, detail: number): DSN;
    readonly code: number | string;
    readonly reply: string;
  }
}
