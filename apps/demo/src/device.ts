import { type Client, type Connection, createClient, type Database, parseDocId, type Tenant } from "@selkie/client";
import type { VerifiedEntry } from "@selkie/entry";
import { booksOf } from "./books.ts";
import type { Contact } from "./contacts.ts";
import type { ContactList, Deeds, Met, Shown } from "./deeds.ts";
import { filesOf } from "./files.ts";

const DATABASE = "contacts";

const PATIENCE_MS = 30_000;

/** What a device learned of being out. */
interface Out {
  told: boolean;
  /** The code with which its connection ended for good. */
  ended: string | null;
  /** Resolves when it knows both. */
  readonly known: PromiseWithResolvers<void>;
}

/** What is open on a device at a time. */
interface Open {
  tenant: Tenant | null;
  contacts: Database<Contact> | null;
  line: Connection | null;
  readonly out: Out;
}

/** A person's device: it uses Selkie as an app would. */
export function deviceOf(client: Client): Deeds {
  const open: Open = {
    tenant: null,
    contacts: null,
    line: null,
    out: { told: false, ended: null, known: Promise.withResolvers<void>() },
  };
  return {
    ...membership(client, open),
    ...syncing(open),
    ...contacts(open),
    ...inspection(client, open),
    ...booksOf(client),
    ...filesOf(() => contactsOf(open)),
  };
}

function membership(
  client: Client,
  open: Open,
): Pick<Deeds, "found" | "askToJoin" | "approve" | "join" | "open" | "createKey" | "revoke" | "learnThatItIsOut"> {
  const take = (tenant: Tenant): Tenant => {
    const { out } = open;
    const look = (): void => {
      if (out.told && out.ended !== null) out.known.resolve();
    };
    tenant.on("revoked", () => {
      out.told = true;
      look();
    });
    tenant.on("sync", ({ status, error }) => {
      if (status !== "refused") return;
      out.ended = codeOf(error);
      look();
    });
    open.tenant = tenant;
    return tenant;
  };
  return {
    found: async (name, user, list) => {
      const tenant = take(await client.createTenant(name, { user }));
      open.contacts = await tenant.openDB<Contact>(DATABASE);
      return { tenant: tenant.id, imported: (await open.contacts.createDocuments(list)).length };
    },
    askToJoin: async (user, options) => {
      const request = await client.createJoinRequest(user, options);
      return { request: request.toString(), fingerprint: request.fingerprint };
    },
    approve: async (request, options) => {
      return (await tenantOf(open).directory.approveJoinRequest(request, options)).toString();
    },
    join: async (response) => {
      take(await client.joinTenant(response));
    },
    open: async (name) => {
      open.contacts = await take(await client.openTenant(name)).openDB<Contact>(DATABASE);
    },
    createKey: (name, share) => tenantOf(open).directory.createKey(name, { share }),
    revoke: async (user) => (await tenantOf(open).directory.revokeUser(user)).synced,
    learnThatItIsOut: async () => {
      const { out } = open;
      const patience = setTimeout(out.known.resolve, PATIENCE_MS);
      await out.known.promise;
      clearTimeout(patience);
      return { told: out.told, ended: out.ended };
    },
  };
}

function syncing(open: Open): Pick<Deeds, "connect" | "disconnect" | "synced" | "meetDisk"> {
  return {
    connect: async (url) => {
      open.line = await tenantOf(open).connect(url);
      open.contacts ??= await tenantOf(open).openDB<Contact>(DATABASE);
      await open.line.synced();
      return open.line.status;
    },
    disconnect: async () => {
      await open.line?.[Symbol.asyncDispose]();
      open.line = null;
    },
    synced: async () => {
      await open.line?.synced();
    },
    meetDisk: (disk, visit) => meetDisk(contactsOf(open), disk, visit),
  };
}

async function meetDisk(
  mine: Database<Contact>,
  disk: string,
  { password, tenant, late }: { password: string; tenant: string; late: string },
): Promise<Met> {
  await using visitor = await createClient({ store: disk, password });
  const theirs = await (await visitor.openTenant(tenant)).openDB<Contact>(DATABASE);
  const refused: string[] = [];
  const off = mine.on("quarantined", ({ reason }) => refused.push(reason));
  const { entries } = await mine.pullChangesFrom(theirs.getStore());
  off();
  await theirs.pullChangesFrom(mine.getStore());
  return { entries, refused, readable: (await theirs.findDocument(parseDocId(late))) !== undefined };
}

function contacts(open: Open): Pick<Deeds, "list" | "create" | "edit"> {
  return {
    list: async () => {
      const list = new Map<string, Shown>();
      for (const id of await contactsOf(open).getAllDocumentIds()) {
        const doc = await contactsOf(open).getDocument(id);
        list.set(id, { heads: doc.getHeads(), data: doc.getData() });
      }
      return list satisfies ContactList;
    },
    create: async (contact, key) =>
      (await contactsOf(open).createDocument(contact, key === undefined ? {} : { key })).id,
    edit: async (ids, { raise = 0, city }) => {
      for (const id of ids) {
        const doc = await contactsOf(open).getDocument(parseDocId(id));
        await contactsOf(open).changeDoc(doc, (draft) => {
          if (raise !== 0) draft.getData().revenue += raise;
          if (city !== undefined) draft.getData().city = city;
        });
      }
    },
  };
}

function inspection(client: Client, open: Open): Pick<Deeds, "countKeys" | "entry" | "clock"> {
  return {
    countKeys: async () => client.keyBag.keys().length,
    entry: () => entryOf(contactsOf(open)),
    clock: async () => Date.now(),
  };
}

/** An entry of the import: the first of many documents. */
async function entryOf(database: Database<Contact>): Promise<VerifiedEntry> {
  for await (const run of database.getStore().scan()) {
    const entry = run.entries.find(({ signature, parts }) => signature !== null && parts.length > 50);
    if (entry !== undefined) return entry;
  }
  throw new RangeError("there are no entries");
}

/** The code of an error, as docs/errors.md lists them. */
export const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code);

function tenantOf({ tenant }: Open): Tenant {
  if (tenant === null) throw new RangeError("this device is in no tenant");
  return tenant;
}

function contactsOf({ contacts }: Open): Database<Contact> {
  if (contacts === null) throw new RangeError("this device has no contacts");
  return contacts;
}
