// What a relay is told about who may connect: founding entry, access lists, ticket, and how this device's own slot lets it in.
import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import { encodeFounding, parseLoginKey, type TenantId, toHex, type VerifiedEntry } from "@selkie/entry";
import {
  type AccessList,
  encodeAccessList,
  encodeSlotChain,
  encodeSlotLogin,
  type SlotSigner,
  signSlotChain,
  signSlotLogin,
} from "@selkie/sync-protocol";
import { countingAccessLists } from "../directory/access.ts";
import type { Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { CoreError } from "../errors.ts";
import type { DeviceKeys } from "../tenant/tenant-context.ts";
import { retireLists } from "./retire-lists.ts";
import { signWith } from "./sign-with.ts";
import { knownSlotLines } from "./slot-lines.ts";

export interface AccessDocumentsContext {
  readonly crypto: CryptoProvider;
  readonly tenant: TenantId;
  readonly keys: Pick<DeviceKeys, "person" | "login">;
  founding(): VerifiedEntry | null;
  view(): DirectoryView;
  /** What this device joined with; null while it has not arrived. */
  joined(): Member | null;
  /** The ticket that came with the approval, for a relay that does not have the newest access list yet. */
  readonly ticket: Uint8Array | null;
}

/** A relay that is behind needs the newest list only; a few more, in case it knows another signer. */
const NEWEST_LISTS = 4;
/** A claim has at most a megabyte. Beyond half of it only the newest list goes along. */
const LISTS_BYTES = 524_288;

/** The documents of one session: which there are, and which the relay was not told yet. */
export class AccessDocuments {
  readonly #context: AccessDocumentsContext;
  readonly #told = new Set<string>();

  constructor(context: AccessDocumentsContext) {
    this.#context = context;
  }

  /** What the relay has not been told on this session. It counts as told from now on. */
  async fresh(): Promise<readonly Uint8Array[]> {
    const { crypto, founding: entry, view, ticket } = this.#context;
    const founding = entry();
    const all = [
      ...(founding?.signature == null ? [] : [encodeFounding(founding)]),
      ...newestLists(await countingAccessLists(crypto, view().identity, view().accessLists)),
      ...(ticket === null ? [] : [ticket]),
      ...(await this.#slot()),
    ];
    const fresh = all.filter((document) => !this.#told.has(nameOf(document)));
    for (const document of fresh) this.#told.add(nameOf(document));
    return fresh;
  }

  /** What it is to drop and has not been told on this session: each is presented alone, as it may fill a message. */
  async freshRetireLists(): Promise<readonly Uint8Array[]> {
    const lists = await retireLists(this.#context, this.#told);
    for (const purge of lists.keys()) this.#told.add(purge);
    return [...lists.values()];
  }

  /** None until the user's keys have come: the ticket lets a further device in. */
  async #slot(): Promise<readonly Uint8Array[]> {
    const { crypto, tenant, keys, view, joined } = this.#context;
    const { person, login } = keys;
    const member = joined();
    const first = person.slot === null ? [] : [[person.slot]]; // the founding entry may still be on its way
    const lines = member === null ? first : await knownSlotLines(crypto, view(), { person, member });
    const documents = await Promise.all(lines.map((line) => slotDocuments(crypto, { tenant, keys: line, login })));
    return documents.flat();
  }
}

/** How the newest of these slot keys, the first one first, lets a login key in. Any device that holds them makes the same documents. */
export async function slotDocuments(
  crypto: CryptoProvider,
  { tenant, keys, login }: SlotKeysAndLogin,
): Promise<readonly Uint8Array[]> {
  const [first, ...next] = keys.map((key): SlotSigner => ({ publicKey: key.publicKey, sign: signWith(crypto, key) }));
  if (first === undefined) throw new CoreError("KEY_UNKNOWN", "a slot has a key");
  const chain = next.length === 0 ? [] : [encodeSlotChain(await signSlotChain(tenant, [first, ...next]))];
  const unsigned = { tenant, slot: first.publicKey, loginKey: parseLoginKey(login.publicKey) };
  return [...chain, encodeSlotLogin(await signSlotLogin(unsigned, next.at(-1) ?? first))];
}

interface SlotKeysAndLogin {
  readonly tenant: TenantId;
  readonly keys: readonly SigningKey[];
  readonly login: SigningKey;
}

/** The newest lists, the newest last: as many as fit, and that one in any case. */
function newestLists(lists: readonly AccessList[]): readonly Uint8Array[] {
  const newest = lists.slice(-NEWEST_LISTS).map(encodeAccessList);
  while (newest.length > 1 && newest.reduce((sum, list) => sum + list.length, 0) > LISTS_BYTES) newest.shift();
  return newest;
}

/** The signature at its end: no two documents share one. */
function nameOf(document: Uint8Array): string {
  return toHex(document.subarray(-64));
}
