"""Writes the vectors of docs/spec/crypto.md from the page alone: nothing here shares code with the packages.

Needs Python 3.10 or later and the package `cryptography`. Run it in this folder; it reads x-wing.json (published) and writes the rest.
"""
import hashlib
import hmac
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def labelled(label, *payload):
    return b"selkie/1/" + label.encode() + b"\0" + b"".join(payload)


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(key, info, length):
    output, block = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = mac(key, block + info + bytes([counter]))
        output += block
    return output[:length]


def derive(key, label, info, length):
    return expand(key, labelled(label, info), length)


def seal(key, nonce, aad, plaintext):
    return AESGCM(key).encrypt(nonce.to_bytes(12, "big"), plaintext, aad)


def fixed(text, length):
    """Bytes for a vector, as good as random: SHA-256 of a counter and a text."""
    blocks = (hashlib.sha256(f"{text} {i}".encode()).digest() for i in range(-(-length // 32)))
    return b"".join(blocks)[:length]


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def write(name, comment, tests):
    def text(value):
        return value.hex() if isinstance(value, bytes) else value

    rows = [{field: text(value) for field, value in test.items()} for test in tests]
    with open(f"{name}.json", "w") as file:
        json.dump({"comment": comment, "tests": rows}, file, indent=2)
        file.write("\n")


def sign_vectors():
    seed = fixed("signing seed", 32)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    tests = []
    for label, payload in (
        ("sign-entry", fixed("entry id", 32)),
        ("sign-login", fixed("login", 128)),
        ("sign-certificate", b""),
    ):
        message = labelled(label, payload)
        row = {"seed": seed, "publicKey": public, "label": label, "payload": payload}
        good = key.sign(message)
        tests += [
            {"comment": f"{len(payload)} bytes under {label}", **row, "signature": good, "result": "valid"},
            {"comment": "without the label", **row, "signature": key.sign(payload), "result": "invalid"},
            {"comment": "under another label", **row, "signature": key.sign(labelled("sign-peer", payload)), "result": "invalid"},
            {"comment": "without the zero byte", **row, "signature": key.sign(message.replace(b"\0", b"", 1)), "result": "invalid"},
            {"comment": "one bit of S flipped", **row, "signature": flip(good, 40), "result": "invalid"},
        ]
    return tests


def mac_vectors():
    key = fixed("mac key", 32)
    return [
        {"comment": f"{n} bytes", "key": key, "label": label, "payload": fixed("mac", n), "mac": mac(key, labelled(label, fixed("mac", n)))}
        for label, n in (("mac-database-id", 0), ("mac-database-id", 8), ("mac-salt", 200), ("mac-recipient-tag", 24))
    ]


def derive_vectors():
    key = fixed("derive key", 32)
    info = fixed("info", 40)
    cases = (("derive-key-tag", info, 16), ("derive-salt-key", info, 32), ("derive-salt-key", b"", 32), ("derive-chunk-key", info, 33), ("derive-chunk-key", info, 100))
    tests = [{"comment": f"{n} bytes", "key": key, "label": l, "info": i, "length": n, "derived": derive(key, l, i, n)} for l, i, n in cases]
    longest = derive(key, "derive-journal", info, 8160)
    tests.append({"comment": "the most there is: SHA-256 of 8,160 bytes", "key": key, "label": "derive-journal", "info": info, "length": 8160, "derivedHash": hashlib.sha256(longest).digest()})
    for n in (0, 8161):
        tests.append({"comment": "refused", "key": key, "label": "derive-journal", "info": info, "length": n, "error": "BAD_LENGTH"})
    return tests


def aead_vectors():
    """An entry key is deriveAead with info = key tag, salt, header prefix hash; here it seals parts 0, 1 and 258."""
    secret, info = fixed("content secret", 32), fixed("tag, salt, prefix hash", 16 + 24 + 32)
    key = derive(secret, "derive-entry-key", info, 32)
    tests = []
    for nonce, plaintext in ((0, b""), (1, b"a part"), (258, fixed("part", 300)), (2**53 - 1, b"the last nonce")):
        aad = bytes([1]) + (nonce % 65536).to_bytes(2, "big")
        good = seal(key, nonce, aad, plaintext)
        row = {"secret": secret, "label": "derive-entry-key", "info": info, "nonce": nonce, "aad": aad}
        tests += [
            {"comment": f"{len(plaintext)} bytes", **row, "plaintext": plaintext, "ciphertext": good, "result": "valid"},
            {"comment": "a bit of the tag flipped", **row, "ciphertext": flip(good, len(good) - 1), "result": "refused"},
            {"comment": "the first bit flipped", **row, "ciphertext": flip(good, 0), "result": "refused"},
            {"comment": "another nonce", **row, "ciphertext": seal(key, nonce ^ 1, aad, plaintext), "result": "refused"},
            {"comment": "another aad", **row, "ciphertext": seal(key, nonce, aad + b"\0", plaintext), "result": "refused"},
            {"comment": "without its last byte", **row, "ciphertext": good[:-1] if len(good) > 16 else good + b"\0", "result": "refused"},
        ]
    return tests


def sealed_box(key, label, salt, aad, plaintext):
    return salt + seal(derive(key, label, salt, 32), 0, aad, plaintext)


def commitment(key, label, salt):
    return derive(key, label, salt + b"\x01", 32)


def committed_box(key, label, salt, aad, plaintext):
    return salt + commitment(key, label, salt) + seal(derive(key, label, salt + b"\x02", 32), 0, aad, plaintext)


def box_vectors(make, label, overhead):
    key, salt, aad = fixed("box key", 32), fixed("box salt", 24), b"what it is for"
    row = {"key": key, "label": label, "aad": aad}
    tests = []
    for plaintext in (b"", fixed("box", 100)):
        good = make(key, label, salt, aad, plaintext)
        tests.append({"comment": f"{len(plaintext)} bytes", **row, "salt": salt, "plaintext": plaintext, "box": good, "result": "valid"})
        for at in {0, 23, overhead - 17, overhead - 16, len(good) - 1}:
            tests.append({"comment": f"a bit of byte {at} flipped", **row, "box": flip(good, at), "result": "refused"})
        tests += [
            {"comment": "another key", **row, "box": make(fixed("other", 32), label, salt, aad, plaintext), "result": "refused"},
            {"comment": "another label", **row, "box": make(key, "derive-journal", salt, aad, plaintext), "result": "refused"},
            {"comment": "another aad", **row, "box": make(key, label, salt, b"something else", plaintext), "result": "refused"},
            {"comment": "shorter than an empty box", **row, "box": good[: overhead - 1], "result": "refused"},
        ]
    tests.append({"comment": "nothing", **row, "box": b"", "result": "refused"})
    return tests


def gf_multiply(x, y):
    """Multiplication in the field of GHASH (NIST SP 800-38D section 6.3)."""
    z = 0
    for i in range(127, -1, -1):
        if (y >> i) & 1:
            z ^= x
        x = (x >> 1) ^ (0xE1 << 120) if x & 1 else x >> 1
    return z


def gf_invert(x):
    """x to the power 2^128 - 2."""
    result, power = 1 << 127, x
    for _ in range(127):
        power = gf_multiply(power, power)
        result = gf_multiply(result, power)
    return result


def aes_block(key, block):
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)


def two_key_ciphertext(first, second, aad):
    """A ciphertext with one tag that AES-GCM accepts under both keys ("invisible salamander"), at nonce 0."""
    body = [fixed("two keys", 16), fixed("two keys, block 2", 16)]

    def rest(key, last):
        h = int.from_bytes(aes_block(key, bytes(16)), "big")
        y = 0
        blocks = [aad.ljust(-(-len(aad) // 16) * 16, b"\0")] + body + [last]
        lengths = (len(aad) * 8).to_bytes(8, "big") + (16 * (len(body) + 1) * 8).to_bytes(8, "big")
        data = b"".join(blocks) + lengths
        for at in range(0, len(data), 16):
            y = gf_multiply(y ^ int.from_bytes(data[at : at + 16], "big"), h)
        return h, y ^ int.from_bytes(aes_block(key, bytes(15) + b"\x01"), "big")

    (h1, rest1), (h2, rest2) = rest(first, bytes(16)), rest(second, bytes(16))
    squares = gf_multiply(h1, h1) ^ gf_multiply(h2, h2)
    last = gf_multiply(rest1 ^ rest2, gf_invert(squares)).to_bytes(16, "big")
    tag = rest(first, last)[1].to_bytes(16, "big")
    ciphertext = b"".join(body) + last + tag
    for key in (first, second):
        AESGCM(key).decrypt(bytes(12), ciphertext, aad)
    return ciphertext


def two_key_vectors(label):
    """What each box answers to both keys."""
    first, second, salt, aad = fixed("first key", 32), fixed("second key", 32), fixed("two key salt", 24), b"password"
    row = {"first": first, "second": second, "label": label, "aad": aad}
    plain = two_key_ciphertext(derive(first, label, salt, 32), derive(second, label, salt, 32), aad)
    inner = two_key_ciphertext(derive(first, label, salt + b"\x02", 32), derive(second, label, salt + b"\x02", 32), aad)
    ours, theirs = commitment(first, label, salt), commitment(second, label, salt)
    both = bytes(a ^ b for a, b in zip(ours, theirs))
    opens = {"opensFirst": True, "opensSecond": True}
    refused = {"opensFirst": False, "opensSecond": False}
    return [
        {"comment": "a sealed box does not commit: both keys open it", "kind": "sealed", **row, "box": salt + plain, **opens},
        {"comment": "the sealed box read as a committed box", "kind": "committed", **row, "box": salt + plain, **refused},
        {"comment": "a commitment to neither key", "kind": "committed", **row, "box": salt + both + inner, **refused},
        {"comment": "a commitment of zeros", "kind": "committed", **row, "box": salt + bytes(32) + inner, **refused},
        {"comment": "committed to the first key", "kind": "committed", **row, "box": salt + ours + inner, **opens, "opensSecond": False},
        {"comment": "committed to the second key", "kind": "committed", **row, "box": salt + theirs + inner, **opens, "opensFirst": False},
    ]


def hpke_context(shared_secret, info, suite):
    def extract(salt, label, ikm):
        return mac(salt, b"HPKE-v1" + suite + label + ikm)

    def expand_labelled(prk, label, context, length):
        return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context, length)

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared_secret, b"secret", b"")
    return expand_labelled(secret, b"key", context, 32), expand_labelled(secret, b"base_nonce", context, 12)


def hpke_vectors(published):
    suite = b"HPKE" + bytes.fromhex("647a00010002")
    tests = []
    for source, info, aad, plaintext in zip(published, (b"", fixed("hpke info", 50)), (b"\x03\x00\x01", b""), (fixed("permit", 34), b"")):
        enc = bytes.fromhex(source["enc"])
        key, nonce = hpke_context(bytes.fromhex(source["sharedSecret"]), info, suite)
        good = AESGCM(key).encrypt(nonce, plaintext, aad)
        row = {"seed": source["seed"], "info": info, "aad": aad}
        fixture = {"encapsulationSeed": source["encapsulationSeed"], "plaintext": plaintext}
        tests += [
            {"comment": f"{len(plaintext)} bytes", **row, **fixture, "enc": enc, "ciphertext": good, "result": "valid"},
            {"comment": "a bit of the ML-KEM part flipped", **row, "enc": flip(enc, 500), "ciphertext": good, "result": "refused"},
            {"comment": "a bit of the X25519 part flipped", **row, "enc": flip(enc, 1100), "ciphertext": good, "result": "refused"},
            {"comment": "the unused bit of the X25519 part set", **row, "enc": enc[:-1] + bytes([enc[-1] ^ 0x80]), "ciphertext": good, "result": "refused"},
            {"comment": "an X25519 part of small order: zero", **row, "enc": enc[:1088] + bytes(32), "ciphertext": good, "result": "refused"},
            {"comment": "an X25519 part of small order: one", **row, "enc": enc[:1088] + b"\1" + bytes(31), "ciphertext": good, "result": "refused"},
            {"comment": "enc too short", **row, "enc": enc[:-1], "ciphertext": good, "result": "refused"},
            {"comment": "enc too long", **row, "enc": enc + b"\0", "ciphertext": good, "result": "refused"},
            {"comment": "a bit of the ciphertext flipped", **row, "enc": enc, "ciphertext": flip(good, 0), "result": "refused"},
            {"comment": "another info", **row, "info": info + b"\0", "enc": enc, "ciphertext": good, "result": "refused"},
            {"comment": "another aad", **row, "aad": aad + b"\0", "enc": enc, "ciphertext": good, "result": "refused"},
            {"comment": "another recipient", **row, "seed": fixed("another recipient", 32), "enc": enc, "ciphertext": good, "result": "refused"},
        ]
    return tests


if __name__ == "__main__":
    with open("x-wing.json") as file:
        x_wing = json.load(file)["tests"]
    write("sign", "Ed25519 over labelled(label, payload).", sign_vectors())
    write("mac", "HMAC-SHA-256 over labelled(label, payload).", mac_vectors())
    write("derive", "HKDF-Expand-SHA-256 with info = labelled(label, info).", derive_vectors())
    write("aead", "AES-256-GCM under a derived key; the nonce is a whole number, 96 bits big endian.", aead_vectors())
    write("sealed-box", "Sealed boxes; `salt` is what the random generator returned.", box_vectors(sealed_box, "derive-sealed-box", 40))
    write("committed-box", "Committed boxes; `salt` is what the random generator returned.", box_vectors(committed_box, "derive-committed-box", 72))
    write("two-key", "Ciphertexts made so that AES-256-GCM accepts them under two keys.", two_key_vectors("derive-committed-box"))
    write("hpke", "HPKE base mode with X-Wing, HKDF-SHA256, AES-256-GCM, single shot; enc is published, see x-wing.json.", hpke_vectors(x_wing[:2]))
