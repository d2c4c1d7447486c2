import { nativeVerifier } from "@selkie/entry/native";
import { createRelay, jsonLogger, type Relay, type RelayLimits } from "@selkie/server";
import { MemoryDisk, memoryStore, type Store } from "@selkie/store";
import type { Transport } from "@selkie/sync-protocol";
import type { ChainWatch } from "./chain-watch.ts";
import { mortalScheduler } from "./mortal-scheduler.ts";
import { type CrashPoint, mortalStore } from "./mortal-store.ts";
import type { Network } from "./network.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface SimRelayOptions {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly random: SeededRandom;
  readonly watch: ChainWatch;
}

interface Life {
  alive: boolean;
  readonly relay: Relay;
  readonly store: Store;
}

/** The real relay of `@selkie/server`, on a memory store and simulated connections. */
export class SimRelay {
  readonly name: string;
  /** What clients dial. */
  readonly origin: string;
  disk: MemoryDisk = new MemoryDisk();
  /** Every line it logged. */
  readonly log: string[] = [];
  /** For its next life. */
  limits: Partial<RelayLimits> = {};
  crashAtCommit: { left: number; point: CrashPoint } | null = null;
  readonly #options: SimRelayOptions;
  #life: Life | null = null;
  #lives = 0;

  constructor(options: SimRelayOptions) {
    this.#options = options;
    this.name = options.name;
    this.origin = `wss://${options.name}.test`;
  }

  get isUp(): boolean {
    return this.#life !== null;
  }

  get store(): Store | null {
    return this.#life?.store ?? null;
  }

  start(): void {
    if (this.#life !== null) return;
    const { clock, random } = this.#options;
    const own = random.fork(`${this.name} ${this.#lives++}`);
    const store = mortalStore(memoryStore({ verifier: nativeVerifier, random: own.bytes, disk: this.disk }), {
      crashNow: () => this.#crashNow(),
      die: () => this.crash(),
      onCommit: (write) => this.#options.watch.note(write),
    });
    const scheduler = mortalScheduler(clock, () => life.alive);
    const relay = createRelay({
      store,
      scheduler,
      verifier: nativeVerifier,
      random: own.bytes,
      origins: [this.origin],
      limits: this.limits,
      now: () => clock.now,
      clock: () => clock.now,
      logger: jsonLogger({ write: (line) => this.log.push(line), now: () => clock.now, level: "debug" }),
    });
    const life: Life = { alive: true, relay, store };
    this.#life = life;
  }

  /** Power off: connections break, what was committed stays. */
  crash(): void {
    if (this.#life === null) return;
    this.#life.alive = false;
    this.#life = null;
    this.disk.crash();
    this.#options.network.breakLines((a, b) => a === this.name || b === this.name);
  }

  readonly accept = (transport: Transport): void => {
    if (this.#life === null) void transport.close();
    else void this.#life.relay.serve(transport);
  };

  #crashNow(): CrashPoint | null {
    const due = this.crashAtCommit;
    if (due === null || due.left-- > 0) return null;
    this.crashAtCommit = null;
    return due.point;
  }
}
