"""Playing: the loop on stage, the prompt beside the music after Ctrl-C, and what stops it all.

on stage        a loop of rounds, asleep between two ticks
after Ctrl-C    the prompt, and a timer that does the rounds: the music goes on, knobs and USB too
service mode    the same from the start, with USB as the console alone (service_mode.py)
a faulty DAC    nothing plays; the LED blinks its number until Ctrl-C (fault_light.py)
"""

# link: constants

import gc
import sys

import file_system
import micropython
import service_mode
from dac import DacFault
from fault_light import show
from instrument import Instrument, round_is_over
from machine import Timer
from service_mode import CTRL_C
from usb_midi import let_usb_go

from hardware import Hardware

ROUND_AT_PROMPT_MS = 2
GARBAGE_BYTES = 4096
"""Collected when so much was allocated: a collection looks at every block up to the last one in use."""

instrument = None
"""What plays; the tick works on its drivers' registers, so it must outlive everything."""
trouble = ""
"""Why nothing plays, if so; the console may not be open yet when it is printed."""
_timer = None


def run():
    """Play until Ctrl-C, and then beside the prompt."""
    global instrument, trouble
    # What start-up leaves behind goes at each step: the nearer together the living lie, the shorter a collection.
    gc.collect()
    hardware = Hardware()
    try:
        instrument = Instrument(hardware)
        gc.collect()
    except DacFault as fault:
        trouble = str(fault)
        print("MS-20:", trouble)
        _blink_for_ever(hardware, fault.blinks)
        return
    started = False
    try:
        instrument.start()
        started = True
        gc.collect()
        gc.threshold(GARBAGE_BYTES)
        print("MS-20: playing;", instrument.describe())
        for sentence in instrument.troubles():
            print("MS-20:", sentence)
        if service_mode.on:
            print("MS-20: service mode, USB is this console alone; service.play() brings USB-MIDI back.")
        else:
            file_system.let_go()
            gc.collect()
            _rounds(instrument)
    except KeyboardInterrupt:
        service_mode.remember()
        print("MS-20: console; it plays on. After Ctrl-D, USB is the console alone until service.play().")
    finally:
        micropython.kbd_intr(CTRL_C)
        if started:
            # Whatever ended the rounds may have come while USB's interrupt had to wait. (Before, its register's
            # address would not stand in the tick's memory yet.)
            let_usb_go()
        hardware.hand_clock_to_pin()
        file_system.fetch()
    if started:
        _play_beside_prompt()


def _rounds(playing):
    from service_port import ServicePort  # its commands know this module

    port = ServicePort()
    # Ctrl-C is a byte for the port from now on: as an exception it could come anywhere, USB's callbacks included, which
    # would lose it and their transfer.
    micropython.kbd_intr(-1)
    while True:
        playing.step()
        port.poll()
        while not round_is_over():
            # Asleep until the next interrupt, at the latest the next tick; USB's callbacks run in between.
            wait_for_interrupt()


def _play_beside_prompt():
    global _timer
    _timer = Timer(-1)
    _timer.init(period=ROUND_AT_PROMPT_MS, mode=Timer.PERIODIC, callback=_step)


def _step(timer):
    playing = instrument
    assert playing
    try:
        playing.step()
    except (RuntimeError, MemoryError):
        # What runs at the prompt has left no stack, or no heap, just now. The next round may find some.
        pass
    except Exception as error:
        # Said once: a timer that fails five hundred times a second would leave no prompt to use.
        timer.deinit()
        print("MS-20: the rounds have stopped, the tick goes on:")
        sys.print_exception(error)


def _blink_for_ever(hardware, blinks):
    try:
        while True:
            show(hardware, blinks)
    except KeyboardInterrupt:
        print("MS-20: console; nothing plays:", trouble)


@micropython.asm_thumb
def wait_for_interrupt():
    """Stop the processor until something happens."""
    wfi()  # type: ignore[name-defined]
