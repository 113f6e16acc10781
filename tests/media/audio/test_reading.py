"""Reading clips: rate, length, groups, duplicates, what is refused."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from clip_sets import RATE, folder_of, npz, sound, write

from gannb.media.audio.reading import read, read_like
from gannb.utils.errors import InputError


def test_a_folder_becomes_clips_of_one_length_at_one_rate(tmp_path):
    found = read(str(folder_of(tmp_path)))
    assert found.pool.x.shape == (6, 4000) and found.pool.x.dtype == np.int16 and found.traits == {"rate": RATE}
    assert found.pool.classes == ("owl", "wren") and found.medium == "audio" and found.test is None
    assert found.report.shapes == {"8 kHz mono": 6} and found.report.modes == {"16 bits": 6}
    said = found.report.brought_to
    assert said.startswith(
        "6 clips of 0.5 to 0.5 s (median 0.5) at 8 kHz were brought to 0.5 s (which holds 100% of them"
    )
    for part in ("direct current off", "35 dB below the loudest 25 ms", "faded over 5 ms", "a peak of 0.9, centred"):
        assert part in said
    assert "resampling" not in said and "mixed" not in said


def test_a_mixture_of_rates_channels_and_formats_is_said_and_not_refused(tmp_path):
    folder_of(tmp_path)
    write(tmp_path / "owl" / "a.flac", sound(70, rate=44100), 44100)
    write(tmp_path / "wren" / "b.mp3", np.stack([sound(71, rate=16000)] * 2, axis=1), 16000)
    found = read(str(tmp_path))
    assert found.traits == {"rate": 8000} and found.pool.x.shape == (8, 4000)
    assert found.report.shapes == {"44.1 kHz mono": 1, "8 kHz mono": 6, "16 kHz stereo": 1}
    assert found.report.modes == {"16 bits": 7, "MP3": 1}
    said = found.report.brought_to
    assert "at 3 rates (8 kHz, 16 kHz and 44.1 kHz)" in said and "at 8 kHz (the lowest of theirs)" in said
    assert "by polyphase resampling, their channels mixed to one" in said


@pytest.mark.parametrize(
    ("given", "rate", "says"),
    [
        ({}, 16000, "at 16 kHz (enough for most sounds), by polyphase resampling"),
        ({"rate": 44100}, 44100, "at 44.1 kHz (as asked), 16 bits"),
        ({"rate": 12000}, 12000, "at 12 kHz (as asked), by polyphase"),
    ],
)
def test_the_rate_is_at_most_16_khz_unless_it_is_asked_for(tmp_path, given, rate, says):
    found = read(str(folder_of(tmp_path, rate=44100)), **given)
    assert found.traits == {"rate": rate} and found.pool.shape == (rate // 2,) and says in found.report.brought_to


@pytest.mark.parametrize(("seconds", "chosen"), [(0.2, 0.25), (0.3, 0.5), (0.9, 1.0), (3.0, 1.0)])
def test_the_length_holds_most_clips_whole_and_is_a_second_at_most(tmp_path, seconds, chosen):
    found = read(str(folder_of(tmp_path, seconds=seconds)))
    assert found.pool.shape == (round(chosen * RATE),)
    whole = "0%" if seconds > 1 else "100%"
    assert f"brought to {chosen:g} s (which holds {whole} of them whole)" in found.report.brought_to


def test_seconds_may_be_asked_for_and_short_clips_lie_in_the_middle(tmp_path):
    found = read(str(folder_of(tmp_path)), seconds=2)
    assert found.pool.shape == (16000,) and "2 s (as asked, which holds 100% of them whole)" in found.report.brought_to
    assert "0.2 s (as asked, which holds 0% of them whole)" in read(str(tmp_path), seconds=0.2).report.brought_to
    sounding = np.flatnonzero(found.pool.x[0])
    assert abs(sounding[0] - (15999 - sounding[-1])) <= 1


def test_train_and_test_stay_apart_and_a_clip_of_both_leaves_the_pool(tmp_path):
    for part, first in (("train", 0), ("test", 50)):
        for k, name in enumerate(("owl", "wren")):
            for i in range(4):
                write(tmp_path / part / name / f"{i}.wav", sound(1000 * k + first + i))
    shutil.copy(tmp_path / "test" / "owl" / "2.wav", tmp_path / "train" / "owl" / "copy.wav")
    write(tmp_path / "train" / "wren" / "louder.flac", 1.9 * sound(1051))  # that of the test set, in another container
    write(tmp_path / "train" / "wren" / "late.mp3", np.pad(sound(1052), (900, 0)))
    found = read(str(tmp_path))
    assert len(found.pool) == 8 and len(found.test) == 8
    assert sorted(found.report.removed_from_pool) == [
        "train/owl/copy.wav",
        "train/wren/late.mp3",
        "train/wren/louder.flac",
    ]
    assert found.report.exact_duplicates == [["train/owl/copy.wav", "test/owl/2.wav"]]


def test_the_same_clip_under_two_labels_is_told(tmp_path):
    folder_of(tmp_path)
    shutil.copy(tmp_path / "owl" / "owl0.wav", tmp_path / "wren" / "again.wav")
    assert read(str(tmp_path)).report.label_conflicts == [["owl/owl0.wav", "wren/again.wav"]]


def test_groups_come_from_a_pattern_a_csv_or_the_archive(tmp_path):
    folder_of(tmp_path / "clips", n=4)
    assert len(np.unique(read(str(tmp_path / "clips"), groups="([0-9])").pool.groups)) == 4
    whose = np.arange(12) % 3
    archive = str(npz(tmp_path / "set.npz", speakers=whose, speaker_names=np.array(["ann", "bo", "cy"])))
    found = read(archive)
    assert [len(np.unique(found.pool.groups[whose == s])) for s in range(3)] == [1, 1, 1]
    assert len(np.unique(found.pool.groups)) == 3
    assert len(np.unique(read(archive, groups="(.+)").pool.groups)) == 12
    assert len(np.unique(read(archive, groups="-(ann|bo|cy)").pool.groups)) == 3


def test_a_test_set_that_divides_the_archive_s_own_groups_is_given_up_and_that_is_said(tmp_path):
    given = {"speakers": np.arange(12) // 2 % 3, "is_test": np.arange(12) < 4}
    archive = str(npz(tmp_path / "set.npz", **given))
    found = read(archive)
    assert found.test is None and len(found.pool) == 12
    assert "test set is not kept, since 2 of its 3 speakers have clips on both sides; set `groups`" in (
        found.report.brought_to
    )
    kept = read(archive, groups="(.+)")
    assert len(kept.test) == 4 and len(kept.pool) == 8 and "not kept" not in kept.report.brought_to
    apart = read(str(npz(tmp_path / "apart.npz", **given | {"is_test": np.arange(12) // 2 % 3 == 0})))
    assert len(apart.test) == 4


def test_a_bad_clip_is_refused_by_name_or_skipped_and_listed(tmp_path):
    folder_of(tmp_path)
    write(tmp_path / "owl" / "quiet.wav", np.zeros(4000))
    (tmp_path / "wren" / "song.wma").write_bytes(b"0")
    with pytest.raises(InputError, match=r"wren/song.wma cannot be used \(.wma files .*\); .*set on_bad_clip=skip"):
        read(str(tmp_path))
    (tmp_path / "wren" / "song.wma").unlink()
    with pytest.raises(
        InputError, match=r"^owl/quiet.wav cannot be used \(it is silent\); repair or remove it, or set"
    ):
        read(str(tmp_path))
    found = read(str(tmp_path), on_bad_clip="skip")
    assert len(found.pool) == 6 and found.report.skipped == [("owl/quiet.wav", "it is silent")]


def test_a_class_of_one_clip_is_refused(tmp_path):
    folder_of(tmp_path)
    write(tmp_path / "rook" / "a.wav", sound(9))
    with pytest.raises(InputError, match="class 'rook' of .* has 1 clip to train on; add some, or leave the class out"):
        read(str(tmp_path))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rate": 1000}, "rate: 1000 is out of range; it goes from 2,000 to 48,000"),
        ({"seconds": 0.01}, "seconds: 0.01 is out of range; it goes from 0.1 to 30"),
        ({"on_bad_clip": "shrug"}, "on_bad_clip: 'shrug' is unknown; take fail or skip"),
        ({"groups": "["}, "groups: '\\[' is neither"),
    ],
)
def test_what_is_asked_for_is_checked_before_anything_is_opened(given, says):
    with pytest.raises(InputError, match=says):
        read("nowhere", **given)


def test_clips_that_are_too_coarse_or_too_much_to_hold_are_refused(tmp_path, monkeypatch):
    with pytest.raises(
        InputError, match=r"owl/owl0.wav cannot be used \(it has 1,000 samples a second, .* at least 2,000"
    ):
        read(str(folder_of(tmp_path / "coarse", rate=1000)))
    monkeypatch.setattr("gannb.media.audio.reading.MAX_BYTES", 10**5)
    with pytest.raises(
        InputError, match="6 clips of 2 s at 8,000 Hz are too much to hold; set seconds or rate to less"
    ):
        read(str(folder_of(tmp_path / "clips")), seconds=2)


def test_the_fingerprint_follows_what_was_found_and_the_key_how_it_is_read(tmp_path):
    folder = str(folder_of(tmp_path / "clips"))
    plain, slow = read(folder), read(folder, rate=4000)
    assert plain.fingerprint == slow.fingerprint and plain.prepared != slow.prepared
    for file in (tmp_path / "clips").rglob("*.wav"):
        write(file.with_suffix(".flac"), *_loaded(file))
        file.unlink()
    assert read(folder).fingerprint == plain.fingerprint


def _loaded(file) -> tuple[np.ndarray, int]:
    import soundfile

    return soundfile.read(file)


def test_the_same_samples_at_another_rate_are_another_set(tmp_path):
    slow, fast = (
        read(str(npz(tmp_path / f"{rate}.npz", rate=np.array(rate))), seconds=4000 / rate) for rate in (4000, 8000)
    )
    assert (
        slow.pool.shape == fast.pool.shape and slow.fingerprint != fast.fingerprint and slow.prepared != fast.prepared
    )


def test_related_clips_are_brought_to_the_rate_and_length_of_others(tmp_path):
    like = read(str(folder_of(tmp_path / "clips"))).pool
    folder_of(tmp_path / "related", ("crow",), n=2, rate=16000)
    found, how = read_like(str(tmp_path / "related"), like, RATE)
    assert found.x.shape == (2, 4000) and found.classes == ("crow",)
    assert "brought to 0.5 s (as the study's) at 8 kHz (as the study's), by polyphase resampling" in how


@pytest.mark.slow
def test_spoken_digits_are_read_by_speaker_or_with_their_own_test_set(shared_data):
    archive = str(shared_data / "fsdd" / "fsdd_8khz_int16.npz")
    found = read(archive)
    assert found.pool.x.shape == (3000, 8000) and found.test is None and len(np.unique(found.pool.groups)) == 6
    assert found.pool.counts().tolist() == [300] * 10 and (np.abs(found.pool.x).max(axis=1) == 29490).all()
    own = read(archive, groups="(.+)")
    assert len(own.test) == 300 and len(own.pool) + len(own.report.removed_from_pool) == 2700
    assert len(own.report.near_duplicates) <= 3


def test_it_is_said_where_the_class_can_be_told_from_how_clips_were_made(tmp_path):
    for k, (name, rate) in enumerate((("owl", 8000), ("wren", 16000))):
        for i in range(12):
            write(tmp_path / name / f"{i}.wav", sound(1000 * k + i, rate=rate), rate)
    (said,) = read(str(tmp_path)).report.remarks
    assert said.startswith(
        "The class can be told without looking at the clips, by their rate: this alone is right for 100%"
    )
    assert read(str(folder_of(tmp_path / "alike", n=12))).report.remarks == []


def test_what_the_rate_takes_from_clips_is_said_and_a_clip_of_which_nothing_is_left_refused(tmp_path):
    folder_of(tmp_path, n=12)
    high = [np.sin(2 * np.pi * hertz * np.arange(24000) / 48000) for hertz in (9000, 9500)]
    for k, wave in enumerate(high):
        write(tmp_path / "owl" / f"bat{k}.wav", 0.4 * wave + 0.2 * sound(90 + k, rate=48000), 48000)
    said = read(str(tmp_path)).report.remarks
    assert said[0].startswith("Of 2 of 26 clips most of the power lies above 4 kHz, where nothing is kept at a rate")
    write(tmp_path / "owl" / "bat2.wav", 0.4 * high[0], 48000)
    with pytest.raises(
        InputError, match=r"owl/bat2.wav cannot be used \(nothing of it is left at 8,000 .* a higher rate"
    ):
        read(str(tmp_path))
    assert not read(str(tmp_path), rate=48000).report.remarks


def test_names_that_say_that_clips_are_copies_propose_groups(tmp_path):
    for k, name in enumerate(("owl", "wren")):
        for i in range(6):
            write(tmp_path / name / f"{name}{i}.wav", sound(1000 * k + i))
            write(tmp_path / name / f"{name}{i}_pitch2.wav", sound(1000 * k + i + 500))
    (said,) = read(str(tmp_path)).report.remarks
    assert "groups" in said and "pitch" in said


def test_labels_may_stand_in_a_table_beside_the_clips(tmp_path):
    lines = ["file,label"]
    for i in range(8):
        write(tmp_path / "clips" / f"{i}.wav", sound(i))
        lines.append(f"{i}.wav,{'owl' if i % 2 else 'wren'}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    found = read(str(tmp_path))
    assert found.pool.classes == ("owl", "wren") and found.pool.counts().tolist() == [4, 4]
