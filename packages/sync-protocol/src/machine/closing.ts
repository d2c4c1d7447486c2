// Closing databases: either side says so, the other answers the same, and the handle is void. docs/spec/sync.md section 5.6.
import type { DatabaseId } from "@selkie/entry";
import type { Close, OpenAnswer } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import { dropQuestion, voidQuestions } from "./asking.ts";
import type { Database } from "./database.ts";
import { dropFences, voidFences } from "./fences.ts";
import type { Closer } from "./state.ts";
import type { Turn } from "./turn.ts";
import { dropListed } from "./uploads.ts";

/** Our user is done with these databases. */
export function closeRequested(turn: Turn, caller: number, ids: readonly DatabaseId[]): void {
  turn.setDatabases({ closers: [...turn.state.databases.closers, { caller, ids, handles: [] }] });
}

/** Closes what is open by now, and tells the callers whose handles are void. Called at the end of each step. */
export function progressClosers(turn: Turn): void {
  const { closers } = turn.state.databases;
  if (closers.length === 0 || turn.state.phase === "handshake") return;
  const waiting = closers.map((closer) => progress(turn, closer));
  const left = waiting.filter(({ ids, handles }) => ids.length > 0 || handles.length > 0);
  turn.setDatabases({ closers: left });
  for (const { caller, ids, handles } of waiting)
    if (ids.length === 0 && handles.length === 0) turn.effect({ type: "resolve", caller });
}

function progress(turn: Turn, { caller, ids, handles }: Closer): Closer {
  const left: DatabaseId[] = [];
  const closing: number[] = [];
  for (const id of ids) {
    const database = turn.findById(id);
    if (database === undefined) continue;
    if (database.stage === "unknown") {
      turn.remove(database); // the peer has nothing to close
      turn.effect({ type: "forget", handle: database.handle });
      continue;
    }
    if (database.stage === "open") sayClosed(turn, database);
    if (database.stage === "open" || database.stage === "closing") closing.push(database.handle);
    else left.push(id);
  }
  return { caller, ids: left, handles: [...handles, ...closing] };
}

/** The peer is done with databases, or has heard that we are. */
export function onClose(turn: Turn, { handles }: Close): void {
  if (handles.length === 0) throw new SyncError("UNEXPECTED_MESSAGE", "a close of nothing");
  for (const handle of handles) {
    const database = turn.find(handle);
    if (database?.stage !== "open" && database?.stage !== "closing")
      throw new SyncError("UNEXPECTED_MESSAGE", "a close of a database that is not open");
    if (database.stage === "open") sayClosed(turn, database);
    forget(turn, database);
  }
}

/** How many databases we have opened that count: of one that the peer does not have it keeps nothing. */
export function openedByUs(turn: Turn): number {
  let count = 0;
  for (const { stage } of turn.state.databases.ours) if (stage !== "unknown") count += 1;
  return count;
}

/**
 * How many databases the peer has opened that count: those it was not told yet are closed, or were not opened, too.
 * SECURITY: F4. Who opens and closes and never reads can't make us owe it answers without end (closing.test.ts).
 */
export function openedByPeer(turn: Turn): number {
  let owed = 0;
  for (const message of turn.state.outbox.messages) {
    if (message.type === "close") owed += message.handles.filter((handle) => turn.find(handle) === undefined).length;
    if (message.type === "opened") owed += message.answers.filter(({ type }) => isVoid(type)).length;
  }
  return turn.state.databases.theirs.size + owed;
}

function isVoid(answer: OpenAnswer["type"]): boolean {
  return answer === "crossed" || answer === "unknown";
}

/** From here on nothing is sent about a database. What the peer sends until it has heard of that is taken. */
function sayClosed(turn: Turn, { handle }: Database): void {
  dropListed(turn, handle);
  turn.change(handle, {
    stage: "closing",
    upload: { type: "idle" },
    extra: [],
    vectorDue: "no",
    caughtUpDue: "no",
  });
  voidFences(turn, handle);
  voidQuestions(turn, handle);
  const { messages } = turn.state.outbox;
  const last = messages.at(-1);
  if (last?.type !== "close") turn.send({ type: "close", handles: [handle] });
  else turn.setOutbox({ messages: messages.with(-1, { ...last, handles: [...last.handles, handle] }) });
}

function forget(turn: Turn, database: Database): void {
  const { handle, id } = database;
  dropFences(turn, handle);
  dropQuestion(turn, handle);
  turn.remove(database);
  turn.effect({ type: "forget", handle });
  const { inbox } = turn.state;
  const barriers = inbox.barriers.filter(({ action }) => action.type !== "caughtUp" || action.handle !== handle);
  turn.setInbox({ barriers: [...barriers, { after: inbox.arrived, action: { type: "closed", handle, id } }] });
}
