"""Python run on the board through its serial console's raw REPL, in simulated time and so repeatably."""

from ms20.errors import FirmwareCrash, NothingHappened
from ms20.virtual_board import VirtualBoard

STEP_S = 0.01
INTERRUPT, RAW, NORMAL, RUN = "\x03", "\x01", "\x02", "\x04"
PROMPT = "raw REPL; CTRL-B to exit\r\n>"


def execute(board: VirtualBoard, code: str, limit: float = 2.0) -> str:
    """Stop the running program, run `code` on the board, and return what it printed.

    The program stays stopped. Raises `NothingHappened` where the console did not answer within `limit`
    simulated seconds, and `FirmwareCrash` where the code raised an exception.
    """
    _type_and_wait(board, f"\r{INTERRUPT}{INTERRUPT}", ">>> ", limit)
    _type_and_wait(board, f"\r{RAW}", PROMPT, limit)
    answer = _type_and_wait(board, code + RUN, RUN + ">", limit)
    board.type_text(f"\r{NORMAL}")
    printed, _, rest = answer.partition("OK")[2].partition(RUN)
    trouble = rest.partition(RUN)[0]
    if trouble:
        raise FirmwareCrash("Code run through the raw REPL raised an exception.", console=trouble)
    return printed


def _type_and_wait(board: VirtualBoard, text: str, ending: str, limit: float) -> str:
    """Type, then let time pass until the console's new text has `ending` in it: that text."""
    seen = len(board.console)
    board.type_text(text)
    end_s = board.now + limit
    while True:
        try:
            board.advance(STEP_S)
        except FirmwareCrash as crash:
            # The traceback of the very Ctrl-C typed here is no crash.
            if INTERRUPT not in text or "KeyboardInterrupt" not in str(crash):
                raise
        fresh = board.console[seen:]
        if ending in fresh:
            return fresh
        if board.now >= end_s:
            raise NothingHappened(
                f"The console did not show {ending!r} within {limit:g} simulated s: {fresh[-300:]!r}."
            )
