// Which parts each side wants of an open database: the other one leaves out the rest. docs/spec/sync.md section 6.4.
import type { DatabaseId, Wanted } from "@selkie/entry";
import { MAX_WANTED } from "../message/bounds.ts";
import type { Want } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import { type Database, namesIn } from "./database.ts";
import type { Turn } from "./turn.ts";

type Side = "ours" | "theirs";

/** Our user wants these parts from now on; where all that is wanted in this session is too much to say, this is not said: all come. */
export function wantRequested(turn: Turn, id: DatabaseId, wanted: Wanted | null): void {
  const database = turn.findById(id);
  if (database === undefined) return;
  note(turn, database, "ours", isRoomFor(turn, database, "ours", wanted) ? wanted : null);
  // An open that is being prepared says it.
  if (database.stage !== "preparing") turn.change(database.handle, { wantDue: true });
  sayWanted(turn, database.handle);
}

/** Says what was wanted while the peer had not answered our open. */
export function sayWanted(turn: Turn, handle: number): void {
  const database = turn.find(handle);
  if (database?.stage !== "open" || !database.wantDue) return;
  turn.change(handle, { wantDue: false });
  turn.send({ type: "want", handle, wanted: database.wanted.ours });
}

/** A database goes on under another handle: what the peer was told, or is to be told, of what we want of it holds there. */
export function passWanted(turn: Turn, from: number, to: number): void {
  const [before, after] = [turn.find(from), turn.find(to)];
  if (before === undefined || after === undefined) return;
  turn.change(from, { wanted: { ...before.wanted, ours: null }, wantDue: false });
  turn.change(to, { wanted: { ...after.wanted, ours: before.wanted.ours }, wantDue: before.wantDue });
}

/** The peer wants these parts from now on. */
export function onWant(turn: Turn, { handle, wanted }: Want): void {
  if (turn.isClosing(handle)) return;
  setTheirs(turn, turn.need(handle), wanted);
}

/**
 * The peer wants these parts of a database that it opens.
 * SECURITY: F4. What a peer wants is bounded in all databases of a session together (wanting.test.ts).
 */
export function setTheirs(turn: Turn, database: Database, wanted: Wanted | null): void {
  if (!isRoomFor(turn, database, "theirs", wanted))
    throw new SyncError("LIMIT_EXCEEDED", "the peer names more of what it wants than it may");
  note(turn, database, "theirs", wanted);
}

function note(turn: Turn, { handle, wanted }: Database, side: Side, now: Wanted | null): void {
  turn.change(handle, { wanted: { ...wanted, [side]: now } });
  turn.countWanted(side, namesIn(now) - namesIn(wanted[side]));
}

function isRoomFor(turn: Turn, { wanted }: Database, side: Side, now: Wanted | null): boolean {
  return turn.state.databases.wanted[side] - namesIn(wanted[side]) + namesIn(now) <= MAX_WANTED;
}
