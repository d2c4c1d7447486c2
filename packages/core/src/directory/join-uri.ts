// How requests and responses travel between people: as URIs that fit a mail, a chat or a file, or as texts for QR codes.
import { EntryError, fromBase64url, toBase64url, type Verifier } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { areQrTexts, decodeQrTexts, encodeQrTexts } from "./qr-texts.ts";

/** What travels. The number is the version of the format. */
export type JoinKind = "join-request:1" | "device-request:1" | "join-response:1";

/** The two forms of a request or response. */
export interface JoinTexts {
  /** The URI. */
  toString(): string;
  /** The same for QR codes, one to seven: each has at most 1,242 characters of their alphanumeric set. */
  toQrTexts(): readonly string[];
}

/** Longest text that is looked at, characters: several times the longest valid one. */
const maxLength = 2 ** 16;

/** `selkie:`, kind and version, base64url; and the QR texts. */
export function joinTexts(verifier: Verifier, kind: JoinKind, bytes: Uint8Array): JoinTexts {
  const uri = `selkie:${kind}:${toBase64url(bytes)}`;
  return { toString: () => uri, toQrTexts: () => encodeQrTexts(verifier, kind, bytes) };
}

/**
 * The bytes of a URI or of all its QR texts; white space around it, which mail and clipboards add, and a file's byte order mark are ignored.
 *
 * @param kinds that the caller takes
 * @throws CoreError `JOIN_MALFORMED`
 */
export function readJoinText<Kind extends JoinKind>(
  verifier: Verifier,
  kinds: readonly [Kind, ...Kind[]],
  text: string,
): { readonly kind: Kind; readonly bytes: Uint8Array } {
  if (text.length > maxLength) throw new CoreError("JOIN_MALFORMED", "the text is too long");
  if (areQrTexts(text)) return decodeQrTexts(verifier, kinds, text);
  const trimmed = text.trim();
  const kind = kinds.find((known) => trimmed.startsWith(`selkie:${known}:`));
  if (kind === undefined)
    throw new CoreError("JOIN_MALFORMED", `the text does not begin with selkie:${kinds.join(": or selkie:")}:`);
  try {
    return { kind, bytes: fromBase64url(trimmed.slice(`selkie:${kind}:`.length)) };
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw new CoreError("JOIN_MALFORMED", "the text is incomplete or damaged", { cause });
  }
}
