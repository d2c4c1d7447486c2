import { everyByteOf } from "./look-for.ts";
import type { Scene } from "./scene.ts";

/** Everything that somebody sees who owns the relay: its disk, its log, and every frame to and from it. */
export class Observer {
  readonly frames: { readonly lane: string; readonly at: number; readonly frame: Uint8Array }[] = [];
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
    const { network, clock } = scene.world;
    network.tap = (lane, frame) => void this.frames.push({ lane, at: clock.now, frame });
  }

  /** Lengths of the frames of a lane from now on. */
  sizes(lane: string): readonly number[] {
    return this.frames.filter((item) => item.lane === lane).map(({ frame }) => frame.length);
  }

  bytes(): readonly Uint8Array[] {
    const { relay } = this.#scene.world;
    return everyByteOf([this.frames.map(({ frame }) => frame), relay.disk.content, relay.log]);
  }
}
