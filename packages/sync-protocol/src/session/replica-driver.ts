// Effects on databases: digests, differences, slices, deliveries. One per session.
import {
  type DatabaseId,
  encodeVector,
  equalBytes,
  RunEncoder,
  type TenantId,
  toHex,
  type Vector,
} from "@selkie/entry";
import { assertNever } from "../assert-never.ts";
import type { Effect, Greetings } from "../machine/effect.ts";
import type { Input } from "../machine/input.ts";
import { DIGEST_BYTES } from "../message/bounds.ts";
import { encodeEntriesMessage, encodeMessage, encodeVectorMessage } from "../message/codec.ts";
import type { PartPlace } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import { Answerer } from "./answers.ts";
import { DatabaseResource } from "./database-resource.ts";
import { Delivery } from "./delivery.ts";
import type { Events } from "./events.ts";
import { checkParts } from "./fetched-parts.ts";
import { LeftOut } from "./left-out.ts";
import { openDigest } from "./open-digest.ts";
import type { FetchedPart, OpenDatabase, SessionLimits, SessionOptions } from "./session.ts";
import { readSlice } from "./slices.ts";
import { diffVectors, lostHeads } from "./vector-diff.ts";

type EffectOf<Type extends Effect["type"]> = Extract<Effect, { type: Type }>;

/** Effects that end in an input, or in nothing but a note. */
export type ReplicaEffect = EffectOf<
  | "prepare"
  | "openReplicas"
  | "diff"
  | "diffAssumed"
  | "compareDigest"
  | "readPositions"
  | "deliver"
  | "forgetEchoes"
  | "peerEquals"
  | "acknowledged"
  | "peerLacks"
  | "peerRefused"
  | "announce"
  | "forget"
  | "closed"
>;

/** Effects that end in a frame to send. */
export type FrameEffect = EffectOf<"send" | "sendVector" | "sendCaughtUp" | "sendSlice" | "sendAnswer">;

/** What a {@link ReplicaDriver} needs of its session. */
export interface ReplicaDriverOptions {
  readonly session: SessionOptions;
  readonly limits: SessionLimits;
  readonly events: Events;
  readonly input: (input: Input) => void;
}

/** Carries out what concerns the replicas of one session. */
export class ReplicaDriver {
  readonly #options: ReplicaDriverOptions;
  readonly #delivery: Delivery;
  readonly #leftOut: LeftOut;
  readonly #answerer: Answerer;
  readonly #byId = new Map<string, DatabaseResource>();
  readonly #byHandle = new Map<number, DatabaseResource>();
  #encoder: RunEncoder | null = null;
  #subject: { readonly greetings: Greetings; readonly tenant: TenantId } | null = null;

  constructor(options: ReplicaDriverOptions) {
    this.#options = options;
    const { verifier, scheduler } = options.session;
    this.#delivery = new Delivery(verifier, options.events, options.input);
    this.#leftOut = new LeftOut({ verifier, scheduler, most: options.limits.leftOutBytes });
    this.#answerer = new Answerer({
      ...{ session: options.session, leftOut: this.#leftOut },
      tenant: () => this.#need().tenant,
      replicaAt: (handle) => this.#at(handle).replica,
    });
  }

  /** The handshake is over. */
  begin(greetings: Greetings, tenant: TenantId): void {
    this.#subject = { greetings, tenant };
  }

  /** Our user opens a database: its replica counts, and what the peer acknowledges is remembered. */
  watch({ replica, expected, isOwn }: OpenDatabase): void {
    const name = toHex(replica.database);
    const known = this.#byId.get(name);
    const resource = known?.handle != null ? known : new DatabaseResource(replica);
    this.#byId.set(name, resource);
    resource.watch(expected, isOwn);
  }

  /** Parts are missing here: the next vector asks for them. */
  ask(database: DatabaseId): void {
    this.#byId.get(toHex(database))?.ask();
  }

  /** Resolves when no append is under way. */
  idle(): Promise<void> {
    return this.#delivery.idle();
  }

  /** Carries out an effect; what comes of it is an input. */
  async perform(effect: ReplicaEffect): Promise<void> {
    switch (effect.type) {
      case "prepare":
        return await this.#prepare(effect);
      case "openReplicas":
        return await this.#open(effect);
      case "diff":
        return await this.#diff(effect);
      case "diffAssumed":
        return await this.#diffAssumed(effect.handle);
      case "compareDigest":
        return await this.#compare(effect);
      case "readPositions":
        return await this.#positions(effect);
      case "forget":
        return this.#forget(effect.handle);
      case "closed":
        this.#delivery.forget(effect.handle);
        this.#options.events.emit("closed", { database: effect.id });
        return;
      case "deliver":
        return this.#delivery.take(effect.handle, this.#at(effect.handle), effect.frame, effect.runs);
      default:
        return this.#note(effect);
    }
  }

  /** The frame of an effect; null when there is nothing to send after all. */
  async frame(effect: FrameEffect): Promise<Uint8Array | null> {
    switch (effect.type) {
      case "send":
        return encodeMessage(effect.message);
      case "sendVector": {
        const { vector, asks } = await this.#at(effect.handle).vectorToSend();
        return encodeVectorMessage({ ...effect, asks }, encodeVector(vector));
      }
      case "sendCaughtUp": {
        const { handle, position } = effect;
        const resource = this.#at(handle);
        const digest = this.#digest(resource.id, await resource.replica.vector());
        return encodeMessage({ type: "caughtUp", handle, position, digest });
      }
      case "sendSlice":
        return await this.#slice(effect);
      case "sendAnswer":
        return encodeMessage(await this.#answerer.answer(effect.question, effect.mayRead));
      default:
        return assertNever(effect);
    }
  }

  /** The parts that the peer gave. @throws SyncError PART_OTHER */
  checked(
    database: DatabaseId,
    places: readonly PartPlace[],
    parts: readonly (Uint8Array | null)[],
  ): Promise<readonly FetchedPart[]> {
    const resource = this.#byId.get(toHex(database));
    if (resource === undefined) throw new SyncError("DATABASE_CLOSED", "a database that was closed");
    return checkParts(this.#options.session.verifier, resource.replica, places, parts);
  }

  async #prepare({ handles, ids }: EffectOf<"prepare">): Promise<void> {
    const snapshots = [];
    for (const [index, handle] of handles.entries()) {
      const resource = this.#byId.get(toHex(ids[index] ?? new Uint8Array()));
      if (resource === undefined) throw new SyncError("UNKNOWN_DATABASE", "a database that was not opened");
      this.#attach(handle, resource);
      const position = await resource.replica.position();
      const asks = await resource.isAsking();
      const vector = await resource.replica.vector();
      resource.prepared = asks ? null : resource.assumed(vector);
      const digest =
        resource.prepared === null
          ? this.#options.session.random(DIGEST_BYTES) // fits no vector: the two differ, and vectors follow
          : this.#digest(resource.id, resource.prepared);
      snapshots.push({ position, digest, asks, isAhead: resource.prepared !== vector });
    }
    this.#options.input({ type: "prepared", handles, snapshots });
  }

  async #open({ first, handles, items, rights }: EffectOf<"openReplicas">): Promise<void> {
    const opened = [];
    for (const { handle, id, digest } of items) {
      const resource = this.#byId.get(toHex(id)) ?? (await this.#openFor(id, rights));
      if (resource === null) continue;
      this.#attach(handle, resource);
      const position = await resource.replica.position();
      const own = this.#digest(id, await resource.replica.vector());
      const asks = await resource.isAsking();
      opened.push({ handle, position, equal: !asks && equalBytes(own, digest), asks });
    }
    this.#options.input({ type: "replicasOpened", first, handles, opened });
  }

  async #openFor(id: DatabaseId, rights: EffectOf<"openReplicas">["rights"]): Promise<DatabaseResource | null> {
    const replica = await this.#options.session.open(this.#need().tenant, id, rights);
    if (replica === undefined) return null;
    const resource = new DatabaseResource(replica);
    this.#byId.set(toHex(id), resource);
    return resource;
  }

  async #diff({ handle, vector: theirs, asks }: EffectOf<"diff">): Promise<void> {
    const resource = this.#at(handle);
    const { replica } = resource;
    // The position comes first: what arrives in between is sent twice rather than not at all.
    const position = await replica.position();
    const { missing, forked, held } = diffVectors(await replica.vector(), theirs);
    const lost = lostHeads(resource.expected, theirs);
    const isExcused = asks && resource.isAskedFirst();
    if (isExcused && lost.length > 0) {
      resource.isProbed = true;
      this.#options.input({ type: "compare", database: resource.id }); // on its way before anything that follows from this
    }
    for (const { writer, was, now } of isExcused ? [] : lost) {
      this.#options.events.emit("rollback", { database: resource.id, writer, was, now });
      resource.forget(toHex(writer), now);
    }
    this.#acknowledged(resource, held);
    if (!asks && resource.isProbed) {
      resource.isProbed = false;
      return; // it is being sent more than that: what it asked for
    }
    this.#options.input({ type: "diffed", handle, position, missing, forked });
  }

  async #compare({ handle, digest }: EffectOf<"compareDigest">): Promise<void> {
    const resource = this.#at(handle);
    const position = await resource.replica.position();
    const vector = await resource.replica.vector();
    const assumed = resource.assumed(vector);
    const equal = [vector, assumed].find((held) => equalBytes(this.#digest(resource.id, held), digest));
    if (equal === vector) this.#acknowledged(resource, vector);
    const isAhead = equal !== undefined && equal !== vector;
    if (isAhead) resource.prepared = equal;
    this.#options.input({ type: "compared", handle, equal: equal !== undefined, isAhead, position });
  }

  /** The peer holds what it was taken to hold: it lacks the rest, and nothing is lacking here. */
  async #diffAssumed(handle: number): Promise<void> {
    const resource = this.#at(handle);
    const vector = resource.prepared ?? new Map();
    resource.prepared = null;
    await this.#diff({ type: "diff", handle, vector, asks: false });
  }

  async #positions({ fence, handles }: EffectOf<"readPositions">): Promise<void> {
    const resources = handles.map((handle) => this.#at(handle)); // now: a database may be closed while another is read
    const positions = [];
    for (const { replica } of resources) positions.push(await replica.position());
    this.#options.input({ type: "positions", fence, positions });
  }

  async #slice({ handle, source, wanted, lead }: EffectOf<"sendSlice">): Promise<Uint8Array | null> {
    const resource = this.#at(handle);
    const { sliceBytes } = this.#options.limits;
    resource.isReading = true;
    const { runs: read, result } = await readSlice(resource.replica, source, sliceBytes, resource.echoes);
    resource.isReading = false;
    // Looked at after reading: whatever these entries name was here before them.
    if (read.length > 0 && lead !== null && (await this.#positionOf(lead.handle)) > lead.sent) {
      this.#options.input({ type: "sliceHeld", handle, lead: lead.handle });
      return null;
    }
    const runs = wanted === null ? read : await this.#leftOut.of(read, wanted);
    if (result.type === "missing" && result.damaged) this.#options.events.emit("damaged", { database: resource.id });
    if (runs.length === 0) {
      this.#options.input({ type: "sliceRead", handle, result, frame: null });
      return null;
    }
    this.#encoder ??= new RunEncoder();
    const encoder = this.#encoder;
    const position = result.type === "tail" ? result.position : null;
    const frame = encodeEntriesMessage({ handle, position }, (writer) => encoder.write(writer, runs));
    const sent = runs.flatMap(({ writer, firstSeq, entries }) => {
      const last = entries.at(-1);
      return last === undefined ? [] : [{ writer, firstSeq, head: { seq: last.header.seq, id: last.id } }];
    });
    for (const { entries } of runs) resource.sentEntries += entries.length;
    resource.sentBytes += frame.length;
    this.#options.input({ type: "sliceRead", handle, result, frame: { bytes: frame.length, runs: sent } });
    resource.announceProgress(this.#options.events);
    return frame;
  }

  /** Of a database that may be closed by now: then nobody waits for it. */
  async #positionOf(handle: number): Promise<number> {
    return (await this.#byHandle.get(handle)?.replica.position()) ?? 0;
  }

  /** What is only remembered, or told to the user. */
  #note(
    effect: EffectOf<"forgetEchoes" | "peerEquals" | "acknowledged" | "peerLacks" | "peerRefused" | "announce">,
  ): void {
    const { events } = this.#options;
    const resource = this.#at(effect.handle);
    const database = resource.id;
    switch (effect.type) {
      case "forgetEchoes":
        // A read under way may return what was appended meanwhile, and has to know it when it does.
        if (!resource.isReading) resource.echoes.clear();
        break;
      case "peerEquals":
        this.#acknowledged(resource, resource.prepared ?? new Map());
        resource.prepared = null;
        break;
      case "acknowledged":
        this.#acknowledged(resource, effect.vector);
        break;
      case "peerLacks": {
        const { writer, have } = effect;
        const was = resource.expected.get(toHex(writer))?.seq ?? -1;
        if (was < have) break;
        events.emit("rollback", { database, writer, was, now: have - 1 });
        resource.forget(toHex(writer), have - 1);
        break;
      }
      case "peerRefused":
        events.emit("refused", { database, writer: effect.writer, code: effect.code, by: "peer" });
        break;
      case "announce":
        if (effect.event.type === "unknown") events.emit("unknown", { database });
        else events.emit("caughtUp", { database, position: effect.event.position });
        break;
      default:
        assertNever(effect);
    }
  }

  /** The handle that it had before is void: the peer did not have the database, or opened it at the same time. */
  #attach(handle: number, resource: DatabaseResource): void {
    if (resource.handle !== null) this.#byHandle.delete(resource.handle);
    resource.handle = handle;
    this.#byHandle.set(handle, resource);
  }

  /** Who opens the database again, on either side, does so with the replica there is then. */
  #forget(handle: number): void {
    const resource = this.#byHandle.get(handle);
    if (resource === undefined) return;
    this.#byHandle.delete(handle);
    this.#byId.delete(toHex(resource.id));
  }

  #acknowledged(resource: DatabaseResource, vector: Vector): void {
    if (vector.size === 0) return;
    resource.expect(vector);
    this.#options.events.emit("acknowledged", { database: resource.id, vector });
  }

  #digest(database: DatabaseId, vector: Vector): Uint8Array {
    return openDigest(this.#options.session.verifier, this.#need().greetings, database, vector);
  }

  #need(): { readonly greetings: Greetings; readonly tenant: TenantId } {
    if (this.#subject === null) throw new SyncError("UNEXPECTED_MESSAGE", "a database before admission");
    return this.#subject;
  }

  #at(handle: number): DatabaseResource {
    const resource = this.#byHandle.get(handle);
    if (resource === undefined) throw new SyncError("UNEXPECTED_MESSAGE", "a database that is not open");
    return resource;
  }
}
