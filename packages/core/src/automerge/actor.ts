import { hash, type Verifier, type WriterKey } from "@selkie/entry";
import { actorLength } from "./change-limits.ts";

const mainBranch = new Uint8Array();

/** The Automerge actor of a writer in a document and branch (null is the main branch): 16 bytes that nobody else can claim. */
export function actorOf(
  verifier: Verifier,
  writer: WriterKey,
  document: Uint8Array,
  branch: Uint8Array | null,
): Uint8Array {
  return hash(verifier, "actor", writer, document, branch ?? mainBranch).slice(0, actorLength);
}
