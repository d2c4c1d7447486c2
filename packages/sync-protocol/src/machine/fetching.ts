// Parts that are asked for one by one: one question at a time in each direction. docs/spec/sync.md section 6.5.
import type { DatabaseId } from "@selkie/entry";
import type { Fetch, PartPlace, Parts } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import type { Database } from "./database.ts";
import type { Effect } from "./effect.ts";
import type { Asked, Fetching } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Stages of a database that is about to be open. */
const COMING: readonly Database["stage"][] = ["preparing", "opening", "answering", "crossed"];

/** Times of silence that an answer may take: two minutes for two megabytes. */
const MOST_SILENCES = 4;

/** Our user lacks these parts of a database. */
export function fetchRequested(turn: Turn, caller: number, id: DatabaseId, places: readonly PartPlace[]): void {
  set(turn, { waiting: [...turn.state.fetching.waiting, { caller, id, places }] });
}

/** Asks for what is due next, once the last question was answered. Called at the end of each step. */
export function progressFetches(turn: Turn): void {
  const { asked, waiting } = turn.state.fetching;
  if (asked !== null || waiting.length === 0) return;
  const left = waiting.filter(({ caller, id }) => {
    const stage = turn.findById(id)?.stage;
    if (stage === "open" || (stage !== undefined && COMING.includes(stage))) return true;
    turn.effect({ type: "reject", caller, error: new SyncError("UNKNOWN_DATABASE", "a database that is not open") });
    return false;
  });
  const next = left.find(({ id }) => turn.findById(id)?.stage === "open");
  const handle = next === undefined ? undefined : turn.findById(next.id)?.handle;
  set(turn, { waiting: left.filter((each) => each !== next) });
  if (next === undefined || handle === undefined) return;
  set(turn, { asked: { caller: next.caller, handle, count: next.places.length, silences: 0 } });
  turn.send({ type: "fetch", handle, places: next.places });
}

/**
 * The peer asks for parts.
 * SECURITY: F4. It asks again once it was answered (fetching.test.ts).
 */
export function onFetch(turn: Turn, { handle, places }: Fetch): void {
  if (turn.isClosing(handle)) return; // it hears of that
  turn.need(handle);
  if (turn.state.fetching.owed !== null) throw new SyncError("UNEXPECTED_MESSAGE", "a question before the last answer");
  set(turn, { owed: { handle, places } });
}

/** The peer answers. */
export function onParts(turn: Turn, { handle, parts }: Parts): void {
  const { asked } = turn.state.fetching;
  if (asked?.handle !== handle || parts.length > asked.count)
    throw new SyncError("UNEXPECTED_MESSAGE", "parts that nobody asked for");
  set(turn, { asked: null });
  if (asked.caller !== null) turn.effect({ type: "resolve", caller: asked.caller, parts });
}

/**
 * A time of silence is over. A peer that does not answer is given up, so that others are asked.
 * SECURITY: A11. Whatever else it sends: it can't make anybody wait for ever (fetching.test.ts).
 */
export function ageFetch(turn: Turn): void {
  const { asked } = turn.state.fetching;
  if (asked === null) return;
  if (asked.silences >= MOST_SILENCES) throw new SyncError("PEER_SILENT", "the peer does not answer a question");
  set(turn, { asked: { ...asked, silences: asked.silences + 1 } });
}

/** The answer that we owe, as an effect. */
export function nextParts(turn: Turn): Effect | null {
  const { owed } = turn.state.fetching;
  if (owed === null) return null;
  set(turn, { owed: null });
  if (turn.find(owed.handle)?.stage !== "open") return null;
  return { type: "sendParts", ...owed, mayRead: turn.maySend() };
}

/** A database is being closed: nobody waits for parts of it any more. */
export function voidFetch(turn: Turn, handle: number): void {
  const { asked } = turn.state.fetching;
  if (asked?.handle !== handle || asked.caller === null) return;
  const error = new SyncError("DATABASE_CLOSED", "a database that is being closed");
  turn.effect({ type: "reject", caller: asked.caller, error });
  set(turn, { asked: { ...asked, caller: null } });
}

/** A handle is void: what was asked for under it is not answered any more. */
export function dropFetch(turn: Turn, handle: number): void {
  const asked: Asked | null = turn.state.fetching.asked;
  if (asked?.handle === handle) set(turn, { asked: null });
}

function set(turn: Turn, change: Partial<Fetching>): void {
  turn.set({ fetching: { ...turn.state.fetching, ...change } });
}
