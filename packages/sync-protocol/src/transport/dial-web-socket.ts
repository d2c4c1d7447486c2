// Dialling a relay with the platform's own WebSocket.
import type { Scheduler } from "../scheduler.ts";
import { SyncError } from "../sync-error.ts";
import { parseRelayUrl } from "./origin.ts";
import type { Dialler, Transport } from "./transport.ts";
import { type WebSocketLike, webSocketTransport } from "./web-socket.ts";

/** What {@link dialWebSocket} needs. */
export interface DialOptions {
  readonly scheduler: Scheduler;
  /** The WebSocket class; the platform's global one by default (browsers, Node 22 and later). */
  readonly webSocket?: new (
    url: string,
  ) => WebSocketLike;
}

/**
 * Dials `wss:` URLs, and `ws:` ones on this machine. A relay that answers with compression is refused: compressed sizes leak.
 *
 * @throws SyncError `BAD_URL`, `INSECURE_URL`; the dialler rejects with `DIAL_FAILED`, `COMPRESSED_TRANSPORT`, or the signal's reason
 */
export function dialWebSocket(url: string, options: DialOptions): Dialler {
  const target = parseRelayUrl(url);
  const WebSocketClass = options.webSocket ?? platformWebSocket();
  return async (signal) => {
    signal.throwIfAborted();
    const socket = new WebSocketClass(target.url);
    const transport = webSocketTransport(socket, options);
    await whenOpen(socket, signal, transport);
    // SECURITY: E5. Test: dial-web-socket.test.ts "E5 refuses a relay that compresses".
    if (socket.extensions.includes("permessage-deflate")) {
      await transport.close();
      throw new SyncError("COMPRESSED_TRANSPORT", "the relay compresses, and compressed sizes leak what is inside");
    }
    return transport;
  };
}

async function whenOpen(socket: WebSocketLike, signal: AbortSignal, transport: Transport): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort);
  socket.addEventListener("open", () => resolve());
  socket.addEventListener("close", () => reject(new SyncError("DIAL_FAILED", "the relay could not be reached")));
  try {
    await promise;
  } catch (error) {
    await transport.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function platformWebSocket(): new (url: string) => WebSocketLike {
  const { WebSocket: found } = globalThis as { readonly WebSocket?: new (url: string) => WebSocketLike };
  if (found === undefined) throw new SyncError("BAD_OPTIONS", "this platform has no WebSocket: pass one");
  return found;
}
