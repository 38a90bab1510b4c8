/** Values of tables where the server only asks whether a key exists, whatever its value. */

/** Whether such a value reads like a refusal, so that its author likely meant to exclude the key. */
export function refusesByValue(value: string): boolean {
  return /^"?(?:reject|deny|no|4[0-9]{2}|5[0-9]{2}|defer|discard|error:.*)(?:\s|"|$)/i.test(value.trim());
}
