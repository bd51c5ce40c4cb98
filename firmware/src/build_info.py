"""What the image build knows about itself; it puts its own values in place of these."""

VERSION = "unbuilt"
BUILD_ID = "unbuilt"
OWN_IMAGE = True
"""Whether MicroPython is our own build: its heap ends below the tick's memory, and our modules are frozen into it."""
