import { type DatabaseId, partKind, toHex, toldPlaces, type VerifiedEntry, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { Assembled } from "../database/assemble-database.ts";
import type { DatabaseEvents } from "../database/database.ts";
import type { DatabaseHost } from "../database/database-host.ts";
import { KeyRights } from "../database/key-rights.ts";
import { claimsOf, entitlementOf } from "../database/of-host.ts";
import { isOf } from "../directory/admission.ts";
import { PartNames } from "../directory/purges.ts";
import type { DocId } from "../document/doc-id.ts";
import { type DocumentState, quarantinedIn } from "../document/document-state.ts";
import { Documents } from "../document/documents.ts";
import { Purged } from "../document/purged.ts";
import type { Rights } from "../document/received-parts.ts";
import { ReplacedChanges } from "../document/replaced-changes.ts";
import { WaitingChanges } from "../document/waiting-changes.ts";
import { Events } from "../events.ts";
import { hexOf } from "../hex.ts";
import { EntryRoom, MOST_BEYOND, MOST_CHAINS, MOST_OF_STRANGERS } from "../replica/entry-room.ts";
import { MissingParts } from "../replica/missing-parts.ts";
import { NamedEntries } from "../replica/named-entries.ts";
import { Quarantine } from "../replica/quarantine.ts";
import { ReadableParts } from "../replica/readable-parts.ts";
import { SetBack } from "../replica/set-back.ts";
import { SyncedReplica } from "../replica/synced-replica.ts";
import type { VectorClaims } from "../replica/vector-claims.ts";
import { missingPart } from "../tenant/missing-part.ts";
import { PartCache } from "./part-cache.ts";
import { RemoteChains } from "./remote-chains.ts";
import { OpenRemoteDatabase, type RemoteParts, readDocuments } from "./remote-database.ts";
import { RemoteFeed } from "./remote-feed.ts";
import { RemoteIndex } from "./remote-index.ts";
import { RemoteReader } from "./remote-reader.ts";

/** Builds a database that is read through others: the entries that are here are judged, and what they say of documents is known, before it resolves. */
export async function assembleRemote(
  host: DatabaseHost,
  { name, id, cacheBytes }: { readonly name: string; readonly id: DatabaseId; readonly cacheBytes: number },
): Promise<Assembled<OpenRemoteDatabase<object>>> {
  const { context, view } = host;
  const { platform, tenant, store, local, ring } = context;
  const entries = store.entries(tenant, id);
  const events = new Events<DatabaseEvents>(platform.report);
  const state = withoutDocuments(host, id, events);
  const { documents, quarantine } = state;
  const rights = new KeyRights(view);
  const named = new NamedEntries(() => host.compare(id));
  const readable = await ReadableParts.of(ring, id, { contentsOnly: true });
  const missing = missingOf(host, entries, readable);
  const isPurged = (document: DocId): boolean => documents.purged.has(document);
  const of: Rights = {
    of: (admission, keyId) => rights.of(admission, keyId),
    deviceOf: (writer) => hexOfDevice(chains.admissionOf(writer)?.device),
  };
  const index = new RemoteIndex({
    ...{ verifier: platform.crypto, isPurged },
    counts: (writer, keyId) => {
      const author = chains.admissionOf(writer);
      return author !== null && author.role !== "reader" && rights.of(author, keyId);
    },
  });
  const changed = (names: ReadonlySet<DocId>): void => {
    for (const document of names) events.emit("change", { id: document });
  };
  const claims: VectorClaims = claimsOf(host, entries, { isBeyond: (writer, seq) => chains.isBeyond(writer, seq) });
  const chains: RemoteChains = new RemoteChains({
    ...{ context, entries, rights, named, missing, readable, quarantine, index, view },
    heard: (heads) => claims.take(heads),
    heardOfDirectory: (claim) => host.heardOfDirectory(claim),
    changed,
  });
  const cache = new PartCache({ database: id, store, local, budget: cacheBytes, report: platform.report });
  const reader = new RemoteReader({
    ...{ crypto: platform.crypto, ring, entries, index, cache, state, rights: of },
    admissionOf: (writer) => chains.admissionOf(writer),
    fetch: (parts) => host.fetch(id, parts),
    found: changed,
    missing: (entry) => missing.announce(entry),
  });
  const shelf = { automerge: automergeOf(platform) };
  const feed: RemoteFeed = new RemoteFeed({
    ...{ platform, database: id, store, local, events, index, ring, view, isPurged, isEntitled: entitlementOf(host) },
    random: (length) => platform.crypto.randomBytes(length),
    read: (names) => readDocuments(parts, names),
  });
  const parts: RemoteParts = {
    ...{ name, ground: { platform, shelf }, events, documents, index, reader, feed: () => feed },
    close: async () => {
      for (const part of [claims, chains, feed, cache]) await part.close();
      host.closed();
    },
  };
  await chains.load();
  await dropPurged(documents.purged, cache);
  const reached = (): void => {
    reader.reached();
    feed.look();
  };
  const replica = replicaOf(host, entries, { named, missing, readable, chains, reached });
  return {
    ...{ database: OpenRemoteDatabase.untyped(parts), replica, loaded: async () => undefined },
    flush: async () => undefined,
    resume: () => undefined,
    reconsider: async () => {
      const moved = documents.purged.move(view().purges.get(toHex(id)) ?? []);
      await chains.reconsider();
      if (moved.length > 0) await dropPurged(documents.purged, cache);
      replica.reconsider();
      feed.look();
    },
    purge: () => undefined,
    rebuild: () => chains.reconsider(),
    quarantined: () => quarantinedIn(state),
  };
}

/** What counts for nothing is remembered, and what is dead; documents are made when they are read. */
function withoutDocuments(
  { context: { platform }, view }: DatabaseHost,
  id: DatabaseId,
  events: Events<DatabaseEvents>,
): DocumentState {
  const { crypto } = platform;
  return {
    documents: new Documents(crypto, new Purged(view().purges.get(toHex(id)))),
    waiting: new WaitingChanges(crypto),
    replaced: new ReplacedChanges(crypto),
    quarantine: new Quarantine((item) => events.emit("quarantined", item)),
  };
}

/** What is not sent in the place of contents is missing like in any replica. SECURITY: B10 (remote-database.test.ts). */
function missingOf({ view, alarm }: DatabaseHost, entries: EntryStore, readable: ReadableParts): MissingParts {
  return new MissingParts({
    entries,
    isMissing: (entry: VerifiedEntry) => {
      const purged = PartNames.of(view().purges.get(toHex(entries.database)) ?? []);
      const told = toldPlaces(entry);
      return entry.parts.some((part, index) => {
        if (part.type !== "hole" || (part.kind === partKind.change && told.has(part.table))) return false;
        return readable.has(entry, part) && !purged.has(entry.id, index);
      });
    },
    isAlarming: false,
    alarm: (entry) => alarm(missingPart(entry)),
  });
}

interface ReplicaParts {
  readonly named: NamedEntries;
  readonly missing: MissingParts;
  readonly readable: ReadableParts;
  readonly chains: RemoteChains;
  reached(): void;
}

/** The database as sync sees it. */
function replicaOf(
  host: DatabaseHost,
  entries: EntryStore,
  { named, missing, readable, chains, reached }: ReplicaParts,
): SyncedReplica {
  const isOwn = (writer: WriterKey): boolean => isOf(chains.admissionOf(writer), host.context.keys.device.publicKey);
  const setBack = new SetBack({ database: entries.database, isOwn, alarm: host.alarm });
  const room = new EntryRoom({
    entries,
    authorsOf: (firsts) => chains.authorsOf(firsts),
    authorOf: (writer) => chains.admissionOf(writer),
    cut: (writer, author) => chains.cut(writer, author),
    most: () => ({ beyond: MOST_BEYOND, ofStrangers: MOST_OF_STRANGERS, chains: MOST_CHAINS }),
  });
  return new SyncedReplica(entries, {
    ...{ room, named, missing, isOwn, directory: host.directory, reached },
    compare: () => host.compare(entries.database),
    ready: () => null,
    flush: async () => undefined,
    applied: async (runs) => {
      await chains.apply(runs);
      setBack.received(runs);
    },
    forked: (theirs) => host.forked(entries, theirs),
    wants: async () => readable.wants(),
    replace: async (run, from) => {
      const result = await chains.replace(run, from);
      if (result !== null) host.compare(entries.database); // what follows was refused before
      return result;
    },
  });
}

/** P-10: what is gone for good is not kept here either. */
async function dropPurged({ purges }: Purged, cache: PartCache): Promise<void> {
  await cache.drop(purges.flatMap(({ parts }) => parts.map(({ entry, part }) => ({ entry, index: part }))));
}

function automergeOf({
  loadAutomerge,
}: DatabaseHost["context"]["platform"]): RemoteParts["ground"]["shelf"]["automerge"] {
  return async () => {
    await loadAutomerge();
    return import("../automerge/document.ts");
  };
}

const hexOfDevice = (device: Uint8Array | undefined): string | null => (device === undefined ? null : hexOf(device));
