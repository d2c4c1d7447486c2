import { compareBytes, equalBytes, limits } from "@selkie/entry";
import { isMember, type Member } from "../directory/admission.ts";
import { nextSlotKeyFor } from "../directory/identity.ts";
import { identityKeyName } from "../keys/identity-key.ts";
import { DirectoryEntries } from "./directory-entries.ts";
import type { StatementContext } from "./statement-context.ts";

/**
 * Makes the next key of this device's person, if a device that is out holds the ones there are. It is wrapped for the devices that are
 * in; those beyond what one entry holds get their permits each.
 */
export async function renewUserKey(at: StatementContext): Promise<void> {
  const self = at.self();
  if (!isMember(self) || !at.view().lacksUserKey(self)) return;
  await at.settle();
  const { crypto } = at.context.platform;
  const devices = devicesOf(at, self).slice(0, limits.permitsPerEntry);
  const seed = crypto.randomBytes(32);
  using key = await crypto.importKemKey(seed);
  using slot = await nextSlotKeyFor(crypto, seed, self.slotSalt);
  const draft = new DirectoryEntries(crypto, at.directoryKey());
  draft.say({
    type: "userKey",
    kem: key.publicKey,
    slot: slot.publicKey.slice(),
    over: at
      .view()
      .userKeys(self)
      .map(({ by }) => by),
    to: devices.map(({ id }) => id).sort(compareBytes),
  });
  const name = identityKeyName(crypto, key.publicKey);
  draft.givePerson(
    devices.map(({ deviceKem }) => ({ kem: deviceKem })),
    [{ kind: "user", name, seed }],
  );
  await at.writer.write(draft.finish()); // and read: this device takes the key from there, as the others do
}

/** The author's own first: it passes nothing on that it can't open itself. */
function devicesOf(at: StatementContext, self: Member): readonly Member[] {
  const devices = at.view().devicesOf(self);
  const isOwn = ({ deviceKem }: Member): boolean => equalBytes(deviceKem, self.deviceKem);
  return [self, ...devices.filter((device) => !isOwn(device))];
}
