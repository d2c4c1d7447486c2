// Two tenants with the same databases, writers and sizes, so that their rows lie side by side.
import { concatBytes, parseBlobHash, type TenantId, toHex } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { publicState, type Store } from "@selkie/store";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "@selkie/store/contract";

export const [WIPED, KEPT] = [tenantOf(1), tenantOf(2)];

/** Small values a round. */
const SMALL = 20;

/** Bytes of a tenant's number `index`: of its own, at any length. */
function ownBytes(tenant: TenantId, index: number, length: number): Uint8Array {
  return bytesOf((tenant[0] ?? 0) * 100_000 + index, length);
}

const keyOf = (tenant: TenantId, index: number) => concatBytes(tenant, ownBytes(tenant, index, 2 + (index % 40)));
const stateOf = (tenant: TenantId, index: number) => ownBytes(tenant, 1_000 + index, 40 + ((index * 37) % 3_000));
/** The same bytes over and over: any piece of such a value that is left shows. */
const traceOf = (tenant: TenantId, length: number) => Uint8Array.from({ length }, (_, at) => tenant[at % 8] ?? 0);
const blobOf = (tenant: TenantId, index: number) => ownBytes(tenant, 2_000 + index, 60 + index);

/** The writer of a tenant: its entries are nobody else's. */
const writerOf = (tenant: TenantId) => TestWriter.create(nativeVerifier, databaseOf(1), tenant[0] ?? 0);

/** So many rounds of an entry, a value and a blob, from the first; what only they hold. */
export async function fillTenant(store: Store, tenant: TenantId, rounds: number): Promise<readonly Uint8Array[]> {
  const writer = await writerOf(tenant);
  const canaries: Uint8Array[] = [traceOf(tenant, 8)];
  for (let index = 0; index < rounds; index++) {
    const run = await writer.write({ count: 1 + (index % 3), parts: 1, bytes: 144 + ((index * index * 31) % 9_000) });
    const put = [{ key: keyOf(tenant, index), value: publicState(stateOf(tenant, index)) }];
    // Written again and again with other lengths: pages are split and filled, and rows move.
    for (let small = 0; small < SMALL; small++) {
      const [length = 0, name = 0] = ownBytes(tenant, 3_000 + index * SMALL + small, 2);
      put.push({ key: concatBytes(tenant, Uint8Array.of(name)), value: publicState(traceOf(tenant, 30 + length * 3)) });
    }
    await store.commit({ append: [{ tenant, database: databaseOf(1), run }], put });
    const blob = blobOf(tenant, index);
    await store.blobs(tenant).put(parseBlobHash(nativeVerifier.sha256(blob)), once(blob));
    canaries.push(stateOf(tenant, index).slice(0, 32), blob.slice(0, 32));
    for (const { id, parts } of run.entries) {
      canaries.push(id);
      for (const part of parts) if (part.type === "sealed") canaries.push(part.ciphertext.slice(-32));
    }
  }
  return canaries;
}

/** Whether the store holds all of these rounds, nothing of them, or something in between. */
export async function holdsAll(store: Store, tenant: TenantId, rounds: number): Promise<string> {
  const writer = await writerOf(tenant);
  let entries = 0;
  for (let index = 0; index < rounds; index++) entries += 1 + (index % 3);
  const head = (await store.entries(tenant, databaseOf(1)).vector()).get(toHex(writer.key));
  const facts = [head?.seq === entries - 1];
  const absent = [head === undefined, (await store.databases(tenant)).length === 0];
  for (let index = 0; index < rounds; index++) {
    const value = await store.state.get(keyOf(tenant, index));
    const blob = await store.blobs(tenant).get(parseBlobHash(nativeVerifier.sha256(blobOf(tenant, index))));
    facts.push(value !== undefined && toHex(value) === toHex(stateOf(tenant, index)), blob !== undefined);
    absent.push(value === undefined, blob === undefined);
  }
  if (facts.every((fact) => fact)) return "all";
  return absent.every((fact) => fact) ? "nothing" : "something";
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
