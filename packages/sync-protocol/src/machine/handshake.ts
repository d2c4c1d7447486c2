// The handshake: hello both ways; the dialler's claim, then the listener's; each side admits the other. docs/spec/sync.md section 4.
//
//   dialler                         listener
//   hello            ->   <-        hello
//   claim            ->             judges it
//   judges it        <-             claim, admitted
//   admitted         ->             open
//   open
//
// The dialler speaks first, so that a listener shows who it is only to a peer it has admitted.
import { equalBytes, parseLoginKey } from "@selkie/entry";
import { ALL_RIGHTS, equalRights } from "../access/rights.ts";
import type { Admitted, ClaimMessage, Hello, Present, Refused } from "../message/message.ts";
import type { Admission, Claim } from "../session/session.ts";
import { SyncError } from "../sync-error.ts";
import { compareAll } from "./reconcile.ts";
import type { Turn } from "./turn.ts";

/** Sends hello and starts the clock. */
export function startHandshake(turn: Turn): void {
  const { handshake, options } = turn.state;
  turn.effect({ type: "startTimer", timer: "handshake", ms: options.limits.handshakeMs });
  turn.send(handshake.ownHello);
}

/** The peer's greeting; a dialler now makes its claim. */
export function onHello(turn: Turn, hello: Hello): void {
  const { handshake, options } = turn.state;
  if (handshake.peerHello !== null) throw unexpected("a second hello");
  // SECURITY: our own greeting, sent back to us, has our role and our nonce. Test: handshake.test.ts "refuses its own hello".
  if (hello.role === options.role || equalBytes(hello.nonce, handshake.ownHello.nonce)) {
    throw unexpected("a peer in this side's own role");
  }
  turn.setHandshake({ peerHello: hello });
  turn.setFlight({ credit: hello.windowBytes });
  if (options.role === "dialler") makeClaim(turn);
}

/** Our claim is signed: out it goes; a listener has admitted the peer by now and says so. */
export function onClaimed(turn: Turn, claim: ClaimMessage): void {
  const { options, handshake } = turn.state;
  turn.send(claim);
  if (options.role === "dialler") turn.setHandshake({ subject: { tenant: claim.tenant, origin: claim.origin } });
  else sendAdmitted(turn);
  if (handshake.peerHello === null) throw unexpected("a claim before hello");
}

/** The peer's claim: checked for what it says, then for its signature. */
export function onClaim(turn: Turn, claim: ClaimMessage): void {
  const { handshake, options } = turn.state;
  if (handshake.peerHello === null || handshake.peer !== "unknown") throw unexpected("a claim out of turn");
  const isListener = options.role === "listener";
  if (!isListener && handshake.subject === null) throw unexpected("the listener's claim before the dialler's");
  checkSubject(turn, claim);
  if (claim.kind === "login" && !isListener) throw new SyncError("PROOF_INVALID", "a listener does not log in");
  if (isListener) turn.setHandshake({ subject: { tenant: claim.tenant, origin: claim.origin } });
  if (claim.kind === "none") {
    if (options.guarded) throw new SyncError("PROOF_MISSING", "the peer did not prove who it is");
    admit(turn, ALL_RIGHTS);
    return;
  }
  turn.setHandshake({ peer: "checking", peerClaim: claimOf(claim) });
  const role = isListener ? "dialler" : "listener";
  turn.effect({ type: "checkProof", claim, role, greetings: turn.greetings() });
}

/** The verdict on the signature of the peer's claim. */
export function onProofChecked(turn: Turn, valid: boolean): void {
  const { handshake, options } = turn.state;
  if (handshake.peer !== "checking" || handshake.peerClaim === null) return;
  if (!valid) throw new SyncError("PROOF_INVALID", "the peer's proof does not hold for this connection");
  if (!options.guarded) {
    admit(turn, ALL_RIGHTS);
    return;
  }
  turn.setHandshake({ peer: "judging" });
  turn.effect({ type: "judge", claim: handshake.peerClaim });
}

/** The gatekeeper's verdict, in the handshake or on documents presented later. */
export function onJudged(turn: Turn, admission: Admission): void {
  const { handshake } = turn.state;
  if (admission.type === "refused") {
    throw new SyncError("NOT_ADMITTED", "the gatekeeper refused the peer", { reason: admission.code });
  }
  if (handshake.peer === "judging") admit(turn, admission.rights);
  else if (handshake.presenting || (isDevice(turn) && !equalRights(handshake.granted, admission.rights))) {
    const mightSend = turn.maySend();
    turn.setHandshake({ presenting: false, granted: admission.rights });
    sendAdmitted(turn);
    if (!mightSend && turn.maySend()) compareAll(turn);
  }
}

/** What the gatekeeper decides by has changed: an admitted device is judged again, and told when it may do more or less. */
export function reconsider(turn: Turn): void {
  const { handshake, options, phase } = turn.state;
  if (phase === "handshake" || !options.guarded || handshake.peerClaim === null || !isDevice(turn)) return;
  turn.effect({ type: "judge", claim: handshake.peerClaim });
}

/** The peer admits us: the first time it completes our side, later it answers `present`, or a device has judged us again. */
export function onAdmitted(turn: Turn, message: Admitted): void {
  const { handshake, phase } = turn.state;
  if (handshake.received === null) {
    if (handshake.subject === null) throw unexpected("an admission before a claim");
    turn.setHandshake({ received: { rights: message.rights, generation: message.generation } });
    openIfAdmitted(turn);
    return;
  }
  const [presenter, ...others] = handshake.presenters;
  if (phase === "handshake" || (presenter === undefined && !isDevice(turn)))
    throw unexpected("an admission nobody asked for");
  const mightSend = turn.maySend();
  turn.setHandshake({ received: { ...handshake.received, rights: message.rights }, presenters: others });
  if (!mightSend && turn.maySend()) compareAll(turn);
  turn.effect({ type: "rights", rights: message.rights });
  if (presenter !== undefined) turn.effect({ type: "resolve", caller: presenter, rights: message.rights });
}

/** The peer does not admit us. */
export function onRefused(message: Refused): never {
  throw new SyncError("REFUSED_BY_PEER", "the peer does not admit this side", { reason: message.code });
}

/** Documents the peer presents on an open session: judged like a new claim. */
export function onPresent(turn: Turn, message: Present): void {
  const { handshake, options, phase, outbox } = turn.state;
  const { peerClaim } = handshake;
  // One presentation at a time: the answer to the one before may still wait to be sent.
  const isBusy = handshake.presenting || outbox.messages.some(({ type }) => type === "admitted");
  if (phase === "handshake" || !options.guarded || peerClaim?.type !== "login" || isBusy) {
    throw unexpected("documents out of turn");
  }
  turn.setHandshake({ presenting: true });
  turn.effect({ type: "judge", claim: { ...peerClaim, documents: message.documents } });
}

/** Our user presents documents; it waits for the answer before it presents others. */
export function present(turn: Turn, caller: number, documents: readonly Uint8Array[]): void {
  turn.setHandshake({ presenters: [...turn.state.handshake.presenters, caller] });
  turn.send({ type: "present", documents });
}

/** The peer proved a device key: both sides of such a session have a gatekeeper that may learn more. */
function isDevice(turn: Turn): boolean {
  return turn.state.handshake.peerClaim?.type === "device";
}

function checkSubject(turn: Turn, claim: ClaimMessage): void {
  const { handshake, options } = turn.state;
  const accepted = typeof options.origin === "string" ? [options.origin] : options.origin;
  // SECURITY: a relay cannot use elsewhere what was signed for it: the origin is the one the dialler dialled.
  // Test: handshake.test.ts "F1 K-5 ...".
  if (!accepted.includes(claim.origin)) throw new SyncError("ORIGIN_MISMATCH", "the peer means another origin");
  const subject = handshake.subject;
  if (subject !== null && !(equalBytes(subject.tenant, claim.tenant) && subject.origin === claim.origin)) {
    throw new SyncError("TENANT_MISMATCH", "the listener speaks of another tenant or origin");
  }
}

function claimOf({ kind, tenant, key, documents }: ClaimMessage): Claim {
  if (key === null || kind === "none") throw unexpected("a proof without a key");
  return kind === "login"
    ? { type: "login", tenant, key: parseLoginKey(key), documents }
    : { type: "device", tenant, key };
}

function admit(turn: Turn, rights: Admitted["rights"]): void {
  const { peerClaim } = turn.state.handshake;
  // What was judged is not kept: a claim's documents may have a megabyte, and a session lasts.
  const judged: Claim | null = peerClaim?.type === "login" ? { ...peerClaim, documents: [] } : peerClaim;
  turn.setHandshake({ peer: "admitted", granted: rights, peerClaim: judged });
  if (turn.state.options.role === "listener") makeClaim(turn);
  else {
    sendAdmitted(turn);
    openIfAdmitted(turn);
  }
}

function makeClaim(turn: Turn): void {
  const { options, handshake } = turn.state;
  const { role } = options;
  turn.effect({ type: "makeClaim", role, greetings: turn.greetings(), subject: handshake.subject });
}

function sendAdmitted(turn: Turn): void {
  const { granted } = turn.state.handshake;
  if (granted === null) throw unexpected("an admission before a judgement");
  turn.send({ type: "admitted", rights: granted, generation: turn.state.options.generation });
}

function openIfAdmitted(turn: Turn): void {
  const { handshake, options } = turn.state;
  const { received, granted, subject } = handshake;
  if (received === null || granted === null || subject === null) return;
  turn.set({ phase: "open" });
  turn.effect({ type: "stopTimer", timer: "handshake" });
  turn.effect({ type: "startTimer", timer: "liveness", ms: options.limits.silenceMs });
  turn.effect({ type: "ready", ready: received, greetings: turn.greetings(), tenant: subject.tenant });
}

function unexpected(what: string): SyncError {
  return new SyncError("UNEXPECTED_MESSAGE", what);
}
