"""A stand-in for the virtual board's Node process: its protocol, a toy instrument, and faults on demand.

Run as a program with the real server's arguments. FAKE_FAULT="FAULT:REQUEST" makes that request go wrong:
die, hang, garbage, wrong-id, list, firmware-crash, emulator-crash, chip-misuse, bad-request, no-reason.
FAKE_FAULT may also be `no-greeting`, `no-image`, `bad-greeting`, `misuse` or `chatter` (much on standard
error). The toy instrument lights STANDBY ON 0.3 s after power-on, has its USB configured 0.1 s later, latches
at 8 kHz, and follows notes with its pitch, trigger and VCA.
"""

import argparse
import heapq
import json
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path

TICK_NS = 125_000
BYTE_NS = 320_000
BOOT_NS = 300_000_000
USB_NS = 100_000_000
LATCH, DAC, SHIFT_OUT, TRIGGER, DIN_IN, USB_MIDI_OUT, POWER = 1, 2, 3, 4, 6, 7, 10
KINDS = {"LATCH": 1, "DAC": 2, "SHIFT_OUT": 3, "TRIGGER": 4, "DIN_IN": 6, "USB_MIDI_OUT": 7, "POWER": 10}
PITCH, VCA = 0, 9
ZERO = {0: 0x8000, 1: 0x8000, 3: 0x8000, 4: 0x8000, 11: 0x8000, 12: 0x8000}


class Instrument:
    def __init__(self, board, image, options):
        self.board, self.image, self.options = board, image, options
        self.now = 0
        self.queue = []
        self.order = 0
        self.records = []
        self.codes = [0] * 16
        self.power = False
        self.booted_at = self.usb_at = None
        self.triggered = 0
        self.latches = 0
        self.held = []
        self.parsers = {"din": [0, []], "usb": [0, []]}
        self.line_free = 0
        self.console = ""
        self.fractions = {}
        self.jacks = {}
        self.keys = set()
        self.typed = []
        self.edges = {}
        self.asleep = False

    def at(self, t_ns, action, *arguments):
        self.order += 1
        heapq.heappush(self.queue, (t_ns, self.order, action, arguments))

    def record(self, kind, index, value):
        self.records.append((float(self.now), kind, index, value))

    def run_until(self, end, wanted=None):
        while True:
            tick = self.next_tick()
            event = self.queue[0][0] if self.queue else None
            t_ns = min(each for each in (tick, event, end + 1) if each is not None)
            if t_ns > end:
                self.now = end
                return None
            seen = len(self.records)
            self.now = t_ns
            if tick == t_ns:
                self.latches += 1
                self.record(LATCH, 0, self.latches)
            while self.queue and self.queue[0][0] == t_ns:
                _, _, action, arguments = heapq.heappop(self.queue)
                action(*arguments)
            for record in self.records[seen:]:
                if wanted and record[1] == wanted[0] and wanted[1] in (None, record[2]):
                    return record

    def next_tick(self):
        if self.booted_at is None:
            return None
        return max(self.booted_at, (self.now // TICK_NS + 1) * TICK_NS)

    def set_power(self, on):
        self.power = on
        self.queue = [each for each in self.queue if each[2] != self.boot]
        self.record(POWER, 0, int(on))
        self.booted_at = self.usb_at = None
        if on:
            self.at(self.now + BOOT_NS, self.boot)

    def boot(self):
        self.console += "MS-20 Pico\r\n"
        self.booted_at = self.now
        self.usb_at = self.now + USB_NS
        self.codes = [ZERO.get(channel, 0) for channel in range(16)]
        for channel, code in enumerate(self.codes):
            self.record(DAC, channel, code)
        self.record(SHIFT_OUT, 0, 1 << 14)

    def din(self, data, at_ns):
        start = max(at_ns if at_ns is not None else self.now, self.now, self.line_free)
        for place, byte in enumerate(data):
            self.at(start + (place + 1) * BYTE_NS, self.din_byte, byte)
        self.line_free = start + len(data) * BYTE_NS

    def din_byte(self, byte):
        self.record(DIN_IN, 0, byte)
        self.midi_byte("din", byte)

    def usb_packet(self, packet):
        self.record(USB_MIDI_OUT, 0, struct.unpack("<i", bytes(packet))[0])
        for byte in packet[1:]:
            self.midi_byte("usb", byte)

    def midi_byte(self, source, byte):
        if byte >= 0xF8:
            return
        parser = self.parsers[source]
        if byte >= 0x80:
            parser[:] = [byte, []]
            return
        parser[1].append(byte)
        if len(parser[1]) == 2:
            status, (note, velocity), parser[1] = parser[0], parser[1], []
            if status in (0x80, 0x90) and self.booted_at is not None:
                self.note(note, velocity if status == 0x90 else 0)

    def note(self, note, velocity):
        latched = (self.now // TICK_NS + 2) * TICK_NS
        first = not self.held
        self.held = [each for each in self.held if each != note] + ([note] if velocity else [])
        if self.held:
            code = round(0x8000 + (self.held[-1] - 60) / 12 * 65536 / 10)
            self.at(latched, self.set_code, PITCH, min(max(code, 0), 65535))
        if first and self.held:
            self.at(latched + TICK_NS, self.set_trigger, 1)
        if not self.held:
            self.at(latched + TICK_NS, self.set_trigger, 0)

    def set_code(self, channel, code):
        if self.codes[channel] != code:
            self.codes[channel] = code
            self.record(DAC, channel, code)

    def set_trigger(self, state):
        if self.triggered != state:
            self.triggered = state
            self.record(TRIGGER, 0, state)
            self.set_code(VCA, 65535 if state else 0)

    def terminal(self, text):
        self.typed.append(text)
        if text.endswith("\x03"):
            self.console += "\r\n>>> "
        elif text.endswith("\x01"):
            self.console += "raw REPL; CTRL-B to exit\r\n>"
        elif text.endswith("\x04"):
            trouble = "Traceback: no such module" if "broken" in text else ""
            out = "{'tick_us_min': 20.0, 'tick_us_mean': 30.0, 'tick_us_max': 40.0}\r\n"
            self.console += f"OK{'' if trouble else out}\x04{trouble}\x04>"

    def volts(self, channel):
        low, high = {c: (lo, hi) for c, lo, hi in self.board["DAC_RANGE_VOLTS"]}[self.board["CV"][channel][1]]
        return low + self.codes[channel] * (high - low) / 65536

    def state(self):
        return {
            "power": self.power,
            "dac": self.codes,
            "dac_volts": [self.volts(channel) for channel in range(16)],
            "trigger": bool(self.triggered),
            "mg_b": False,
            "leds": ["STANDBY ON"] if self.booted_at is not None else [],
            "shift_out": 1 << 14 | 1 << 8 | 3 << 10,
            "console": self.console,
            "misuse": [{"chip": "DAC", "sentence": "torn frame"}]
            if "misuse" in os.environ.get("FAKE_FAULT", "")
            else [],
            "usb": "configured" if self.usb_at is not None and self.now >= self.usb_at else "attached",
            "usb_strings": ["MS-20 Pico"],
            "fractions": self.fractions,
            "jacks": self.jacks,
            "keys": sorted(self.keys),
            "edges": self.edges,
            "asleep": self.asleep,
            "options": self.options,
        }


def handle(toy, request, started):
    do = request["do"]
    if do == "power":
        toy.set_power(request["on"])
    elif do == "advance":
        toy.run_until(toy.now + request["ns"])
    elif do == "advance_until":
        wanted = (KINDS[request["kind"]], request.get("index"))
        found = toy.run_until(toy.now + request["limit_ns"], wanted)
        return {"t_ns": found[0], "value": found[3]} if found else {"t_ns": None}
    elif do == "knob":
        toy.fractions[request["channel"]] = request["fraction"]
    elif do == "knob_many":
        toy.fractions.update(dict(map(tuple, request["values"])))
    elif do == "key":
        (toy.keys.add if request["down"] else toy.keys.discard)(request["key"])
    elif do == "jack":
        toy.jacks[request["name"]] = request["volts"]
    elif do == "schedule":
        for at_ns, later in request["requests"]:
            toy.at(at_ns, handle, toy, later, started)
    elif do == "edges":
        toy.edges[request["pin"]] = request["hz"]
    elif do == "edge_times":
        toy.edges[request["pin"]] = request["times_ns"]
    elif do == "usb_suspend":
        toy.asleep = request["on"]
    elif do == "usb":
        if not request["connected"] and terminal:
            terminal[-1].shutdown(socket.SHUT_RDWR)
    elif do == "din":
        toy.din(request["bytes"], request.get("at_ns"))
    elif do == "din_many":
        for at_ns, data in request["messages"]:
            toy.din(data, at_ns)
    elif do == "usb_midi":
        for packet in request["packets"]:
            toy.at(max(request.get("at_ns") or 0, toy.now), toy.usb_packet, packet)
    elif do == "usb_midi_many":
        for at_ns, packets in request["messages"]:
            for packet in packets:
                toy.at(max(at_ns, toy.now), toy.usb_packet, packet)
    elif do == "terminal":
        toy.terminal(request["text"])
    elif do == "state":
        return toy.state()
    elif do == "timeline":
        Path(request["path"]).write_bytes(b"".join(struct.pack("<dHHi", *each) for each in toy.records))
        count = len(toy.records)
        if request.get("clear"):
            toy.records = []
        return {"count": count}
    elif do == "stats":
        wall_ns = time.monotonic_ns() - started
        cycles = toy.now // 8
        return {
            "simulated_ns": toy.now,
            "wall_ns": wall_ns,
            "cycles": cycles // 4,
            "sleep_cycles": cycles * 3 // 4,
            "tick_cycles": cycles // 5,
            "xip_misses": 0,
            "latches": toy.latches,
        }
    elif do not in ("din_fault", "free_run", "quit"):
        return {"error": {"kind": "bad-request", "message": f"no such request: {do}"}}
    return {}


def misbehave(fault, request):
    number = request["id"]
    if fault == "die":
        print("fake: fatal error", file=sys.stderr, flush=True)
        os._exit(7)
    if fault == "hang":
        time.sleep(3600)
    if fault == "garbage":
        return "Segmentation fault (core dumped)"
    if fault == "list":
        return "[1, 2, 3]"
    if fault == "wrong-id":
        return json.dumps({"id": number + 1000, "ok": True, "now_ns": 0})
    if fault == "no-reason":
        return json.dumps({"id": number, "ok": False})
    error = {
        "kind": fault,
        "message": "the reason",
        "console": "Traceback (most recent call last):\nKeyError",
    }
    return json.dumps({"id": number, "ok": False, "error": error})


terminal = []
"""The connection of the serial port, while there is one."""


def echo(listener):
    """Send whatever comes on the serial port back in capitals, one client at a time."""
    while True:
        terminal[:] = [listener.accept()[0]]
        with terminal[0] as client:
            while data := client.recv(4096):
                client.sendall(data.upper())
            terminal.clear()


def main():
    parser = argparse.ArgumentParser()
    for name in ("--board", "--firmware", "--flash", "--serial-port"):
        parser.add_argument(name, required=True)
    parser.add_argument("--no-usb", action="store_true")
    parser.add_argument("--chips", type=json.loads, default={})
    parser.add_argument("--usb-host", type=json.loads, default={})
    arguments = parser.parse_args()
    board = json.loads(Path(arguments.board).read_text())
    with Path(arguments.flash).open("ab") as file:
        file.write(b"flash")
    fault, _, place = os.environ.get("FAKE_FAULT", "").partition(":")
    if fault == "no-greeting":
        sys.exit(3)
    if fault == "no-image":
        print(
            json.dumps({"ready": False, "error": {"kind": "bad-image", "message": "block 3 is torn"}}),
            flush=True,
        )
        sys.exit(1)
    if fault == "chatter":
        sys.stderr.write("chatter " * 100_000)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=echo, args=(listener,), daemon=True).start()
    greeting = {
        "ready": fault != "bad-greeting",
        "serial_port": listener.getsockname()[1],
        "pid": os.getpid(),
    }
    print(json.dumps(greeting), flush=True)
    options = {"chips": arguments.chips, "usb_host": arguments.usb_host}
    toy = Instrument(board, arguments.firmware, options)
    started = time.monotonic_ns()
    for line in sys.stdin:
        request = json.loads(line)
        if place == request["do"]:
            print(misbehave(fault, request), flush=True)
            continue
        answer = handle(toy, request, started)
        ok = "error" not in answer
        print(json.dumps({"id": request["id"], "ok": ok, "now_ns": toy.now, **answer}), flush=True)
        if request["do"] == "quit":
            break


if __name__ == "__main__":
    main()
