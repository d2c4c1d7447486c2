// What is sent next. One thing at a time, and only when the transport takes it: whatever a peer makes us owe it is a flag or a number
// until then, so a peer that never reads cannot make memory grow.
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
  if (outbox.ack.frames > 0) {
    turn.setOutbox({ ack: { frames: 0, credit: 0, exceptions: [] } });
    turn.setInbox({ allowance: turn.state.inbox.allowance + outbox.ack.credit });
    return { type: "send", message: { type: "ack", ...outbox.ack } };
  }
  if (outbox.pong !== null) {
    turn.setOutbox({ pong: null });
    return { type: "send", message: { type: "pong", token: outbox.pong } };
  }
  return nextReply(turn) ?? nextSlice(turn);
}
