/** Takes a listener back. */
export type Off = () => void;

/** A typed list of listeners. Events announce; a listener that throws does not stop the others or the work that announced. */
export class Events<EventByType extends object> {
  readonly #listeners = new Map<keyof EventByType, Set<(event: never) => void>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  on<Type extends keyof EventByType>(type: Type, listener: (event: EventByType[Type]) => void): Off {
    const set = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, set.add(listener as (event: never) => void));
    return () => set.delete(listener as (event: never) => void);
  }

  emit<Type extends keyof EventByType>(type: Type, event: EventByType[Type]): void {
    const listeners = this.#listeners.get(type);
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        (listener as (event: EventByType[Type]) => void)(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  has(type: keyof EventByType): boolean {
    return (this.#listeners.get(type)?.size ?? 0) > 0;
  }
}
