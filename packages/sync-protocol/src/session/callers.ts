// Who waits for an answer of the machine.
import type { Effect } from "../machine/effect.ts";
import type { SyncError } from "../sync-error.ts";

type Answer = Extract<Effect, { type: "resolve" }>;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/** Calls that are answered by number; all of them fail when the session ends. */
export class Callers {
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #refusal: SyncError | null = null;

  /** Makes a call with a new number and waits for its answer, or for the signal. */
  async call(make: (caller: number) => void, signal?: AbortSignal): Promise<Answer> {
    if (this.#refusal !== null) throw this.#refusal;
    const caller = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.set(caller, { resolve, reject });
    const abort = (): void => this.reject(caller, signal?.reason);
    signal?.addEventListener("abort", abort);
    try {
      make(caller);
      return await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#waiting.delete(caller);
    }
  }

  /** Answers a call; an answer to a call that was aborted is dropped. */
  resolve(answer: Answer): void {
    this.#waiting.get(answer.caller)?.resolve(answer);
  }

  reject(caller: number, reason: unknown): void {
    this.#waiting.get(caller)?.reject(reason);
  }

  /** Fails all calls, and all later ones. The first refusal counts. */
  refuse(error: SyncError): void {
    this.#refusal ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#refusal);
  }
}
