import { printableLines } from '../core/characters';

/** Text as it may stand in an XML document, in an attribute too: as `printable` has it, lines kept. */
export function xml(text: string): string {
  return (
    printableLines(text)
      // XML forbids these even as an escape.
      .replace(/[\ufffe\uffff]/g, '\ufffd')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
  );
}
