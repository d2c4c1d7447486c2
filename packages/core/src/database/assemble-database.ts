import {
  type DatabaseId,
  type EntryId,
  entryType,
  type Part,
  toHex,
  type VerifiedEntry,
  type WriterKey,
} from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { openCold } from "../cold/cold.ts";
import type { Projector } from "../cold/projector.ts";
import { Snapshots } from "../cold/snapshots.ts";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { PartNames } from "../directory/purges.ts";
import { ChangeAuthors } from "../document/change-authors.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import { type DocumentState, quarantinedIn } from "../document/document-state.ts";
import { Documents } from "../document/documents.ts";
import { OwnChanges } from "../document/own-changes.ts";
import { Purged } from "../document/purged.ts";
import { ReplacedChanges } from "../document/replaced-changes.ts";
import { type AuthorsOf, Shelf } from "../document/shelf.ts";
import { WaitingChanges } from "../document/waiting-changes.ts";
import { CoreError } from "../errors.ts";
import { Events } from "../events.ts";
import { ChangeFeed, type ChangeFeedContext } from "../feed/change-feed.ts";
import { type HoldCode, isHold } from "../hold-code.ts";
import { adoptJournal } from "../journal/adopt-journal.ts";
import { Journal } from "../journal/journal.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { MissingParts } from "../replica/missing-parts.ts";
import { NamedEntries } from "../replica/named-entries.ts";
import { Quarantine, type Quarantined } from "../replica/quarantine.ts";
import { ReadableParts } from "../replica/readable-parts.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import { VectorClaims } from "../replica/vector-claims.ts";
import type { DirectoryClaim } from "../tenant/directory-claims.ts";
import { missingPart } from "../tenant/missing-part.ts";
import { type ChainOwner, openOwnChain } from "../tenant/own-chain.ts";
import { requireKey } from "../tenant/statement-work.ts";
import type { Alarm } from "../tenant/tenant.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import { ChangeSources } from "./change-sources.ts";
import { DailyVector } from "./daily-vector.ts";
import type { DatabaseEvents } from "./database.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { FlushTimer } from "./flush-timer.ts";
import { KeyRights } from "./key-rights.ts";
import type { Loading } from "./loading.ts";
import { LocalWrites, type WriteChecks } from "./local-writes.ts";
import { OpenDatabase } from "./open-database.ts";
import type { PurgeHost } from "./purge-host.ts";
import { purgesOf } from "./purges.ts";
import { type GoOn, ReceivedChanges } from "./received-changes.ts";
import { Reissue, sayUnsealed } from "./reissue.ts";
import { Renewal, type RenewalContext } from "./renewal.ts";
import { type ReplicaParts, replicaOf } from "./replica-of.ts";

/** What a database needs of its tenant. */
export interface DatabaseHost extends ChainOwner {
  /** The tenant's. */
  readonly directory: SyncedReplica | null;
  view(): DirectoryView;
  defaultKeyId(): Uint8Array;
  /** What has to be right before something is sealed in the database of this name. */
  writeCheck(name: string): WriteChecks;
  /** The version of a key to seal under now. @throws CoreError KEY_UNKNOWN */
  keyOf(keyId: Uint8Array): KeyVersion;
  frontier(): readonly EntryId[];
  /** Entries were sealed: connections send them. */
  announce(database: DatabaseId): void;
  online(): boolean;
  /** Brings in what others have. @returns whether somebody was reached */
  catchUp(): Promise<boolean>;
  /** Why what is written in a database stays in its journal, unsealed. Null when it is sealed. */
  held(database: DatabaseId): HoldCode | null;
  /** An entry that counts names directory heads. */
  heardOfDirectory(claim: DirectoryClaim): Promise<void>;
  /** What others have seen is not what is here. */
  alarm(alarm: Alarm): void;
  /** Entries came that fork from those that the store holds. */
  forked(entries: EntryStore, theirs: readonly VerifiedEntry[]): Promise<void>;
  readonly purging: PurgeHost;
  /** Less of a chain is here than there seemed to be: connections find out what is missing. */
  compare(database: DatabaseId): void;
  closed(): void;
}

/** An open database with the handles its tenant moves it by. */
export interface Assembled {
  readonly database: OpenDatabase<object>;
  readonly replica: SyncedReplica;
  /** Resolves when all entries are read. @throws CoreError CLOSED */
  loaded(): Promise<void>;
  /** Seals what the journal holds. */
  flush(): Promise<void>;
  /** The directory or the keys changed. */
  reconsider(): Promise<void>;
  /** Something was purged from the store, or may come again. */
  purge(): void;
  /** What waited in the journal may be sealed. */
  resume(): void;
  /** Builds documents anew, because something of the chains that touch them counts no more, or counts again. */
  rebuild(documents: Iterable<DocId>): Promise<void>;
  /** What counts for nothing. */
  quarantined(): Iterable<Quarantined>;
}

/** Announces later: who opens the database has no listener yet. */
type Tell = <Type extends keyof DatabaseEvents>(type: Type, event: DatabaseEvents[Type]) => void;

/** Builds an open database from the store up: entries and journal are read, judged, opened and gated before it resolves. */
export async function assembleDatabase(host: DatabaseHost, name: string, id: DatabaseId): Promise<Assembled> {
  const { context, view } = host;
  const { platform, tenant, store, local } = context;
  const entries = store.entries(tenant, id);
  const events = new Events<DatabaseEvents>(platform.report);
  const { state, documents, ownChanges, shelf, snapshots } = newDocuments(host, id, events, () => ({ authors, own }));
  const rights = new KeyRights(view);
  const mayUse = (keyId: Uint8Array): boolean => rights.take(host.self(), keyId);
  // Who connected before sends what is missing now.
  const named = new NamedEntries(() => host.compare(id));
  const { readable, missing } = await dueParts(host, entries);
  const own = (): WriterKey | null => chain.current;
  const daily = await DailyVector.open({ context, database: id, own, self: host.self, say: () => writes.say() });
  let isOpen = false;
  const received: ReceivedChanges = new ReceivedChanges({
    ...{ context, database: id, entries, state, shelf, events, rights, named, missing, readable, view, own },
    ...{ seen: daily.seen, hasAside: (names) => journal.aside.some((row) => names.has(docIdOf(row))) },
    ownWait: () => void (isOpen && renew()),
    lacking: () => (isOpen ? reissue.lacking : new Map()),
    sayUnsealed: (some) => sayUnsealed(some, journal.rows, toHex(context.keys.device.publicKey)),
    heard: (heads) => claims.take(heads),
    heardOfDirectory: (claim) => host.heardOfDirectory(claim),
  });
  const authors: ChangeAuthors = new ChangeAuthors({ documents, known: received, own, self: host.self });
  const claims: VectorClaims = claimsOf(host, entries, received);
  const chain: WriterChain = await openOwnChain(host, id, entryType.change, daily.seen);
  const journal = await Journal.open(store, local, { database: id, report: platform.report });
  const tell: Tell = (type, event) => void platform.scheduler.after(0, () => events.emit(type, event));
  const { renewal, reissue, adopt } = goingOn(host, { id, chain, journal, received, mayUse, tell });
  const timer = new FlushTimer(platform, view, () => writes.flush());
  const resume = () => void (isOpen && !journal.isEmpty && mayFlush(host, id) && timer.start());
  // Nobody waits for it: an edit, or a flush, may be what changed the directory.
  const renew = () =>
    void writes.exclusively(async () => (isOpen ? renewal.run() : undefined)).then(resume, platform.report);
  const writes: LocalWrites = new LocalWrites({
    ...{ platform, tenant, store, chain, journal, ownChanges, mayUse },
    frontier: host.frontier,
    keyOf: host.keyOf,
    check: host.writeCheck(name),
    isLeaving: () => renewal.isDue,
    setAside: () => renewal.setAside(),
    onSealed: (sealed) => {
      received.own.took(sealed, host.self);
      daily.look();
      host.announce(id);
      if (sealed.admission !== null && renewal.look()) renew(); // it ended before it was known
    },
    onJournalled: resume,
  });
  const purges = purgesOf(host, entries, { state, journal, received, writes, tell });
  const takeUp = async (handOver: () => Promise<void>): Promise<void> => {
    await writes.exclusively(async () => {
      await (renewal.look() ? renewal.run() : adopt(state, null));
      isOpen = true;
      await handOver();
    });
    purges.begin();
    renewal.bar();
    daily.look();
    if (early !== null) resume();
  };
  const shown = { documents, shelf, events };
  const { loading, early, projector } = await openCold({
    ...{ ...shown, context, view: view(), entries, journal, missing, received, takeUp, snapshots },
    ...{ load: (pause) => received.load(pause), author: () => host.self().name, writer: own },
  });
  const replica = replicaOf(host, entries, { daily, named, missing, received, readable, writes, loading, journal });
  const sources = new ChangeSources({ documents, received, journal, own, self: host.self });
  const feed = feedOf(host, id, { ...shown, sources });
  const database = databaseOf(host, received, {
    ...{ ...shown, name, id, platform, ownChanges, writes, chain, replica, sources, feed, loading, early, purges },
    close: () => {
      const parts = [daily, writes, claims, received, feed, shelf];
      return closeAll({ host, timer, loading, early, journal, writes, projector, parts }, () => {
        isOpen = false; // what is due then is done when it is opened again
      });
    },
  });
  await (early === null ? loading.whole() : loading.begin());
  return {
    ...{ database, replica, resume, loaded: () => loading.whole(), flush: () => replica.flush() },
    reconsider: async () => {
      if (!(await hasLoaded(loading))) return;
      const isDue = renewal.look();
      await received.reconsider();
      replica.reconsider();
      projector.judged();
      feed.look();
      purges.begin();
      if (isDue || renewal.isFreed) renew();
    },
    ...{ purge: () => void (isOpen && purges.begin()), quarantined: () => quarantinedIn(state) },
    rebuild: async (names) => void ((await hasLoaded(loading)) && (await received.rebuild(names))),
  };
}

function mayFlush({ held, online }: DatabaseHost, id: DatabaseId): boolean {
  return held(id) === null && online();
}

/** The rest of its parts follows from the tenant, and from whose chains came. */
function databaseOf(
  host: DatabaseHost,
  received: ReceivedChanges,
  parts: Omit<
    DatabaseParts,
    "derived" | "keyId" | "held" | "view" | "self" | "writers" | "mayWrite" | "now" | "waitFor"
  >,
): OpenDatabase<object> {
  const { view, self } = host;
  const derived = host.context.derived.of(parts.id);
  const all: DatabaseParts = {
    ...{ ...parts, view, self, derived },
    close: async () => {
      derived.close();
      await parts.close();
    },
    now: () => all,
    waitFor: (work) => work,
    keyId: (name) => (name === undefined ? host.defaultKeyId() : requireKey(view(), name).keyId),
    held: () => host.held(parts.id),
    writers: () => received.writers(),
    mayWrite: () => mayWrite(host),
  };
  return OpenDatabase.untyped(all);
}

interface Closing extends Pick<DatabaseParts, "loading" | "early" | "writes"> {
  readonly host: Pick<DatabaseHost, "closed">;
  readonly timer: FlushTimer;
  readonly projector: Projector;
  readonly journal: Pick<Journal, "isEmpty">;
  readonly parts: readonly { close(): Promise<void> }[];
}

/** Seals what can be sealed, and keeps what the documents show; of one that was not loaded, and not edited, nothing has changed. */
async function closeAll(at: Closing, end: () => void): Promise<void> {
  const { host, timer, loading, early, writes, projector, parts } = at;
  timer.stop();
  if (early?.isEditable === true && !at.journal.isEmpty) await loading.whole().catch(() => undefined); // what was edited stays in the journal
  await loading.stop();
  try {
    if (loading.isDone) await flushLast(writes);
    if (loading.isDone) await projector.close();
  } finally {
    end();
    for (const part of parts) await part.close();
    await early?.shelf.close();
    host.closed();
  }
}

interface GoingOn extends Pick<RenewalContext, "chain" | "journal" | "mayUse"> {
  readonly id: DatabaseId;
  readonly received: ReceivedChanges;
  readonly tell: Tell;
}

/** What becomes of what this device made and did not send, or made on what counts no more. */
function goingOn(
  host: DatabaseHost,
  at: GoingOn,
): {
  readonly renewal: Renewal;
  readonly reissue: Reissue;
  readonly adopt: GoOn;
} {
  const { id, chain, journal, received, mayUse, tell } = at;
  const { platform, keys } = host.context;
  const purged = () => new Purged(host.view().purges.get(toHex(id)));
  const adopt: GoOn = async (state, names) => {
    const { documents, waiting } = state;
    const held = await adoptJournal({
      ...{ verifier: platform.crypto, journal, chain, documents, report: platform.report },
      ownChanges: new OwnChanges(documents, waiting),
      purged: purged(),
      isLost: (keyId) => renewal.isLost(keyId),
      refused: (event) => tell("setAside", event),
    });
    await reissue.run(state, names);
    if (journal.aside.some((row) => held.has(docIdOf(row))))
      platform.report(
        new CoreError("JOURNAL_WAITING", "changes wait for entries that this store has lost: sync, then open again"),
      );
  };
  const renewal: Renewal = new Renewal({ host, chain, journal, received, mayUse, adopt, tell });
  const reissue = new Reissue({
    ...{ platform, journal, chain, tell, purged, device: toHex(keys.device.publicKey), frontier: host.frontier },
    mayWrite: (keyId) => renewal.mayWrite(keyId),
    lost: (state, names) => received.lost(state, names),
    beyond: () => received.own.lost(),
  });
  return { renewal, reissue, adopt };
}

async function dueParts(
  { context, alarm, view }: DatabaseHost,
  entries: EntryStore,
): Promise<Pick<ReplicaParts, "readable" | "missing">> {
  const readable = context.parts === "readable" ? await ReadableParts.of(context.ring, entries.database) : null;
  const missing = new MissingParts({
    entries,
    // SECURITY: B10. Nothing explains a hole but a purge that counts and names it (purge.test.ts "B10 ...").
    isMissing: (entry) => {
      const purged = PartNames.of(view().purges.get(toHex(entries.database)) ?? []);
      const isHole = (part: Part, index: number): boolean =>
        part.type === "hole" && readable?.has(entry, part) !== false && !purged.has(entry.id, index);
      return entry.parts.some(isHole);
    },
    isAlarming: readable === null,
    alarm: (entry) => alarm(missingPart(entry)),
  });
  return { readable, missing };
}

/** Documents as they begin, and the ways of changes into them and to whoever reads them. */
function newDocuments(
  { context: { platform, documentMemory, store, local }, view }: DatabaseHost,
  id: DatabaseId,
  events: Events<DatabaseEvents>,
  later: () => { readonly authors: ChangeAuthors; own(): WriterKey | null },
) {
  const { crypto } = platform;
  const purged = new Purged(view().purges.get(toHex(id)));
  const quarantine = new Quarantine((item) => events.emit("quarantined", item));
  const [documents, waiting] = [new Documents(crypto, purged), new WaitingChanges(crypto)];
  const state: DocumentState = { documents, waiting, replaced: new ReplacedChanges(crypto), quarantine };
  const snapshots = new Snapshots({ database: id, store, local });
  const saved = { snapshots, histories: documents.histories };
  const authorsOf: AuthorsOf = (record, changes) => later().authors.of(record, changes);
  const shelf = new Shelf(platform, authorsOf, { memory: documentMemory, saved, writer: () => later().own() });
  return { state, documents, ownChanges: new OwnChanges(documents, waiting), shelf, snapshots };
}

/** Whether all entries are read, once they are: not of a database that was closed before. */
async function hasLoaded(loading: Loading): Promise<boolean> {
  if (!loading.isDone) await loading.whole().catch(() => undefined); // whoever opened it hears why
  return loading.isDone;
}

/** Null for a device that is out. */
function stillSelf(self: DatabaseHost["self"]): Admission | null {
  try {
    return self();
  } catch (error) {
    if (error instanceof CoreError && error.code === "DEVICE_REVOKED") return null;
    throw error;
  }
}

function feedOf(
  { context, view, self }: DatabaseHost,
  database: DatabaseId,
  parts: Pick<ChangeFeedContext, "documents" | "shelf" | "events" | "sources">,
): ChangeFeed {
  const { platform, ring, store, local } = context;
  return new ChangeFeed({
    ...{ ...parts, database, ring, store, local, view },
    random: (length) => platform.crypto.randomBytes(length),
    pause: () => new Promise((resolve) => platform.scheduler.after(0, resolve)),
    isEntitled: (keyId) => {
      const own = stillSelf(self);
      return own && view().isEntitled(view().admission(own.id) ?? own, keyId);
    },
  });
}

/** What it cannot seal stays in the journal. */
async function flushLast(writes: LocalWrites): Promise<void> {
  try {
    await writes.flush();
  } catch (error) {
    // A device that is out seals nothing any more; one that may be out does not either.
    if (!isHold(error) && !(error instanceof CoreError && error.code === "DEVICE_REVOKED")) throw error;
  }
}

function claimsOf(host: DatabaseHost, entries: EntryStore, received: ReceivedChanges): VectorClaims {
  return new VectorClaims({
    platform: host.context.platform,
    entries,
    isBeyond: (writer, seq) => received.isBeyond(writer, seq),
    online: host.online,
    catchUp: host.catchUp,
    alarm: (code, at) => host.alarm({ code, database: toHex(entries.database), ...at, writer: toHex(at.writer) }),
  });
}

function mayWrite(host: DatabaseHost): void {
  if (host.self().role === "reader") throw new CoreError("WRITE_NOT_ALLOWED", "a reader can't change documents");
}
