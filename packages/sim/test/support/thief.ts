// Who has a device of a member, unlocked: all of its keys, and software of his own, at a relay.
import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import { parseLoginKey, type TenantId } from "@selkie/entry";
import { encodeAccessList, type Rights, runSession, type Session } from "@selkie/sync-protocol";
import { slotDocuments } from "../../../core/src/connection/access-documents.ts";
import { signWith } from "../../../core/src/connection/sign-with.ts";
import { draftAccessList, type SlotHolder, signAccessList } from "../../../core/src/directory/access.ts";
import { importDeviceKeys } from "../../../core/src/tenant/device-keys.ts";
import type { DeviceKeys } from "../../../core/src/tenant/tenant-context.ts";
import { decodeTenantData } from "../../../core/src/tenant/tenant-data.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import type { Scene } from "./scene.ts";

export class Thief {
  readonly crypto: CryptoProvider;
  readonly keys: DeviceKeys;
  /** A slot key that nobody else has. */
  readonly own: SigningKey;
  readonly #scene: Scene;
  readonly #tenant: TenantId;
  #session: Session | null = null;

  private constructor(fields: { crypto: CryptoProvider; keys: DeviceKeys; own: SigningKey }, scene: Scene) {
    this.crypto = fields.crypto;
    this.keys = fields.keys;
    this.own = fields.own;
    this.#scene = scene;
    this.#tenant = scene.tenant;
  }

  static async of(scene: Scene, device: SimDevice): Promise<Thief> {
    const host = device.life?.host;
    const [record] = host?.bag.keyBag.tenants() ?? [];
    const [identity] = host?.bag.keyBag.identities() ?? [];
    if (host === undefined || record === undefined || identity === undefined) throw new RangeError("not a member");
    const { crypto } = host.platform;
    const keys = await importDeviceKeys(crypto, identity, record.tenant, decodeTenantData(record.data));
    return new Thief({ crypto, keys, own: await crypto.importSigningKey(crypto.randomBytes(32)) }, scene);
  }

  /** Logs in at the relay. @returns what it may do there; null when it is sent away */
  async login(documents: readonly Uint8Array[]): Promise<Rights | null> {
    const { world } = this.#scene;
    const { crypto, keys } = this;
    await this.leave();
    const transport = await this.#scene.run(world.network.connect("thief", world.relay.name, world.relay.accept));
    const key = parseLoginKey(keys.login.publicKey);
    const session = runSession(transport, {
      role: "dialler",
      origin: world.relay.origin,
      verifier: crypto,
      credentials: {
        claim: async () => ({ type: "login", tenant: this.#tenant, key, documents }),
        sign: signWith(crypto, keys.login),
      },
      gatekeeper: null,
      scheduler: world.clock,
      random: (length) => crypto.randomBytes(length),
      open: async () => undefined,
      generation: new Uint8Array(8),
    });
    this.#session = session;
    session.closed.catch(() => undefined);
    return this.#scene.run(session.ready.then(({ rights }) => rights).catch(() => null));
  }

  /** Names its own key for the next of the slot, before the user names one. */
  succession(): Promise<readonly Uint8Array[]> {
    const keys = [this.keys.person.requireSlot(), this.own];
    return slotDocuments(this.crypto, { tenant: this.#tenant, keys, login: this.keys.login });
  }

  /** A list signed with the slot key that the user's devices had in common. */
  async list(users: readonly SlotHolder[], place: { epoch: number; height: number }): Promise<Uint8Array> {
    const signer = this.keys.person.requireSlot();
    const draft = draftAccessList(this.#tenant, users, { ...place, signer: signer.publicKey });
    return encodeAccessList(await signAccessList(this.crypto, signer, draft));
  }

  async leave(): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = null;
  }
}
