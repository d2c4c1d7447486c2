"""A second implementation of docs/spec/sync.md, written from that page alone: it shares no code with the packages.

Reads the vectors in this folder and checks every case: frames, proofs, digests, access documents, the rules of a relay, and the
frames of whole sessions. Signatures are checked with the second implementation of docs/spec/entry.md. Needs Python 3.9 or later.
"""
import hashlib
import importlib.util
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("entry_check", HERE.parent / "entry" / "check.py")
entry = importlib.util.module_from_spec(spec)
spec.loader.exec_module(entry)
H, label, number, write_uleb, Reader = entry.H, entry.label, entry.number, entry.write_uleb, entry.Reader


class Refused(Exception):
    pass


def need(condition, code="BAD_MESSAGE"):
    if not condition:
        raise Refused(code)


# Section 2: opt, positions, CBOR, codes
def read_position(r):
    return r.uleb(2**53 - 2)


def read_opt(r):
    value = r.uleb()
    return None if value == 0 else value - 1


def write_opt(value):
    return write_uleb(0 if value is None else value + 1)


def cbor_head(major, value):
    for size, minor in ((0, None), (1, 24), (2, 25), (4, 26), (8, 27)):
        if size == 0:
            if value < 24:
                return bytes([major << 5 | value])
        elif value < 256**size:
            return bytes([major << 5 | minor]) + number(value, size)
    raise Refused("BAD_MESSAGE")


def read_cbor(r):
    first = r.u(1)
    major, minor = first >> 5, first & 31
    if first == 0xF6:
        return None
    need(major in (0, 2, 3, 4) and minor <= 27)
    value = minor if minor < 24 else r.u(1 << (minor - 24))
    need(cbor_head(major, value)[0] == first)
    if major == 0:
        return value
    if major == 4:
        need(value <= r.left())
        return [read_cbor(r) for _ in range(value)]
    data = r.take(value)
    return data if major == 2 else data.decode("utf-8")


def write_cbor(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return cbor_head(0, value)
    if isinstance(value, bytes):
        return cbor_head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return cbor_head(3, len(data)) + data
    return cbor_head(4, len(value)) + b"".join(map(write_cbor, value))


def read_array(r, length):
    value = read_cbor(r)
    need(isinstance(value, list) and len(value) == length)
    return value


def is_bytes(value, length=None):
    need(isinstance(value, bytes) and (length is None or len(value) == length))
    return value


def check_code(code):
    need(isinstance(code, str) and re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", code))
    return code


def check_documents(value):
    need(isinstance(value, list) and len(value) <= 16)
    return [is_bytes(item) for item in value]


# Section 3: messages
NAMES = "hello claim admitted refused open opened vector entries ack caughtUp fence fenced ping pong present error goaway close want fetch parts fetchBlob blob askTicket ticket".split()
KINDS, ROLES = ["none", "login", "device"], {1: "dialler", 2: "listener"}
ANSWERS = ["same", "same", "streaming", "different", "unknown", "crossed"]


def read_rights(r, code="BAD_MESSAGE"):
    bits = r.u(1)
    need(bits < 8, code)
    return {"pull": bits & 1 > 0, "push": bits & 2 > 0, "purge": bits & 4 > 0}


def read_grant(r):
    bits = r.u(1)
    if bits == 9:
        return {"pull": True, "push": False, "purge": False, "directoryOnly": True}
    need(bits < 8)
    return {"pull": bits & 1 > 0, "push": bits & 2 > 0, "purge": bits & 4 > 0}


def bits_of(rights):
    return rights["pull"] + 2 * rights["push"] + 4 * rights["purge"]


def read_hello(r):
    need(r.u(1) == 1, "VERSION_UNSUPPORTED")
    role = r.u(1)
    need(role in ROLES)
    return {"role": ROLES[role], "nonce": r.take(32), "windowBytes": r.u(4), "databases": r.u(4)}


def read_claim(r):
    need(r.left() <= 1_048_576)
    kind, tenant, key, origin, documents, signature = read_array(r, 6)
    need(kind in (0, 1, 2) and (key is None) == (signature is None) == (kind == 0))
    need(isinstance(origin, str) and len(origin.encode()) <= 512)
    if kind:
        is_bytes(key, 32), is_bytes(signature, 64)
    return {"kind": KINDS[kind], "tenant": is_bytes(tenant, 32), "key": key, "origin": origin,
            "documents": check_documents(documents), "signature": signature}


def read_answer(r):
    kind = r.u(1)
    need(kind < 6)
    answer = {"type": ANSWERS[kind]}
    if kind < 2:
        answer["position"] = read_position(r) if kind else None
    return answer


def read_vector(r):
    heads, before = [], None
    for _ in range(r.uleb(65_536)):
        writer = r.take(32)
        need(before is None or before < writer)
        heads.append({"writer": writer, "seq": r.u(8), "id": r.take(32)})
        before = writer
    return heads


def read_exception(r, frames):
    item = {"frame": r.uleb(), "run": r.uleb()}
    need(item["frame"] < frames)
    kind = r.u(1)
    need(kind in (1, 2, 3))
    if kind == 1:
        item.update(type="gap", have=r.uleb())
    elif kind == 2:
        item.update(type="fork", seq=r.uleb(), ours=r.take(32))
    else:
        item.update(type="refused", code=check_code(r.take(r.u(1)).decode("ascii")))
    return item


def read_ack(r):
    ack = {"frames": r.uleb(1_024), "credit": r.uleb(2**32 - 1), "exceptions": []}
    for _ in range(r.uleb()):
        item = read_exception(r, ack["frames"])
        order = [(e["frame"], e["run"]) for e in ack["exceptions"]]
        need(not order or order[-1] < (item["frame"], item["run"]))
        ack["exceptions"].append(item)
    ack["reached"] = []
    while r.left() > 0:
        reached = {"handle": r.uleb(), "position": read_position(r)}
        need(all(before["handle"] < reached["handle"] for before in ack["reached"]))
        ack["reached"].append(reached)
    return ack


def read_goaway(r):
    after, within = read_array(r, 2)
    need(all(isinstance(ms, int) and ms <= 3_600_000 for ms in (after, within)))
    return {"afterMs": after, "withinMs": within}


def read_vector_bits(r):
    bits = r.u(1)
    need(bits < 4)
    return {"reply": bits & 1 == 1, "asks": bits & 2 == 2}


def read_reply(r):
    reply = r.u(1)
    need(reply < 2)
    return reply == 1


def read_entries(r):
    message = {"handle": r.uleb(), "position": read_opt(r)}
    need(r.left() > 0)
    return {**message, "runs": r.take(r.left())}


# Section 3.5: at most 16 recipients and 1,024 tags; whether contents stand for changes
def read_wanted(r):
    recipients = [r.take(32) for _ in range(r.uleb(16))]
    tags = [r.take(16) for _ in range(r.uleb(1_024))]
    return {"recipients": recipients, "tags": tags, "contentsOnly": read_reply(r)}


def read_open(r):
    items = [{"id": r.take(32), "digest": r.take(16), "position": read_opt(r)} for _ in range(r.uleb(65_536))]
    after = 0
    while r.left() > 0:
        index = r.uleb()
        need(after <= index < len(items))
        items[index]["wanted"], after = read_wanted(r), index + 1
    return {"items": items}


def read_want(r):
    return {"handle": r.uleb(), "wanted": read_wanted(r) if read_reply(r) else None}


# Sections 6.5 to 6.7
def read_fetch(r):
    message = {"handle": r.uleb(), "places": []}
    count = r.uleb(256)
    need(count > 0)
    for _ in range(count):
        message["places"].append({"writer": r.take(32), "seq": r.uleb(), "index": r.uleb(4_096)})
    return message


def read_parts(r):
    message = {"handle": r.uleb(), "parts": []}
    count = r.uleb(256)
    need(count > 0)
    for _ in range(count):
        message["parts"].append(r.take(r.uleb(1_048_576)) or None)
    return message


def read_fetch_blob(r):
    message = {"hash": r.take(32), "from": r.uleb(4_194_560), "length": r.uleb(524_320)}
    need(message["length"] > 0)
    return message


def read_blob(r):
    size = read_opt(r)
    if size is None:
        return {"piece": None}
    piece = {"size": size, "bytes": r.take(r.left())}
    need(size <= 4_194_560 and len(piece["bytes"]) <= min(size, 524_320))
    return {"piece": piece}


def read_present(r):
    need(r.left() <= 1_048_576)
    return {"documents": check_documents(read_array(r, 1)[0])}


READERS = {
    "hello": read_hello,
    "claim": read_claim,
    "admitted": lambda r: {"rights": read_grant(r), "generation": r.take(8)},
    "refused": lambda r: {"code": check_code(read_array(r, 1)[0])},
    "error": lambda r: {"code": check_code(read_array(r, 1)[0])},
    "open": read_open,
    "opened": lambda r: {"first": r.uleb(65_536), "answers": [read_answer(r) for _ in range(r.uleb(65_536))]},
    "vector": lambda r: {"handle": r.uleb(), **read_vector_bits(r), "vector": read_vector(r)},
    "entries": read_entries,
    "ack": read_ack,
    "caughtUp": lambda r: {"handle": r.uleb(), "position": read_position(r), "digest": r.take(16)},
    "fence": lambda r: {"token": r.uleb(), "handles": [r.uleb() for _ in range(r.uleb())]},
    "fenced": lambda r: {"token": r.uleb()},
    "ping": lambda r: {"token": r.uleb()},
    "pong": lambda r: {"token": r.uleb()},
    "present": read_present,
    "goaway": read_goaway,
    "close": lambda r: {"handles": [r.uleb() for _ in range(r.uleb())]},
    "want": read_want,
    "fetch": read_fetch,
    "parts": read_parts,
    "fetchBlob": read_fetch_blob,
    "blob": read_blob,
    "askTicket": lambda r: {},
    "ticket": lambda r: {"ticket": r.take(32) if read_reply(r) else None},
}


def read_message(frame):
    try:
        r = Reader(frame)
        kind = r.u(1)
        need(1 <= kind <= len(NAMES))
        name = NAMES[kind - 1]
        message = {"type": name, **READERS[name](r)}
        r.end()
        return message
    except (entry.Refused, UnicodeDecodeError):
        raise Refused("BAD_MESSAGE")


# Section 4.2: what is signed
def payload_of(case):
    origin = case["origin"].encode()
    role = bytes([1 if case["role"] == "dialler" else 2])
    greetings = b(case["dialler"]) + b(case["listener"])
    return role + greetings + b(case["tenant"]) + b(case["key"]) + number(len(origin), 2) + origin


# Section 8: access documents
def read_document(data):
    r = Reader(data)
    try:
        kind = r.u(1)
        need(kind in (0x11, 0x12, 0x13, 0x14, 0x15) and r.u(1) == 1, "BAD_DOCUMENT")
        document = {"tenant": r.take(32)}
        if kind == 0x11:
            document.update(epoch=r.u(8), height=r.u(8), signer=r.take(32))
            document["signers"] = ascending(r, r.u(2), 256, lambda: r.take(32))
            document["slots"] = ascending(r, r.u(2), 16_384, lambda: {"slot": r.take(32), "rights": read_rights(r, "BAD_DOCUMENT")})
            name, signer = "sign-access-list", document["signer"]
        elif kind == 0x12:
            return (kind, *read_chain(r, document))
        elif kind == 0x14:
            document.update(slot=r.take(32), signer=r.take(32), loginKey=r.take(32))
            name, signer = "sign-slot-login", document["signer"]
        elif kind == 0x15:
            document.update(database=r.take(32), signer=r.take(32), wait=r.u(4))
            parts = retired(r, 34, 835_584)
            document["parts"] = [{"id": row[:32], "index": int.from_bytes(row[32:], "big")} for row in parts]
            document["blobs"] = retired(r, 32, 835_584 - 34 * len(parts))
            need(parts or document["blobs"], "BAD_DOCUMENT")
            name, signer = "sign-retire-list", document["signer"]
        else:
            document.update(listEpoch=r.u(8), listHeight=r.u(8), slot=r.take(32))
            document.update(rights=read_rights(r, "BAD_DOCUMENT"), signer=r.take(32))
            name, signer = "sign-access-ticket", document["signer"]
        document["signature"] = r.take(64)
        r.end()
    except entry.Refused:
        raise Refused("BAD_DOCUMENT")
    return kind, document, entry.verifies(signer, label(name) + data[:-64], document["signature"])


def read_chain(r, document):
    document["slot"] = slot = r.take(32)
    count = r.u(1)
    need(1 <= count <= 64, "BAD_DOCUMENT")
    document["successions"] = [{"key": r.take(32), "signature": r.take(64)} for _ in range(count)]
    r.end()
    keys = [slot] + [s["key"] for s in document["successions"]]
    need(len(set(keys)) == len(keys), "BAD_DOCUMENT")
    is_signed = all(
        entry.verifies(before, label("sign-slot-succession") + document["tenant"] + slot + before + s["key"], s["signature"])
        for before, s in zip(keys, document["successions"])
    )
    return document, is_signed


def retired(r, width, most):
    return ascending(r, r.u(4), most // width, lambda: r.take(width))


def ascending(r, count, most, read):
    need(count <= most, "BAD_DOCUMENT")
    items = [read() for _ in range(count)]
    keys = [item["slot"] if isinstance(item, dict) else item for item in items]
    need(all(a < z for a, z in zip(keys, keys[1:])), "BAD_DOCUMENT")
    return items


# Sections 8.5 and 8.7: the rules of a relay
def order(document):
    return (document["epoch"], document["height"]) if "epoch" in document else (document["listEpoch"], document["listHeight"])


class Relay:
    def __init__(self, tenant):
        self.tenant, self.root, self.list, self.slots, self.tickets = tenant, None, None, {}, []

    def is_trusted(self, document):
        if document["signer"] == self.root:
            return True
        return self.list is not None and order(document)[0] == order(self.list)[0] and document["signer"] in self.list["signers"]

    def admits(self, ticket):
        newer = self.list is not None and order(ticket) > order(self.list)
        return newer and ticket["tenant"] == self.tenant and self.is_trusted(ticket)

    def rights_of_slot(self, slot):
        listed = [s["rights"] for s in (self.list or {"slots": []})["slots"] if s["slot"] == slot]
        tickets = [t["rights"] for t in self.tickets if t["slot"] == slot and self.admits(t)]
        return (listed + tickets + [None])[0]

    def rights(self, key):
        found = []
        for name, slot in self.slots.items():
            rights = self.rights_of_slot(name)
            if key in slot["logins"] and rights is not None:
                is_newest = slot["logins"][key] == len(slot["keys"]) - 1
                found.append(rights if is_newest else dict.fromkeys(("pull", "push", "purge"), False))
        return {name: any(rights[name] for rights in found) for name in ("pull", "push", "purge")} if found else None

    def present(self, data):
        if data[:1] == b"\x01":
            return self.found(data)
        if self.root is None:
            return "NOT_FOUNDED"
        try:
            kind, document, is_signed = read_document(data)
        except Refused:
            return "MALFORMED"
        if not is_signed:
            return "SIGNATURE_INVALID"
        if kind == 0x13:
            self.tickets.append(document)
            return "known"
        if document["tenant"] != self.tenant:
            return "WRONG_TENANT"
        if kind == 0x11:
            return self.replace_list(document)
        if kind == 0x15:
            return "known" if self.may_retire(document) else "SIGNER_NOT_TRUSTED"
        if self.rights_of_slot(document["slot"]) is None:
            return "SLOT_UNKNOWN"
        slot = self.slots.get(document["slot"], {"keys": [document["slot"]], "logins": {}})
        outcome = self.extend_chain(slot, document) if kind == 0x12 else self.add_login(slot, document)
        if outcome == "applied":
            self.slots[document["slot"]] = slot
        return outcome

    def found(self, data):
        try:
            founding = entry.verify_founding(data)
        except entry.Refused:
            return "MALFORMED"
        if founding["tenant"] != self.tenant:
            return "WRONG_TENANT"
        if self.root is not None:
            return "known"
        self.root, self.directory = founding["root"], founding["database"]
        return "applied"

    def may_retire(self, document):
        """Section 8.7. A ticket gives no right to purge."""
        if document["parts"] and document["database"] == self.directory:
            return False
        if document["signer"] == self.root:
            return True
        listed = {s["slot"]: s["rights"] for s in (self.list or {"slots": []})["slots"]}
        for name, slot in self.slots.items():
            is_newest = slot["logins"].get(document["signer"]) == len(slot["keys"]) - 1
            if is_newest and name in listed and listed[name]["purge"]:
                return True
        return False

    def replace_list(self, document):
        if self.list is not None:
            if document == self.list:
                return "known"
            if order(document) <= order(self.list):
                return "NOT_NEWER"
        if not self.is_trusted(document):
            return "SIGNER_NOT_TRUSTED"
        self.list = document
        return "applied"

    def extend_chain(self, slot, document):
        keys = [document["slot"]] + [s["key"] for s in document["successions"]]
        if any(held != new for held, new in zip(slot["keys"], keys)):
            return "SLOT_SUCCEEDED"
        if len(keys) <= len(slot["keys"]):
            return "known"
        slot["keys"] = keys
        return "applied"

    def add_login(self, slot, document):
        if document["signer"] not in slot["keys"]:
            return "SLOT_KEY_UNKNOWN"
        place, logins = slot["keys"].index(document["signer"]), slot["logins"]
        if logins.get(document["loginKey"], -1) >= place:
            return "known"
        others = [key for key in logins if key != document["loginKey"]]
        if len(others) == 16:
            oldest = min(others, key=logins.get)
            if logins[oldest] >= place:
                return "SLOT_FULL"
            del logins[oldest]
        logins[document["loginKey"]] = place
        return "applied"


# Cases
def b(text):
    return bytes.fromhex(text)


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def vector_digest(database, heads):
    body = write_uleb(len(heads)) + b"".join(b(h["writer"]) + number(h["seq"], 8) + b(h["id"]) for h in heads)
    return H("vector", database, body)


def check_messages(case):
    message = read_message(b(case["frame"]))
    assert plain(message) == case["message"], message


def check_proof(case):
    payload, kind = payload_of(case), {"login": "sign-login", "device": "sign-peer"}[case["kind"]]
    assert payload.hex() == case["payload"]
    message = label(kind) + payload
    assert entry.verifies(b(case["key"]), message, b(case["signature"])) == case["isValid"]
    if "seed" in case:
        assert entry.sign(b(case["seed"]), message).hex() == case["signature"]


def check_digest(case):
    digest = vector_digest(b(case["database"]), case["heads"])
    assert H("open-digest", b(case["diallerNonce"]), b(case["listenerNonce"]), digest)[:16].hex() == case["digest"]


def check_access(case):
    kind, document, is_signed = read_document(b(case["bytes"]))
    need(kind == {"list": 0x11, "chain": 0x12, "ticket": 0x13, "login": 0x14, "retire": 0x15}[case["kind"]], "BAD_DOCUMENT")
    assert plain(document) == case["document"]
    assert is_signed == case.get("isValid", True)


def check_rules(case):
    relay = Relay(b(case["tenant"]))
    for claim in case["claims"]:
        relay.tickets = []
        assert [relay.present(b(document)) for document in claim["documents"]] == claim["outcomes"]
        for login in claim["rights"]:
            assert relay.rights(b(login["key"])) == login["rights"], login


def without_tags(role, nonces, frames):
    """Section 3.4: the frames of one side, their tags checked and taken off."""
    count = 0
    for frame in frames:
        if frame[0] not in (3, 4, 6, 7, 9, 12, 21, 23, 25):
            yield frame
            continue
        place = bytes([{"dialler": 1, "listener": 2}[role]]) + count.to_bytes(8, "big")
        need(frame[-8:] == H("frame-tag", *nonces, place)[:8], "FRAME_MISPLACED")
        count += 1
        yield frame[:-8]


def last_position(named, messages):
    """Sections 5.2, 5.4 and 6.1: the listener's position that the dialler knows of its one database in the end."""
    position = None
    for m in messages:
        if m["type"] == "opened" and m["answers"][0]["type"] == "same":
            position = named if m["answers"][0]["position"] is None else m["answers"][0]["position"]
        elif m["type"] in ("caughtUp", "entries") and m["position"] is not None:
            position = m["position"]
        elif m["type"] == "ack":
            position = [position, *(reached["position"] for reached in m["reached"])][-1]
    return position


def check_sessions(case):
    sides = {}
    both = b(case["diallerNonce"]), b(case["listenerNonce"])
    for role in ("dialler", "listener"):
        messages = [read_message(frame) for frame in without_tags(role, both, map(b, case[role]))]
        sides[role] = messages
        assert [m["type"] for m in messages[:3]] == ["hello", "claim", "admitted"]
        assert messages[0]["nonce"].hex() == case[f"{role}Nonce"]
    vectors = [m["vector"] for role in sides for m in sides[role] if m["type"] == "vector"]
    opened = sides["dialler"][3]["items"][0]
    if vectors:
        mine = [m["vector"] for m in sides["dialler"] if m["type"] == "vector"][0]
        digest = vector_digest(b(case["database"]), plain(mine))
        assert H("open-digest", *both, digest)[:16] == opened["digest"]
    assert last_position(opened["position"], sides["listener"]) == case["position"]
    closes = [[m["handles"] for m in sides[role] if m["type"] == "close"] for role in sides]
    assert closes[0] == closes[1]
    assert sum(m["type"] == "fence" for m in sides["dialler"]) == sum(m["type"] == "fenced" for m in sides["listener"])


def main():
    total = failed = 0
    for name in ("messages", "proof", "digest", "access", "rules", "sessions"):
        for case in json.loads((HERE / f"{name}.json").read_text())["cases"]:
            total += 1
            try:
                globals()[f"check_{name}"](case)
                outcome = None
            except Refused as refused:
                outcome = refused.args[0]
            except AssertionError as error:
                outcome = f"differs {error}"
            if outcome != case.get("code"):
                failed += 1
                print(f"{name}: {case['comment']}: {outcome}, {case.get('code')} is due")
    print(f"{total} cases, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
