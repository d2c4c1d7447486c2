// What the peer says of the entries it was sent: acknowledgements, credit, gaps and forks. docs/spec/sync.md section 6.
import { toHex, type WriterKey } from "@selkie/entry";
import type { Ack, RunException } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import type { Repair } from "./database.ts";
import type { Barrier, SentFrame, SentRun } from "./state.ts";
import type { Turn } from "./turn.ts";
import { addExtra, stopChain } from "./uploads.ts";

/** Entries of the first step back on a forked chain, and how much longer each further one is. */
const FIRST_STEP_BACK = 16;
const STEP_GROWTH = 8;
/** Gaps of one chain that are filled, per session: a peer cannot keep us busy. */
const MAX_REPAIRS = 4;

/** The peer has appended the next frames. @throws SyncError `UNEXPECTED_MESSAGE` when they were never sent */
export function onAck(turn: Turn, ack: Ack): void {
  const { flight } = turn.state;
  if (ack.frames > flight.frames.length)
    throw new SyncError("UNEXPECTED_MESSAGE", "an acknowledgement of what was not sent");
  const acked = flight.frames.slice(0, ack.frames);
  turn.setFlight({ credit: flight.credit + ack.credit, frames: flight.frames.slice(ack.frames) });
  const exceptions = new Map<string, RunException>();
  for (const exception of ack.exceptions) {
    if (acked[exception.frame]?.runs[exception.run] === undefined) {
      throw new SyncError("UNEXPECTED_MESSAGE", "an exception for a run that was not sent");
    }
    exceptions.set(`${exception.frame} ${exception.run}`, exception);
  }
  for (const [index, frame] of acked.entries()) acknowledge(turn, frame, (run) => exceptions.get(`${index} ${run}`));
  for (const { handle, position } of ack.reached) onReached(turn, handle, position);
}

/** The peer has nothing up to there but what it sent and what came from here; it counts once what arrived before is appended. */
function onReached(turn: Turn, handle: number, position: number): void {
  if (!turn.isClosing(handle)) turn.need(handle);
  const { inbox } = turn.state;
  const barriers = inbox.barriers.filter(({ action }) => action.type !== "reached" || action.handle !== handle);
  const barrier: Barrier = { after: inbox.arrived, action: { type: "reached", handle, position } };
  turn.setInbox({ barriers: [...barriers, barrier] });
}

function acknowledge(turn: Turn, frame: SentFrame, exceptionOf: (run: number) => RunException | undefined): void {
  const { handle } = frame;
  if (turn.find(handle) === undefined) return; // closed since
  const heads = new Map(
    frame.runs.flatMap((run, index) =>
      exceptionOf(index) === undefined ? [[toHex(run.writer), run.head] as const] : [],
    ),
  );
  if (heads.size > 0) turn.effect({ type: "acknowledged", handle, vector: heads });
  for (const [index, run] of frame.runs.entries()) {
    const exception = exceptionOf(index);
    if (exception?.type === "gap") fillGap(turn, handle, run, exception.have);
    else if (exception?.type === "fork") walkBack(turn, handle, run, exception.seq);
    else if (exception?.type === "refused") {
      turn.effect({ type: "peerRefused", handle, writer: run.writer, code: exception.code });
      stopChain(turn, handle, run.writer);
    }
  }
}

/** The peer lacks what stands before a run: send it from there. Several runs in flight may report one gap. */
function fillGap(turn: Turn, handle: number, run: SentRun, have: number): void {
  const database = turn.find(handle);
  if (database === undefined || have >= run.firstSeq) return;
  const { repairs, walks } = database.troubles;
  const name = toHex(run.writer);
  // Behind a fork every later run meets a gap, and what would fill it is refused as the fork was.
  if (walks.has(name)) return;
  const before: Repair = repairs.get(name) ?? { have: -1, to: -1, tries: 0 };
  const isSameGap = before.have === have;
  if (!isSameGap && before.tries >= MAX_REPAIRS) return;
  turn.effect({ type: "peerLacks", handle, writer: run.writer, have });
  const from = isSameGap ? before.to + 1 : have;
  const to = isSameGap ? Math.max(before.to, run.head.seq) : run.head.seq;
  const tries = isSameGap ? before.tries : before.tries + 1;
  const repaired = new Map(repairs).set(name, { have, to, tries });
  turn.change(handle, { troubles: { ...database.troubles, repairs: repaired } });
  if (from <= to) addExtra(turn, handle, [{ writer: run.writer, from, to }]);
}

/** A chain of ours forks from the peer's at `seq` or before: send from ever earlier, until the fork lies inside a run. */
function walkBack(turn: Turn, handle: number, run: SentRun, seq: number): void {
  const database = turn.find(handle);
  if (database === undefined) return;
  const { walks } = database.troubles;
  const name = toHex(run.writer);
  const walk = walks.get(name) ?? { from: run.firstSeq, step: FIRST_STEP_BACK, found: false };
  if (walk.found || run.firstSeq !== walk.from) return;
  const found = seq >= run.firstSeq || run.firstSeq === 0;
  const from = Math.max(0, run.firstSeq - walk.step);
  const next = found ? { ...walk, found } : { from, step: walk.step * STEP_GROWTH, found };
  turn.change(handle, { troubles: { ...database.troubles, walks: new Map(walks).set(name, next) } });
  if (!found) addExtra(turn, handle, [{ writer: run.writer, from, to: run.firstSeq - 1 }]);
}

/** Both sides hold another entry at `seq`, the head of both: walk back from there. */
export function startWalk(turn: Turn, handle: number, writer: WriterKey, seq: number): void {
  const database = turn.find(handle);
  if (database === undefined) return;
  const { walks } = database.troubles;
  const name = toHex(writer);
  if (walks.has(name)) return;
  const from = Math.max(0, seq + 1 - FIRST_STEP_BACK);
  const walk = { from, step: FIRST_STEP_BACK * STEP_GROWTH, found: false };
  turn.change(handle, { troubles: { ...database.troubles, walks: new Map(walks).set(name, walk) } });
  addExtra(turn, handle, [{ writer, from, to: seq }]);
}

/** The peer's branch came with a run: show it ours, once, so that both sides hold the proof. */
export function showFork(turn: Turn, handle: number, writer: WriterKey, seq: number): void {
  const database = turn.find(handle);
  const name = toHex(writer);
  if (database === undefined || database.troubles.shown.has(name)) return;
  const shown = new Set(database.troubles.shown).add(name);
  turn.change(handle, { troubles: { ...database.troubles, shown } });
  addExtra(turn, handle, [{ writer, from: seq, to: seq }]);
}
