"""Which file of a repository a quantization means."""

from __future__ import annotations

import pytest

from servers.hub_choice import chosen, quantizations

FILES = (
    ".gitattributes", "README.md", "BF16/m-BF16-00001-of-00002.gguf", "BF16/m-BF16-00002-of-00002.gguf",
    "imatrix_unsloth.gguf", "m-IQ4_XS.gguf", "m-Q4_K_M.gguf", "m-Q8_0.gguf", "m-UD-Q4_K_XL.gguf", "mmproj-F16.gguf",
    "mtp-m-Q8_0.gguf",
)


@pytest.mark.parametrize(("asked", "paths"), [
    ("", ("m-Q4_K_M.gguf",)),
    ("q8_0", ("m-Q8_0.gguf",)),
    ("UD-Q4_K_XL", ("m-UD-Q4_K_XL.gguf",)),
    ("Q4_K_XL", ("m-UD-Q4_K_XL.gguf",)),
    ("BF16", ("BF16/m-BF16-00001-of-00002.gguf", "BF16/m-BF16-00002-of-00002.gguf")),
    ("M-q8_0.GGUF", ("m-Q8_0.gguf",)),
    ("F16", ("BF16/m-BF16-00001-of-00002.gguf", "BF16/m-BF16-00002-of-00002.gguf")),  # llama.cpp asks for no beginning
    ("Q5_K_M", None),
    ("Q4_K", None),
    ("mmproj-F16.gguf", None),
    (".*", None),
])
def test_a_quantization_means_the_file_that_llama_cpp_would_take(asked: str, paths: tuple[str, ...] | None) -> None:
    assert chosen(FILES, asked) == paths


def test_without_a_quantization_q8_0_is_next_and_then_whatever_there_is() -> None:
    assert chosen(("m-Q2_K.gguf", "m-Q8_0.gguf"), "") == ("m-Q8_0.gguf",)
    assert chosen(("m-Q3_K_S.gguf", "m-Q2_K.gguf"), "") == ("m-Q2_K.gguf",)
    assert chosen(("README.md", "mmproj.gguf"), "") is None


def test_all_files_of_a_split_model_are_named_those_that_are_missing_too() -> None:
    assert chosen(("m-F16-00001-of-00002.gguf",), "F16") == ("m-F16-00001-of-00002.gguf", "m-F16-00002-of-00002.gguf")


def test_what_there_is_is_listed_by_quantization_or_else_by_file() -> None:
    assert quantizations((*FILES, "tiny.gguf")) == ("BF16", "IQ4_XS", "Q4_K_M", "Q8_0", "UD-Q4_K_XL", "tiny.gguf")
