"""What the tests of the command line share: the toy server's command, a whole image, small MIDI files."""

import hashlib
import json
import sys
from pathlib import Path

import mido
from ms20.image.uf2 import Segment, write_uf2

FAKE_SERVER = [sys.executable, str(Path(__file__).with_name("fake_server.py"))]

# `ms20`, but with the toy server in place of Node: for tests that need a process of its own.
MS20_WITH_FAKE_SERVER = [
    sys.executable,
    "-c",
    f"from ms20 import cli, node_process; node_process.server_command = lambda: {FAKE_SERVER!r}; cli.main()",
]


def write_image(folder: Path) -> Path:
    """An image of nothing, with the SHA-256 and the manifest that belong to it."""
    uf2 = folder / "ms20.uf2"
    data = write_uf2([Segment(0, bytes(range(256)) * 4)])
    sha256 = hashlib.sha256(data).hexdigest()
    manifest = {
        "image": {"file": uf2.name, "sha256": sha256, "bytes": len(data), "flash_bytes": 1024},
        "firmware": {"version": "9.9", "build_id": "test", "sources": {}},
        "micropython": {"version": "1.25.0"},
        "inputs": "none",
        "git": None,
    }
    uf2.write_bytes(data)
    uf2.with_name("ms20.uf2.sha256").write_text(f"{sha256}  {uf2.name}\n")
    uf2.with_suffix(".manifest.json").write_text(json.dumps(manifest))
    return uf2


def write_tune(path: Path, notes=(60, 64, 67), channel=0, seconds=0.1) -> Path:
    """A MIDI file with one note after the other, each `seconds` long."""
    track = mido.MidiTrack()
    ticks = round(seconds * 960)
    for note in notes:
        track.append(mido.Message("note_on", note=note, velocity=100, channel=channel, time=0))
        track.append(mido.Message("note_off", note=note, velocity=64, channel=channel, time=ticks))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(path)
    return path
