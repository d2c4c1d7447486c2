import { isDeepStrictEqual } from "node:util";
import { type Client, createClient, type Database, type Tenant } from "@selkie/client";
import { pipe } from "@selkie/sync-protocol";
import { cheapKeyBag, MemoryPlace, PASSWORD } from "../support/places.ts";
import type { Note } from "./job.ts";
import type { Opened } from "./opened.ts";
import type { UsedPlaces } from "./used-places.ts";

/** Bob: another user's device that pulls everything, and must find nothing wrong with any of it. */
export interface Witness extends AsyncDisposable {
  readonly tenant: Tenant;
  readonly notes: Database<Note>;
  /** What this device put in quarantine: nothing, as long as everybody is honest. */
  readonly quarantined: readonly string[];
  /** Pulls everything, and compares. @throws when the two do not agree */
  compare(other: Opened, used: UsedPlaces): Promise<void>;
}

/** Admits Bob to the tenant and lets him take its directory. */
export async function joinAsWitness({ tenant }: Opened, place?: MemoryPlace): Promise<Witness> {
  const store = place ?? new MemoryPlace(await cheapKeyBag());
  const client = await createClient({ store, password: PASSWORD });
  const request = await client.createJoinRequest("CN=bob/O=acme");
  const response = await tenant.directory.approveJoinRequest(request, { role: "editor" });
  const joined = await client.joinTenant(response);
  return witnessOf(client, joined, await meet(tenant, joined));
}

/** Bob again, as he left his place. */
export async function reopenWitness(place: MemoryPlace): Promise<Witness> {
  const client = await createClient({ store: place, password: PASSWORD });
  const tenant = await client.openTenant("acme");
  return witnessOf(client, tenant, await tenant.openDB<Note>("notes"));
}

function witnessOf(client: Client, tenant: Tenant, notes: Database<Note>): Witness {
  const quarantined: string[] = [];
  notes.on("quarantined", ({ reason, entryId }) => quarantined.push(`${reason} ${entryId}`));
  return {
    tenant,
    notes,
    quarantined,
    compare: async (other, used) => {
      await meet(other.tenant, tenant); // the directory, too: entries name what their writer knew of it
      await other.record(used);
      await used.noteAll(notes.getStore().scan());
      await expectEqual(other.notes, notes);
      if (quarantined.length > 0) throw new Error(`in quarantine: ${quarantined.join("; ")}`);
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** Two devices of a tenant sync everything, the directory too, and part; gives the second one's notes. */
export async function meet(a: Tenant, b: Tenant): Promise<Database<Note>> {
  const [near, far] = pipe();
  const [up, line] = await Promise.all([a.connect(near, { peer: "dialler" }), b.connect(far, { peer: "listener" })]);
  const notes = await b.openDB<Note>("notes");
  await up.synced();
  await line.synced();
  await up[Symbol.asyncDispose]();
  await line[Symbol.asyncDispose]();
  return notes;
}

/** @throws when the two do not hold the same documents in the same state */
export async function expectEqual(a: Database<Note>, b: Database<Note>): Promise<void> {
  const [ours, theirs] = [await a.getAllDocumentIds(), await b.getAllDocumentIds()];
  const missing = ours.filter((id) => !theirs.includes(id)).concat(theirs.filter((id) => !ours.includes(id)));
  if (missing.length > 0) throw new Error(`on one side only: ${missing.length}, such as ${missing[0]}`);
  for (const id of ours) {
    const [mine, other] = [await a.getDocument(id), await b.getDocument(id)];
    const heads = `${mine.getHeads().join()} and ${other.getHeads().join()}`;
    if (mine.getHeads().join() !== other.getHeads().join()) throw new Error(`heads of ${id} differ: ${heads}`);
    if (!isDeepStrictEqual(mine.getData(), other.getData())) throw new Error(`${id} differs at ${heads}`);
  }
}
