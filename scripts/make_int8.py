"""Makes the known vectors that every machine's eight-bit network is compared with (ranking/weights/int8.npy).

    python scripts/make_int8.py

To be run again, and the difference looked at, only when the calibration texts or the model change: stored vectors of
the same name would no longer be one model's.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ranking.embedder import CATALOGUE, QUANTISED, networks, quantised
from ranking.embedder.batches import encode
from ranking.embedder.tokens import tokeniser


def main() -> None:
    """Quantise anew, and write the first texts' vectors."""
    model = CATALOGUE[QUANTISED]
    hidden = networks.network(model, networks.OPENVINO_FP32, None, None)
    rows = encode(tokeniser(model)(quantised.known_texts()), hidden, model.dimensions)
    file = Path(__file__).resolve().parent.parent / "ranking" / "weights" / quantised.KNOWN_FILE
    np.save(file, rows.astype(np.float16))
    sys.stderr.write(f"{file.stat().st_size:,} bytes in {file}\n")


if __name__ == "__main__":
    main()
