"""Where MicroPython's sources come from: choosing versions, finding a mirror."""

import pytest
from ms20.errors import ExitCode, Ms20Error
from ms20.image import sources

TABLE = """\
micropython | 1.25.0+ds-1 | https://mirror.example/debian trixie/main amd64 Packages
micropython | 1.25.0+ds-1 | https://mirror.example/debian trixie/main Sources
mbedtls | 3.6.6-0.1~deb13u1 | https://mirror.example/debian trixie/main Sources
pico-sdk-source | 2.1.1-1 | https://mirror.example/debian trixie/main amd64 Packages
pico-sdk | 2.1.1-1 | https://mirror.example/debian trixie/main Sources
tinyusb-source | 0.18.0+dfsg-1 | https://mirror.example/debian trixie/main amd64 Packages
"""


def test_the_tested_versions_are_chosen():
    assert sources.choose_versions(TABLE) == {
        "micropython": "1.25.0+ds-1",
        "mbedtls": "3.6.6-0.1~deb13u1",
        "pico-sdk-source": "2.1.1-1",
        "tinyusb-source": "0.18.0+dfsg-1",
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1.25.0+ds-1", "1.26.0+ds-1", "no micropython 1.25.0.ds-1 .it has 1.26.0.ds-1."),
        ("1.25.0+ds-1", "1.25.0+ds-10", "no micropython 1.25.0.ds-1 "),
        ("mbedtls | 3.6.6", "mbedtls | 4.0.0", r"no mbedtls 3\.6\.\*"),
        ("tinyusb-source", "tinyusb-other", "no tinyusb-source .*it has none"),
    ],
)
def test_a_version_that_is_gone_is_said(old, new, words):
    with pytest.raises(Ms20Error, match=words) as caught:
        sources.choose_versions(TABLE.replace(old, new))
    assert caught.value.exit_code == ExitCode.TOOL_MISSING
    assert "--micropython" in caught.value.hint


def test_a_mirror_may_be_given(monkeypatch):
    monkeypatch.setenv(sources.MIRROR_VARIABLE, "https://mirror.example/debian")
    assert sources.find_mirror() == "https://mirror.example/debian"


@pytest.mark.parametrize(
    ("name", "text", "mirror"),
    [
        ("sources.list", "deb http://a.example/debian bookworm main\n", "http://a.example/debian"),
        (
            "sources.list.d/x.list",
            "deb [a=b] https://b.example/pub/debian/ sid main\n",
            "https://b.example/pub/debian/",
        ),
        (
            "sources.list.d/debian.sources",
            "Types: deb\n# http://old.example/debian\nURIs: http://c.example/debian\nSuites: bookworm\n",
            "http://c.example/debian",
        ),
        (
            "sources.list",
            "deb http://s.example/debian-security x main\ndeb http://d.example/debian x main\n",
            "http://d.example/debian",
        ),
    ],
)
def test_the_machines_mirror_is_found(tmp_path, name, text, mirror):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    assert sources.find_mirror(tmp_path) == mirror


def test_a_machine_without_debian_is_told_the_ways_out(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://archive.example/ubuntu noble main\n")
    with pytest.raises(Ms20Error, match="no Debian mirror") as caught:
        sources.find_mirror(tmp_path)
    assert sources.MIRROR_VARIABLE in caught.value.hint
