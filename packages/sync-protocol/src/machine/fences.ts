// `synced`: ours is sent and acknowledged, theirs is sent and appended. docs/spec/sync.md section 7.
import type { DatabaseId } from "@selkie/entry";
import { MAX_FENCES } from "../message/bounds.ts";
import type { Fenced, Fence as FenceMessage } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import type { Input } from "./input.ts";
import { completeDownload, completeReached } from "./reconcile.ts";
import type { Barrier, Fence } from "./state.ts";
import type { Turn } from "./turn.ts";
import { extendTail } from "./uploads.ts";

/** Of a fence that has lost its caller. */
const NOBODY: Fence["owner"] = { type: "us", caller: null };

/** Our user wants to be told when these databases are in sync. */
export function syncRequested(turn: Turn, caller: number, ids: readonly DatabaseId[]): void {
  const databases = ids.map((id) => turn.findById(id));
  const handles = databases.flatMap((database) => (database === undefined ? [] : [database.handle]));
  if (handles.length < ids.length || databases.some((database) => database?.stage === "unknown")) {
    const error = new SyncError("UNKNOWN_DATABASE", "a database that is not open in this session");
    turn.effect({ type: "reject", caller, error });
    return;
  }
  if (databases.some((database) => database?.stage === "closing")) {
    turn.effect({ type: "reject", caller, error: closed() });
    return;
  }
  const unique = [...new Set(handles)];
  addFence(turn, {
    owner: { type: "us", caller },
    token: null,
    handles: unique,
    targets: null,
    ackedBy: null,
    fenced: false,
  });
}

/** The peer wants to be told once everything we hold of these databases is sent. */
export function onFence(turn: Turn, { token, handles }: FenceMessage): void {
  for (const handle of handles) if (!turn.isClosing(handle)) turn.need(handle);
  if (new Set(handles).size !== handles.length)
    throw new SyncError("UNEXPECTED_MESSAGE", "a fence names a handle twice");
  const { fences, outbox } = turn.state;
  const theirs = fences.filter(({ owner }) => owner.type === "peer");
  const answers = outbox.messages.filter(({ type }) => type === "fenced");
  if (theirs.length + answers.length >= MAX_FENCES || theirs.some((fence) => fence.token === token)) {
    throw new SyncError("LIMIT_EXCEEDED", "more fences than a peer may have");
  }
  if (handles.some((handle) => turn.isClosing(handle))) return; // the peer gives it up when it hears of that
  addFence(turn, { owner: { type: "peer" }, token, handles, targets: null, ackedBy: null, fenced: false });
  readPositions(turn, keyOf("peer", token), handles);
}

/** Our positions at the time a fence was set. */
export function onPositions(turn: Turn, { fence: key, positions }: Extract<Input, { type: "positions" }>): void {
  changeFence(turn, key, (fence) => ({ ...fence, targets: positions }));
  for (const fence of turn.state.fences) {
    if (keyOfFence(fence) !== key) continue;
    for (const [index, handle] of fence.handles.entries()) {
      const upload = turn.find(handle)?.upload;
      if (upload?.type === "tail" && upload.sent < (positions[index] ?? 0)) extendTail(turn, handle);
    }
  }
}

/** The peer has sent all it held when our fence reached it; it counts once that is appended. */
export function onFenced(turn: Turn, { token }: Fenced): void {
  const { fences, inbox } = turn.state;
  const isOurs = fences.some((fence) => fence.owner.type === "us" && fence.token === token && !fence.fenced);
  if (!isOurs || inbox.barriers.some(({ action }) => action.type === "fenced" && action.token === token)) {
    throw new SyncError("UNEXPECTED_MESSAGE", "the answer to no fence");
  }
  turn.setInbox({ barriers: [...inbox.barriers, { after: inbox.arrived, action: { type: "fenced", token } }] });
}

function readPositions(turn: Turn, fence: number, handles: readonly number[]): void {
  const { inbox } = turn.state;
  const action = { type: "readPositions", fence, handles } as const;
  turn.setInbox({ barriers: [...inbox.barriers, { after: inbox.arrived, action }] });
}

/** What the peer had sent before it answered our fence is appended. */
function passFence(turn: Turn, token: number): void {
  changeFence(turn, keyOf("us", token), (fence) => ({ ...fence, fenced: true }));
}

/** What arrived before a database was closed is appended. */
function passClosed(turn: Turn, handle: number, id: DatabaseId): void {
  turn.effect({ type: "closed", handle, id });
  const closers = turn.state.databases.closers.map((closer) => ({
    ...closer,
    handles: closer.handles.filter((other) => other !== handle),
  }));
  turn.setDatabases({ closers });
}

/** Moves every fence on as far as it goes. Called at the end of each step. */
export function progressFences(turn: Turn): void {
  const { fences, phase } = turn.state;
  if (fences.length === 0 || (phase !== "open" && phase !== "leaving")) return;
  for (const fence of fences) {
    if (fence.owner.type === "peer") progressTheirs(turn, fence);
    else if (fence.owner.caller !== null) progressOurs(turn, fence, fence.owner.caller);
  }
}

function progressTheirs(turn: Turn, fence: Fence): void {
  if (fence.token === null || !isSent(turn, fence)) return;
  removeFence(turn, fence);
  turn.send({ type: "fenced", token: fence.token });
}

function progressOurs(turn: Turn, before: Fence, caller: number): void {
  let fence = before;
  if (fence.token === null) {
    const inFlight = turn.state.fences.filter(({ owner, token }) => owner.type === "us" && token !== null).length;
    if (inFlight >= MAX_FENCES || !fence.handles.every((handle) => isSettled(turn, handle))) return;
    const token = turn.token();
    fence = replaceFence(turn, fence, { ...fence, token });
    turn.send({ type: "fence", token, handles: fence.handles });
    readPositions(turn, keyOf("us", token), fence.handles);
    passBarriers(turn);
    return;
  }
  // An acknowledgement may ask for more, so what counts is the last one after which nothing was left to send.
  const { flight } = turn.state;
  if (!isSent(turn, fence)) fence = replaceFence(turn, fence, { ...fence, ackedBy: null });
  else if (fence.ackedBy === null) fence = replaceFence(turn, fence, { ...fence, ackedBy: flight.sent });
  const isAcked = fence.ackedBy !== null && flight.sent - flight.frames.length >= fence.ackedBy;
  if (!isAcked || !fence.fenced) return;
  removeFence(turn, fence);
  turn.effect({ type: "resolve", caller });
}

/**
 * Everything the peer had at first is here, as far as it may be, and it was told what we lack since: from then on its answer to a fence
 * means something.
 */
function isSettled(turn: Turn, handle: number): boolean {
  const database = turn.find(handle);
  if (database?.stage !== "open" || database.vectorDue !== "no") return false;
  return database.download === "caughtUp" || !turn.mayReceive();
}

/** Everything up to the fence's targets is sent. */
function isSent(turn: Turn, { handles, targets }: Fence): boolean {
  if (targets === null) return false;
  if (!turn.maySend()) return true;
  return handles.every((handle, index) => {
    const database = turn.find(handle);
    if (database?.upload.type !== "tail" || database.extra.length > 0) return false;
    return database.upload.sent >= (targets[index] ?? 0);
  });
}

/** We closed a database: whoever waits for it waits in vain. What we asked of the peer it may still answer. */
export function voidFences(turn: Turn, handle: number): void {
  for (const fence of turn.state.fences) {
    if (!fence.handles.includes(handle)) continue;
    if (fence.owner.type === "us" && fence.token !== null) replaceFence(turn, fence, { ...fence, owner: NOBODY });
    else removeFence(turn, fence);
    forgetTargets(turn, fence);
    if (fence.owner.type === "us" && fence.owner.caller !== null)
      turn.effect({ type: "reject", caller: fence.owner.caller, error: closed() });
  }
}

/** The peer has heard that a database is closed: it answers nothing about it any more. */
export function dropFences(turn: Turn, handle: number): void {
  turn.set({ fences: turn.state.fences.filter(({ handles }) => !handles.includes(handle)) });
}

/** Does what waited for entries that are appended now. */
export function passBarriers(turn: Turn): void {
  const { inbox } = turn.state;
  const reached = inbox.arrived - inbox.frames.length;
  const passed = inbox.barriers.filter(({ after }) => after <= reached);
  if (passed.length === 0) return;
  turn.setInbox({ barriers: inbox.barriers.filter(({ after }) => after > reached) });
  for (const { action } of passed) {
    if (action.type === "fenced") passFence(turn, action.token);
    else if (action.type === "readPositions") turn.effect(action);
    else if (action.type === "closed") passClosed(turn, action.handle, action.id);
    else if (action.type === "reached") completeReached(turn, action.handle, action.position);
    else completeDownload(turn, action.handle, action.position, action.digest);
  }
}

function forgetTargets(turn: Turn, fence: Fence): void {
  const key = keyOfFence(fence);
  const { inbox } = turn.state;
  const isLeft = ({ action }: Barrier): boolean => action.type !== "readPositions" || action.fence !== key;
  turn.setInbox({ barriers: inbox.barriers.filter(isLeft) });
}

function closed(): SyncError {
  return new SyncError("DATABASE_CLOSED", "a database that is being closed");
}

function addFence(turn: Turn, fence: Fence): void {
  turn.set({ fences: [...turn.state.fences, fence] });
}

function removeFence(turn: Turn, fence: Fence): void {
  turn.set({ fences: turn.state.fences.filter((item) => item !== fence) });
}

function replaceFence(turn: Turn, fence: Fence, next: Fence): Fence {
  turn.set({ fences: turn.state.fences.map((item) => (item === fence ? next : item)) });
  return next;
}

function changeFence(turn: Turn, key: number, change: (fence: Fence) => Fence): void {
  turn.set({ fences: turn.state.fences.map((fence) => (keyOfFence(fence) === key ? change(fence) : fence)) });
}

/** One number for a fence of either side: tokens are each side's own. */
function keyOf(owner: "us" | "peer", token: number): number {
  return owner === "us" ? token : -1 - token;
}

function keyOfFence(fence: Fence): number | null {
  return fence.token === null ? null : keyOf(fence.owner.type, fence.token);
}
