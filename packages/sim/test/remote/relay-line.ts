// A relay that listens on this machine, and clients whose connections to it count bytes, or change what comes.
import { randomBytes } from "node:crypto";
import { type Client, type ClientStore, createClient, type Tenant } from "@selkie/client";
import { nativeCrypto } from "@selkie/crypto/native";
import { nativeVerifier } from "@selkie/entry/native";
import { createRelay } from "@selkie/server";
import { memoryStore, publicState, type StateItem, type Store } from "@selkie/store";
import { dialWebSocket, type Transport } from "@selkie/sync-protocol";
import { cheapKeyBag, MemoryPlace, PASSWORD } from "../../../client/test/support/places.ts";

const scheduler = {
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** What a relay keeps, and where it listens. */
export async function startRelay() {
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  const store = memoryStore({ verifier: nativeVerifier, random });
  const relay = createRelay({ store, verifier: nativeVerifier, random, origins: "loopback" });
  const { url } = await relay.listen({ host: "127.0.0.1", port: 0 });
  return { url, store, [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose]() };
}

/** Bytes that came in over connections, and frames that went out. */
export interface Meter {
  bytes: number;
  readonly sent: Uint8Array[];
}

/** A dialler whose connections count what comes in. @param change what comes in place of a frame; null for nothing */
export function metered(
  url: string,
  meter: Meter,
  change: (frame: Uint8Array) => Uint8Array | null = (frame) => frame,
) {
  const dial = dialWebSocket(url, { scheduler });
  return async (signal: AbortSignal): Promise<Transport> => {
    const inner = await dial(signal);
    async function* receive(): AsyncIterable<Uint8Array> {
      for await (const frame of inner.receive()) {
        meter.bytes += frame.length;
        const changed = change(frame);
        if (changed !== null) yield changed;
      }
    }
    const send = (frame: Uint8Array): Promise<void> => {
      meter.sent.push(frame);
      return inner.send(frame);
    };
    return { send, receive, close: () => inner.close() };
  };
}

export interface Member<Place = MemoryPlace> extends AsyncDisposable {
  readonly client: Client;
  readonly tenant: Tenant;
  readonly place: Place;
}

/** Of the rows of local state, those of parts that were asked for: kind 22 after the tenant. */
const isPart = (key: Uint8Array): boolean => key[32] === 22;

/** What is done with these rows of a client that is closed. */
async function withPartRows<Result>(
  place: MemoryPlace,
  work: (rows: readonly StateItem[], store: Store) => Promise<Result>,
): Promise<Result> {
  const opened = await place.again().open(nativeCrypto);
  await using _ = opened;
  const rows: StateItem[] = [];
  const all = opened.store.state.range(Uint8Array.of(0), new Uint8Array(200).fill(255));
  for await (const row of all) if (isPart(row.key)) rows.push(row);
  return work(rows, opened.store);
}

/** How many bytes the rows of parts take. */
export function rowBytes(place: MemoryPlace): Promise<number> {
  return withPartRows(place, async (rows) => rows.reduce((sum, { value }) => sum + value.length, 0));
}

/** Puts a bit of each of them wrong. */
export function damageRows(place: MemoryPlace): Promise<void> {
  return withPartRows(place, async (rows, store) => {
    const wrong = (value: Uint8Array): Uint8Array => value.with(-1, (value.at(-1) ?? 0) ^ 1);
    await store.commit({ put: rows.map(({ key, value }) => ({ key, value: publicState(wrong(value)) })) });
  });
}

/** Founds a tenant. */
export async function found<Place extends ClientStore | string>(place: Place): Promise<Member<Place>> {
  const client = await createClient({ store: place, password: PASSWORD });
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  return member(client, tenant, place);
}

/** Somebody is admitted. */
export async function admit<Place extends ClientStore | string>(
  admin: Pick<Member, "tenant">,
  name: string,
  place: Place,
): Promise<Member<Place>> {
  const client = await createClient({ store: place, password: PASSWORD });
  const request = await client.createJoinRequest(`CN=${name}/O=acme`);
  const response = await admin.tenant.directory.approveJoinRequest(request, { role: "editor" });
  return member(client, await client.joinTenant(response), place);
}

/** The same device later. */
export async function again<Place extends ClientStore | string>(place: Place): Promise<Member<Place>> {
  const client = await createClient({ store: place, password: PASSWORD });
  return member(client, await client.openTenant("acme-corp"), place);
}

export async function newPlace(): Promise<MemoryPlace> {
  return new MemoryPlace(await cheapKeyBag());
}

function member<Place>(client: Client, tenant: Tenant, place: Place): Member<Place> {
  return { client, tenant, place, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}
