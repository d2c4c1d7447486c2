import { type DatabaseId, toHex } from "@selkie/entry";
import { docIdOf } from "../document/doc-id.ts";
import { OwnChanges } from "../document/own-changes.ts";
import { Purged } from "../document/purged.ts";
import { CoreError } from "../errors.ts";
import { adoptJournal } from "../journal/adopt-journal.ts";
import type { DatabaseEvents } from "./database.ts";
import type { DatabaseHost } from "./database-host.ts";
import type { GoOn, ReceivedChanges } from "./received-changes.ts";
import { Reissue } from "./reissue.ts";
import { Renewal, type RenewalContext } from "./renewal.ts";

/** Announces later: who opens the database has no listener yet. */
export type Tell = <Type extends keyof DatabaseEvents>(type: Type, event: DatabaseEvents[Type]) => void;

interface GoingOn extends Pick<RenewalContext, "chain" | "journal" | "mayUse"> {
  readonly id: DatabaseId;
  readonly received: ReceivedChanges;
  readonly tell: Tell;
}

/** What becomes of what this device made and did not send, or made on what counts no more. */
export function goingOn(
  host: DatabaseHost,
  at: GoingOn,
): {
  readonly renewal: Renewal;
  readonly reissue: Reissue;
  readonly adopt: GoOn;
} {
  const { id, chain, journal, received, mayUse, tell } = at;
  const { platform, keys } = host.context;
  const purged = () => new Purged(host.view().purges.get(toHex(id)));
  const adopt: GoOn = async (state, names) => {
    const { documents, waiting } = state;
    const held = await adoptJournal({
      ...{ verifier: platform.crypto, journal, chain, documents, report: platform.report },
      ownChanges: new OwnChanges(documents, waiting),
      purged: purged(),
      isLost: (keyId) => renewal.isLost(keyId),
      isStoodFor: reissue.stoodFor(state),
      refused: (event) => tell("setAside", event),
    });
    await reissue.run(state, names);
    if (journal.aside.some((row) => held.has(docIdOf(row))))
      platform.report(
        new CoreError("JOURNAL_WAITING", "changes wait for entries that this store has lost: sync, then open again"),
      );
  };
  const renewal: Renewal = new Renewal({ host, chain, journal, received, mayUse, adopt, tell });
  const reissue = new Reissue({
    ...{ platform, journal, chain, tell, purged, device: toHex(keys.device.publicKey), frontier: host.frontier },
    mayWrite: (keyId) => renewal.mayWrite(keyId),
    lost: (state, names) => received.lost(state, names),
    beyond: () => received.own.lost(),
  });
  return { renewal, reissue, adopt };
}
