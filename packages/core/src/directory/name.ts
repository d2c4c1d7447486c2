// Names of users, tenants, keys and databases.
import { CoreError } from "../errors.ts";

/** Longest name, UTF-16 code units. */
export const maxNameLength = 200;

// Controls and line breaks (log injection, F7), and the bidirectional controls by which one name is made to look like another.
// A byte order mark is not text: decoders drop it.
const refused = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** Whether a string may be a name: 1 to 200 code units, well formed, no control characters. */
export function isName(text: string): boolean {
  return text.length > 0 && text.length <= maxNameLength && text.isWellFormed() && !refused.test(text);
}

/** @throws CoreError `NAME_INVALID` */
export function requireName(text: string): string {
  if (isName(text)) return text;
  throw new CoreError("NAME_INVALID", `a name has 1 to ${maxNameLength} characters and no control characters`);
}

/**
 * What names are compared by: NFKC and case. Names that fold to one are one to the eye; the directory shows both with fingerprints. No
 * right depends on it, so replicas on different Unicode versions still agree on everything that counts.
 */
export function foldName(name: string): string {
  // Upper case first: it spells out what lower case alone would keep apart (ß and ss, ſ and s, final sigma).
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}
