// What is too long for one QR code as several: texts of the alphanumeric set of QR codes, each of which says what it is a part of.
import { concatBytes, hash, type Verifier } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { fromBase32, toBase32 } from "./base32.ts";

const PREFIX = "SELKIE:QR:";
/**
 * Bytes in one text. They are 1,200 characters, and at most 1,242 with what stands before them: a code of version 23 at error correction M
 * holds 1,248 (ISO/IEC 18004 table 7). Its 109 modules and margin are half a millimetre each on a telephone's screen, which another reads
 * at arm's length. A request takes four of them, one for a further device two, a response one.
 */
const PART_BYTES = 750;
/** One digit. The longest request or response needs seven. */
const MAX_PARTS = 9;
/** It keeps apart what was scanned by mistake; what is in a request is proven by the request. */
const DIGEST_BYTES = 5;

const FRAME = /^([A-Z-]+:\d+):([1-9])\/([1-9]):([A-Z2-7]{8}):([A-Z2-7]+)$/;

interface Frame {
  readonly number: number;
  readonly count: number;
  /** Kind, count and digest: the same in all parts of one. */
  readonly whole: string;
  readonly kind: string;
  readonly data: string;
}

/** The texts, in order. @param kind with the version of the format, as in a URI: letters, digits, `-` and `:` */
export function encodeQrTexts(verifier: Verifier, kind: string, bytes: Uint8Array): readonly string[] {
  const count = Math.ceil(bytes.length / PART_BYTES);
  if (count < 1 || count > MAX_PARTS) throw malformed("there is too much, or nothing, to write as QR texts");
  const digest = toBase32(hash(verifier, "join-qr", bytes).subarray(0, DIGEST_BYTES));
  return Array.from({ length: count }, (_, at) => {
    const data = toBase32(bytes.subarray(at * PART_BYTES, (at + 1) * PART_BYTES));
    return `${PREFIX}${kind.toUpperCase()}:${at + 1}/${count}:${digest}:${data}`;
  });
}

/** Whether a text says that it is made of these. */
export function areQrTexts(text: string): boolean {
  return text.trimStart().slice(0, PREFIX.length).toUpperCase() === PREFIX;
}

/**
 * What such texts hold, in any order, each any number of times. White space and commas between and in them are ignored, and so is case:
 * a list of them turned into a string is taken, too.
 *
 * @param kinds that the caller takes
 * @throws CoreError `JOIN_MALFORMED`; it says which parts are missing
 */
export function decodeQrTexts<Kind extends string>(
  verifier: Verifier,
  kinds: readonly Kind[],
  text: string,
): { readonly kind: Kind; readonly bytes: Uint8Array } {
  // A colon is not of base32, so the prefix is nowhere in the data.
  const [before, ...texts] = text.replaceAll(/[\s,]/g, "").toUpperCase().split(PREFIX);
  const [first, ...others] = texts.map(readFrame);
  if (before !== "" || first === undefined) throw malformed("these are no QR texts");
  const kind = kinds.find((known) => known.toUpperCase() === first.kind);
  if (kind === undefined) throw malformed(`QR texts of ${first.kind} are not what is asked for here`);
  if (others.some(({ whole }) => whole !== first.whole)) throw malformed("the QR texts are parts of different things");
  const parts = inOrder([first, ...others]);
  const bytes = concatBytes(...parts.map(readData));
  const again = encodeQrTexts(verifier, kind, bytes).map((frame) => readFrame(frame.slice(PREFIX.length)));
  // They have one form: digest, cuts and every character are as they would be written (qr-texts.test.ts).
  if (again.some(({ whole, data }, at) => whole !== first.whole || data !== parts[at]))
    throw malformed("a QR text is damaged");
  return { kind, bytes };
}

function readFrame(text: string): Frame {
  const [, kind, number, count, digest, data] = FRAME.exec(text) ?? [];
  if (kind === undefined || data === undefined) throw malformed("a QR text is incomplete or damaged");
  return { kind, data, number: Number(number), count: Number(count), whole: `${kind}/${count}:${digest}` };
}

function readData(data: string): Uint8Array {
  const bytes = fromBase32(data);
  if (bytes === null) throw malformed("a QR text is damaged");
  return bytes;
}

/** The data of each part once. */
function inOrder(frames: readonly [Frame, ...Frame[]]): readonly string[] {
  const [{ count }] = frames;
  const parts = new Map<number, string>();
  for (const { number, data } of frames) {
    if (number > count) throw malformed(`a QR text says that it is part ${number} of ${count}`);
    if ((parts.get(number) ?? data) !== data) throw malformed(`there are two QR texts that differ as part ${number}`);
    parts.set(number, data);
  }
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const missing = numbers.filter((number) => !parts.has(number));
  if (missing.length > 0) throw malformed(`of ${count} QR texts these are missing: ${missing.join(", ")}`);
  return numbers.map((number) => parts.get(number) ?? "");
}

const malformed = (what: string): CoreError => new CoreError("JOIN_MALFORMED", what);
