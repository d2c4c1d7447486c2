// Questions: parts of entries, pieces of blobs, tickets. Each side asks one at a time. docs/spec/sync.md section 6.5.

import { assertNever } from "../assert-never.ts";
import { bytesDue } from "../message/blob-codec.ts";
import type { Answer, Question } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import type { Database } from "./database.ts";
import type { Effect } from "./effect.ts";
import type { Asking, Wish } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Stages of a database that is about to be open. */
const COMING: readonly Database["stage"][] = ["preparing", "opening", "answering", "crossed"];

/** Times of silence that an answer may take: two minutes for two megabytes. */
const MOST_SILENCES = 4;

/** Our user wants to ask the peer for something. */
export function askRequested(turn: Turn, wish: Wish): void {
  set(turn, { waiting: [...turn.state.asking.waiting, wish] });
}

/** Asks what is due next, once the last question was answered. Called at the end of each step. */
export function progressQuestions(turn: Turn): void {
  const { asked, waiting } = turn.state.asking;
  if (asked !== null || waiting.length === 0 || turn.state.phase === "handshake") return;
  const left = waiting.filter((wish) => {
    if (canBeAsked(turn, wish)) return true;
    const error = new SyncError("UNKNOWN_DATABASE", "a database that is not open");
    turn.effect({ type: "reject", caller: wish.caller, error });
    return false;
  });
  const next = left.find((wish) => questionOf(turn, wish) !== null);
  set(turn, { waiting: left.filter((wish) => wish !== next) });
  const question = next === undefined ? null : questionOf(turn, next);
  if (next === undefined || question === null) return;
  set(turn, { asked: { caller: next.caller, question, silences: 0 } });
  turn.send(question);
}

/** Whether it can be asked now, or will be. */
function canBeAsked(turn: Turn, wish: Wish): boolean {
  if (wish.about !== "parts") return true;
  const stage = turn.findById(wish.database)?.stage;
  return stage === "open" || (stage !== undefined && COMING.includes(stage));
}

/** Null while its database is not open. */
function questionOf(turn: Turn, wish: Wish): Question | null {
  if (wish.about !== "parts") return wish.question;
  const database = turn.findById(wish.database);
  return database?.stage === "open" ? { type: "fetch", handle: database.handle, places: wish.places } : null;
}

/**
 * The peer asks.
 * SECURITY: F4. It asks again once it was answered (fetching.test.ts, blobs.test.ts).
 */
export function onQuestion(turn: Turn, question: Question): void {
  if (question.type === "fetch") {
    if (turn.isClosing(question.handle)) return; // it hears of that
    turn.need(question.handle);
  }
  if (turn.state.asking.owed !== null) throw new SyncError("UNEXPECTED_MESSAGE", "a question before the last answer");
  set(turn, { owed: question });
}

/** The peer answers. */
export function onAnswer(turn: Turn, answer: Answer): void {
  const { asked } = turn.state.asking;
  if (asked === null || !isAnswerTo(asked.question, answer))
    throw new SyncError("UNEXPECTED_MESSAGE", "an answer to what nobody asked");
  set(turn, { asked: null });
  if (asked.caller !== null) turn.effect({ type: "resolve", caller: asked.caller, answer });
}

/** Whether it is about that question, and gives no more than was asked for; of a blob, no less either. */
function isAnswerTo(question: Question, answer: Answer): boolean {
  switch (question.type) {
    case "fetch":
      return (
        answer.type === "parts" && answer.handle === question.handle && answer.parts.length <= question.places.length
      );
    case "fetchBlob":
      if (answer.type !== "blob") return false;
      return answer.piece === null || answer.piece.bytes.length === bytesDue(question, answer.piece.size);
    case "askTicket":
      return answer.type === "ticket";
    default:
      return assertNever(question);
  }
}

/**
 * A time of silence is over. A peer that does not answer is given up, so that others are asked.
 * SECURITY: A11. Whatever else it sends: it can't make anybody wait for ever (fetching.test.ts, blobs.test.ts).
 */
export function ageQuestion(turn: Turn): void {
  const { asked } = turn.state.asking;
  if (asked === null) return;
  if (asked.silences >= MOST_SILENCES) throw new SyncError("PEER_SILENT", "the peer does not answer a question");
  set(turn, { asked: { ...asked, silences: asked.silences + 1 } });
}

/** The answer that we owe, as an effect. */
export function nextAnswer(turn: Turn): Effect | null {
  const { owed } = turn.state.asking;
  if (owed === null) return null;
  set(turn, { owed: null });
  return { type: "sendAnswer", question: owed, mayRead: owed.type === "fetch" ? turn.maySend() : turn.maySendAll() };
}

/** A database is being closed: nobody waits for parts of it any more, and nobody is given any. */
export function voidQuestions(turn: Turn, handle: number): void {
  const { asked, owed } = turn.state.asking;
  if (isAbout(owed, handle)) set(turn, { owed: null });
  if (asked === null || asked.caller === null || !isAbout(asked.question, handle)) return;
  const error = new SyncError("DATABASE_CLOSED", "a database that is being closed");
  turn.effect({ type: "reject", caller: asked.caller, error });
  set(turn, { asked: { ...asked, caller: null } });
}

/** A handle is void: what was asked under it is not answered any more. */
export function dropQuestion(turn: Turn, handle: number): void {
  if (isAbout(turn.state.asking.asked?.question ?? null, handle)) set(turn, { asked: null });
}

function isAbout(question: Question | null, handle: number): boolean {
  return question?.type === "fetch" && question.handle === handle;
}

function set(turn: Turn, change: Partial<Asking>): void {
  turn.set({ asking: { ...turn.state.asking, ...change } });
}
