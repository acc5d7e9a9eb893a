"""How long a FLAC frame is, by skipping through its bits: no sample is put together.

Source: RFC 9639, sections 9.1 and 9.2.
"""

from __future__ import annotations

_WIDTHS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
_STEREO = {8: (0, 1), 9: (1, 0), 10: (0, 1)}  # which channel is a difference, and so has a bit more


class _Invalid(Exception):  # noqa: N818 - caught below
    """The bits are those of no frame."""


class _Bits:
    """Bits as text, because searching text for the end of a unary number is fast."""

    def __init__(self, data: bytes, at: int) -> None:
        self._text = bin(int.from_bytes(b"\x01" + data, "big"))[3:]
        self.at = at

    def number(self, width: int) -> int:
        self.skip(width)
        return int(self._text[self.at - width : self.at], 2)

    def skip(self, width: int) -> None:
        self.at += width
        if self.at > len(self._text):
            raise EOFError

    def unary(self) -> int:
        end = self._text.find("1", self.at)
        if end < 0:
            raise EOFError
        zeros, self.at = end - self.at, end + 1
        return zeros

    def skip_rice(self, count: int, parameter: int) -> None:
        """Skip numbers that consist of a unary part and `parameter` bits."""
        find, at = self._text.find, self.at
        for _ in range(count):
            at = find("1", at) + 1 + parameter
            if at == parameter:
                raise EOFError
        self.at = at
        self.skip(0)


def end_of_frame(data: bytes, header: int, length: int, bits: int) -> int | None:
    """Return where a frame ends.

    Args:
        data: The frame and what follows it.
        header: Bytes of its header.
        length: Samples per channel.
        bits: Bits of a sample where the header refers to the one of the file.

    Returns:
        The bytes of the frame with its checksum; 0 if the bits are those of no frame; None if there are too few.
    """
    channels, width = data[3] >> 4, _WIDTHS.get(data[3] >> 1 & 7, bits)
    stream = _Bits(data, 8 * header)
    try:
        for more in _STEREO.get(channels, (0,) * (channels + 1)):
            _skip_subframe(stream, length, width + more)
    except EOFError:
        return None
    except _Invalid:
        return 0
    end = -(-stream.at // 8) + 2
    return end if end <= len(data) else None


def _skip_subframe(stream: _Bits, length: int, width: int) -> None:
    kind = stream.number(7)
    if stream.number(1):
        width -= stream.unary() + 1
    if kind == 0:
        stream.skip(width)
    elif kind == 1:
        stream.skip(width * length)
    elif 8 <= kind <= 12:
        stream.skip(width * (kind - 8))
        _skip_residual(stream, length, kind - 8)
    elif 32 <= kind < 64:
        order = kind - 31
        stream.skip(width * order)
        precision = stream.number(4) + 1
        stream.skip(5 + precision * order)
        _skip_residual(stream, length, order)
    else:
        raise _Invalid


def _skip_residual(stream: _Bits, length: int, order: int) -> None:
    method = stream.number(2)
    if method > 1:
        raise _Invalid
    partitions = stream.number(4)
    escape = 31 if method else 15
    for index in range(1 << partitions):
        count = (length >> partitions) - (0 if index else order)
        parameter = stream.number(5 if method else 4)
        if count < 0:
            raise _Invalid
        if parameter == escape:
            stream.skip(stream.number(5) * count)
        else:
            stream.skip_rice(count, parameter)
