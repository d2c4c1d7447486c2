import type { CryptoProvider } from "@selkie/crypto";
import { equalBytes } from "@selkie/entry";
import { KeyBag } from "@selkie/keybag";
import { publicState, type Store } from "@selkie/store";
import { ClientError } from "./client-error.ts";
import type { ClientStore, OpenedClientStore } from "./client-store.ts";

/** A client's place and the secrets in it. */
export interface Unlocked {
  readonly opened: OpenedClientStore;
  readonly keyBag: KeyBag;
}

/**
 * Opens the KeyBag, then the store: a wrong password is known before anything is touched, and changes nothing. What the lock then
 * guards is read once more, because another process may have written it meanwhile.
 */
export async function unlock(crypto: CryptoProvider, place: ClientStore, password: string): Promise<Unlocked> {
  const early = await place.readKeyBag();
  const keyBag = early === null ? null : await KeyBag.open(early, password, { crypto });
  const opened = await place.open(crypto);
  try {
    const sealed = await place.readKeyBag();
    if (early !== null && sealed !== null && keyBag !== null && equalBytes(early, sealed)) {
      await noteKeyBag(opened.store);
      return { opened, keyBag };
    }
    keyBag?.lock();
    return { opened, keyBag: await openOrCreate(crypto, opened, { sealed, password }) };
  } catch (error) {
    keyBag?.lock();
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

async function openOrCreate(
  crypto: CryptoProvider,
  opened: OpenedClientStore,
  { sealed, password }: { readonly sealed: Uint8Array | null; readonly password: string },
): Promise<KeyBag> {
  if (sealed === null && (await opened.store.state.get(KEYBAG_MADE)) !== undefined)
    throw new ClientError(
      "KEYBAG_MISSING",
      "the store is there and its KeyBag is gone: restore the KeyBag from a backup",
    );
  const keyBag =
    sealed === null ? await KeyBag.create(password, { crypto }) : await KeyBag.open(sealed, password, { crypto });
  if (sealed === null) await opened.writeKeyBag(keyBag.save());
  await noteKeyBag(opened.store);
  return keyBag;
}

/** Shorter than the keys of any tenant's rows, which begin with its id. */
const KEYBAG_MADE = new TextEncoder().encode("keybag");

/**
 * INVARIANT: a new KeyBag is made only for a store that never had one. Without its keys everything in the store is lost, and an empty
 * new one would look as if it had never been there (directory-store.test.ts).
 */
async function noteKeyBag({ state }: Store): Promise<void> {
  if ((await state.get(KEYBAG_MADE)) === undefined) await state.put(KEYBAG_MADE, publicState(Uint8Array.of(1)));
}
