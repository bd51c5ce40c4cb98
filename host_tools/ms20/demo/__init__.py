"""The demonstration: a short tune written for this project, and two panels that play it very differently."""

from pathlib import Path

FOLDER = Path(__file__).parent
TUNE = FOLDER / "first_sound.mid"
PANELS = {"bass": FOLDER / "bass.toml", "lead": FOLDER / "lead.toml"}
