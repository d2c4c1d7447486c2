import type { Database, DocId } from "@selkie/core";
import { toHex, type Vector } from "@selkie/entry";
import type { Data, SimDevice } from "./sim-device.ts";
import type { Workload } from "./workload.ts";
import type { World } from "./world.ts";

/** What one device shows of the database. */
interface Shown {
  readonly device: SimDevice;
  readonly documents: ReadonlyMap<
    DocId,
    { readonly deleted: boolean; readonly text: string; readonly fields: Set<string> }
  >;
}

/** After healing: what is not as it must be. Nothing is right. */
export async function judge(world: World, workload: Workload): Promise<readonly string[]> {
  const { devices, watch } = world;
  const ids = [...new Set([...workload.model.documents(), ...(await everyId(devices))])].sort();
  const shown: Shown[] = [];
  for (const device of devices) shown.push({ device, documents: await look(device.database, ids) });
  return [
    ...watch.forks.map((place) => `two entries at ${place}`),
    ...workload.unexpected,
    ...workload.hanging,
    ...devices.flatMap((device) => unexplained(device)),
    ...ids.flatMap((id) => compare(id, shown)),
    ...ids.flatMap((id) => checkAgainstModel(id, shown, workload)),
    ...(await compareVectors(world)),
  ];
}

/** Nobody lies in this world, so nobody may say so, though frames come back from older connections; but disks are set back (G2). */
function unexplained({ name, noticed, wasSetBack }: SimDevice): readonly string[] {
  return noticed
    .filter(({ what }) => what !== "STORE_SET_BACK" || !wasSetBack)
    .map(({ type, what }) => `${name}: ${type} ${what}`);
}

async function everyId(devices: readonly SimDevice[]): Promise<readonly DocId[]> {
  const lists = await Promise.all(devices.map(({ database }) => database.getAllDocumentIds()));
  return lists.flat();
}

async function look(database: Database<Data>, ids: readonly DocId[]): Promise<Shown["documents"]> {
  const documents = new Map<DocId, { deleted: boolean; text: string; fields: Set<string> }>();
  for (const id of ids) {
    const doc = await database.findDocument(id);
    if (doc === undefined) continue;
    const data = doc.getData();
    const fields = Object.keys(data).sort();
    const text = JSON.stringify([
      [...doc.getHeads()].sort(),
      doc.isDeleted(),
      fields.map((field) => [field, data[field]]),
    ]);
    documents.set(id, { deleted: doc.isDeleted(), text, fields: new Set(fields) });
  }
  return documents;
}

function compare(id: DocId, shown: readonly Shown[]): readonly string[] {
  const [first, ...others] = shown;
  const text = first?.documents.get(id)?.text;
  return others
    .filter(({ documents }) => documents.get(id)?.text !== text)
    .map(
      ({ device, documents }) =>
        `${id}: ${first?.device.name} has ${text}, ${device.name} has ${documents.get(id)?.text}`,
    );
}

function checkAgainstModel(id: DocId, shown: readonly Shown[], { model }: Workload): readonly string[] {
  const document = shown[0]?.documents.get(id);
  if (document === undefined) return [`${id} is lost`];
  const deletion = model.checkDeleted(id, document.deleted);
  return document.deleted ? deletion : [...deletion, ...model.checkFields(id, document.fields)];
}

/** Every device and the relay hold the same entries, in the directory too. */
async function compareVectors({ devices, relay }: World): Promise<readonly string[]> {
  const wrong: string[] = [];
  const [founder] = devices;
  const record = founder?.life?.host.bag.keyBag.tenants()[0];
  const { store: relayStore } = relay;
  if (record === undefined || relayStore === null) return ["nobody is running"];
  for (const database of await relayStore.databases(record.tenant)) {
    const expected = textOf(await relayStore.entries(record.tenant, database).vector());
    for (const { name, life } of devices) {
      const vector = await life?.store.entries(record.tenant, database).vector();
      if (vector === undefined || textOf(vector) !== expected)
        wrong.push(`${name} and the relay hold different entries of ${toHex(database).slice(0, 8)}`);
    }
  }
  return wrong;
}

const textOf = (vector: Vector): string =>
  [...vector]
    .map(([writer, { seq, id }]) => `${writer} ${seq} ${toHex(id)}`)
    .sort()
    .join();
