"""What all tests share: the repository's root, the firmware image, and a virtual board to play on."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

# Wall time says nothing on two busy cores: no deadlines. A failure is printed so that it can be repeated.
settings.register_profile("ms20", deadline=None, print_blob=True)
settings.load_profile("ms20")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need a time limit of their own come first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def image_path() -> Path:
    """The firmware image under test: build/ms20.uf2, or what MS20_IMAGE names."""
    image = Path(os.environ.get("MS20_IMAGE", REPOSITORY / "build" / "ms20.uf2"))
    if not image.is_file():
        raise FileNotFoundError(f"{image} is not there; `make image` builds it")
    return image
