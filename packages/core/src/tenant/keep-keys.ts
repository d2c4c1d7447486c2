// What this device learned from the directory and cannot do without goes into the KeyBag, so that it survives without the directory.
import { equalBytes } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import { hexOf } from "../hex.ts";
import type { TenantContext } from "./tenant-context.ts";
import { decodeTenantData, encodeTenantData } from "./tenant-data.ts";

/** Keeps the key versions that are confirmed and the person's keys that came. */
export async function keepKeys(context: TenantContext, view: DirectoryView): Promise<void> {
  const versions = await keepVersions(context, view);
  const personal = await keepPerson(context);
  if (!versions && !personal) return;
  await context.bag.save();
  context.keys.person.saved();
}

async function keepVersions({ bag, ring, tenant }: TenantContext, view: DirectoryView): Promise<boolean> {
  const known = bag.keyBag.heldVersions(tenant);
  const fresh = ring.confirmed().filter(({ version }) => !known.has(hexOf(version)));
  if (fresh.length === 0) return false;
  await bag.keyBag.addKeyVersions(
    fresh.map(({ keyId, version, contentBytes, historyBytes }) => ({
      tenant,
      keyId,
      name: view.key(keyId)?.name ?? "",
      version,
      content: contentBytes,
      history: historyBytes,
    })),
  );
  return true;
}

async function keepPerson({ bag, keys, tenant }: TenantContext): Promise<boolean> {
  const { person, identity } = keys;
  const record = bag.keyBag.tenants().find((held) => equalBytes(held.tenant, tenant));
  if (person.isSaved || record === undefined) return false;
  const { userSeeds, slotSeed } = person.seeds();
  const came = userSeeds.filter((seed) => !equalBytes(seed, identity.userSeed));
  const data = encodeTenantData({ ...decodeTenantData(record.data), userSeeds: came, slotSeed });
  await bag.keyBag.putTenant({ ...record, data });
  return true;
}
