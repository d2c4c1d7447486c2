// Entries on their way out: what is due, in turns between databases, as far as there is credit.
// docs/spec/sync.md section 6.
import { equalBytes, type WriterKey } from "@selkie/entry";
import { MAX_FRAMES_IN_FLIGHT } from "../message/bounds.ts";
import type { Database, Missing, Upload } from "./database.ts";
import type { Effect, Lead, SliceSource } from "./effect.ts";
import type { Input, SliceResult } from "./input.ts";
import type { Turn } from "./turn.ts";

/** Items handed to the driver at once. */
const ITEMS_PER_SLICE = 64;
/** Missing chains listed in all databases of a session together, but for one slice each. */
const MAX_LISTED = 65_536;
/** Times a replica's damage is reported, per session: a peer cannot keep us busy. */
const MAX_DAMAGES = 64;

type Filling = Extract<Upload, { type: "filling" }>;
type MissingResult = Extract<SliceResult, { type: "missing" }>;

/** Queues a database whose peer may lack entries. */
export function queueUpload(turn: Turn, handle: number): void {
  const database = turn.find(handle);
  if (database === undefined || database.queued || database.stage !== "open") return;
  if (!turn.maySend() || nextSource(database) === null) return;
  turn.change(handle, { queued: true });
  turn.setOutbox({ uploads: [...turn.state.outbox.uploads, handle] });
}

/** The replica has more than it had: look again. */
export function extendTail(turn: Turn, handle: number): void {
  const database = turn.find(handle);
  if (database === undefined) return;
  if (database.upload.type === "tail") turn.change(handle, { upload: { ...database.upload, due: true } });
  else if (!database.announced) turn.change(handle, { announced: true });
  queueUpload(turn, handle);
}

/** The tail went on past what only the peer had sent: whoever opened the database, and may name a position one day, is told how far. */
export function passTail(turn: Turn, handle: number): void {
  const { reached } = turn.state.outbox;
  if (turn.isOurs(handle) || !turn.maySend() || reached.includes(handle)) return;
  turn.setOutbox({ reached: [...reached, handle] });
}

/** Sends these runs before anything else. */
export function addExtra(turn: Turn, handle: number, items: readonly Missing[]): void {
  const database = turn.find(handle);
  if (database === undefined || items.length === 0 || !turn.maySend()) return;
  turn.change(handle, { extra: [...database.extra, ...items] });
  queueUpload(turn, handle);
}

/** The effect that sends the next slice, if credit and something to send are there. */
export function nextSlice(turn: Turn): Effect | null {
  const { flight, phase } = turn.state;
  if (phase !== "open" || flight.credit <= 0 || flight.frames.length >= MAX_FRAMES_IN_FLIGHT) return null;
  for (;;) {
    const lead = findLead(turn);
    const { uploads } = turn.state.outbox;
    const handle = lead?.isBehind === true ? uploads.find((each) => each === lead.handle) : uploads[0];
    if (handle === undefined) return null;
    turn.setOutbox({ uploads: uploads.filter((each) => each !== handle) });
    turn.change(handle, { queued: false });
    const database = turn.find(handle);
    const source = database === undefined || !turn.maySend() ? null : nextSource(database);
    if (source === null) continue;
    // What arrives while the tail is read makes it due again.
    if (source.type === "tail") turn.change(handle, { upload: { type: "tail", sent: source.after, due: false } });
    const wanted = database?.wanted.theirs ?? null;
    return { type: "sendSlice", handle, source, wanted, lead: lead?.handle === handle ? null : lead };
  }
}

/** The database that goes first, if it is open or about to be: whether the peer lacks something of it that is here. */
function findLead(turn: Turn): (Lead & { readonly isBehind: boolean }) | null {
  const { options, flight } = turn.state;
  const database = options.lead === null ? undefined : turn.findById(options.lead);
  if (database === undefined || ["unknown", "closing", "crossed"].includes(database.stage)) return null;
  const { handle, stage, upload, extra } = database;
  if (stage !== "open" || upload.type !== "tail") return { handle, sent: 0, isBehind: true };
  const isBehind = upload.due || extra.length > 0 || flight.frames.some((frame) => frame.handle === handle);
  return { handle, sent: upload.sent, isBehind };
}

/** What was read waits for the lead, and is read again. */
export function onSliceHeld(turn: Turn, { handle, lead }: Extract<Input, { type: "sliceHeld" }>): void {
  extendTail(turn, lead);
  extendTail(turn, handle);
}

/** A slice was read and is being sent. */
export function onSliceRead(turn: Turn, input: Extract<Input, { type: "sliceRead" }>): void {
  const { handle, frame, result } = input;
  if (frame !== null) {
    const { flight } = turn.state;
    turn.setFlight({
      credit: flight.credit - frame.bytes,
      sent: flight.sent + 1,
      frames: [...flight.frames, { handle, runs: frame.runs }],
    });
  }
  const database = turn.find(handle);
  if (database === undefined) return;
  if (result.type === "tail") advanceTail(turn, database, { ...result, isSent: frame !== null });
  else {
    if (result.round === null) advanceExtra(turn, database, result);
    else advanceFilling(turn, database, result);
    if (result.damaged) reportDamage(turn, handle);
  }
  queueUpload(turn, handle);
}

/** What the peer lacks is known: these chains, and whatever arrives here after `position`. */
export function startUpload(turn: Turn, handle: number, position: number, missing: readonly Missing[]): void {
  dropListed(turn, handle);
  if (missing.length === 0 || !turn.maySend()) {
    const due = turn.find(handle)?.announced === true;
    turn.change(handle, { upload: { type: "tail", sent: position, due }, announced: false, caughtUpDue: "now" });
    queueReply(turn, handle);
  } else {
    // SECURITY: a peer that names empty vectors for many databases makes us list what we hold; what it lacks beyond is found when
    // it is asked again. Test: session-machine.test.ts "F4 is a bounded list of chains, ...".
    const { listed } = turn.state.outbox;
    const items = missing.slice(0, Math.max(ITEMS_PER_SLICE, MAX_LISTED - listed));
    const upload = {
      round: turn.token(),
      items,
      next: 0,
      from: null,
      sent: position,
      cut: items.length < missing.length,
    };
    turn.change(handle, { upload: { type: "filling", ...upload } });
    turn.setOutbox({ listed: listed + items.length });
  }
  queueUpload(turn, handle);
}

/** The peer holds what it was taken to hold, and lacks what this side has beyond. */
export function uploadAssumed(turn: Turn, handle: number): void {
  dropListed(turn, handle);
  turn.change(handle, { upload: { type: "idle" } });
  turn.effect({ type: "diffAssumed", handle });
}

/**
 * The peer refused a run of a chain: it can't take what follows it, so the rest is not sent before both compare again. Only of the chain that
 * is being sent something is left.
 */
export function stopChain(turn: Turn, handle: number, writer: WriterKey): void {
  const upload = turn.find(handle)?.upload;
  const item = upload?.type === "filling" ? upload.items[upload.next] : undefined;
  if (upload?.type !== "filling" || upload.from === null || item === undefined) return;
  if (equalBytes(item.writer, writer)) turn.change(handle, { upload: { ...upload, from: item.to + 1 } });
}

/** The list of a database's missing chains is done with, or void. */
export function dropListed(turn: Turn, handle: number): void {
  const upload = turn.find(handle)?.upload;
  if (upload?.type !== "filling") return;
  turn.setOutbox({ listed: turn.state.outbox.listed - upload.items.length });
  turn.change(handle, { upload: { type: "idle" } });
}

/** Queues a database that owes the peer a vector or a `caughtUp`. */
export function queueReply(turn: Turn, handle: number): void {
  const { replies } = turn.state.outbox;
  if (!replies.includes(handle)) turn.setOutbox({ replies: [...replies, handle] });
}

/** A vector is to be sent; a request for the peer's own outlasts a plain one. */
export function queueVector(turn: Turn, handle: number, kind: "plain" | "reply"): void {
  const database = turn.find(handle);
  if (database === undefined || database.stage !== "open") return;
  turn.change(handle, { vectorDue: database.vectorDue === "reply" ? "reply" : kind });
  queueReply(turn, handle);
}

/** Our replica held less than its vector said: the peer learns what it holds, and sends the rest again. */
function reportDamage(turn: Turn, handle: number): void {
  const database = turn.find(handle);
  if (database === undefined || database.troubles.damages >= MAX_DAMAGES) return;
  turn.change(handle, { troubles: { ...database.troubles, damages: database.troubles.damages + 1 } });
  queueVector(turn, handle, "plain");
}

function nextSource(database: Database): SliceSource | null {
  const { extra, upload } = database;
  if (extra.length > 0) return { type: "missing", round: null, items: extra.slice(0, ITEMS_PER_SLICE) };
  if (upload.type === "filling") return { type: "missing", round: upload.round, items: fillingItems(upload) };
  return upload.type === "tail" && upload.due ? { type: "tail", after: upload.sent } : null;
}

function fillingItems(upload: Filling): readonly Missing[] {
  const items = upload.items.slice(upload.next, upload.next + ITEMS_PER_SLICE);
  const [first, ...others] = items;
  return first === undefined || upload.from === null ? items : [{ ...first, from: upload.from }, ...others];
}

type TailRead = Extract<SliceResult, { type: "tail" }> & { readonly isSent: boolean };

function advanceTail(turn: Turn, database: Database, result: TailRead): void {
  const { upload, handle } = database;
  if (upload.type !== "tail") return;
  const sent = Math.max(upload.sent, result.position);
  turn.change(handle, { upload: { type: "tail", sent, due: upload.due || !result.done } });
  if (!result.isSent && sent > upload.sent) passTail(turn, handle);
  if (!result.done || database.caughtUpDue !== "atTail") return;
  turn.change(handle, { caughtUpDue: "now" });
  queueReply(turn, handle);
}

/** Extra runs are only ever added at the end, so what was read still stands at the front. */
function advanceExtra(turn: Turn, database: Database, { done, from }: MissingResult): void {
  const [first, ...others] = database.extra.slice(done);
  turn.change(database.handle, {
    extra: first === undefined ? [] : [{ ...first, from: from ?? first.from }, ...others],
  });
}

function advanceFilling(turn: Turn, database: Database, { round, done, from }: MissingResult): void {
  const { upload, handle } = database;
  // Another vector arrived while these were read: its list counts.
  if (upload.type !== "filling" || upload.round !== round) return;
  const next = upload.next + done;
  if (next < upload.items.length) {
    turn.change(handle, { upload: { ...upload, next, from: from ?? (done === 0 ? upload.from : null) } });
  } else if (upload.cut) {
    dropListed(turn, handle);
    queueVector(turn, handle, "reply");
  } else startUpload(turn, handle, upload.sent, []);
}
