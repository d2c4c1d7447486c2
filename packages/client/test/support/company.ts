// A tenant with several people, each with a client of their own in memory; they meet over pipes.
import { type Client, type ClientStore, createClient, memory, type Tenant } from "@selkie/client";
import { pipe } from "@selkie/sync-protocol";

export type Role = "admin" | "editor" | "reader";

export interface Person extends AsyncDisposable {
  readonly name: string;
  readonly client: Client;
  readonly tenant: Tenant;
}

/** Founds a tenant as alice. */
export async function found(): Promise<Person> {
  const client = await createClient({ store: memory(), password: "alice-password" });
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  return person("CN=alice/O=acme", client, tenant);
}

/** Somebody joins, admitted by an admin, and syncs with them. */
export async function join(admin: Person, name: string, role: Role, store: ClientStore = memory()): Promise<Person> {
  const user = `CN=${name}/O=acme`;
  const client = await createClient({ store, password: `${name}-password` });
  const request = await client.createJoinRequest(user);
  const response = await admin.tenant.directory.approveJoinRequest(request, { role });
  const joined = person(user, client, await client.joinTenant(response));
  await meet(admin, joined);
  return joined;
}

/** Two people sync everything they have open, both ways, over a connection of their own. */
export async function meet(a: Person, b: Person): Promise<void> {
  const [near, far] = pipe();
  const [up, down] = await Promise.all([
    a.tenant.connect(near, { peer: "dialler" }),
    b.tenant.connect(far, { peer: "listener" }),
  ]);
  await Promise.all([up.synced(), down.synced()]);
  await up[Symbol.asyncDispose]();
  await down[Symbol.asyncDispose]();
}

function person(name: string, client: Client, tenant: Tenant): Person {
  return { name, client, tenant, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}
