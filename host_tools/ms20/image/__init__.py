"""The firmware image: MicroPython with the firmware frozen in, or an official one with the firmware as files."""

from ms20.image.build import ImageResult, build_image, build_stock, verify_image
from ms20.image.progress import console_progress

__all__ = ["ImageResult", "build_image", "build_stock", "console_progress", "verify_image"]
