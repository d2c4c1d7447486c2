// What a relay does with the documents that a claim carries: verify each, apply it, remember what to keep.
import { equalBytes, type TenantId, type Verifier, verifyFounding } from "@selkie/entry";
import { decodeAccessList, verifyAccessList } from "./access-list.ts";
import {
  type AccessChange,
  type AccessRefusal,
  type AccessState,
  applyAccessList,
  applySlotChain,
  applySlotLogin,
  emptyAccessState,
  retirerOf,
  ticketAdmits,
} from "./access-state.ts";
import { decodeAccessTicket, type VerifiedAccessTicket, verifyAccessTicket } from "./access-ticket.ts";
import { documentKind, MAX_DOCUMENTS } from "./document.ts";
import { decodeRetireList, type VerifiedRetireList, verifyRetireList } from "./retire-list.ts";
import { decodeSlotChain, verifySlotChain } from "./slot-chain.ts";
import { decodeSlotLogin, verifySlotLogin } from "./slot-login.ts";

/** Why a document was not taken. */
export type DocumentRefusal = AccessRefusal | "MALFORMED" | "SIGNATURE_INVALID" | "NOT_FOUNDED" | "TOO_MANY";

/** What presenting documents came to. */
export interface Presented {
  /** The tenant's state afterwards; null while it is not founded here. */
  readonly state: AccessState | null;
  /** Tickets that count under that state, for `rightsOf`. */
  readonly tickets: readonly VerifiedAccessTicket[];
  /** Retire lists that count under that state. */
  readonly retiring: readonly VerifiedRetireList[];
  /** Indexes of the documents that changed the state: what a relay has to keep. */
  readonly applied: readonly number[];
  readonly refused: readonly { readonly index: number; readonly code: DocumentRefusal }[];
}

interface Progress {
  state: AccessState | null;
  readonly tickets: VerifiedAccessTicket[];
  readonly retiring: VerifiedRetireList[];
}

/**
 * Verifies and applies the documents in order: founding entry, access lists, tickets, slot chains, slot logins, retire lists. `state` is what the relay has for
 * the tenant, null when it has nothing. A document that does not count never stops those after it.
 *
 * SECURITY: the tenant is the hash of its founding entry, whose writer signs the first list: nobody registers another's tenant.
 * Test: present-documents.test.ts "F6 ...".
 */
export async function presentDocuments(
  verifier: Verifier,
  tenant: TenantId,
  state: AccessState | null,
  documents: readonly Uint8Array[],
): Promise<Presented> {
  const progress: Progress = { state, tickets: [], retiring: [] };
  const applied: number[] = [];
  const refused: { index: number; code: DocumentRefusal }[] = [];
  for (const [index, bytes] of documents.entries()) {
    const change = index < MAX_DOCUMENTS ? await present(verifier, tenant, progress, bytes) : "TOO_MANY";
    if (typeof change === "string") refused.push({ index, code: change });
    else if (change.type === "refused") refused.push({ index, code: change.code });
    else if (change.type === "applied") {
      progress.state = change.state;
      applied.push(index);
    }
  }
  const final = progress.state;
  const tickets = final === null ? [] : progress.tickets.filter((ticket) => ticketAdmits(final, ticket));
  const retiring = final === null ? [] : progress.retiring.filter((list) => retirerOf(final, list) !== null);
  return { state: final, tickets, retiring, applied, refused };
}

async function present(
  verifier: Verifier,
  tenant: TenantId,
  progress: Progress,
  bytes: Uint8Array,
): Promise<AccessChange | DocumentRefusal> {
  try {
    if (bytes[0] === 1) return await presentFounding(verifier, tenant, progress.state, bytes);
    const { state } = progress;
    if (state === null) return "NOT_FOUNDED";
    switch (bytes[0]) {
      case documentKind.accessList: {
        const list = await verifyAccessList(verifier, decodeAccessList(bytes));
        return list === null ? "SIGNATURE_INVALID" : applyAccessList(state, list);
      }
      case documentKind.slotChain: {
        const chain = await verifySlotChain(verifier, decodeSlotChain(bytes));
        return chain === null ? "SIGNATURE_INVALID" : applySlotChain(state, chain, progress.tickets);
      }
      case documentKind.slotLogin: {
        const login = await verifySlotLogin(verifier, decodeSlotLogin(bytes));
        return login === null ? "SIGNATURE_INVALID" : applySlotLogin(state, login, progress.tickets);
      }
      case documentKind.accessTicket: {
        const ticket = await verifyAccessTicket(verifier, decodeAccessTicket(bytes));
        if (ticket === null) return "SIGNATURE_INVALID";
        progress.tickets.push(ticket);
        return { type: "known" };
      }
      case documentKind.retireList: {
        const list = await verifyRetireList(verifier, decodeRetireList(bytes));
        if (list === null) return "SIGNATURE_INVALID";
        if (!equalBytes(list.tenant, tenant)) return "WRONG_TENANT";
        if (retirerOf(state, list) === null) return "SIGNER_NOT_TRUSTED";
        progress.retiring.push(list);
        return { type: "known" };
      }
      default:
        return "MALFORMED";
    }
  } catch {
    // Decoders throw typed errors on malformed bytes; whatever is wrong with a peer's document, it does not count.
    return "MALFORMED";
  }
}

async function presentFounding(
  verifier: Verifier,
  tenant: TenantId,
  state: AccessState | null,
  bytes: Uint8Array,
): Promise<AccessChange | DocumentRefusal> {
  const founding = await verifyFounding(verifier, bytes);
  if (!equalBytes(founding.tenant, tenant)) return "WRONG_TENANT";
  return state === null ? { type: "applied", state: emptyAccessState(founding) } : { type: "known" };
}
