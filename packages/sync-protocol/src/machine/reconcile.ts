// Vectors, and the end of a catch-up: how two replicas that differ come to hold the same. docs/spec/sync.md section 5.
import type { DatabaseId } from "@selkie/entry";
import type { CaughtUp, VectorMessage } from "../message/message.ts";
import { startWalk } from "./acks.ts";
import type { Input } from "./input.ts";
import type { Barrier } from "./state.ts";
import type { Turn } from "./turn.ts";
import { extendTail, queueReply, queueVector, startUpload, uploadAssumed } from "./uploads.ts";

/** What the peer holds: find out what it lacks, and answer if it asks. */
export function onVector(turn: Turn, message: VectorMessage): void {
  if (turn.isClosing(message.handle)) return;
  const { handle } = turn.need(message.handle);
  turn.effect({ type: "diff", handle, vector: message.vector, asks: message.asks });
  if (message.reply) queueVector(turn, handle, "plain");
}

/** What the peer lacks is known. */
export function onDiffed(turn: Turn, input: Extract<Input, { type: "diffed" }>): void {
  const { handle, position, missing, forked } = input;
  if (turn.find(handle)?.stage !== "open") return; // closed since
  for (const { writer, seq } of forked) startWalk(turn, handle, writer, seq);
  startUpload(turn, handle, position, missing);
}

/** The peer has sent all that this side lacked; it counts once what arrived before is appended. */
export function onCaughtUp(turn: Turn, message: CaughtUp): void {
  if (turn.isClosing(message.handle)) return;
  const { handle } = turn.need(message.handle);
  const { position, digest } = message;
  const { inbox } = turn.state;
  const barriers = inbox.barriers.filter(({ action }) => action.type !== "caughtUp" || action.handle !== handle);
  const barrier: Barrier = { after: inbox.arrived, action: { type: "caughtUp", handle, position, digest } };
  turn.setInbox({ barriers: [...barriers, barrier] });
}

/** Everything up to this position is here, unless what both hold is being compared still. */
export function completeReached(turn: Turn, handle: number, position: number): void {
  if (turn.find(handle)?.download !== "caughtUp") return;
  turn.effect({ type: "announce", handle, event: { type: "caughtUp", position } });
}

/** Everything the peer had sent is appended. After a stream, digests tell whether that was all. */
export function completeDownload(turn: Turn, handle: number, position: number, digest: Uint8Array): void {
  const database = turn.find(handle);
  if (database?.stage !== "open" || database.download === "comparing") return;
  if (database.download === "streaming") {
    turn.change(handle, { download: "comparing", position });
    turn.effect({ type: "compareDigest", handle, digest });
    return;
  }
  turn.change(handle, { download: "caughtUp" });
  turn.effect({ type: "announce", handle, event: { type: "caughtUp", position } });
}

/** Whether both sides hold the same after a stream; if not, vectors decide. */
export function onCompared(turn: Turn, input: Extract<Input, { type: "compared" }>): void {
  const { handle, equal, isAhead, position } = input;
  const database = turn.find(handle);
  if (database?.stage !== "open" || database.download !== "comparing") return;
  if (!equal) {
    turn.change(handle, { download: "waiting" });
    queueVector(turn, handle, "reply");
    return;
  }
  turn.change(handle, { download: "caughtUp" });
  if (isAhead) uploadAssumed(turn, handle);
  else if (database.upload.type === "idle") startUpload(turn, handle, position, []);
  const reached = database.position;
  if (reached !== null) turn.effect({ type: "announce", handle, event: { type: "caughtUp", position: reached } });
}

/** Our user says that a replica has new entries. */
export function announced(turn: Turn, id: DatabaseId): void {
  const database = turn.findById(id);
  if (database !== undefined) extendTail(turn, database.handle);
}

/** Our user says that a replica is no longer what it was. */
export function compareRequested(turn: Turn, id: DatabaseId): void {
  const database = turn.findById(id);
  if (database !== undefined) queueVector(turn, database.handle, "reply");
}

/** Directions may have opened that were closed: both sides look at everything again. */
export function compareAll(turn: Turn): void {
  const { ours, theirs } = turn.state.databases;
  for (const { handle } of [...ours, ...theirs]) queueVector(turn, handle, "reply");
}

/** The next vector or `caughtUp` that is due, as an effect. */
export function nextReply(turn: Turn): Parameters<Turn["effect"]>[0] | null {
  for (;;) {
    const [handle, ...others] = turn.state.outbox.replies;
    if (handle === undefined) return null;
    turn.setOutbox({ replies: others });
    const database = turn.find(handle);
    if (database === undefined) continue;
    if (database.vectorDue !== "no") {
      const reply = database.vectorDue === "reply";
      turn.change(handle, { vectorDue: "no" });
      if (database.caughtUpDue === "now") queueReply(turn, handle);
      return { type: "sendVector", handle, reply };
    }
    if (database.caughtUpDue === "now" && database.upload.type === "tail") {
      turn.change(handle, { caughtUpDue: "no" });
      return { type: "sendCaughtUp", handle, position: database.upload.sent };
    }
  }
}
