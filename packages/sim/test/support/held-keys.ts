import type { DatabaseId, VerifiedEntry } from "@selkie/entry";
import { KeyRing } from "../../../core/src/keys/key-ring.ts";
import { openKeyVersion } from "../../../core/src/keys/key-version.ts";
import { type OpenedPart, openEntries } from "../../../core/src/sealing/open-entry.ts";
import type { SealedKind } from "../../../core/src/sealing/part-cipher.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { runsOf } from "./lies.ts";
import type { Scene } from "./scene.ts";

type Opened = OpenedPart & { readonly type: "opened"; readonly entry: VerifiedEntry };

/** The keys that somebody keeps, whatever the directory says of them, and what they open of all that the relay has. */
export class HeldKeys {
  readonly #scene: Scene;
  readonly #crypto: Parameters<typeof openEntries>[0];
  readonly #ring: KeyRing;

  private constructor(scene: Scene, crypto: Parameters<typeof openEntries>[0]) {
    this.#scene = scene;
    this.#crypto = crypto;
    this.#ring = new KeyRing(crypto, scene.directory);
  }

  /** @param names of the keys that are taken; by default all */
  static async of(scene: Scene, device: SimDevice, names?: readonly string[]): Promise<HeldKeys> {
    const host = device.life?.host;
    if (host === undefined) throw new RangeError("who keeps keys is running");
    const held = new HeldKeys(scene, host.platform.crypto);
    await held.add(device, names);
    return held;
  }

  /** Those of another device, too. */
  async add(device: SimDevice, names?: readonly string[]): Promise<void> {
    const versions = device.life?.host.bag.keyBag.keyVersions(this.#scene.tenant) ?? [];
    const taken = versions.filter(({ name }) => names === undefined || names.includes(name));
    if (taken.length === 0) throw new RangeError("no keys to take");
    for (const version of taken) this.#ring.add(await openKeyVersion(this.#crypto, version));
  }

  async open(database: DatabaseId, kind: SealedKind): Promise<readonly Opened[]> {
    const entries = (await runsOf(this.#scene.relayEntries(database))).flatMap((run) => run.entries);
    const opened = await openEntries(this.#crypto, this.#ring, entries, [kind]);
    return entries.flatMap((entry, at) =>
      (opened[at] ?? []).flatMap((part) => (part.type === "opened" ? [{ ...part, entry }] : [])),
    );
  }

  /** The bytes of the changes that can be read, one after the other. */
  async read(database: DatabaseId = this.#scene.database): Promise<string> {
    const changes = await this.open(database, "change");
    return changes.map(({ plaintext }) => Buffer.from(plaintext).toString("latin1")).join();
  }
}
