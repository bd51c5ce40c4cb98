"""Counts the edits that nobody made in an hour: `python tests/unit/panel_hour.py` prints their number, for the bench."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

QUARTERS = 4


def main():
    import viper_stand_in

    viper_stand_in.install()
    import memory
    import panel_inputs
    from viper_numba import WORDS

    edits = 0
    for quarter in range(QUARTERS):
        memory.clear()
        edits += panel_inputs.quarter_of_an_hour(WORDS, quarter)[0]
    print(edits)


main()
