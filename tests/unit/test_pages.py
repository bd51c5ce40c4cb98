"""The builder's pages are what their script makes of the tables."""

import importlib.util

import pytest
from viper_stand_in import SOURCES

spec = importlib.util.spec_from_file_location("make_pages", SOURCES.parent / "tools" / "make_pages.py")
make_pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_pages)


@pytest.mark.parametrize("path", make_pages.PAGES, ids=lambda path: path.name)
def test_a_page_is_up_to_date(path):
    assert path.read_text() == make_pages.PAGES[path](), "run firmware/tools/make_pages.py"
