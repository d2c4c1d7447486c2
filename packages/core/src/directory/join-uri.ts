// How requests and responses travel between people: as URIs that fit a mail, a chat, a file or a QR code.
import { EntryError, fromBase64url, toBase64url } from "@selkie/entry";
import { CoreError } from "../errors.ts";

/** What a URI may carry. The number is the version of the format. */
export type JoinUriKind = "join-request:1" | "device-request:1" | "join-response:1";

/** Longest text that is looked at, characters: several times the longest valid one. */
const maxLength = 2 ** 16;

/** `selkie:`, kind and version, base64url. */
export function encodeJoinUri(kind: JoinUriKind, bytes: Uint8Array): string {
  return `selkie:${kind}:${toBase64url(bytes)}`;
}

/** Whether a text says that it is one of these. */
export function isJoinUri(kind: JoinUriKind, text: string): boolean {
  return text.trimStart().startsWith(`selkie:${kind}:`);
}

/** The bytes of such a URI; white space around it, which mail and clipboards add, is ignored. @throws CoreError `JOIN_MALFORMED` */
export function decodeJoinUri(kind: JoinUriKind, text: string): Uint8Array {
  const prefix = `selkie:${kind}:`;
  if (text.length > maxLength) throw new CoreError("JOIN_MALFORMED", "the text is too long");
  const trimmed = text.trim();
  if (!trimmed.startsWith(prefix)) throw new CoreError("JOIN_MALFORMED", `the text does not begin with ${prefix}`);
  try {
    return fromBase64url(trimmed.slice(prefix.length));
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw new CoreError("JOIN_MALFORMED", "the text is incomplete or damaged", { cause });
  }
}
