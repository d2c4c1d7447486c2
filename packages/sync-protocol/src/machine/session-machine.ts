// The session as a pure function: (state, input) to (state, effects). It owns no timer, no bytes, no key and no replica.
import { assertNever } from "../assert-never.ts";
import type { Message } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import { onAck } from "./acks.ts";
import { askRequested, onAnswer, onQuestion, progressQuestions } from "./asking.ts";
import { closeRequested, onClose, progressClosers } from "./closing.ts";
import type { Effect } from "./effect.ts";
import { onFence, onFenced, onPositions, passBarriers, progressFences, syncRequested } from "./fences.ts";
import {
  onAdmitted,
  onClaim,
  onClaimed,
  onHello,
  onJudged,
  onPresent,
  onProofChecked,
  onRefused,
  present,
  reconsider,
  startHandshake,
} from "./handshake.ts";
import { onDelivered, onEntries } from "./inbox.ts";
import type { Input } from "./input.ts";
import { hasLeft, noteHeard, onGoaway, onLivenessTimer } from "./liveness.ts";
import { onOpen, onOpened, onPrepared, onReplicasOpened, openRequested } from "./opening.ts";
import { pump } from "./outbox.ts";
import { announced, compareRequested, onCaughtUp, onCompared, onDiffed, onVector } from "./reconcile.ts";
import type { State } from "./state.ts";
import { Turn } from "./turn.ts";
import { onSliceHeld, onSliceRead } from "./uploads.ts";
import { onWant, wantRequested } from "./wanting.ts";

/** What one input came to. */
export interface Step {
  readonly state: State;
  /** To be performed in order. */
  readonly effects: readonly Effect[];
}

/**
 * One step of a session. Never throws on anything a peer can cause: a violation closes the session, with an effect that says why.
 * A closed session ignores every input.
 */
export function step(state: State, input: Input): Step {
  if (state.phase === "closed") return { state, effects: [] };
  const turn = new Turn(state);
  try {
    apply(turn, input);
    progressClosers(turn);
    progressFences(turn);
    progressQuestions(turn);
    pump(turn);
    if (hasLeft(turn)) end(turn, new SyncError("PEER_LEAVING", "the peer asked this side to come back later"));
    return { state: turn.state, effects: turn.effects };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    // What the violating input began is dropped with it.
    const last = new Turn(state);
    end(last, error);
    return { state: last.state, effects: last.effects };
  }
}

function apply(turn: Turn, input: Input): void {
  switch (input.type) {
    case "start":
      startHandshake(turn);
      break;
    case "message":
      noteHeard(turn);
      onMessage(turn, input.message, input.bytes);
      break;
    case "writable":
      turn.setOutbox({ pen: "free" });
      break;
    case "timer":
      onTimer(turn, input.timer);
      break;
    case "ended":
      throw endOf(turn, input.error);
    case "failed":
      throw input.error;
    default:
      applyAnswer(turn, input);
  }
}

type Answer = Exclude<Input, { type: "start" | "message" | "writable" | "timer" | "ended" | "failed" }>;

function applyAnswer(turn: Turn, input: Answer): void {
  switch (input.type) {
    case "claimed":
      onClaimed(turn, input.claim);
      break;
    case "proofChecked":
      onProofChecked(turn, input.valid);
      break;
    case "judged":
      onJudged(turn, input.admission);
      break;
    case "prepared":
      onPrepared(turn, input);
      break;
    case "replicasOpened":
      onReplicasOpened(turn, input);
      break;
    case "diffed":
      onDiffed(turn, input);
      break;
    case "compared":
      onCompared(turn, input);
      break;
    case "sliceRead":
      onSliceRead(turn, input);
      break;
    case "sliceHeld":
      onSliceHeld(turn, input);
      break;
    case "delivered":
      onDelivered(turn, input);
      break;
    case "positions":
      onPositions(turn, input);
      break;
    default:
      applyWish(turn, input);
  }
}

type Wish = Extract<
  Answer,
  {
    type:
      | "open"
      | "closeDatabases"
      | "announce"
      | "compare"
      | "want"
      | "ask"
      | "sync"
      | "present"
      | "reconsider"
      | "leave"
      | "close";
  }
>;

function applyWish(turn: Turn, input: Wish): void {
  switch (input.type) {
    case "open":
      openRequested(turn, input.caller, input.requests);
      break;
    case "closeDatabases":
      closeRequested(turn, input.caller, input.databases);
      break;
    case "announce":
      announced(turn, input.database);
      break;
    case "compare":
      compareRequested(turn, input.database);
      break;
    case "want":
      wantRequested(turn, input.database, input.wanted);
      break;
    case "ask":
      askRequested(turn, input.wish);
      break;
    case "sync":
      syncRequested(turn, input.caller, input.databases);
      break;
    case "present":
      present(turn, input.caller, input.documents);
      break;
    case "reconsider":
      reconsider(turn);
      break;
    case "leave":
      turn.send({ type: "goaway", afterMs: input.afterMs, withinMs: input.withinMs });
      break;
    case "close":
      turn.set({ phase: "closed" });
      turn.effect({
        type: "close",
        error: null,
        tell: input.code === null ? null : { type: "error", code: input.code },
      });
      break;
    default:
      assertNever(input);
  }
}

function onTimer(turn: Turn, timer: "handshake" | "liveness"): void {
  if (timer === "liveness") onLivenessTimer(turn);
  else if (turn.state.phase === "handshake") throw new SyncError("HANDSHAKE_TIMEOUT", "the handshake took too long");
}

function onMessage(turn: Turn, message: Message, bytes: number): void {
  switch (message.type) {
    case "hello":
      onHello(turn, message);
      break;
    case "claim":
      onClaim(turn, message);
      break;
    case "admitted":
      onAdmitted(turn, message);
      break;
    case "refused":
      onRefused(message);
      break;
    case "error":
      throw new SyncError("PEER_FAILED", "the peer gave up on this session", { reason: message.code });
    default:
      if (turn.state.phase === "handshake")
        throw new SyncError("UNEXPECTED_MESSAGE", `${message.type} before admission`);
      onOpenMessage(turn, message, bytes);
  }
}

type OpenMessage = Exclude<Message, { type: "hello" | "claim" | "admitted" | "refused" | "error" }>;

function onOpenMessage(turn: Turn, message: OpenMessage, bytes: number): void {
  switch (message.type) {
    case "open":
      onOpen(turn, message);
      break;
    case "opened":
      onOpened(turn, message);
      break;
    case "vector":
      onVector(turn, message);
      break;
    case "entries":
      onEntries(turn, message, bytes);
      break;
    case "ack":
      onAck(turn, message);
      passBarriers(turn);
      break;
    case "caughtUp":
      onCaughtUp(turn, message);
      passBarriers(turn);
      break;
    case "fence":
      onFence(turn, message);
      passBarriers(turn);
      break;
    case "fenced":
      onFenced(turn, message);
      passBarriers(turn);
      break;
    case "ping":
      turn.setOutbox({ pong: message.token });
      break;
    case "pong":
      // That something arrived is all it says.
      break;
    case "present":
      onPresent(turn, message);
      break;
    case "goaway":
      onGoaway(turn, message);
      break;
    case "close":
      onClose(turn, message);
      passBarriers(turn);
      break;
    case "want":
      onWant(turn, message);
      break;
    case "fetch":
    case "fetchBlob":
    case "askTicket":
      onQuestion(turn, message);
      break;
    case "parts":
    case "blob":
    case "ticket":
      onAnswer(turn, message);
      break;
    default:
      assertNever(message);
  }
}

function endOf(turn: Turn, error: SyncError | null): SyncError {
  if (turn.state.phase === "leaving") return new SyncError("PEER_LEAVING", "the peer left");
  return error ?? new SyncError("TRANSPORT_CLOSED", "the peer closed the connection");
}

function end(turn: Turn, error: SyncError): void {
  turn.set({ phase: "closed" });
  turn.effect({ type: "close", error, tell: tellOf(error) });
}

/** What the peer is told of an error of this side; nothing when it is the peer's own, or it cannot hear. */
function tellOf({ code, reason }: SyncError): Message | null {
  switch (code) {
    case "REFUSED_BY_PEER":
    case "PEER_FAILED":
    case "PEER_SILENT":
    case "PEER_LEAVING":
    case "TRANSPORT_CLOSED":
      return null;
    case "NOT_ADMITTED":
      return { type: "refused", code: reason ?? code };
    case "PROOF_MISSING":
    case "PROOF_INVALID":
    case "ORIGIN_MISMATCH":
    case "TENANT_MISMATCH":
      return { type: "refused", code };
    default:
      return { type: "error", code };
  }
}
