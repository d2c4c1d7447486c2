// What somebody with a disk keeps of it, and puts back or takes away later.
import type { MemoryDisk } from "@selkie/store";
import type { SimDevice } from "../../src/sim-device.ts";
import type { Scene } from "./scene.ts";

/** Keeps the store and the KeyBag of a device; the function given puts them back, and the device has to start again. */
export function keep(device: SimDevice): () => void {
  const { disk, keyBagFile } = { disk: device.disk.copy(), keyBagFile: device.keyBagFile };
  return () => {
    device.crash();
    device.disk = disk.copy();
    device.keyBagFile = keyBagFile;
  };
}

/** The relay goes on with another disk: whoever is connected loses the line. */
export function setRelayBack({ world: { relay } }: Scene, disk: MemoryDisk): void {
  relay.crash();
  relay.disk = disk;
  relay.start();
}

/** The relay goes on with another disk; nobody is connected. */
export async function relayWith(scene: Scene, disk: MemoryDisk): Promise<void> {
  for (const device of scene.everybody) await scene.run(device.disconnect());
  setRelayBack(scene, disk);
}
