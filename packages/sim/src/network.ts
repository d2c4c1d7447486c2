import { SyncError, type Transport } from "@selkie/sync-protocol";
import type { SeededRandom } from "./seeded-random.ts";
import { SimTransport } from "./sim-transport.ts";
import type { Trace } from "./trace.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** How unkind a network is; probabilities are per frame, but for `replay`: per connection. */
export interface Weather {
  /** ms a frame takes at least and at most; connections have no order among them. */
  readonly delayMs: readonly [number, number];
  /** The connection breaks and what is under way is lost. */
  readonly breaks: number;
  /** A frame of this pair's connection before arrives once more on the new one. */
  readonly replay: number;
}

export const FAIR_WEATHER: Weather = { delayMs: [1, 5], breaks: 0, replay: 0 };

/** Takes the listener's end of a new connection. */
export type Accept = (transport: Transport) => void;

interface Line {
  readonly ends: readonly [string, string];
  break(): void;
}

const KEPT_FRAMES = 8;

/** Connections between named places: frames take time, lines break, places are cut off from each other, old frames come back. */
export class Network {
  weather: Weather = FAIR_WEATHER;
  /** Who listens on the wire: gets every frame that is sent, and `from>to`. */
  tap: ((lane: string, frame: Uint8Array) => void) | null = null;
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #trace: Trace;
  readonly #lines = new Set<Line>();
  readonly #apart = new Set<string>();
  /** The latest frames that went from one place to another. */
  readonly #old = new Map<string, Uint8Array[]>();
  #count = 0;

  constructor(clock: VirtualClock, random: SeededRandom, trace: Trace) {
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
  }

  /** Connects two places. @throws SyncError DIAL_FAILED when they are cut off from each other */
  async connect(from: string, to: string, accept: Accept): Promise<Transport> {
    const random = this.#random.fork(`${from} ${to} ${this.#count++}`);
    await this.#clock.pause(random.between(...this.weather.delayMs));
    if (this.#apart.has(pairName(from, to))) throw new SyncError("DIAL_FAILED", "no way there");
    const [near, far] = this.#line([from, to], random);
    accept(far);
    return near;
  }

  /** Nobody in one group reaches anybody in the other until `mend`; lines between them break. */
  separate(some: readonly string[], others: readonly string[]): void {
    for (const a of some) for (const b of others) if (a !== b) this.#apart.add(pairName(a, b));
    this.breakLines((a, b) => this.#apart.has(pairName(a, b)));
  }

  mend(): void {
    this.#apart.clear();
  }

  breakLines(which: (a: string, b: string) => boolean): void {
    for (const line of [...this.#lines]) if (which(...line.ends)) line.break();
  }

  #line(ends: readonly [string, string], random: SeededRandom): readonly [SimTransport, SimTransport] {
    const state = { up: true };
    const line: Line = {
      ends,
      break: () => {
        state.up = false;
        this.#lines.delete(line);
        for (const end of pair) end.end("broken");
      },
    };
    const lane = (from: number, to: number) =>
      new Lane(() => pair[to], { random, state, name: `${ends[from]}>${ends[to]}` });
    const lanes = [lane(0, 1), lane(1, 0)];
    const end = (at: number): SimTransport =>
      new SimTransport({
        carry: (frame, arrived) => this.#carry(lanes[at], line, frame, arrived),
        hangUp: () => this.#carry(lanes[at], line, null, () => this.#lines.delete(line)),
      });
    const pair = [end(0), end(1)] as const;
    this.#lines.add(line);
    if (random.chance(this.weather.replay)) this.#replay(lanes[random.below(2)], random);
    return pair;
  }

  #carry(lane: Lane | undefined, line: Line, frame: Uint8Array | null, arrived: () => void): void {
    if (lane === undefined) return;
    if (frame !== null && lane.random.chance(this.weather.breaks)) {
      line.break();
      return;
    }
    if (frame !== null) {
      this.tap?.(lane.name, frame);
      this.#keep(lane.name, frame);
    }
    lane.last = Math.max(lane.last, this.#clock.now + lane.random.between(...this.weather.delayMs));
    this.#clock.after(lane.last - this.#clock.now, () => {
      if (!lane.state.up) return;
      this.#trace.note(this.#clock.now, lane.name, frame ?? undefined);
      if (frame === null) lane.to()?.end("closed");
      else lane.to()?.deliver(frame);
      arrived();
    });
  }

  #replay(lane: Lane | undefined, random: SeededRandom): void {
    const frame = random.pick(this.#old.get(lane?.name ?? "") ?? []);
    if (frame === undefined || lane === undefined) return;
    this.#clock.after(random.between(1, 400), () => {
      if (!lane.state.up) return;
      lane.to()?.deliver(frame.slice());
    });
  }

  #keep(lane: string, frame: Uint8Array): void {
    const kept = this.#old.get(lane) ?? [];
    this.#old.set(lane, kept);
    kept.push(frame);
    if (kept.length > KEPT_FRAMES) kept.shift();
  }
}

/** One direction of a line: first in, first out. */
class Lane {
  readonly to: () => SimTransport | undefined;
  readonly random: SeededRandom;
  readonly state: { readonly up: boolean };
  readonly name: string;
  /** When the last frame arrives. */
  last = 0;

  constructor(
    to: () => SimTransport | undefined,
    { random, state, name }: { random: SeededRandom; state: { readonly up: boolean }; name: string },
  ) {
    this.to = to;
    this.random = random;
    this.state = state;
    this.name = name;
  }
}

const pairName = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
