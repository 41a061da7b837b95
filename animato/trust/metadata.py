"""Unsigned metadata for software without C2PA support: the IPTC source type in XMP and in a comment."""

from __future__ import annotations

import zlib
from enum import Enum

IPTC_BASE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
XMP_KEYWORD = b"XML:com.adobe.xmp"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class SourceType(Enum):
    """Terms of the IPTC vocabulary "Digital Source Type" used for outputs."""

    TRAINED = "trainedAlgorithmicMedia"
    """Every pixel was rendered: a bare crop."""

    COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
    """Rendered parts composited into a real image."""

    @property
    def url(self) -> str:
        """URL of the term, as used in manifests and XMP."""
        return IPTC_BASE + self.value


def source_type(pasted: bool) -> SourceType:
    """Return the source type of an output: composite if it was pasted back into the photo."""
    return SourceType.COMPOSITE if pasted else SourceType.TRAINED


def comment_text(pasted: bool) -> str:
    """Return the text for a file's comment field (mp4, webm, mov, gif, PNG): one ASCII line without personal data."""
    what = "parts of these pictures are AI-generated" if pasted else "these pictures are AI-generated"
    return f"Made with animato: {what} (IPTC DigitalSourceType {source_type(pasted).url})."


def xmp_packet(kind: SourceType) -> bytes:
    """Build an XMP packet with the IPTC property DigitalSourceType (IPTC Photo Metadata Standard 2023.1)."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'Iptc4xmpExt:DigitalSourceType="{kind.url}"/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def png_with_xmp(data: bytes, kind: SourceType) -> bytes:
    """Insert the XMP packet into a PNG file as an iTXt chunk after the header, without re-encoding.

    Raises:
        ValueError: not a PNG file.
    """
    header = len(PNG_SIGNATURE) + 25
    if not data.startswith(PNG_SIGNATURE) or data[12:16] != b"IHDR" or len(data) < header:
        raise ValueError("not a PNG file")
    # iTXt (PNG third edition, 11.3.3.4): keyword, 0, not compressed, method 0, no language, no translation, text.
    body = b"iTXt" + XMP_KEYWORD + b"\x00\x00\x00\x00\x00" + xmp_packet(kind)
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return data[:header] + chunk + data[header:]


def jpeg_with_xmp(data: bytes, kind: SourceType) -> bytes:
    """Insert the XMP packet into a JPEG file as an APP1 segment after APP0, without re-encoding.

    Raises:
        ValueError: not a JPEG file.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        raise ValueError("not a JPEG file")
    # After the JFIF APP0 segment, if present (XMP specification part 3, section 1.1.3).
    place = 4 + int.from_bytes(data[4:6], "big") if data[3] == 0xE0 else 2
    body = b"http://ns.adobe.com/xap/1.0/\x00" + xmp_packet(kind)
    return data[:place] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + data[place:]
