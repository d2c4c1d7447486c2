// Documents with a title each, and the titles that a device shows.
import type { SimDevice } from "../../src/sim-device.ts";
import type { Scene } from "./scene.ts";

export async function write(scene: Scene, device: SimDevice, titles: readonly string[]): Promise<void> {
  for (const title of titles) await scene.run(device.database.createDocument({ title }));
}

export async function titles(device: SimDevice): Promise<readonly unknown[]> {
  const { database } = device;
  const docs = await Promise.all((await database.getAllDocumentIds()).map((id) => database.getDocument(id)));
  return docs.map((doc) => doc.getData()["title"]).sort();
}
