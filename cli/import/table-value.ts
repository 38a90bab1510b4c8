/** Values of tables in which, by the server's rules, being found is all that counts. */

/** Whether the author of such a value meant to keep out whom it stands for. */
export function refusesByValue(value: string): boolean {
  return /^"?(?:reject|deny|no|4[0-9]{2}|5[0-9]{2}|defer|discard|error:.*)(?:\s|"|$)/i.test(value.trim());
}
