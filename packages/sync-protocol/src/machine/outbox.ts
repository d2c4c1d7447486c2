// What is sent next. One thing at a time, and only when the transport takes it: whatever a peer makes us owe it is a flag or a number
// until then, so a peer that never reads cannot make memory grow.
import type { Ack } from "../message/message.ts";
import { nextAnswer } from "./asking.ts";
import type { Effect } from "./effect.ts";
import { nextReply } from "./reconcile.ts";
import type { Turn } from "./turn.ts";
import { nextSlice } from "./uploads.ts";

/** Gives the pen to the next thing to send, if it is free and there is one. */
export function pump(turn: Turn): void {
  const { outbox, phase } = turn.state;
  if (outbox.pen === "held" || phase === "closed") return;
  const effect = next(turn);
  if (effect === null) return;
  turn.setOutbox({ pen: "held" });
  turn.effect(effect);
}

function next(turn: Turn): Effect | null {
  const { outbox } = turn.state;
  const [message, ...messages] = outbox.messages;
  if (message !== undefined) {
    turn.setOutbox({ messages });
    return { type: "send", message };
  }
  const ack = nextAck(turn);
  if (ack !== null) return { type: "send", message: ack };
  if (outbox.pong !== null) {
    turn.setOutbox({ pong: null });
    return { type: "send", message: { type: "pong", token: outbox.pong } };
  }
  return nextReply(turn) ?? nextAnswer(turn) ?? nextSlice(turn);
}

/** What is to be acknowledged. A position goes along with an acknowledgement, and waits for one that is to come. */
function nextAck(turn: Turn): Ack | null {
  const { inbox, outbox } = turn.state;
  const isDue = outbox.ack.frames > 0 || (outbox.reached.length > 0 && inbox.frames.length === 0);
  if (!isDue) return null;
  const reached = outbox.reached.flatMap((handle) => reachedOf(turn, handle)).sort((a, b) => a.handle - b.handle);
  turn.setOutbox({ ack: { frames: 0, credit: 0, exceptions: [] }, reached: [] });
  turn.setInbox({ allowance: inbox.allowance + outbox.ack.credit });
  return outbox.ack.frames + reached.length === 0 ? null : { type: "ack", ...outbox.ack, reached };
}

/** Nothing where a `caughtUp` will say it. */
function reachedOf(turn: Turn, handle: number): Ack["reached"] {
  const database = turn.find(handle);
  if (database?.stage !== "open" || database.upload.type !== "tail" || database.caughtUpDue !== "no") return [];
  return [{ handle, position: database.upload.sent }];
}
