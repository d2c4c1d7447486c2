import type { Scheduler } from "@selkie/sync-protocol";

/** Who waits to be alone keeps nobody out for so long. */
const PATIENCE_MS = 2_000;
/** Then others wait at the door, for no longer than this at a time: one of them may be what somebody who is in waits for. */
const DOOR_MS = 500;

/**
 * Many are in at once, or one alone. Who wants to be alone waits until nobody is in, and meanwhile others still come in; now and then they
 * wait a moment at the door, so that those who follow on each other without end have all left. Nobody who is in ever waits for long for
 * one who is not (shared-lock.test.ts).
 */
export class SharedLock {
  readonly #scheduler: Pick<Scheduler, "after">;
  #inside = 0;
  #isAlone = false;
  /** So many who want to be alone keep the door shut. */
  #shut = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(scheduler: Pick<Scheduler, "after">) {
    this.#scheduler = scheduler;
  }

  /** Whether anybody is in who shares it. */
  get isShared(): boolean {
    return this.#inside > 0;
  }

  /** Goes in, at once when it gives nothing; everybody who went in calls `leave` once. */
  enter(): Promise<void> | undefined {
    if (this.#isAlone || this.#shut > 0) return this.#enterLater();
    this.#inside += 1;
    return undefined;
  }

  leave(): void {
    this.#inside -= 1;
    if (this.#inside === 0) this.#wake();
  }

  /** Runs work while nobody is in: it begins at once when nobody is. */
  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const leaveDoor = this.#isAlone || this.#inside > 0 ? this.#waitAtDoor() : null;
    while (this.#isAlone || this.#inside > 0) await this.#moved();
    this.#isAlone = true;
    leaveDoor?.();
    try {
      return await work();
    } finally {
      this.#isAlone = false;
      this.#wake();
    }
  }

  async #enterLater(): Promise<void> {
    while (this.#isAlone || this.#shut > 0) await this.#moved();
    this.#inside += 1;
  }

  /** Shuts the door now and then, until the function it gives is called. */
  #waitAtDoor(): () => void {
    let [isShut, isOver] = [false, false];
    const turn = (): void => {
      if (isOver) return;
      isShut = !isShut;
      this.#shut += isShut ? 1 : -1;
      if (!isShut) this.#wake();
      cancel = this.#scheduler.after(isShut ? DOOR_MS : PATIENCE_MS, turn);
    };
    let cancel = this.#scheduler.after(PATIENCE_MS, turn);
    return () => {
      isOver = true;
      cancel();
      if (isShut) this.#shut -= 1;
    };
  }

  #moved(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #wake(): void {
    if (this.#waiting.length > 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
