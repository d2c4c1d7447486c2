// What Automerge gets to see. The verdict on a change is a function of the change, of the changes it depends on and of who wrote it,
// so that all replicas agree. `docs/spec/change.md` states every rule.
import { equalBytes } from "@selkie/entry";
import { type ChangeChunk, parseChange, type Sha256 } from "./change-chunk.ts";
import { ChangeError, type ChangeRefusalCode, refusalOf } from "./change-error.ts";
import { type Clock, DocumentHistory } from "./document-history.ts";
import { isFlatCreation } from "./flat-creation.ts";
import { addOps } from "./op-references.ts";
import { fitsAnEntry } from "./part-work.ts";

/** What becomes of a change. */
export type GateVerdict =
  /** Apply it; the history now holds it. */
  | { readonly type: "pass" }
  /** The history holds it already. */
  | { readonly type: "known" }
  /** It depends on changes that are not there: keep it, and try again when one of them passes. */
  | { readonly type: "held"; readonly missing: readonly Uint8Array[] }
  /** No replica applies it, ever. */
  | { readonly type: "refused"; readonly code: ChangeRefusalCode };

/** Against what a change is judged. */
export interface GateContext {
  /** Changes of the document that passed. */
  readonly history: DocumentHistory;
  /** The actor that the change's writer has in this document and branch: `actorOf`. */
  readonly actor: Uint8Array;
}

/**
 * Judges a change and, when it passes, adds it to the history.
 *
 * INVARIANT: the changes of one writer in one document are judged in the order of its chain, and one that follows a held one is held
 * too (`PendingChanges` sees to that). Only so does a writer that signs two changes with one number get the same one accepted
 * everywhere. Test: gate.test.ts "D1 ...".
 */
export function gate(change: ChangeChunk, context: GateContext): GateVerdict {
  const { history, actor } = context;
  if (!equalBytes(change.actor, actor)) return { type: "refused", code: "CHANGE_ACTOR_FORGED" };
  if (history.has(change.hash)) return { type: "known" };
  const deps: number[] = [];
  const missing: Uint8Array[] = [];
  for (const hash of change.deps) {
    const dep = history.changeOf(hash);
    if (dep < 0) missing.push(hash);
    else deps.push(dep);
  }
  if (missing.length > 0) return { type: "held", missing };
  return admit(change, history, deps);
}

const pass: GateVerdict = { type: "pass" };

/** The history of a document without changes, used and given up by one call. */
const noChanges = new DocumentHistory();

/**
 * Judges a change of a document without any, and keeps nothing of it: the same verdict as against a new history. Making one costs as much
 * as judging, and most documents are created and no more.
 */
export function gateFirst(change: ChangeChunk, actor: Uint8Array): GateVerdict {
  if (!equalBytes(change.actor, actor)) return { type: "refused", code: "CHANGE_ACTOR_FORGED" };
  if (change.deps.length > 0) return { type: "held", missing: change.deps };
  if (isFlatCreation(change)) return pass;
  const refusal = judge(change, noChanges, { deps: [], clock: null });
  noChanges.ops.clear();
  return refusal === null ? pass : { type: "refused", code: refusal };
}

/** Parses and judges in one go, for a change whose bytes come from a peer. */
export function parseAndGate(bytes: Uint8Array, sha256: Sha256, context: GateContext): GateVerdict {
  const change = refusalOf(() => parseChange(bytes, sha256));
  return typeof change === "string" ? { type: "refused", code: change } : gate(change, context);
}

/**
 * Reads changes of a document on, dependencies first: for a stored one, from the first.
 *
 * @param passed is given each once it has passed
 * @throws ChangeError when they are not changes that passed the gate before: the stored document is damaged
 */
export function restoreHistory(
  history: DocumentHistory,
  changes: Iterable<Uint8Array>,
  sha256: Sha256,
  passed?: (change: ChangeChunk) => void,
): void {
  for (const bytes of changes) {
    const change = parseChange(bytes, sha256);
    const verdict = gate(change, { history, actor: change.actor });
    if (verdict.type === "refused") throw new ChangeError(verdict.code, "a stored change does not pass the gate");
    if (verdict.type === "held") throw new ChangeError("CHANGE_MALFORMED", "a stored change lacks a dependency");
    passed?.(change);
  }
}

function admit(change: ChangeChunk, history: DocumentHistory, deps: readonly number[]): GateVerdict {
  const clock = history.clockOf(deps);
  const start = history.ops.mark();
  const refusal = judge(change, history, { deps, clock });
  if (refusal !== null) {
    history.ops.rollback(start);
    return { type: "refused", code: refusal };
  }
  history.add(change, deps, clock);
  return { type: "pass" };
}

/** What is wrong with a change that follows on these; adds its operations to the history, as far as it comes. */
function judge(
  change: ChangeChunk,
  history: DocumentHistory,
  { deps, clock }: { readonly deps: readonly number[]; readonly clock: Clock },
): ChangeRefusalCode | null {
  let maxOp = 0;
  for (const dep of deps) maxOp = Math.max(maxOp, history.maxOpOf(dep));
  // SECURITY: a higher one makes the document too large to load, a lower one makes it impossible. Test: gate.test.ts "D3 ...".
  if (change.startOp !== maxOp + 1) return "CHANGE_START_OP";
  const problem = seqProblem(change, history, clock) ?? refusalOf(() => addOps(history, change, clock)) ?? null;
  // What comes in a part was counted before it was rebuilt: this is for what is made here.
  return problem ?? (fitsAnEntry(change) ? null : "CHANGE_TOO_LARGE");
}

/** A change is numbered right after the last change of its actor, and depends on it: so no two operations get one id. */
function seqProblem(change: ChangeChunk, history: DocumentHistory, clock: Clock): ChangeRefusalCode | null {
  const actor = history.actorOf(change.actor);
  if (change.seq <= history.seqCount(actor)) return "CHANGE_EQUIVOCATION";
  return change.seq === history.coveredSeq(clock, actor) + 1 ? null : "CHANGE_SEQ";
}
