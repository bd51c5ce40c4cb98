"""The bench's scenes on the chip, short: simulated time is exact, so what must be met may be asserted here too."""

import pytest
from ms20.bench_scenes import SCENES
from ms20.bench_table import ROWS, missed

SECONDS = {
    "boot": 0,
    "everything": 1.0,
    "patched": 1.0,
    "din": 1.0,
    "usb": 1.0,
    "keys": 1.0,
    "panel": 1.0,
    "memory": 0,
}
"""An hour through the filter is in tests/unit/test_panel_scan.py."""
OF_THE_MACHINE = {"emulator_speed_ratio", "load_seconds"}


@pytest.mark.parametrize("scene", SECONDS)
def test_a_scene_meets_its_numbers(image_path, scene):
    shown = []
    numbers = SCENES[scene](image_path, SECONDS[scene], lambda done, of: shown.append((done, of)))
    simulated = {key: number for key, number in numbers.items() if key not in OF_THE_MACHINE}
    assert missed(simulated) == []
    assert simulated.keys() <= {key for _, key, _, _ in ROWS}
    assert shown[-1][0] == shown[-1][1]
