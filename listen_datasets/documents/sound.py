"""How the sound of the clips is stored, in words: as the files that were ingested, or cut out of them."""

from __future__ import annotations

from listen_datasets.documents.facts import Facts
from listen_datasets.documents.markdown import Markdown, code, count, joined, plural

UNCHANGED = "no resampling, padding, normalising or mixing"

_OF_THE_FILE = ("path", "sha256", "bytes", "container", "codec", "bits_per_sample", "recording_num_samples")


def description(*, has_whole: bool, has_cut: bool) -> str:
    """Describe the column of the sound; plain text."""
    whole = "the bytes of the file as it was ingested"
    cut = "the samples of the clip, cut out of its recording and stored without loss"
    if has_whole and has_cut:
        return f"The clip, and a name for it: {whole}, or {cut} as FLAC or WAV if it is only a part."
    if has_cut:
        return f"The clip, and a name for it: {cut} as FLAC or WAV."
    return "The recording as it was ingested: the bytes of the file, and a name for it."


def amount(facts: Facts) -> str:
    """Return the number of clips, and of the recordings that they come from if that is another one."""
    clips = plural(facts.clips, "clip")
    return clips if facts.recordings == facts.clips else f"{clips} from {plural(facts.recordings, 'recording')}"


def stored(facts: Facts) -> Markdown:
    """Say what the published sound is, and what the columns about files describe."""
    whole = facts.clips - facts.cut_clips
    same = "files as they were ingested, byte for byte"
    if not facts.cut_clips:
        return Markdown(f"The recordings are the {same}; {code('sha256')} is the digest of each.")
    forms = joined(f"{suffix.upper()}: {plural(clips, 'clip')}" for suffix, clips in facts.cut.items())
    others = f" The rest ({plural(whole, 'clip')}) are {same}." if whole else ""
    return Markdown(
        f"Clips that are parts of recordings ({_share(facts)}) were cut where the metadata says so. Each is stored as a file of"
        f" its own with exactly the samples of the recording: {code('pcm_md5')} is the digest of the decoded samples."
        f" Integers of up to 24 bits are FLAC; wider ones and floating-point numbers, which lossy codecs decode to, are"
        f" WAV, for rounding them would be another loss ({forms}).{others} The columns"
        f" {joined(code(name) for name in _OF_THE_FILE)} describe the file of the whole recording."
    )


def instance(facts: Facts) -> str:
    """Say in a few words what of an instance is sound."""
    return "the clip, cut out of its recording" if facts.cut_clips else "the recording, as the bytes of its file"


def changes(facts: Facts) -> str:
    """Say what was not done to the sound, and what was."""
    if not facts.cut_clips:
        return "The recordings were not changed: no resampling, trimming, padding, normalising or re-encoding."
    return (
        f"The samples were not changed: {UNCHANGED}. Clips were cut out of longer recordings ({_share(facts)}), at the"
        " times that the metadata gives, and stored without loss."
    )


def adaptation(facts: Facts) -> str:
    """Say whether what is published is an adaptation of the recordings, as far as that is known."""
    if not facts.cut_clips:
        return "The recordings here are the bytes that were ingested."
    return f"Clips here are excerpts of recordings ({_share(facts)}), with unchanged samples."


def _share(facts: Facts) -> str:
    return f"{count(facts.cut_clips)} of {count(facts.clips)}"
