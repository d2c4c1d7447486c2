// Acknowledgements, with the runs that were not appended and the positions that were reached. docs/spec/sync.md section 3.3.
import { type ByteReader, type ByteWriter, parseEntryId } from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { MAX_CODE_LENGTH, MAX_FRAMES_IN_FLIGHT, MAX_POSITION } from "./bounds.ts";
import { parseCode } from "./control-codec.ts";
import type { Ack, RunException } from "./message.ts";

const exceptionKind = { gap: 1, fork: 2, refused: 3 } as const;

/** Body of `ack`. */
export function writeAck(writer: ByteWriter, ack: Ack): void {
  writer.uleb(ack.frames).uleb(ack.credit).uleb(ack.exceptions.length);
  for (const exception of ack.exceptions) writeException(writer, exception);
  for (const { handle, position } of ack.reached) writer.uleb(handle).uleb(position);
}

/** @throws SyncError `BAD_MESSAGE` */
export function readAck(reader: ByteReader): Ack {
  const frames = reader.uleb(MAX_FRAMES_IN_FLIGHT);
  const credit = reader.uleb(0xffff_ffff);
  const count = reader.uleb();
  const exceptions: RunException[] = [];
  for (let i = 0; i < count; i++) {
    const exception = readException(reader, frames);
    const before = exceptions.at(-1);
    if (before !== undefined && !isAfter(exception, before)) {
      throw new SyncError("BAD_MESSAGE", "exceptions that do not ascend");
    }
    exceptions.push(exception);
  }
  return { type: "ack", frames, credit, exceptions, reached: readReached(reader) };
}

/** Ascending, so that no frame makes us do more than there are databases open. */
function readReached(reader: ByteReader): Ack["reached"] {
  const reached: Ack["reached"][number][] = [];
  for (let last = -1; reader.remaining > 0; ) {
    const handle = reader.uleb();
    if (handle <= last) throw new SyncError("BAD_MESSAGE", "positions whose handles do not ascend");
    reached.push({ handle, position: reader.uleb(MAX_POSITION) });
    last = handle;
  }
  return reached;
}

function isAfter(a: RunException, b: RunException): boolean {
  return a.frame > b.frame || (a.frame === b.frame && a.run > b.run);
}

function writeException(writer: ByteWriter, exception: RunException): void {
  writer.uleb(exception.frame).uleb(exception.run).u8(exceptionKind[exception.type]);
  switch (exception.type) {
    case "gap":
      writer.uleb(exception.have);
      break;
    case "fork":
      writer.uleb(exception.seq).bytes(exception.ours);
      break;
    case "refused": {
      const code = new TextEncoder().encode(exception.code);
      writer.u8(code.length).bytes(code);
      break;
    }
  }
}

function readException(reader: ByteReader, frames: number): RunException {
  const frame = reader.uleb();
  if (frame >= frames) throw new SyncError("BAD_MESSAGE", "an exception in a frame that is not acknowledged");
  const run = reader.uleb();
  switch (reader.u8()) {
    case exceptionKind.gap:
      return { frame, run, type: "gap", have: reader.uleb() };
    case exceptionKind.fork:
      return { frame, run, type: "fork", seq: reader.uleb(), ours: parseEntryId(reader.bytes(32)) };
    case exceptionKind.refused: {
      const length = reader.u8();
      if (length > MAX_CODE_LENGTH) throw new SyncError("BAD_MESSAGE", "a code that is too long");
      return { frame, run, type: "refused", code: parseCode(new TextDecoder().decode(reader.bytes(length))) };
    }
    default:
      throw new SyncError("BAD_MESSAGE", "an exception of no known kind");
  }
}
