// Entries on their way in: credit, acknowledgement in order of arrival, and what waits for it. docs/spec/sync.md section 6.
import { MAX_FRAMES_IN_FLIGHT } from "../message/bounds.ts";
import type { Entries, RunException } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import { showFork } from "./acks.ts";
import { passBarriers } from "./fences.ts";
import type { DeliveredFrame, Input } from "./input.ts";
import type { Turn } from "./turn.ts";
import { extendTail, passTail } from "./uploads.ts";

/** Entries arrived: within their credit they are verified and appended. */
export function onEntries(turn: Turn, message: Entries, bytes: number): void {
  const { inbox } = turn.state;
  const { handle, position, runs } = message;
  if (!turn.isClosing(handle)) turn.need(handle);
  if (!turn.mayReceive()) throw new SyncError("NOT_PERMITTED", "the peer sends entries that it may not send");
  // SECURITY: what waits to be appended is bounded. Test: flow.test.ts "F4 closes on a peer that exceeds its credit".
  const unacknowledged = inbox.frames.length + turn.state.outbox.ack.frames;
  if (inbox.allowance <= 0 || unacknowledged >= MAX_FRAMES_IN_FLIGHT) {
    throw new SyncError("CREDIT_EXCEEDED", "the peer sends more than it was allowed to");
  }
  turn.setInbox({
    allowance: inbox.allowance - bytes,
    arrived: inbox.arrived + 1,
    frames: [...inbox.frames, { handle, bytes, position, exceptions: null }],
  });
  turn.effect({ type: "deliver", handle, frame: inbox.arrived, runs });
}

/** Entries are appended, as far as they can be. */
export function onDelivered(turn: Turn, input: Extract<Input, { type: "delivered" }>): void {
  const { handle, frames } = input;
  for (const frame of frames) {
    noteDelivery(turn, frame);
    for (const { writer, seq } of frame.forks) showFork(turn, handle, writer, seq);
  }
  passEchoes(turn, input);
  acknowledge(turn);
  passBarriers(turn);
}

function noteDelivery(turn: Turn, { frame, exceptions, junk }: DeliveredFrame): void {
  const { inbox, options } = turn.state;
  const index = frame - (inbox.arrived - inbox.frames.length);
  const arrived = inbox.frames[index];
  if (arrived === undefined) return;
  turn.setInbox({ frames: inbox.frames.with(index, { ...arrived, exceptions }), junk: inbox.junk + junk });
  // SECURITY: signatures cost the verifier more than the sender. Test: flow.test.ts "F5 closes the session after a bounded number".
  if (turn.state.inbox.junk > options.limits.junkRuns) {
    throw new SyncError("TOO_MUCH_JUNK", "the peer sends runs that do not verify");
  }
}

/** When nothing but what the peer sent was written, the tail need not look at it; otherwise it looks. */
function passEchoes(turn: Turn, input: Extract<Input, { type: "delivered" }>): void {
  const { handle, before, after, appended } = input;
  const upload = turn.find(handle)?.upload;
  if (upload === undefined || upload.type === "idle") return;
  if (upload.sent === before && after - before === appended) {
    turn.change(handle, { upload: { ...upload, sent: after } });
    if (after > before) passTail(turn, handle);
    turn.effect({ type: "forgetEchoes", handle });
  } else if (after > upload.sent) extendTail(turn, handle);
}

/** Acknowledges the frames at the front that are done. */
function acknowledge(turn: Turn): void {
  const { inbox, outbox } = turn.state;
  let { frames, credit } = outbox.ack;
  const exceptions: RunException[] = [...outbox.ack.exceptions];
  const first = inbox.frames.findIndex((frame) => frame.exceptions === null);
  const done = first === -1 ? inbox.frames : inbox.frames.slice(0, first);
  for (const frame of done) {
    for (const exception of frame.exceptions ?? []) exceptions.push({ ...exception, frame: frames });
    frames += 1;
    credit += frame.bytes;
  }
  if (done.length === 0) return;
  turn.setInbox({ frames: inbox.frames.slice(done.length) });
  turn.setOutbox({ ack: { frames, credit, exceptions } });
  for (const { handle, position } of done) {
    if (position === null || turn.find(handle)?.download !== "caughtUp") continue;
    turn.effect({ type: "announce", handle, event: { type: "caughtUp", position } });
  }
}
