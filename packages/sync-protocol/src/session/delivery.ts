// Entries on their way in: decoded in order, verified frame by frame, appended database by database, reported to the machine.
import {
  type AppendResult,
  type Run,
  RunDecoder,
  type RunVerdict,
  type VerifiedRun,
  type Verifier,
  verifyRuns,
} from "@selkie/entry";
import type { DeliveredFrame, Input } from "../machine/input.ts";
import type { Unframed } from "../machine/state.ts";
import { isCode } from "../message/control-codec.ts";
import type { RunException } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import type { DatabaseResource } from "./database-resource.ts";
import type { Events } from "./events.ts";

type Delivered = Extract<Input, { type: "delivered" }>;

interface PendingFrame {
  readonly frame: number;
  readonly bytes: number;
  readonly runs: readonly Run[];
  /** Null until verified. */
  verdicts: readonly RunVerdict[] | null;
}

interface Queue {
  readonly handle: number;
  readonly resource: DatabaseResource;
  readonly frames: PendingFrame[];
  isWorking: boolean;
}

/** Verifies and appends what a session receives. Bounded by the credit that the machine gives. */
export class Delivery {
  readonly #verifier: Verifier;
  readonly #events: Events;
  readonly #report: (input: Input) => void;
  readonly #queues = new Map<number, Queue>();
  readonly #whenIdle: (() => void)[] = [];
  #decoder: RunDecoder | null = null;
  #active = 0;

  constructor(verifier: Verifier, events: Events, report: (input: Input) => void) {
    this.#verifier = verifier;
    this.#events = events;
    this.#report = report;
  }

  /**
   * Takes an entries message. Its runs are decoded now, because each message builds on the one before.
   *
   * @throws SyncError `BAD_MESSAGE`
   */
  take(handle: number, resource: DatabaseResource, frame: number, bytes: Uint8Array): void {
    const runs = this.#decode(bytes, resource);
    const pending: PendingFrame = { frame, bytes: bytes.length, runs, verdicts: null };
    const queue = this.#queues.get(handle) ?? { handle, resource, frames: [], isWorking: false };
    this.#queues.set(handle, queue);
    queue.frames.push(pending);
    void this.#verify(pending, queue);
  }

  /** A handle is void, and everything that came under it is appended. */
  forget(handle: number): void {
    this.#queues.delete(handle);
  }

  /** Resolves when no append is under way. */
  async idle(): Promise<void> {
    while (this.#active > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #decode(bytes: Uint8Array, resource: DatabaseResource): readonly Run[] {
    this.#decoder ??= new RunDecoder(this.#verifier);
    try {
      return this.#decoder.decode(bytes, resource.id);
    } catch (cause) {
      throw new SyncError("BAD_MESSAGE", "runs that cannot be decoded", { cause });
    }
  }

  async #verify(pending: PendingFrame, queue: Queue): Promise<void> {
    this.#active += 1;
    try {
      pending.verdicts = await verifyRuns(this.#verifier, pending.runs);
      await this.#work(queue);
    } catch (cause) {
      this.#report({
        type: "failed",
        error: new SyncError("REPLICA_FAILED", "entries could not be appended", { cause }),
      });
    }
    this.#active -= 1;
    if (this.#active === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Appends what is verified, in order of arrival; what is verified meanwhile is appended together. */
  async #work(queue: Queue): Promise<void> {
    if (queue.isWorking) return;
    queue.isWorking = true;
    for (;;) {
      const open = queue.frames.findIndex(({ verdicts }) => verdicts === null);
      const frames = queue.frames.splice(0, open === -1 ? queue.frames.length : open);
      if (frames.length === 0) break;
      this.#report(await this.#append(queue, frames));
    }
    queue.isWorking = false;
  }

  async #append({ handle, resource }: Queue, frames: readonly PendingFrame[]): Promise<Delivered> {
    const { replica } = resource;
    const runs = frames.flatMap(({ verdicts }) => (verdicts ?? []).flatMap(verifiedRun));
    // Before they are in the replica, where the tail may read them at once.
    // What came without parts may be sent there with them, once they came from elsewhere.
    for (const run of runs) if (!isHoled(run)) resource.echoes.add(run);
    const before = await replica.position();
    const results = runs.length === 0 ? [] : await replica.append(runs);
    const after = await replica.position();
    let next = 0;
    let appended = 0;
    const delivered = frames.map((frame) => {
      const count = (frame.verdicts ?? []).flatMap(verifiedRun).length;
      const own = results.slice(next, next + count);
      next += count;
      for (const result of own) appended += result.type === "appended" ? result.count : 0;
      return this.#settle(resource, frame, own);
    });
    return { type: "delivered", handle, frames: delivered, before, after, appended };
  }

  #settle(resource: DatabaseResource, frame: PendingFrame, results: readonly AppendResult[]): DeliveredFrame {
    const exceptions: Unframed<RunException>[] = [];
    const forks: DeliveredFrame["forks"][number][] = [];
    let junk = 0;
    let next = 0;
    let entries = 0;
    for (const [index, verdict] of (frame.verdicts ?? []).entries()) {
      const run = frame.runs[index];
      if (verdict.type === "refused") {
        junk += 1;
        exceptions.push({ run: index, type: "refused", code: verdict.code });
        if (run !== undefined) this.#refused(resource, run, verdict.code);
        continue;
      }
      const result = results[next++];
      const exception = result === undefined ? null : this.#judge(resource, verdict.run, result);
      if (exception !== null) exceptions.push({ ...exception, run: index });
      if (result?.type === "fork" && result.seq >= verdict.run.firstSeq) {
        forks.push({ writer: verdict.run.writer, seq: result.seq });
      }
      if (result?.type === "appended") entries += result.count;
    }
    this.#received(resource, frame, entries);
    return { frame: frame.frame, exceptions, junk, forks };
  }

  #judge(resource: DatabaseResource, run: VerifiedRun, result: AppendResult): ExceptionBody | null {
    const { id: database } = resource;
    const { writer } = run;
    switch (result.type) {
      case "appended":
      case "known":
        return null;
      case "gap":
        if (!resource.isForked(run))
          this.#events.emit("gap", { database, writer, have: result.have, got: run.firstSeq });
        return { type: "gap", have: result.have };
      case "fork": {
        const { seq, ours, theirs } = result;
        if (resource.isNewFork(run, seq)) this.#events.emit("fork", { database, writer, seq, ours, theirs, run });
        return { type: "fork", seq, ours };
      }
      case "refused":
        this.#refused(resource, run, result.code);
        return { type: "refused", code: isCode(result.code) ? result.code : "REFUSED" };
    }
  }

  #refused(resource: DatabaseResource, run: Run, code: string): void {
    this.#events.emit("refused", { database: resource.id, writer: run.writer, code, by: "us" });
  }

  #received(resource: DatabaseResource, frame: PendingFrame, entries: number): void {
    const { bytes } = frame;
    resource.receivedEntries += entries;
    resource.receivedBytes += bytes;
    this.#events.emit("received", { database: resource.id, runs: frame.runs.length, entries, bytes });
    resource.announceProgress(this.#events);
  }
}

type ExceptionBody =
  | { readonly type: "gap"; readonly have: number }
  | Omit<Extract<RunException, { type: "fork" }>, "frame" | "run">
  | { readonly type: "refused"; readonly code: string };

function verifiedRun(verdict: RunVerdict): readonly VerifiedRun[] {
  return verdict.type === "verified" ? [verdict.run] : [];
}

function isHoled({ entries }: VerifiedRun): boolean {
  return entries.some(({ parts }) => parts.some(({ type }) => type === "hole"));
}
