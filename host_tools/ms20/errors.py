"""What can go wrong, in a sentence with a way out, and the exit code that each kind of failure ends with."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the `ms20` command: the only table of them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    TOOL_MISSING = 3
    NO_SUCH_FILE = 4
    NOT_A_MIDI_FILE = 5
    TRUNCATED_MIDI_FILE = 6
    NO_NOTES = 7
    BAD_PANEL = 8
    NOT_WRITABLE = 9
    BAD_IMAGE = 10
    FIRMWARE_CRASH = 11
    EMULATOR_CRASH = 12
    REFUSED = 13
    NO_ANSWER = 14
    INTERRUPTED = 130


class Ms20Error(Exception):
    """A failure that a person can act on: one sentence of cause and, where there is one, a hint to try."""

    def __init__(self, message: str, hint: str = "", exit_code: int = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = int(exit_code)

    def __str__(self) -> str:
        return f"{self.message}\nTry: {self.hint}" if self.hint else self.message


class CrashError(Ms20Error):
    """Something stopped while the virtual board ran; `console` holds the last lines that it printed."""

    def __init__(
        self, message: str, hint: str = "", exit_code: int = ExitCode.FAILED, console: str = ""
    ) -> None:
        super().__init__(message, hint, exit_code)
        self.console = console

    def __str__(self) -> str:
        last = "\n".join("  | " + line for line in self.console.rstrip().splitlines()[-20:])
        return super().__str__() + (f"\nLast lines of the console:\n{last}" if last else "")


class FirmwareCrash(CrashError):  # noqa: N818 - a crash, in the words of the bench
    """The firmware stopped: an exception reached the console, or the processor locked up."""

    def __init__(self, message: str, hint: str = "", console: str = "") -> None:
        super().__init__(message, hint, ExitCode.FIRMWARE_CRASH, console)


class ChipMisuse(FirmwareCrash):
    """The firmware used a chip in a way that the real chip does not allow."""


class EmulatorCrash(CrashError):  # noqa: N818
    """The virtual board's process ended, fell silent, or answered nonsense."""

    def __init__(self, message: str, hint: str = "", console: str = "") -> None:
        super().__init__(message, hint, ExitCode.EMULATOR_CRASH, console)


class NothingHappened(Ms20Error):  # noqa: N818
    """The event that was waited for did not come within the given simulated time."""
