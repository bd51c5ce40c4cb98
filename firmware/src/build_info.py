"""What the image build knows about itself; it puts its own values in place of these."""

VERSION = "unbuilt"
BUILD_ID = "unbuilt"
