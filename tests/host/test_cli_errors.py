"""The command line: bad input ends in one sentence, a way out and its own exit code, before any work."""

import subprocess
import sys

import mido
import pytest
from fakes import FAKE_SERVER, write_image, write_tune
from ms20 import __version__, node_process
from ms20.cli import app
from ms20.errors import ExitCode
from typer.testing import CliRunner


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `ms20` in an empty folder with the toy server; returns the result."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(node_process, "server_command", lambda: FAKE_SERVER)
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def image(tmp_path):
    (tmp_path / "build").mkdir()
    return write_image(tmp_path / "build")


def refused(result, code, *words):
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("ms20: ")
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


def test_version(run):
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"ms20 {__version__}\n")


def test_help_names_every_command(run):
    for arguments in ((), ("--help",)):
        output = run(*arguments).output
        assert all(command in output for command in ("play", "image", "bench", "serve"))


@pytest.mark.parametrize(
    "arguments", [["plya"], ["play"], ["play", "a.mid", "--volume"], ["bench", "--seconds", "x"]]
)
def test_usage(run, arguments):
    result = run(*arguments)
    assert result.exit_code == ExitCode.USAGE
    assert "Traceback" not in result.output


def test_no_such_file(run):
    refused(run("play", "none.mid"), ExitCode.NO_SUCH_FILE, "none.mid", "Try: ")


def test_a_folder_is_no_file(run, tmp_path):
    refused(run("play", tmp_path), ExitCode.NO_SUCH_FILE)


def test_not_a_midi_file(run, tmp_path):
    (tmp_path / "song.mid").write_text("these are words")
    refused(run("play", "song.mid"), ExitCode.NOT_A_MIDI_FILE, "song.mid")


def test_truncated_midi_file(run, tmp_path):
    data = write_tune(tmp_path / "song.mid").read_bytes()
    (tmp_path / "song.mid").write_bytes(data[:-12])
    refused(run("play", "song.mid"), ExitCode.TRUNCATED_MIDI_FILE, "song.mid")


def test_no_note_on_channel_1(run, tmp_path):
    write_tune(tmp_path / "song.mid", channel=4)
    refused(run("play", "song.mid"), ExitCode.NO_NOTES, "channel 5")
    mido.MidiFile().save(tmp_path / "empty.mid")
    refused(run("play", "empty.mid"), ExitCode.NO_NOTES)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[knobs]\n"LPF CUTOF FREQUENCY" = 5', "LPF CUTOFF FREQUENCY"),
        ('[knobs]\n"LPF PEAK" = 11', "from 0 to 10"),
        ("[knobs", "panel.toml"),
    ],
)
def test_bad_panel(run, tmp_path, text, word):
    write_tune(tmp_path / "song.mid")
    (tmp_path / "panel.toml").write_text(text)
    refused(run("play", "song.mid", "--panel", "panel.toml"), ExitCode.BAD_PANEL, word)
    refused(run("serve", "--panel", "panel.toml"), ExitCode.BAD_PANEL, word)


def test_no_image(run, tmp_path):
    write_tune(tmp_path / "song.mid")
    refused(run("play", "song.mid", "--image", "none.uf2"), ExitCode.BAD_IMAGE, "none.uf2", "Try: ")
    refused(run("bench", "--image", "none.uf2"), ExitCode.BAD_IMAGE)
    refused(run("serve", "--image", "none.uf2"), ExitCode.BAD_IMAGE)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["song.mid"]


def test_damaged_image(run, tmp_path, image):
    write_tune(tmp_path / "song.mid")
    image.write_bytes(image.read_bytes()[:-100])
    refused(run("play", "song.mid"), ExitCode.BAD_IMAGE, "ms20.uf2")


def test_output_that_is_a_file(run, tmp_path, image):
    write_tune(tmp_path / "song.mid")
    (tmp_path / "taken").write_text("")
    refused(run("play", "song.mid", "--out", "taken"), ExitCode.NOT_WRITABLE, "taken")
    refused(run("bench", "--out", "taken/deeper"), ExitCode.NOT_WRITABLE, "taken")


def test_no_node(tmp_path, monkeypatch, image):
    write_tune(tmp_path / "song.mid")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    for command in (["play", "song.mid", "--out", "new"], ["bench"], ["serve"]):
        refused(CliRunner().invoke(app, command), ExitCode.TOOL_MISSING, "apt-get install nodejs npm")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [
        ("firmware-crash:advance", ExitCode.FIRMWARE_CRASH, "KeyError"),
        ("chip-misuse:advance", ExitCode.FIRMWARE_CRASH, "misused a chip"),
        ("emulator-crash:advance", ExitCode.EMULATOR_CRASH, "the reason"),
        ("die:advance", ExitCode.EMULATOR_CRASH, "fake: fatal error"),
        ("garbage:state", ExitCode.EMULATOR_CRASH, "Segmentation fault"),
        ("bad-image:power", ExitCode.BAD_IMAGE, "the reason"),
    ],
)
def test_crashes_leave_nothing_behind(run, tmp_path, monkeypatch, image, fault, code, word):
    write_tune(tmp_path / "song.mid")
    monkeypatch.setenv("FAKE_FAULT", fault)
    result = run("play", "song.mid", "--out", "deep/new")
    assert result.exit_code == code
    assert word in result.stderr
    assert not (tmp_path / "deep").exists()


def test_check_of_the_image(run, image):
    result = run("image", "--check")
    assert result.exit_code == 0
    assert "firmware 9.9" in result.stdout
    image.unlink()
    refused(run("image", "--check"), ExitCode.BAD_IMAGE)


def test_exit_codes_of_the_installed_command(tmp_path):
    """The same from outside: what a shell sees."""
    command = [sys.executable, "-m", "ms20.cli"]
    missing = subprocess.run(
        [*command, "play", "none.mid"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert missing.returncode == ExitCode.NO_SUCH_FILE
    assert missing.stdout == ""
    assert missing.stderr.splitlines()[0].startswith("ms20: ")
    assert missing.stderr.splitlines()[1].startswith("Try: ")
    usage = subprocess.run(
        [*command, "--nonsense"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert usage.returncode == ExitCode.USAGE


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from ms20 import cli\n"
        "heavy = {'numpy', 'numba', 'matplotlib', 'scipy', 'mido', 'serial'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
