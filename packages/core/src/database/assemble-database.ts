import { type DatabaseId, type EntryId, entryType, toHex } from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { Documents } from "../document/documents.ts";
import { Shelf } from "../document/shelf.ts";
import { CoreError } from "../errors.ts";
import { Events } from "../events.ts";
import { adoptJournal } from "../journal/adopt-journal.ts";
import { Journal } from "../journal/journal.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { type Delivery, Ingest } from "../replica/ingest.ts";
import { SyncedReplica } from "../replica/synced-replica.ts";
import { Serial } from "../serial.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import { WriterChain } from "../writer/writer-chain.ts";
import type { DatabaseEvents } from "./database.ts";
import { FlushTimer } from "./flush-timer.ts";
import { LocalWrites } from "./local-writes.ts";
import { OpenDatabase } from "./open-database.ts";

/** What a database needs of its tenant. */
export interface DatabaseHost {
  readonly context: TenantContext;
  view(): DirectoryView;
  /** This device's own admission. @throws CoreError DIRECTORY_UNKNOWN */
  self(): Admission;
  directoryKey(): KeyVersion;
  defaultKeyId(): Uint8Array;
  frontier(): readonly EntryId[];
  /** Entries were sealed: connections send them. */
  announce(database: DatabaseId): void;
  online(): boolean;
  closed(name: string): void;
}

/** An open database with the handles its tenant moves it by. */
export interface Assembled {
  readonly database: OpenDatabase<object>;
  readonly replica: SyncedReplica;
  /** The directory or the keys changed. */
  reconsider(): Promise<void>;
}

/** Builds an open database from the store up: entries and journal are read, judged, opened and indexed before it resolves. */
export async function assembleDatabase(host: DatabaseHost, name: string, id: DatabaseId): Promise<Assembled> {
  const { platform, tenant, store, local, ring, keys } = host.context;
  const { crypto } = platform;
  const entries = store.entries(tenant, id);
  const events = new Events<DatabaseEvents>(platform.report);
  const documents = new Documents(crypto, id, (item) => events.emit("quarantined", item));
  const shelf = new Shelf(platform);
  const working = new Serial();
  const keyOf = (keyId: Uint8Array): KeyVersion => {
    const version = ring.current(keyId);
    if (version === undefined) throw new CoreError("KEY_UNKNOWN", "this device does not hold the key to seal under");
    return version;
  };

  let fresh = new Map<DocumentRecord, Uint8Array[]>();
  const deliver = (deliveries: readonly Delivery[]): void => {
    for (const [record, changes] of documents.receive(deliveries)) fresh.set(record, [...(fresh.get(record) ?? []), ...changes]);
  };
  const show = async (): Promise<void> => {
    const news = fresh;
    fresh = new Map();
    for (const [record, changes] of news) {
      await shelf.apply(record, changes);
      events.emit("change", { id: record.name });
    }
  };
  const ingest = new Ingest({
    crypto,
    tenant,
    database: id,
    entries,
    ring,
    judge: (writer, certificate) => host.view().judge({ database: id, writer, certificate }),
    deliver,
    quarantine: (entry, user, reason) => events.emit("quarantined", { entryId: toHex(entry.id), user, reason }),
  });

  const chain = await WriterChain.open({
    crypto,
    tenant,
    database: id,
    type: entryType.change,
    entries,
    local,
    instance: store.instance,
    deviceSecret: keys.deviceSecret,
    deviceKey: keys.device,
    admission: () => host.self().id as Exclude<Admission["id"], "root">,
    directoryKey: host.directoryKey,
  });
  const journal = await Journal.open(store, local, id);
  const replica: SyncedReplica = new SyncedReplica(entries, {
    flush: () => writes.flush(),
    applied: (runs) => working.run(() => ingest.run(runs).then(show)).catch(platform.report),
  });
  const timer = new FlushTimer(platform, () => writes.flush());
  const writes = new LocalWrites({
    platform,
    tenant,
    database: id,
    store,
    chain,
    journal,
    documents,
    frontier: host.frontier,
    keyOf,
    onSealed: (run) => {
      ingest.own(run, host.self());
      host.announce(id);
    },
    onJournalled: () => {
      if (host.online()) timer.start();
    },
  });

  await ingest.all();
  await adoptJournal(crypto, journal, chain, documents);
  fresh.clear();
  const database = new OpenDatabase<object>({
    name,
    id,
    platform,
    documents,
    shelf,
    writes,
    chain,
    replica,
    events,
    keyId: host.defaultKeyId,
    keyOf,
    mayWrite: () => {
      if (host.self().role === "reader") throw new CoreError("WRITE_NOT_ALLOWED", "a reader can't change documents");
    },
    close: async () => {
      timer.stop();
      await writes.flush();
      await working.idle();
      await shelf.close();
      host.closed(name);
    },
  });
  return { database, replica, reconsider: () => working.run(() => ingest.reconsider().then(show)) };
}
