import { type DatabaseId, entryType, type Part, toHex, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { openCold } from "../cold/cold.ts";
import type { Projector } from "../cold/projector.ts";
import { PartNames } from "../directory/purges.ts";
import { ChangeAuthors } from "../document/change-authors.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import { quarantinedIn } from "../document/document-state.ts";
import { CoreError } from "../errors.ts";
import { Events } from "../events.ts";
import type { ChangeFeed } from "../feed/change-feed.ts";
import { isHold } from "../hold-code.ts";
import { Journal } from "../journal/journal.ts";
import { MissingParts } from "../replica/missing-parts.ts";
import { NamedEntries } from "../replica/named-entries.ts";
import type { Quarantined } from "../replica/quarantine.ts";
import { ReadableParts } from "../replica/readable-parts.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import type { VectorClaims } from "../replica/vector-claims.ts";
import { missingPart } from "../tenant/missing-part.ts";
import { openOwnChain } from "../tenant/own-chain.ts";
import { requireKey } from "../tenant/statement-work.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import { ChangeSources } from "./change-sources.ts";
import { DailyVector } from "./daily-vector.ts";
import type { DatabaseEvents } from "./database.ts";
import type { DatabaseHost } from "./database-host.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { FlushTimer } from "./flush-timer.ts";
import { goingOn, type Tell } from "./going-on.ts";
import { KeyRights } from "./key-rights.ts";
import type { Loading } from "./loading.ts";
import { LocalWrites } from "./local-writes.ts";
import { claimsOf } from "./of-host.ts";
import { OpenDatabase } from "./open-database.ts";
import { feedOf, newDocuments } from "./open-documents.ts";
import { purgesOf } from "./purges.ts";
import { ReceivedChanges } from "./received-changes.ts";
import { sayUnsealed } from "./reissue.ts";
import { type ReplicaParts, replicaOf } from "./replica-of.ts";

/** An open database with the handles its tenant moves it by. */
export interface Assembled<Opened = OpenDatabase<object>> {
  readonly database: Opened;
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
    ...{ isLeaving: () => renewal.isDue, mustLeave: () => renewal.look(), ownWait: () => void (isOpen && renew()) },
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
  const { loading, early, projector, currentRows } = await openCold({
    ...{ ...shown, context, view: view(), entries, journal, missing, received, takeUp, snapshots },
    ...{ load: (pause) => received.load(pause), author: () => host.self().name, writer: own },
  });
  const replica = replicaOf(host, entries, { daily, named, missing, received, readable, writes, loading, journal });
  const sources = new ChangeSources({ documents, received, journal, own, self: host.self });
  const feed = feedOf(host, entries, { ...shown, sources, journal, writes, missing, received });
  const database = databaseOf(host, received, {
    ...{ ...shown, name, id, ownChanges, writes, chain, replica, sources, feed, loading, early, currentRows, purges },
    close: () => {
      const parts = [daily, writes, claims, received, feed, shelf];
      return closeAll({ host, timer, loading, early, journal, writes, projector, feed, parts }, () => {
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
  return online() && held(id) === null;
}

/** The rest of its parts follows from the tenant, and from whose chains came. */
function databaseOf(
  host: DatabaseHost,
  received: ReceivedChanges,
  parts: Omit<
    DatabaseParts,
    "platform" | "derived" | "keyId" | "held" | "view" | "self" | "writers" | "mayWrite" | "now" | "waitFor"
  >,
): OpenDatabase<object> {
  const { context, view, self } = host;
  const derived = context.derived.of(parts.id);
  const all: DatabaseParts = {
    ...{ ...parts, platform: context.platform, view, self, derived },
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
  readonly host: Pick<DatabaseHost, "closed" | "context">;
  readonly timer: FlushTimer;
  readonly projector: Projector;
  readonly feed: ChangeFeed;
  readonly journal: Pick<Journal, "isEmpty">;
  readonly parts: readonly { close(): Promise<void> }[];
}

/** Seals what can be sealed, and keeps what the documents show; of one that was not loaded, and not edited, nothing has changed. */
async function closeAll(at: Closing, end: () => void): Promise<void> {
  const { host, timer, loading, early, writes, projector, feed, parts } = at;
  timer.stop();
  if (early?.isEditable === true && !at.journal.isEmpty) await loading.whole().catch(() => undefined); // what was edited stays in the journal
  await loading.stop();
  try {
    if (loading.isDone) await flushLast(writes);
    if (loading.isDone) await projector.close();
    if (loading.isDone) await feed.mark().catch(host.context.platform.report);
  } finally {
    end();
    for (const part of parts) await part.close();
    await early?.shelf.close();
    host.closed();
  }
}

async function dueParts(
  { context, alarm, view }: DatabaseHost,
  entries: EntryStore,
): Promise<Pick<ReplicaParts, "readable" | "missing">> {
  const isReadable = context.parts === "readable";
  const readable = isReadable ? await ReadableParts.of(context.ring, entries.database) : null;
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

/** Whether all entries are read, once they are: not of a database that was closed before. */
async function hasLoaded(loading: Loading): Promise<boolean> {
  if (!loading.isDone) await loading.whole().catch(() => undefined); // whoever opened it hears why
  return loading.isDone;
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

function mayWrite(host: DatabaseHost): void {
  if (host.self().role === "reader") throw new CoreError("WRITE_NOT_ALLOWED", "a reader can't change documents");
}
