// The only ways from bytes or foreign text into a log line.

import { type Brand, hash, toHex, type Verifier } from "@selkie/entry";

/** Eight hex digits that recognise an id again and reveal nothing of it. */
export type LogTag = Brand<string, "LogTag">;

const TAG_BYTES = 4;
const LONGEST_TEXT = 80;

/** A short hash of an id, key or address. 32 bits: enough to follow one peer through a log, far too little to find its key. */
export function logTag(verifier: Verifier, bytes: Uint8Array): LogTag {
  return toHex(hash(verifier, "log-tag", bytes).subarray(0, TAG_BYTES)) as LogTag;
}

/**
 * Text with everything but printable ASCII written as an escape, cut after `longest` characters. Besides line feeds this stops terminal
 * escape sequences, C1 controls, and the bidirectional and line separators that JSON leaves as they are.
 */
export function printable(text: string, longest: number = LONGEST_TEXT): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}~` : text;
  return cut.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What may be said of an unexpected failure: its class and its code. A message could quote what a peer sent, so it stays out. */
export function describeFailure(failure: unknown): { readonly error: string; readonly code: string } {
  if (!(failure instanceof Error)) return { error: typeof failure, code: "none" };
  const code: unknown = "code" in failure ? failure.code : undefined;
  return { error: failure.name, code: typeof code === "string" ? code : "none" };
}

/** Where an unexpected failure arose: the function, file and line of its first frame, without the folder of this machine. */
export function placeOf(failure: unknown): string {
  if (!(failure instanceof Error) || failure.stack === undefined) return "unknown";
  // The stack repeats the message, which could look like a frame.
  const frames = failure.stack.slice(failure.stack.indexOf(failure.message) + failure.message.length);
  const first = /^\s+at (.+)$/m.exec(frames)?.[1] ?? "unknown";
  return first.replace(/\(?(?:file:[/]{2})?[^()\s]*[/\\]/, "(").replace(/^\(/, "");
}
