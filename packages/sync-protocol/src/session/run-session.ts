// The driver of the session machine: it carries out effects against transport, replicas, verifier, credentials, gatekeeper and
// scheduler, and turns what comes of them into inputs. It decides nothing.
import { type BlobHash, type DatabaseId, limits as formatLimits, toHex, type Wanted } from "@selkie/entry";
import type { Grant } from "../access/rights.ts";
import type { Effect } from "../machine/effect.ts";
import type { Input } from "../machine/input.ts";
import { step } from "../machine/session-machine.ts";
import { initialState, type OpenRequest, type State, type Wish } from "../machine/state.ts";
import { MAX_BLOB_PIECE, MAX_FETCHED, MAX_GOAWAY_MS, MAX_RECIPIENTS, MAX_WANTED_TAGS } from "../message/bounds.ts";
import { decodeMessage, encodeMessage } from "../message/codec.ts";
import { isCode } from "../message/control-codec.ts";
import type { PartPlace } from "../message/message.ts";
import { SyncError, type SyncErrorCode } from "../sync-error.ts";
import type { Transport } from "../transport/transport.ts";
import { Callers } from "./callers.ts";
import { Events } from "./events.ts";
import { FrameTags } from "./frame-tags.ts";
import { completeLimits } from "./limits.ts";
import { dialledOrigin, makeClaim } from "./make-claim.ts";
import { checkProof } from "./proof.ts";
import { type FrameEffect, ReplicaDriver } from "./replica-driver.ts";
import type {
  Admission,
  BlobPiece,
  FetchedPart,
  OpenDatabase,
  Session,
  SessionEvents,
  SessionOptions,
  SessionReady,
} from "./session.ts";

/** Nothing is received until these are done. */
const HOLDING: ReadonlySet<Effect["type"]> = new Set(["prepare", "openReplicas", "diff", "diffAssumed"]);

/**
 * Starts a session over a connection; both sides run one. Whatever a peer does wrong ends in `closed` with a SyncError.
 *
 * @throws SyncError `BAD_OPTIONS`
 */
export function runSession(transport: Transport, options: SessionOptions): Session {
  return new SyncSession(transport, options);
}

type EffectOf<Type extends Effect["type"]> = Extract<Effect, { type: Type }>;

class SyncSession implements Session {
  readonly ready: Promise<SessionReady>;
  readonly closed: Promise<SyncError | null>;
  readonly #options: SessionOptions;
  readonly #transport: Transport;
  readonly #events = new Events();
  readonly #callers = new Callers();
  readonly #replicas: ReplicaDriver;
  readonly #tags: FrameTags;
  readonly #whenReady = Promise.withResolvers<SessionReady>();
  readonly #whenClosed = Promise.withResolvers<SyncError | null>();
  readonly #timers = new Map<string, () => void>();
  readonly #inputs: Input[] = [];
  #state: State;
  #isStepping = false;
  /** Work that is to be done before the next frame is taken. */
  readonly #holding = new Set<Promise<unknown>>();
  #presenting: Promise<unknown> = Promise.resolve();

  constructor(transport: Transport, options: SessionOptions) {
    const limits = completeLimits(options.limits);
    if (options.generation.length !== 8) throw new SyncError("BAD_OPTIONS", "a generation has 8 bytes");
    this.#state = initialState({
      role: options.role,
      origin: options.role === "dialler" ? dialledOrigin(options) : options.origin,
      guarded: options.gatekeeper !== null,
      nonce: options.random(32),
      generation: options.generation,
      limits,
      lead: options.lead ?? null,
    });
    this.#options = options;
    this.#transport = transport;
    this.#tags = new FrameTags(options.verifier);
    const input = (next: Input): void => this.#input(next);
    this.#replicas = new ReplicaDriver({ session: options, limits, events: this.#events, input });
    this.ready = this.#whenReady.promise;
    this.closed = this.#whenClosed.promise;
    // Whoever does not look at `ready` learns from `closed`.
    this.ready.catch(() => undefined);
    this.#input({ type: "start" });
    void this.#receive();
  }

  async openDatabases(list: readonly OpenDatabase[]): Promise<readonly DatabaseId[]> {
    await this.ready;
    const requests = new Map<string, OpenRequest>();
    for (const item of list) {
      this.#replicas.watch(item);
      const id = item.replica.database;
      const wanted = checkedWanted(item.wanted ?? null);
      requests.set(toHex(id), { id, position: item.position ?? null, wanted });
    }
    const open = (caller: number): void => this.#input({ type: "open", caller, requests: [...requests.values()] });
    return (await this.#callers.call(open)).left ?? [];
  }

  async closeDatabases(databases: readonly DatabaseId[]): Promise<void> {
    await this.ready;
    await this.#callers.call((caller) => this.#input({ type: "closeDatabases", caller, databases }));
  }

  announce(database: DatabaseId): void {
    this.#input({ type: "announce", database });
  }

  compare(database: DatabaseId): void {
    this.#input({ type: "compare", database });
  }

  want(database: DatabaseId, wanted: Wanted | null): void {
    this.#input({ type: "want", database, wanted: checkedWanted(wanted) });
  }

  ask(database: DatabaseId): void {
    this.#replicas.ask(database);
    this.compare(database);
  }

  async fetch(
    database: DatabaseId,
    places: readonly PartPlace[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly FetchedPart[]> {
    const fetched: FetchedPart[] = [];
    while (fetched.length < places.length) {
      options.signal?.throwIfAborted();
      const asked = places.slice(fetched.length, fetched.length + MAX_FETCHED);
      const ask = (caller: number): void => this.#ask({ caller, about: "parts", database, places: asked });
      const { answer } = await this.#callers.call(ask, options.signal);
      const parts = answer?.type === "parts" ? answer.parts : [];
      try {
        fetched.push(...(await this.#replicas.checked(database, asked, parts)));
      } catch (error) {
        const reason = syncErrorOf(error, "REPLICA_FAILED");
        this.#input({ type: "failed", error: reason });
        throw reason;
      }
    }
    return fetched;
  }

  async fetchBlob(
    hash: BlobHash,
    [from, to]: readonly [from: number, to: number],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<BlobPiece | null> {
    const isRange = Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from < to;
    if (!isRange || from > formatLimits.blobBytes) throw new SyncError("BAD_OPTIONS", "a range that no blob has");
    options.signal?.throwIfAborted();
    await this.ready;
    const question = { type: "fetchBlob", hash, from, length: Math.min(to - from, MAX_BLOB_PIECE) } as const;
    const ask = (caller: number): void => this.#ask({ caller, about: "tenant", question });
    const { answer } = await this.#callers.call(ask, options.signal);
    return answer?.type === "blob" ? answer.piece : null;
  }

  async ticket(): Promise<Uint8Array | null> {
    await this.ready;
    const question = { type: "askTicket" } as const;
    const { answer } = await this.#callers.call((caller) => this.#ask({ caller, about: "tenant", question }));
    return answer?.type === "ticket" ? answer.ticket : null;
  }

  async synced(databases: readonly DatabaseId[], options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    await this.#callers.call((caller) => this.#input({ type: "sync", caller, databases }), options.signal);
  }

  async present(documents: readonly Uint8Array[]): Promise<Grant> {
    const before = this.#presenting;
    const answer = (async () => {
      await this.ready;
      await before;
      return await this.#callers.call((caller) => this.#input({ type: "present", caller, documents }));
    })();
    this.#presenting = answer.catch(() => undefined);
    const { rights } = await answer;
    if (rights === undefined) throw new SyncError("SESSION_CLOSED", "the session ended before it answered");
    return rights;
  }

  reconsider(): void {
    this.#input({ type: "reconsider" });
  }

  leave({ afterMs, withinMs }: { readonly afterMs: number; readonly withinMs: number }): void {
    for (const ms of [afterMs, withinMs]) {
      if (!Number.isSafeInteger(ms) || ms < 0 || ms > MAX_GOAWAY_MS) {
        throw new SyncError("BAD_OPTIONS", "a time to come back is between 0 ms and one hour");
      }
    }
    this.#input({ type: "leave", afterMs, withinMs });
  }

  async close(code?: string): Promise<void> {
    if (code !== undefined && !isCode(code)) throw new SyncError("BAD_OPTIONS", "a code is 1 to 64 of A-Z0-9_");
    this.#input({ type: "close", code: code ?? null });
    await this.closed;
    await this.#replicas.idle();
  }

  on<Type extends keyof SessionEvents>(type: Type, listener: (event: SessionEvents[Type]) => void): () => void {
    return this.#events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ask(wish: Wish): void {
    this.#input({ type: "ask", wish });
  }

  /** Steps the machine. What an effect causes at once waits until the effects before it are carried out. */
  #input(input: Input): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const { state, effects } = step(this.#state, next);
      this.#state = state;
      const { ownHello, peerHello } = state.handshake;
      if (peerHello !== null) this.#tags.begin(ownHello, peerHello);
      for (const effect of effects) this.#perform(effect);
    }
    this.#isStepping = false;
  }

  async #receive(): Promise<void> {
    try {
      for await (const frame of this.#transport.receive()) {
        // SECURITY: what a vector or an open makes us hold is gone before the next one is taken. Test: flow.test.ts "F4 ...".
        while (this.#holding.size > 0) await Promise.all(this.#holding);
        this.#input(this.#inputOf(frame));
        if (this.#state.phase === "closed") return;
      }
      this.#input({ type: "ended", error: null });
    } catch (error) {
      this.#input({ type: "ended", error: syncErrorOf(error, "TRANSPORT_CLOSED") });
    }
  }

  /** What a frame is to the machine: a message, or the end. */
  #inputOf(frame: Uint8Array): Input {
    try {
      return { type: "message", message: decodeMessage(this.#tags.open(frame)), bytes: frame.length };
    } catch (error) {
      return { type: "failed", error: syncErrorOf(error, "BAD_MESSAGE") };
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send":
      case "sendVector":
      case "sendCaughtUp":
      case "sendSlice":
      case "sendAnswer":
        void this.#send(effect);
        break;
      case "startTimer":
        this.#stopTimer(effect.timer);
        this.#timers.set(effect.timer, this.#startTimer(effect));
        break;
      case "stopTimer":
        this.#stopTimer(effect.timer);
        break;
      case "makeClaim":
      case "checkProof":
      case "judge":
        void this.#attempt(effect.type === "makeClaim" ? "CREDENTIALS_FAILED" : "NOT_ADMITTED", () =>
          this.#handshake(effect),
        );
        break;
      case "ready":
        this.#replicas.begin(effect.greetings, effect.tenant);
        this.#whenReady.resolve(effect.ready);
        break;
      case "resolve":
        this.#callers.resolve(effect);
        break;
      case "reject":
        this.#callers.reject(effect.caller, effect.error);
        break;
      case "rights":
        this.#events.emit("rights", { rights: effect.rights });
        break;
      case "leaving":
        this.#events.emit("leaving", { afterMs: effect.afterMs, withinMs: effect.withinMs });
        break;
      case "close":
        void this.#end(effect);
        break;
      default: {
        const work = this.#attempt("REPLICA_FAILED", () => this.#replicas.perform(effect));
        if (HOLDING.has(effect.type)) this.#hold(work);
      }
    }
  }

  async #handshake(effect: EffectOf<"makeClaim" | "checkProof" | "judge">): Promise<void> {
    const { verifier, gatekeeper } = this.#options;
    if (effect.type === "makeClaim") {
      this.#input({ type: "claimed", claim: await makeClaim(this.#options, effect) });
    } else if (effect.type === "checkProof") {
      const { claim, role, greetings } = effect;
      this.#input({ type: "proofChecked", valid: await checkProof(verifier, claim, role, greetings) });
    } else if (gatekeeper !== null) {
      this.#input({ type: "judged", admission: checkedAdmission(await gatekeeper.admit(effect.claim)) });
    }
  }

  async #send(effect: FrameEffect): Promise<void> {
    const made: { frame: Uint8Array | null } = { frame: null };
    const isMade = await this.#attempt("REPLICA_FAILED", async () => {
      made.frame = await this.#replicas.frame(effect);
    });
    const { frame } = made;
    if (!isMade) return;
    const isSent = frame === null || (await this.#attempt("TRANSPORT_CLOSED", () => this.#write(frame)));
    if (isSent) this.#input({ type: "writable" });
  }

  /** INVARIANT: frames go out in the order in which they are counted: nothing is awaited in between (peer-gate.test.ts). */
  #write(frame: Uint8Array): Promise<void> {
    return this.#transport.send(this.#tags.seal(frame));
  }

  #hold(work: Promise<unknown>): void {
    this.#holding.add(work);
    void work.finally(() => this.#holding.delete(work));
  }

  /** Does something that may fail; a failure ends the session. */
  async #attempt(code: SyncErrorCode, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#input({ type: "failed", error: syncErrorOf(error, code) });
      return false;
    }
  }

  #startTimer({ timer, ms }: EffectOf<"startTimer">): () => void {
    return this.#options.scheduler.after(ms, () => this.#input({ type: "timer", timer }));
  }

  #stopTimer(timer: string): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }

  async #end({ error, tell }: EffectOf<"close">): Promise<void> {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    const reason = error ?? new SyncError("SESSION_CLOSED", "this side closed the session");
    this.#whenReady.reject(reason);
    this.#callers.refuse(reason);
    // A connection that does not take the last word closes without it.
    if (tell !== null) this.#write(encodeMessage(tell)).catch(() => undefined);
    try {
      await this.#transport.close();
    } finally {
      this.#whenClosed.resolve(error);
    }
  }
}

/** A SyncError as it is; anything else becomes the cause of one. */
function syncErrorOf(error: unknown, code: SyncErrorCode): SyncError {
  return error instanceof SyncError ? error : new SyncError(code, "the session cannot go on", { cause: error });
}

function checkedAdmission(admission: Admission): Admission {
  if (admission.type === "refused" && !isCode(admission.code)) return { type: "refused", code: "NOT_ADMITTED" };
  return admission;
}

function checkedWanted(wanted: Wanted | null): Wanted | null {
  if (wanted !== null && (wanted.recipients.length > MAX_RECIPIENTS || wanted.tags.length > MAX_WANTED_TAGS))
    throw new SyncError("BAD_OPTIONS", "a side names at most 16 recipients and 1,024 tags of a database");
  return wanted;
}
