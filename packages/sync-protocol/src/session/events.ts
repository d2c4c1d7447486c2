// The listeners of a session.
import type { SessionEvents } from "./session.ts";

type Listener = (event: never) => void;

/** Typed listeners. One that throws stops neither the others nor the session: its error surfaces as an unhandled rejection. */
export class Events {
  readonly #listeners = new Map<keyof SessionEvents, Set<Listener>>();

  on<Type extends keyof SessionEvents>(type: Type, listener: (event: SessionEvents[Type]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set<Listener>();
    this.#listeners.set(type, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  emit<Type extends keyof SessionEvents>(type: Type, event: SessionEvents[Type]): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        (listener as (event: SessionEvents[Type]) => void)(event);
      } catch (error) {
        // A listener's bug is its owner's: it must be seen, and must not look like a fault of the peer.
        void Promise.reject(error);
      }
    }
  }
}
