"""Building and checking whole images, by both routes, with a small firmware of their own."""

import hashlib
import json
import shutil
import subprocess

import pytest
from ms20.errors import ExitCode, Ms20Error
from ms20.image import build_image, build_stock, toolchain, verify_image
from ms20.image.build import place_native_code
from ms20.image.filesystem import BLOCK_BYTES, BLOCK_COUNT, START, read_filesystem
from ms20.image.modules import compile_modules, load_modules
from ms20.image.uf2 import FLASH_BYTES, Segment, flatten, read_uf2, write_uf2

TICK = """\
# link: constants
import micropython
from board import STEP, WORDS


@micropython.viper
def tick(n: int) -> int:
    return n * STEP
"""


@pytest.fixture
def firmware(tmp_path, repository):
    """A small firmware with our board definition."""
    root = tmp_path / "firmware"
    shutil.copytree(repository / "firmware" / "boards", root / "boards")
    (root / "src").mkdir()
    (root / "src" / "board.py").write_text(
        "# declares: constants\nSTEP = 3\nWORDS = ('marker-of-this-test',)\n"
    )
    (root / "src" / "tick.py").write_text(TICK)
    (root / "src" / "main.py").write_text("import tick\nprint(tick.tick(2))\n")
    return root


def official(machine=b"; Raspberry Pi Pico with RP2040\0", version=b"1.25.0", offset=0, pad=5000):
    """What an official image looks like from outside."""
    text = b"\0MicroPython v" + version + b" on 2025-04-15\0" + machine
    return write_uf2([Segment(offset, bytes(pad) + text)])


@pytest.fixture
def small_image(firmware, tmp_path):
    """An image by the official route: no compiler, no download."""
    (tmp_path / "official.uf2").write_bytes(official())
    return build_image(tmp_path / "out", tmp_path / "official.uf2", firmware=firmware)


def test_an_official_image_gets_the_firmware_as_files(small_image, firmware, tmp_path):
    segments = read_uf2(small_image.uf2.read_bytes())
    files = read_filesystem(flatten(segments, START, FLASH_BYTES))
    assert set(files) == {"main.py", "lib/board.mpy", "lib/tick.mpy", "lib/build_info.mpy"}
    assert files["main.py"] == (firmware / "src" / "main.py").read_bytes()
    assert files["lib/tick.mpy"][:1] == b"M"
    assert b"marker-of-this-test" in files["lib/board.mpy"]
    program = flatten(read_uf2((tmp_path / "official.uf2").read_bytes()), 0, START)
    assert flatten(segments, 0, START) == program
    # The whole area is there: nothing that an earlier file system left behind may show through.
    assert sum(len(segment.data) for segment in segments) == 8192 + BLOCK_BYTES * BLOCK_COUNT


def test_the_manifest_says_what_is_in_the_image(small_image, firmware):
    manifest = json.loads(small_image.uf2.with_suffix(".manifest.json").read_text())
    assert manifest["micropython"]["version"] == small_image.micropython == "1.25.0"
    assert manifest["image"]["sha256"] == hashlib.sha256(small_image.uf2.read_bytes()).hexdigest()
    tick = hashlib.sha256((firmware / "src" / "tick.py").read_bytes()).hexdigest()
    assert manifest["firmware"]["sources"]["tick.py"] == tick
    assert len(small_image.build_id) == 12
    assert small_image.uf2.with_name("ms20.uf2.sha256").read_text().endswith("  ms20.uf2\n")


def test_nothing_changed_builds_nothing(small_image, firmware, tmp_path):
    before = small_image.uf2.stat().st_mtime_ns
    again = build_image(tmp_path / "out", tmp_path / "official.uf2", firmware=firmware)
    assert small_image.rebuilt
    assert not again.rebuilt
    assert again.sha256 == small_image.sha256
    assert small_image.uf2.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["ms20.uf2", "ms20.uf2.sha256", "ms20.manifest.json"])
def test_whatever_is_damaged_is_built_again(small_image, firmware, tmp_path, name):
    (tmp_path / "out" / name).write_bytes(b"damaged")
    with pytest.raises(Ms20Error):
        verify_image(small_image.uf2)
    again = build_image(tmp_path / "out", tmp_path / "official.uf2", firmware=firmware)
    assert again.rebuilt
    assert verify_image(small_image.uf2).sha256 == small_image.sha256


def test_a_changed_source_gives_another_build(small_image, firmware, tmp_path):
    (firmware / "src" / "board.py").write_text("# declares: constants\nSTEP = 4\nWORDS = ()\n")
    again = build_image(tmp_path / "out", tmp_path / "official.uf2", firmware=firmware)
    assert again.rebuilt
    assert again.build_id != small_image.build_id


def _damages():
    def flip(path):
        data = bytearray(path.read_bytes())
        data[600] ^= 1  # inside a payload: only the hash can tell
        path.write_bytes(data)

    return {
        "ms20.uf2 flipped": ("ms20.uf2", flip, "is not what ms20.uf2.sha256 says"),
        "ms20.uf2 cut": (
            "ms20.uf2",
            lambda path: path.write_bytes(path.read_bytes()[:-512]),
            "a part is missing",
        ),
        "ms20.uf2 gone": ("ms20.uf2", lambda path: path.unlink(), "cannot be read"),
        "sum gone": ("ms20.uf2.sha256", lambda path: path.unlink(), "cannot be read"),
        "sum empty": ("ms20.uf2.sha256", lambda path: path.write_text(""), "is not what"),
        "manifest gone": ("ms20.manifest.json", lambda path: path.unlink(), "cannot be read"),
        "manifest no JSON": ("ms20.manifest.json", lambda path: path.write_text("{"), "is not a manifest"),
        "manifest empty": ("ms20.manifest.json", lambda path: path.write_text("{}"), "is not a manifest"),
        "manifest a list": ("ms20.manifest.json", lambda path: path.write_text("[]"), "is not a manifest"),
    }


@pytest.mark.parametrize("damage", _damages())
def test_a_damaged_image_is_refused(small_image, damage):
    name, harm, words = _damages()[damage]
    harm(small_image.uf2.with_name(name))
    with pytest.raises(Ms20Error, match=words) as caught:
        verify_image(small_image.uf2.parent)
    assert caught.value.exit_code == ExitCode.BAD_IMAGE
    assert caught.value.hint


def test_a_manifest_of_another_image_is_refused(small_image):
    path = small_image.uf2.with_suffix(".manifest.json")
    manifest = json.loads(path.read_text())
    manifest["image"]["sha256"] = "0" * 64
    path.write_text(json.dumps(manifest))
    with pytest.raises(Ms20Error, match="belongs to another image"):
        verify_image(small_image.uf2)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not a UF2", "is not a UF2 file"),
        (write_uf2([Segment(0, bytes(5000))]), "holds no MicroPython"),
        (official(machine=b"; Raspberry Pi Pico W with RP2040\0"), "for another board .Raspberry Pi Pico W"),
        (official(version=b"1.22.2"), "is MicroPython 1.22.2; the firmware needs 1.25"),
        (official(pad=START), "already has something where the file system goes"),
    ],
)
def test_what_is_no_plain_official_image_is_refused(firmware, tmp_path, data, words):
    (tmp_path / "official.uf2").write_bytes(data)
    with pytest.raises(Ms20Error, match=words) as caught:
        build_image(tmp_path / "out", tmp_path / "official.uf2", firmware=firmware)
    assert caught.value.exit_code == ExitCode.BAD_IMAGE
    assert not (tmp_path / "out" / "ms20.uf2").exists()


def test_a_missing_official_image_is_said(firmware, tmp_path):
    with pytest.raises(Ms20Error, match="cannot be read") as caught:
        build_image(tmp_path / "out", tmp_path / "none.uf2", firmware=firmware)
    assert caught.value.exit_code == ExitCode.NO_SUCH_FILE


def test_a_newer_official_image_is_taken_with_a_note(firmware, tmp_path):
    (tmp_path / "official.uf2").write_bytes(official(version=b"1.26.1"))
    result = build_image(tmp_path / "out", tmp_path / "official.uf2", firmware=firmware)
    assert "not tested with MicroPython 1.26.1" in result.notes[0]


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        (
            "import micropython\nX = other()\n\n\n@micropython.viper\ndef f(n: int) -> int:\n    m = n + X\n    return m\n",
            r"bad\.py, line 7 in f: ViperTypeError: .*'object'",
            "correct",
        ),
        ("def f(:\n    pass\n", r"bad\.py, line 1: SyntaxError", "correct"),
        (
            "from board import STEP\n_X = const(STEP)\n",
            r"bad\.py, line \d: SyntaxError: not a constant",
            "link: constants",
        ),
    ],
)
def test_a_module_that_does_not_compile_is_named_with_its_line(firmware, text, words, hint, tmp_path):
    (firmware / "src" / "bad.py").write_text(text)
    with pytest.raises(Ms20Error, match=words) as caught:
        build_image(tmp_path / "out", firmware=firmware)
    assert hint in caught.value.hint
    assert caught.value.exit_code == ExitCode.BAD_IMAGE


def test_an_empty_firmware_is_refused(tmp_path):
    with pytest.raises(Ms20Error, match="holds no firmware"):
        build_image(tmp_path / "out", firmware=tmp_path)


def test_missing_tools_are_named_with_the_line_that_installs_them(monkeypatch):
    monkeypatch.setattr(
        toolchain.shutil, "which", lambda command: None if command in {"cmake", "make"} else command
    )
    with pytest.raises(Ms20Error, match="cmake, make") as caught:
        toolchain.require_tools()
    assert caught.value.hint == "apt-get install -y --no-install-recommends cmake make"
    assert caught.value.exit_code == ExitCode.TOOL_MISSING


def test_a_failing_tool_shows_the_end_of_its_log(tmp_path):
    log = tmp_path / "build.log"
    with pytest.raises(Ms20Error, match="Trying failed") as caught:
        toolchain.run(["sh", "-c", "seq 100; exit 3"], log, "Trying")
    assert caught.value.message.endswith("\n  | 99\n  | 100")
    assert "\n  | 85\n" not in caught.value.message
    assert str(log) in caught.value.message


def test_an_unwritable_place_is_said(small_image, firmware, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Ms20Error, match="could not be written") as caught:
        build_image(tmp_path / "file" / "out", tmp_path / "official.uf2", firmware=firmware)
    assert caught.value.exit_code == ExitCode.NOT_WRITABLE


NATIVE = (
    "// frozen native code for file {0}.py, scope {0}_f\n"
    'static const byte fun_data_{0}_f[8] __attribute__((section("{1},\\"ax\\",%progbits @ ")))'
    " __attribute__ ((aligned ({2}))) = {{\n"
)


def test_native_code_goes_to_ram_and_is_aligned(tmp_path):
    frozen = tmp_path / "frozen_content.c"
    frozen.write_text(NATIVE.format("tick", ".text", 2) + "0x12\n};\n" + NATIVE.format("x", ".text", 2))
    wanted = (
        NATIVE.format("tick", ".time_critical.frozen", 4)
        + "0x12\n};\n"
        + NATIVE.format("x", ".time_critical.frozen", 4)
    )
    place_native_code(frozen)
    assert frozen.read_text() == wanted
    place_native_code(frozen)
    assert frozen.read_text() == wanted


def test_native_code_in_an_unknown_layout_is_noticed(tmp_path):
    frozen = tmp_path / "frozen_content.c"
    frozen.write_text(NATIVE.format("tick", ".rodata", 2))
    with pytest.raises(Ms20Error, match="not laid out as"):
        place_native_code(frozen)


def test_every_module_of_the_firmware_compiles(repository):
    source = repository / "firmware" / "src"
    texts = load_modules(source, repository)
    assert compile_modules(texts, source).keys() == texts.keys()


# --- With the compiler (and, on a fresh machine, the downloads) -----------------------------------------------------


@pytest.mark.timeout(600)
def test_the_firmware_is_frozen_into_an_image_for_our_board(firmware, tmp_path):
    result = build_image(tmp_path / "out", firmware=firmware)
    (segment,) = read_uf2(result.uf2.read_bytes())
    assert segment.offset == 0
    assert len(segment.data) < START
    assert result.flash_bytes <= len(segment.data)
    for text in (
        b"marker-of-this-test",
        b"MS-20 Pico with RP2040",
        result.build_id.encode(),
        b"MicroPython v1.25.0",
    ):
        assert text in segment.data
    for path in (b"/home/", b"/root/", str(tmp_path).encode(), str(toolchain.cache_directory()).encode()):
        assert path not in segment.data
    assert result.manifest["micropython"]["packages"]["micropython"] == "1.25.0+ds-1"
    assert result.manifest["compiler"].startswith("arm-none-eabi-gcc")

    # A build of the same sources gives the same bytes; a changed source goes into the next image.
    shutil.rmtree(tmp_path / "out")
    assert build_image(tmp_path / "out", firmware=firmware).sha256 == result.sha256
    (firmware / "src" / "board.py").write_text(
        "# declares: constants\nSTEP = 3\nWORDS = ('another-marker',)\n"
    )
    changed = build_image(tmp_path / "out", firmware=firmware)
    assert b"another-marker" in changed.uf2.read_bytes()
    assert b"marker-of-this-test" not in changed.uf2.read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_stock_micropython_takes_the_firmware_as_files(firmware, tmp_path):
    stock = build_stock()
    assert build_stock() == stock
    result = build_image(tmp_path / "out", stock, firmware=firmware)
    files = read_filesystem(flatten(read_uf2(result.uf2.read_bytes()), START, FLASH_BYTES))
    assert "lib/tick.mpy" in files
    assert result.manifest["micropython"]["board"] == "Raspberry Pi Pico with RP2040"
    assert not result.notes


def test_the_checkout_needs_no_git(small_image, monkeypatch, firmware, tmp_path):
    def no_git(command, **_):
        raise FileNotFoundError(command[0])

    monkeypatch.setattr("ms20.image.build.subprocess.run", no_git)
    (tmp_path / "official.uf2").write_bytes(official())
    again = build_image(tmp_path / "out", tmp_path / "official.uf2", firmware=firmware)
    assert again.manifest["git"] is None
    assert not again.rebuilt
    assert subprocess.run is not None
