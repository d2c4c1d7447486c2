export {
  type AccessList,
  accessListPayload,
  decodeAccessList,
  encodeAccessList,
  MAX_SIGNERS,
  MAX_SLOTS,
  type Slot,
  type UnsignedAccessList,
  type VerifiedAccessList,
  verifyAccessList,
} from "./access/access-list.ts";
export {
  type AccessChange,
  type AccessRefusal,
  type AccessState,
  applyAccessList,
  applySlotChain,
  applySlotLogin,
  emptyAccessState,
  retirerOf,
  rightsOf,
  ticketAdmits,
} from "./access/access-state.ts";
export {
  type AccessTicket,
  accessTicketPayload,
  decodeAccessTicket,
  encodeAccessTicket,
  type UnsignedAccessTicket,
  type VerifiedAccessTicket,
  verifyAccessTicket,
} from "./access/access-ticket.ts";
export { documentKind, MAX_DOCUMENTS } from "./access/document.ts";
export { type DocumentRefusal, type Presented, presentDocuments } from "./access/present-documents.ts";
export {
  decodeRetireList,
  encodeRetireList,
  MAX_RETIRED_BYTES,
  type RetiredPart,
  type RetireList,
  retireListPayload,
  signRetireList,
  type VerifiedRetireList,
  verifyRetireList,
} from "./access/retire-list.ts";
export { ALL_RIGHTS, DIRECTORY_ONLY, equalRights, type Grant, NO_RIGHTS, type Rights } from "./access/rights.ts";
export {
  decodeSlotChain,
  encodeSlotChain,
  MAX_SUCCESSIONS,
  type SlotChain,
  type SlotSigner,
  type SlotSuccession,
  signSlotChain,
  slotSuccessionPayload,
  type VerifiedSlotChain,
  verifySlotChain,
} from "./access/slot-chain.ts";
export {
  decodeSlotLogin,
  encodeSlotLogin,
  type SlotLogin,
  signSlotLogin,
  slotLoginPayload,
  type UnsignedSlotLogin,
  type VerifiedSlotLogin,
  verifySlotLogin,
} from "./access/slot-login.ts";
export { EMPTY_SLOT, MAX_SLOT_LOGINS, type SlotState } from "./access/slots.ts";
export type { PartPlace } from "./message/message.ts";
export { LONGEST_WAIT_MS, type Scheduler } from "./scheduler.ts";
export { DEFAULT_LIMITS } from "./session/limits.ts";
export { runSession } from "./session/run-session.ts";
export type {
  Admission,
  BlobPiece,
  BlobSource,
  Claim,
  Credentials,
  FetchedPart,
  Gatekeeper,
  OpenDatabase,
  Session,
  SessionEvents,
  SessionLimits,
  SessionOptions,
  SessionReady,
} from "./session/session.ts";
export { SYNC_ERROR_CODES, SyncError, type SyncErrorCode, type SyncErrorOptions } from "./sync-error.ts";
export { type DialOptions, dialWebSocket } from "./transport/dial-web-socket.ts";
export { httpUrlOf, originOf, parseRelayUrl, type RelayUrl } from "./transport/origin.ts";
export { pipe } from "./transport/pipe.ts";
export { type Dialler, MAX_FRAME_BYTES, type Transport } from "./transport/transport.ts";
export { type WebSocketLike, type WebSocketTransportOptions, webSocketTransport } from "./transport/web-socket.ts";
