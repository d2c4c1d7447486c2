"""A second implementation of docs/spec/entry.md, written from that page alone: it shares no code with the packages.

Reads the vectors in this folder and checks every case. Needs Python 3.9 or later and nothing else.
"""
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent


class Refused(Exception):
    def __init__(self, code):
        self.code = code


def need(condition, code):
    if not condition:
        raise Refused(code)


# Section 2: numbers and labels
def label(name):
    return b"selkie/1/" + name.encode() + b"\0"


def H(name, *parts):
    return hashlib.sha256(label(name) + b"".join(parts)).digest()


def number(value, size):
    return value.to_bytes(size, "big")


def write_uleb(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        need(size <= self.left(), "TRUNCATED")
        self.at += size
        return self.data[self.at - size : self.at]

    def u(self, size):
        value = int.from_bytes(self.take(size), "big")
        need(value < 2**53, "TOO_LARGE")
        return value

    def uleb(self, most=2**53 - 1):
        value, shift = 0, 0
        while True:
            byte = self.u(1)
            value |= (byte & 0x7F) << shift
            need(value <= most, "TOO_LARGE")
            if byte < 0x80:
                need(byte or not shift, "NOT_MINIMAL")
                return value
            shift += 7
            need(shift < 56, "TOO_LARGE")

    def end(self):
        need(not self.left(), "TRAILING_BYTES")


# Section 3: signatures
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
IDENTITY = (0, 1, 1, 0)


def add(a, b):
    A, B = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    C, E = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = B - A, E - C, E + C, B + A
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar, point):
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def encode_point(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode_point(data):
    value = int.from_bytes(data, "little")
    y, sign = value & (2**255 - 1), value >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = decode_point(bytes.fromhex("58" + "66" * 31))
ONE = bytes([1]) + bytes(31)


def is_admissible(key):
    point = decode_point(key) if len(key) == 32 else None
    return point is not None and key != ONE and encode_point(times(L, point)) == ONE


def verifies(key, message, signature):
    if len(signature) != 64 or not is_admissible(key):
        return False
    R, S = signature[:32], int.from_bytes(signature[32:], "little")
    if S >= L or R == ONE:
        return False
    k = int.from_bytes(hashlib.sha512(R + key + message).digest(), "little") % L
    return encode_point(add(times(S, BASE), times(L - k, decode_point(key)))) == R


def sign(seed, message):
    digest = hashlib.sha512(seed).digest()
    a = (int.from_bytes(digest[:32], "little") & (2**254 - 8)) | 2**254
    key = encode_point(times(a, BASE))
    r = int.from_bytes(hashlib.sha512(digest[32:] + message).digest(), "little") % L
    R = encode_point(times(r, BASE))
    k = int.from_bytes(hashlib.sha512(R + key + message).digest(), "little") % L
    return R + ((r + k * a) % L).to_bytes(32, "little")


# Sections 4 and 5: header prefix, parts, root, id
ZERO = bytes(32)


def check_place(header):
    need((header["seq"] == 0) == (header["prev"] == ZERO), "BAD_POSITION")
    need(header["type"] != 0 or header["seq"] == 0, "BAD_POSITION")


def encode_prefix(h):
    check_place(h)
    flags = 1 if h["control"] else 0
    fixed = bytes([1, 1, h["type"], flags]) + h["database"] + h["writer"]
    return fixed + number(h["seq"], 8) + h["prev"] + h["salt"]


def read_prefix(r):
    need(r.u(1) == 1, "UNSUPPORTED_VERSION")
    need(r.u(1) == 1, "UNSUPPORTED_SUITE")
    kind = r.u(1)
    need(kind <= 2, "BAD_TYPE")
    flags = r.u(1)
    need(flags <= 1, "BAD_FLAGS")
    h = {"type": kind, "control": flags == 1, "database": r.take(32), "writer": r.take(32)}
    h.update(seq=r.u(8), prev=r.take(32), salt=r.take(24))
    check_place(h)
    return h


def length_of(part):
    return len(part["ciphertext"]) if "ciphertext" in part else part["length"]


def hash_of(part):
    return H("ct", part["ciphertext"]) if "ciphertext" in part else part["hash"]


def size_of(entry):
    return 228 + 1 + 16 * len(entry["table"]) + 2 + sum(6 + length_of(p) for p in entry["parts"])


def check_shape(entry):
    h, table, parts = entry["header"], entry["table"], entry["parts"]
    check_place(h)
    need(len(table) <= 254, "TOO_LARGE")
    need(parts, "BAD_PART")
    need(len(parts) <= 4096, "TOO_LARGE")
    for i, part in enumerate(parts):
        kind, index = part["kind"], part["table"]
        need((kind == 2) == (i == 0 and h["control"]), "BAD_PART")
        need(kind == 2 or kind in ((1, 5) if h["type"] == 2 else (3, 4)), "BAD_PART")
        need(kind != 2 or "ciphertext" in part, "BAD_PART")
        need(index in (254, 255) if kind == 3 else 0 <= index < len(table), "BAD_PART")
        need(144 <= length_of(part) <= 2**20, "BAD_PART")
    need(sum(p["table"] == 255 for p in parts) <= 64, "TOO_LARGE")
    need(size_of(entry) <= 2**20, "TOO_LARGE")


def identify(entry):
    check_shape(entry)
    prefix_hash = H("prefix", encode_prefix(entry["header"]))
    table_hash = H("table", bytes([len(entry["table"])]), *entry["table"])
    frames = [bytes([p["kind"], p["table"]]) + number(length_of(p), 4) + hash_of(p) for p in entry["parts"]]
    root = H("root", table_hash, number(len(frames), 2), *frames)
    return {"prefixHash": prefix_hash, "tableHash": table_hash, "root": root, "id": H("entry", prefix_hash, root)}


# Section 7: records and bodies
def implied(before, header, table):
    default = 1 if header["type"] == 2 else 4
    if before is None:
        return (2, 0) if header["control"] else (default, 0)
    if before["kind"] == 2:
        return (default, 1 if len(table) > 1 else 0)
    return (before["kind"], before["table"])


def write_record(entry, tags):
    h, table = entry["header"], entry["table"]
    same, signature = table == tags, entry.get("signature")
    out = bytes([h["type"], same | (signature is not None) << 1 | h["control"] << 2])
    if not same:
        out += bytes([len(table)]) + b"".join(table)
    out += h["salt"] + (signature or b"") + write_uleb(len(entry["parts"]))
    before = None
    for part in entry["parts"]:
        explicit, hole = implied(before, h, table) != (part["kind"], part["table"]), "hash" in part
        out += write_uleb(length_of(part) * 4 + hole * 2 + explicit)
        if explicit:
            out += bytes([part["kind"], part["table"]])
        out += part["hash"] if hole else part["ciphertext"]
        before = part
    return out


def read_record(r, place, tags):
    kind = r.u(1)
    need(kind <= 2, "BAD_TYPE")
    bits = r.u(1)
    need(bits <= 7, "BAD_FLAGS")
    table = tags
    if not bits & 1:
        count = r.u(1)
        need(count <= 254, "TOO_LARGE")
        data = r.take(16 * count)
        table = [data[16 * i : 16 * i + 16] for i in range(count)]
        need(table != tags, "NOT_MINIMAL")
    header = dict(place, type=kind, control=bool(bits & 4), salt=r.take(24))
    signature = r.take(64) if bits & 2 else None
    parts = []
    for _ in range(r.uleb(4096)):
        head = r.uleb(2**20 * 4 + 3)
        frame = expected = implied(parts[-1] if parts else None, header, table)
        if head & 1:
            frame = (r.u(1), r.u(1))
            need(1 <= frame[0] <= 5, "BAD_PART")
            need(frame != expected, "NOT_MINIMAL")
        part = {"kind": frame[0], "table": frame[1]}
        if head & 2:
            part.update(length=head >> 2, hash=r.take(32))
        else:
            part.update(ciphertext=r.take(head >> 2))
            need(head >> 2 >= 16, "BAD_LENGTH")
        parts.append(part)
    return {"header": header, "table": table, "parts": parts, "signature": signature}


def read_body(data, place):
    r = Reader(data)
    entry = read_record(r, place, [])
    need(entry["signature"] is None, "BAD_FLAGS")
    r.end()
    return entry


# Sections 6 and 8: runs and messages
class Session:
    def __init__(self):
        self.writers = []

    def find(self, database, writer):
        return next((w for w in self.writers if (w["database"], w["writer"]) == (database, writer)), None)

    def read(self, data, database):
        r, runs, size = Reader(data), [], 0
        while r.left():
            ref = r.uleb(4096)
            if ref:
                need(ref <= len(self.writers) and self.writers[ref - 1]["database"] == database, "UNKNOWN_WRITER")
                state = self.writers[ref - 1]
            else:
                named = {"database": database, "writer": r.take(32), "seq": r.u(8), "prev": r.take(32), "tags": []}
                state = self.find(database, named["writer"])
                if state is None:
                    if len(self.writers) == 4096:
                        self.writers.clear()
                    self.writers.append(named)
                    state = named
                else:
                    need((state["seq"], state["prev"]) != (named["seq"], named["prev"]), "NOT_MINIMAL")
                    state.update(named)
            run = {"writer": state["writer"], "firstSeq": state["seq"], "prev": state["prev"], "entries": []}
            count = r.uleb(2048)
            need(count, "BAD_RUN")
            for _ in range(count):
                place = {k: state[k] for k in ("database", "writer", "seq", "prev")}
                entry = read_record(r, place, state["tags"])
                size += size_of(entry)
                need(size <= 2**22, "TOO_LARGE")
                entry["id"] = identify(entry)["id"]
                run["entries"].append(entry)
                state.update(seq=state["seq"] + 1, prev=entry["id"], tags=entry["table"])
            runs.append(run)
        return runs


def verdict(run):
    last = run["entries"][-1]
    if last["signature"] is None:
        return "SIGNATURE_MISSING"
    ok = verifies(run["writer"], label("sign-entry") + last["id"], last["signature"])
    return "verified" if ok else "SIGNATURE_INVALID"


# Sections 9 and 10: founding headers and vectors
def verify_founding(data):
    r = Reader(data)
    header = read_prefix(r)
    root, signature = r.take(32), r.take(64)
    r.end()
    need(header["type"] == 0, "BAD_TYPE")
    tenant = H("entry", H("prefix", encode_prefix(header)), root)
    need(verifies(header["writer"], label("sign-entry") + tenant, signature), "SIGNATURE_INVALID")
    return {"tenant": tenant, "root": header["writer"], "database": header["database"]}


def read_vector(data):
    r = Reader(data)
    count = r.uleb(65536)
    need(r.left() >= 72 * count, "TRUNCATED")
    heads = []
    for _ in range(count):
        head = {"writer": r.take(32), "seq": r.u(8), "id": r.take(32)}
        need(not heads or heads[-1]["writer"] < head["writer"], "NOT_ASCENDING")
        heads.append(head)
    r.end()
    return heads


# Section 12: the vectors
def unhex(value):
    """JSON with hexadecimal text to the same with bytes."""
    if isinstance(value, dict):
        return {k: v if k in ("comment", "code", "label", "verdict") else unhex(v) for k, v in value.items()}
    if isinstance(value, list):
        return [unhex(v) for v in value]
    return bytes.fromhex(value) if isinstance(value, str) else value


def check(case, action):
    """Runs the action: the code it is refused with, or what it returns, must be what the case says."""
    try:
        result = action()
    except Refused as refused:
        return case.get("code") == refused.code
    return "code" not in case and result is not False


def check_entry(case):
    entry = case["entry"]
    hashes = identify(entry)
    signature = sign(case["seed"], label("sign-entry") + hashes["id"])
    found = dict(hashes, partHashes=[hash_of(p) for p in entry["parts"]], size=size_of(entry))
    found.update(body=write_record(entry, []), signature=signature)
    place = {k: entry["header"][k] for k in ("database", "writer", "seq", "prev")}
    again = read_body(case["body"], place)
    return all(case[k] == v for k, v in found.items()) and dict(again, signature=None) == dict(entry, signature=None)


def check_run(case):
    session = Session()
    for message in case["messages"]:
        def read():
            runs = session.read(message["bytes"], case["database"])
            found = [
                {k: run[k] for k in ("writer", "firstSeq", "prev")}
                | {"ids": [e["id"] for e in run["entries"]], "verdict": verdict(run)}
                for run in runs
            ]
            return found == message["runs"]
        if not check(message, read):
            return False
    return True


def read_all(read):
    def action(data):
        r = Reader(data)
        value = read(r)
        r.end()
        return value
    return action


def main():
    files = {path.stem: unhex(json.loads(path.read_text()))["cases"] for path in sorted(HERE.glob("*.json"))}
    first = files["entry"][0]["entry"]["header"]
    place = {k: first[k] for k in ("database", "writer", "seq", "prev")}
    checks = {
        "uleb": lambda c: read_all(Reader.uleb)(c["bytes"]) == c["value"] and write_uleb(c["value"]) == c["bytes"],
        "labels": lambda c: label(c["label"]) == c["prefix"],
        "ed25519": lambda c: verifies(c["publicKey"], c["message"], c["signature"]) == c["isValid"],
        "header": lambda c: read_all(read_prefix)(c["bytes"]) == c["header"]
        and (encode_prefix(c["header"]), H("prefix", c["bytes"])) == (c["bytes"], c["hash"]),
        "entry": check_entry,
        "body": lambda c: check_shape(read_body(c["body"], place)),
        "run": check_run,
        "founding": lambda c: all(c[k] == v for k, v in verify_founding(c["bytes"]).items()),
        "vector": lambda c: read_vector(c["bytes"]) == c["heads"] and H("vector", c["database"], c["bytes"]) == c["digest"],
    }
    failed = total = 0
    for name, cases in files.items():
        for case in cases:
            total += 1
            if not check(case, lambda: checks[name](case)):
                failed += 1
                print(f"FAILED {name}: {case['comment']}")
    print(f"{total} cases, {failed} failed")
    return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main())
