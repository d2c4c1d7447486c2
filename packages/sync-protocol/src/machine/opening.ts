// Opening databases: both sides compare digests, and most often that is all. docs/spec/sync.md section 5.
import type { DatabaseId, Wanted } from "@selkie/entry";
import { NO_RIGHTS } from "../access/rights.ts";
import { MAX_DATABASES, MAX_OPENS } from "../message/bounds.ts";
import type { Open, OpenAnswer, Opened, OpenItem } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import { openedByPeer, openedByUs } from "./closing.ts";
import { type Database, newDatabase } from "./database.ts";
import type { Input, OpenedReplica } from "./input.ts";
import type { OpenRequest } from "./state.ts";
import type { Turn } from "./turn.ts";
import { queueUpload, queueVector, uploadAssumed } from "./uploads.ts";
import { passWanted, sayWanted, setTheirs, wantRequested } from "./wanting.ts";

/** Our user opens databases: those the peer opened already are open, of the others as many as there is room for are prepared. */
export function openRequested(turn: Turn, caller: number, requests: readonly OpenRequest[]): void {
  const { databases, handshake } = turn.state;
  if (requests.some(({ id }) => turn.findById(id)?.stage === "closing")) {
    const error = new SyncError("BAD_OPTIONS", "a database is opened again before it is closed");
    turn.effect({ type: "reject", caller, error });
    return;
  }
  const allowed = Math.min(handshake.peerHello?.databases ?? 0, MAX_DATABASES);
  let room = Math.min(allowed - openedByUs(turn), MAX_OPENS - databases.ours.length);
  const handles: number[] = [];
  const left: DatabaseId[] = [];
  for (const { id, position, wanted } of requests) {
    const known = turn.findById(id);
    if (!isFree(known)) handles.push(known.handle);
    else if (room-- > 0) handles.push(addDatabase(turn, "ours", { id, position, stage: "preparing" }));
    else left.push(id);
    if (wanted !== null) wantRequested(turn, id, wanted);
  }
  const prepared = handles.filter((handle) => turn.find(handle)?.stage === "preparing");
  if (prepared.length > 0)
    turn.effect({ type: "prepare", handles: prepared, ids: prepared.map((handle) => idOf(turn, handle)) });
  turn.setDatabases({ openers: [...turn.state.databases.openers, { caller, handles, left }] });
  settleOpeners(turn);
}

/** Our digests are known: out goes `open`. The peer was not heard meanwhile, so it has opened none of them. */
export function onPrepared(turn: Turn, { handles, snapshots }: Extract<Input, { type: "prepared" }>): void {
  const items = [];
  for (const [index, handle] of handles.entries()) {
    const database = turn.find(handle);
    const snapshot = snapshots[index];
    if (database === undefined || snapshot === undefined) continue;
    const position = snapshot.asks ? null : database.position;
    turn.change(handle, {
      stage: "opening",
      position,
      isAhead: snapshot.isAhead,
      upload: { type: "tail", sent: snapshot.position, due: false },
    });
    const { ours } = database.wanted;
    items.push({ id: database.id, digest: snapshot.digest, position, ...(ours === null ? {} : { wanted: ours }) });
  }
  turn.send({ type: "open", items });
}

/** The peer opens databases. */
export function onOpen(turn: Turn, open: Open): void {
  const { databases, options, handshake } = turn.state;
  if (open.items.length === 0) throw new SyncError("UNEXPECTED_MESSAGE", "an open of nothing");
  const most = Math.min(options.limits.databases, MAX_DATABASES);
  if (openedByPeer(turn) + open.items.length > most || databases.theirs.length + open.items.length > MAX_OPENS) {
    throw new SyncError("LIMIT_EXCEEDED", "the peer opens more databases than it may");
  }
  const first = databases.theirs.length;
  const handles = open.items.map((item) => acceptOpen(turn, item));
  const items = open.items.flatMap((item, index) => {
    const handle = handles[index];
    return handle === undefined || turn.find(handle)?.stage === "crossed" ? [] : [{ ...item, handle }];
  });
  turn.effect({ type: "openReplicas", first, handles, items, rights: handshake.granted ?? NO_RIGHTS });
}

/** The replicas that the peer opened are here, or are not: answer for each. */
export function onReplicasOpened(turn: Turn, input: Extract<Input, { type: "replicasOpened" }>): void {
  const openedByHandle = new Map(input.opened.map((opened) => [opened.handle, opened]));
  const answers = input.handles.map((handle): OpenAnswer => {
    const database = turn.find(handle);
    const opened = openedByHandle.get(handle);
    if (database === undefined || opened === undefined || database.stage === "crossed") {
      if (database !== undefined) turn.remove(database); // a handle that nobody uses takes no place
      return { type: database?.stage === "crossed" ? "crossed" : "unknown" };
    }
    turn.change(handle, { stage: "open" });
    return answerFor(turn, database, opened);
  });
  turn.send({ type: "opened", first: input.first, answers });
  for (const handle of input.handles) sayWanted(turn, handle);
  settleOpeners(turn);
}

/** The peer answers our opens, in order. */
export function onOpened(turn: Turn, opened: Opened): void {
  const { databases } = turn.state;
  if (opened.first !== databases.answered || opened.first + opened.answers.length > databases.ours.length) {
    throw new SyncError("UNEXPECTED_MESSAGE", "answers to databases that were not opened");
  }
  turn.setDatabases({ answered: databases.answered + opened.answers.length });
  for (const [index, answer] of opened.answers.entries()) {
    const database = turn.state.databases.ours.at(opened.first + index);
    if (database !== undefined) onAnswer(turn, database, answer);
  }
  settleOpeners(turn);
}

function onAnswer(turn: Turn, database: Database, answer: OpenAnswer): void {
  const { handle, stage } = database;
  if (stage === "crossed") {
    if (answer.type !== "crossed")
      throw new SyncError("UNEXPECTED_MESSAGE", "a crossed open was answered as if it were not");
    turn.remove(database);
    return;
  }
  if (stage !== "opening" || answer.type === "crossed")
    throw new SyncError("UNEXPECTED_MESSAGE", "an answer out of turn");
  switch (answer.type) {
    case "same": {
      const position = answer.position ?? database.position;
      turn.change(handle, { stage: "open", download: "caughtUp" });
      if (database.isAhead) uploadAssumed(turn, handle);
      else turn.effect({ type: "peerEquals", handle });
      if (position !== null) turn.effect({ type: "announce", handle, event: { type: "caughtUp", position } });
      queueUpload(turn, handle);
      break;
    }
    case "streaming":
      if (database.position === null)
        throw new SyncError("UNEXPECTED_MESSAGE", "a stream after a position nobody named");
      turn.change(handle, { stage: "open", download: "streaming", upload: { type: "idle" } });
      break;
    case "different":
      turn.change(handle, { stage: "open", upload: { type: "idle" } });
      break;
    case "unknown":
      turn.change(handle, { stage: "unknown", upload: { type: "idle" } });
      turn.effect({ type: "announce", handle, event: { type: "unknown" } });
      break;
  }
  sayWanted(turn, handle);
}

function acceptOpen(turn: Turn, { id, position, ...item }: OpenItem): number {
  const wanted = item.wanted ?? null;
  const known = turn.findById(id);
  if (isFree(known)) return addWanted(turn, { id, position, stage: "answering" }, wanted);
  // Both sides opened it at once. The dialler's handle is used; the listener's is void on both sides.
  if (known.stage !== "opening") throw new SyncError("UNEXPECTED_MESSAGE", "a database was opened twice");
  if (turn.state.options.role === "dialler") {
    setTheirs(turn, known, wanted); // its handle is void, what it wants is not
    return addDatabase(turn, "theirs", { id, position, stage: "crossed" });
  }
  turn.change(known.handle, { stage: "crossed", upload: { type: "idle" } });
  const handle = addWanted(turn, { id, position, stage: "answering" }, wanted);
  passWanted(turn, known.handle, handle);
  const openers = turn.state.databases.openers.map((opener) => ({
    ...opener,
    handles: opener.handles.map((item) => (item === known.handle ? handle : item)),
  }));
  turn.setDatabases({ openers });
  return handle;
}

function answerFor(turn: Turn, database: Database, { position, equal, asks }: OpenedReplica): OpenAnswer {
  const { handle } = database;
  if (equal) {
    turn.change(handle, { upload: { type: "tail", sent: position, due: database.announced }, download: "caughtUp" });
    queueUpload(turn, handle);
    return { type: "same", position: position === database.position ? null : position };
  }
  const known = database.position;
  if (!asks && turn.maySend() && known !== null && known < position) {
    turn.change(handle, { upload: { type: "tail", sent: known, due: true }, caughtUpDue: "atTail" });
    queueUpload(turn, handle);
    return { type: "streaming" };
  }
  queueVector(turn, handle, "reply");
  return { type: "different" };
}

/** Nobody has this database open: it is new, or the side that was asked did not know it then. */
function isFree(database: Database | undefined): database is undefined {
  return database === undefined || database.stage === "unknown";
}

/** Adds a database under the next handle; a void handle is not found by name. */
function addDatabase(turn: Turn, side: "ours" | "theirs", fields: Pick<Database, "id" | "position" | "stage">): number {
  const unknown = turn.findById(fields.id);
  if (unknown?.stage === "unknown") turn.remove(unknown);
  const handle = turn.nextHandle(side);
  const { databases } = turn.state;
  turn.setDatabases({ [side]: databases[side].push(newDatabase({ ...fields, handle })) });
  if (fields.stage !== "crossed") turn.name(fields.id, handle);
  return handle;
}

/** Adds a database that the peer opens, and wants these parts of. */
function addWanted(turn: Turn, fields: Pick<Database, "id" | "position" | "stage">, wanted: Wanted | null): number {
  const handle = addDatabase(turn, "theirs", fields);
  const database = turn.find(handle);
  if (database !== undefined) setTheirs(turn, database, wanted);
  return handle;
}

/** Tells the callers of `openDatabases` whose databases are all answered. */
function settleOpeners(turn: Turn): void {
  const isAnswered = (handle: number): boolean => {
    const stage = turn.find(handle)?.stage;
    return stage === undefined || stage === "open" || stage === "unknown" || stage === "closing";
  };
  const waiting = [];
  for (const opener of turn.state.databases.openers) {
    if (opener.handles.every(isAnswered)) turn.effect({ type: "resolve", caller: opener.caller, left: opener.left });
    else waiting.push(opener);
  }
  if (waiting.length < turn.state.databases.openers.length) turn.setDatabases({ openers: waiting });
}

function idOf(turn: Turn, handle: number): DatabaseId {
  const database = turn.find(handle);
  if (database === undefined) throw new SyncError("BAD_OPTIONS", "no such database");
  return database.id;
}
