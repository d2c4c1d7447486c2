// Whether the peer is still there: after a time of silence it is asked, after as much again it is given up.
import type { Goaway } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import { ageQuestion } from "./asking.ts";
import type { Turn } from "./turn.ts";

/** Anything arrived. */
export function noteHeard(turn: Turn): void {
  const { liveness } = turn.state;
  if (!liveness.heard || liveness.asked) turn.set({ liveness: { heard: true, asked: false } });
}

/** The time of silence is over. */
export function onLivenessTimer(turn: Turn): void {
  const { liveness, options } = turn.state;
  if (!liveness.heard && liveness.asked) throw new SyncError("PEER_SILENT", "the peer does not answer");
  ageQuestion(turn);
  turn.set({ liveness: { heard: false, asked: !liveness.heard } });
  if (!liveness.heard) turn.send({ type: "ping", token: turn.token() });
  turn.effect({ type: "startTimer", timer: "liveness", ms: options.limits.silenceMs });
}

/** The peer is about to leave: nothing new is sent. */
export function onGoaway(turn: Turn, { afterMs, withinMs }: Goaway): void {
  turn.set({ phase: "leaving" });
  turn.effect({ type: "leaving", afterMs, withinMs });
}

/** Whether a session that is to end has nothing in flight any more, either way. */
export function hasLeft(turn: Turn): boolean {
  const { phase, flight, inbox, outbox } = turn.state;
  if (phase !== "leaving" || flight.frames.length > 0 || inbox.frames.length > 0) return false;
  return outbox.ack.frames === 0 && outbox.messages.length === 0 && outbox.pen === "free";
}
