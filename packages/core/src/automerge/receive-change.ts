// The gate together with the waiting room: what one received change makes possible.
import type { ChangeChunk } from "./change-chunk.ts";
import type { ChangeRefusalCode } from "./change-error.ts";
import type { DocumentHistory } from "./document-history.ts";
import { type GateVerdict, gate, gateFirst } from "./gate.ts";
import type { HeldChange, HeldChanges } from "./held-changes.ts";

/** What came of a received change and of those that waited for it. */
export interface Received {
  /** Apply these, in this order. */
  readonly passed: ChangeChunk[];
  readonly refused: { readonly change: ChangeChunk; readonly code: ChangeRefusalCode }[];
  /** Whether the received change itself waits now. */
  held: boolean;
}

/**
 * Judges a change that was received from `held.device`, or lets it wait; when it passes, judges what waited for it, too.
 *
 * INVARIANT: changes of one device in one document are given in the order of its chain.
 * Test: receive-change.test.ts "gives the same outcome in any order of arrival".
 */
export function receiveChange(history: DocumentHistory, room: HeldChanges, held: HeldChange): Received {
  const received: Received = { passed: [], refused: [], held: false };
  if (room.blocks(held.document, held.actor)) {
    room.hold(held, []);
    return { ...received, held: true };
  }
  const verdict = judge(history, held, received);
  if (verdict.type === "held") {
    room.hold(held, verdict.missing);
    return { ...received, held: true };
  }
  // Every change that passes may be what others wait for.
  for (let i = 0; i < received.passed.length; i++) {
    const passed = received.passed[i];
    if (passed !== undefined)
      for (const waiting of room.waitingFor(held.document, passed.hash)) judgeQueue(history, room, waiting, received);
  }
  return received;
}

/** Whether a change that comes first into a document is judged again when a second comes: so it is unless that would take long. */
export function isJudgedAgain(change: ChangeChunk): boolean {
  return change.opCount <= mostOpsJudgedAgain;
}

/** The same for a document without changes, in which none waits either. */
export function receiveFirst(room: HeldChanges, held: HeldChange): Received {
  const { change } = held;
  const verdict = room.blocks(held.document, held.actor) ? notYet : gateFirst(change, held.actor);
  if (verdict.type === "pass") return { passed: [change], refused: [], held: false };
  if (verdict.type === "refused") return { passed: [], refused: [{ change, code: verdict.code }], held: false };
  if (verdict.type === "held") room.hold(held, verdict.missing);
  return { passed: [], refused: [], held: verdict.type === "held" };
}

const mostOpsJudgedAgain = 1_000;
const notYet: GateVerdict = { type: "held", missing: [] };

/** Judges a waiting change and those behind it, until one has to go on waiting. */
function judgeQueue(history: DocumentHistory, room: HeldChanges, first: HeldChange, received: Received): void {
  for (let held: HeldChange | undefined = first; held !== undefined; held = room.settle(held)) {
    const verdict = judge(history, held, received);
    if (verdict.type === "held") {
      room.waitOn(held, verdict.missing);
      return;
    }
  }
}

function judge(history: DocumentHistory, held: HeldChange, received: Received): GateVerdict {
  return noteVerdict(gate(held.change, { history, actor: held.actor }), held, received);
}

function noteVerdict(verdict: GateVerdict, { change }: HeldChange, received: Received): GateVerdict {
  if (verdict.type === "pass") received.passed.push(change);
  else if (verdict.type === "refused") received.refused.push({ change, code: verdict.code });
  return verdict;
}
