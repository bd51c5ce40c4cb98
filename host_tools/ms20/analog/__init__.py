"""The analog half of the instrument as a model: it turns recorded control voltages into sound."""

from ms20.analog.renderer import OVERSAMPLINGS, render

__all__ = ["OVERSAMPLINGS", "render"]
