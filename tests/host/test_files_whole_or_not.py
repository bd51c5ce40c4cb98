"""Results appear whole under their names or not at all."""

import json
import os

import pytest
from ms20.errors import ExitCode, Ms20Error
from ms20.files import OutputFolder, sha256_of, write_json, write_text

needs_a_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


def test_published_results_replace_older_ones(tmp_path):
    out = tmp_path / "a" / "b"
    for text in ("first", "second"):
        with OutputFolder(out) as folder:
            (folder.partial / "sound.wav").write_text(text)
            (folder.partial / "report.json").write_text("{}")
            published = folder.publish()
        assert [path.name for path in published] == ["sound.wav", "report.json"]
        assert sorted(path.name for path in out.iterdir()) == ["report.json", "sound.wav"]
        assert (out / "sound.wav").read_text() == text


def interrupted(out):
    with OutputFolder(out) as folder:
        (folder.partial / "sound.wav").write_text("half")
        raise KeyboardInterrupt


def test_an_interrupted_job_leaves_what_was_there(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "sound.wav").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sound.wav"]
    assert (tmp_path / "sound.wav").read_text() == "old"


def test_a_folder_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "new" / ".." / "file" / "deeper"):
        with pytest.raises(Ms20Error) as caught, OutputFolder(out):
            pass
        assert caught.value.exit_code == ExitCode.NOT_WRITABLE
    assert [path.name for path in tmp_path.iterdir()] in (["file"], ["file", "new"], ["new", "file"])


@needs_a_user
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(Ms20Error, match="Permission denied"), OutputFolder(tmp_path / "out"):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_a_name_that_is_taken_by_a_folder_is_told(tmp_path):
    (tmp_path / "sound.wav" / "x").mkdir(parents=True)
    with OutputFolder(tmp_path) as folder:
        (folder.partial / "sound.wav").write_text("new")
        with pytest.raises(Ms20Error) as caught:
            folder.publish()
    assert caught.value.exit_code == ExitCode.NOT_WRITABLE


def test_text_and_json(tmp_path):
    path = tmp_path / "deep" / "report.json"
    write_json(path, {"name": "größer", "value": 1.5})
    assert json.loads(path.read_text()) == {"name": "größer", "value": 1.5}
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"value": float("nan")})
    assert json.loads(path.read_text())["value"] == 1.5
    (tmp_path / "folder").mkdir()
    with pytest.raises(Ms20Error) as caught:
        write_text(tmp_path / "folder", "text")
    assert caught.value.exit_code == ExitCode.NOT_WRITABLE
    assert sorted(each.name for each in tmp_path.iterdir()) == ["deep", "folder"]


def test_sha256(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256_of(tmp_path / "x").startswith("ba7816bf")
