// A tenant with several people, each with a client of their own in memory; they meet over pipes.
import { type Client, createClient, type HistoryPolicy, type JoinRequestOptions, type Tenant } from "@selkie/client";
import { pipe } from "@selkie/sync-protocol";
import { cheapKeyBag, MemoryPlace, PASSWORD } from "./places.ts";

export type Role = "admin" | "editor" | "reader";

/** One device of a person. */
export interface Person extends AsyncDisposable {
  readonly name: string;
  readonly client: Client;
  readonly tenant: Tenant;
  /** What outlives the client. */
  readonly place: MemoryPlace;
}

/** Founds a tenant as alice. */
export async function found(history: HistoryPolicy = "full"): Promise<Person> {
  const { client, place } = await newClient();
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme", history });
  return person("CN=alice/O=acme", { client, place, tenant });
}

/** Somebody joins, admitted by an admin, and syncs with them. */
export async function join(admin: Person, name: string, role: Role): Promise<Person> {
  const user = `CN=${name}/O=acme`;
  const { client, place } = await newClient();
  const request = await client.createJoinRequest(user);
  const response = await admin.tenant.directory.approveJoinRequest(request, { role });
  const joined = person(user, { client, place, tenant: await client.joinTenant(response) });
  await meet(admin, joined);
  return joined;
}

/** A further device of somebody, admitted by the one that they have, and synced with it. */
export async function addDevice(own: Person, options: JoinRequestOptions = {}): Promise<Person> {
  const { client, place } = await newClient();
  const request = await client.createJoinRequest(own.name, { ...options, device: true });
  const response = await own.tenant.directory.approveJoinRequest(request.toString());
  const added = person(own.name, { client, place, tenant: await client.joinTenant(response.toString()) });
  await meet(own, added);
  return added;
}

/** The same device after its client was closed and opened again. */
export async function restart(before: Person): Promise<Person> {
  await before[Symbol.asyncDispose]();
  const place = before.place.again();
  const client = await createClient({ store: place, password: PASSWORD });
  return person(before.name, { client, place, tenant: await client.openTenant("acme-corp") });
}

/** The id of the device that somebody speaks from. */
export async function deviceOf({ name, tenant }: Person): Promise<string> {
  const own = (await tenant.directory.devices(name)).find(({ isThis }) => isThis);
  if (own === undefined) throw new RangeError("the directory has not come yet");
  return own.id;
}

/** Two people are connected, each with their own end of it. */
export async function connect(a: Person, b: Person) {
  const [near, far] = pipe();
  return Promise.all([a.tenant.connect(near, { peer: "dialler" }), b.tenant.connect(far, { peer: "listener" })]);
}

/** Two people sync everything they have open, both ways, over a connection of their own. */
export async function meet(a: Person, b: Person): Promise<void> {
  const [up, down] = await connect(a, b);
  await Promise.all([up.synced(), down.synced()]);
  await up[Symbol.asyncDispose]();
  await down[Symbol.asyncDispose]();
}

async function newClient(): Promise<Pick<Person, "client" | "place">> {
  const place = new MemoryPlace(await cheapKeyBag());
  return { place, client: await createClient({ store: place, password: PASSWORD }) };
}

function person(name: string, parts: Pick<Person, "client" | "place" | "tenant">): Person {
  return { name, ...parts, [Symbol.asyncDispose]: () => parts.client[Symbol.asyncDispose]() };
}
