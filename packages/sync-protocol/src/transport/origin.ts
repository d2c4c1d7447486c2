// Origins: what a login is bound to, so that it is worth nothing at another relay.
import { SyncError } from "../sync-error.ts";

/** A WebSocket URL, checked. */
export interface RelayUrl {
  /** The URL to dial. */
  readonly url: string;
  /** Scheme, host and port in canonical form, such as `wss://relay.example` or `ws://127.0.0.1:4000`. */
  readonly origin: string;
}

/**
 * Parses a relay's URL: `wss:`, or `ws:` to this very machine, where nobody listens in between.
 *
 * SECURITY: no plain connection leaves the machine. Test: origin.test.ts "allows plain ws to loopback only".
 *
 * @throws SyncError `BAD_URL`, `INSECURE_URL`
 */
export function parseRelayUrl(url: string): RelayUrl {
  const parsed = parse(url);
  if (parsed.protocol !== "wss:" && parsed.protocol !== "ws:") throw new SyncError("BAD_URL", "not a ws: or wss: URL");
  if (parsed.username !== "" || parsed.password !== "")
    throw new SyncError("BAD_URL", "a relay's URL holds no password");
  if (parsed.protocol === "ws:" && !isLoopback(parsed.hostname)) {
    throw new SyncError("INSECURE_URL", "ws: is for this machine only; use wss:");
  }
  parsed.hash = "";
  return { url: parsed.href, origin: `${parsed.protocol}//${parsed.host}` };
}

/** The origin of a relay's URL, which both a dialler and a listener put into `SessionOptions.origin`. @throws SyncError as {@link parseRelayUrl} */
export function originOf(url: string): string {
  return parseRelayUrl(url).origin;
}

/**
 * Where the paths of a relay's HTTP door begin, with a slash at the end: beside its WebSocket, whatever that one's name.
 *
 * @throws SyncError as {@link parseRelayUrl}
 */
export function httpUrlOf(url: string): string {
  const at = new URL(parseRelayUrl(url).url);
  return `${at.protocol === "wss:" ? "https:" : "http:"}//${at.host}${at.pathname.replace(/[^/]*$/, "")}`;
}

function parse(url: string): URL {
  try {
    return new URL(url);
  } catch (cause) {
    throw new SyncError("BAD_URL", "not a URL", { cause });
  }
}

/** RFC 6761 section 6.3 for the name; the parser has already brought IPv4 and IPv6 addresses to their canonical form. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
