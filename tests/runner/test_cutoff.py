"""Until when a model was trained: by its card, by what its maker published, or as the user says; never made up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from core.errors import UsageError
from core.records import ModelInfo
from runner.cutoff import FROM_CARD, cutoff_of, said_in


def test_what_the_user_says_counts_and_a_month_is_its_last_day() -> None:
    model = ModelInfo("whatever")
    assert cutoff_of("2024-06-30", model).first_unseen == "2024-07-01"
    assert cutoff_of("2024-02", model).first_unseen == "2024-03-01"
    for text in ("soon", "2024-13", "2024-02-30", "2024"):
        with pytest.raises(UsageError, match="write a day or a month"):
            cutoff_of(text, model)


def test_a_card_beside_the_file_comes_before_what_is_known_of_the_name(tmp_path: Path) -> None:
    model = ModelInfo("Meta-Llama-3.1-8B-Instruct", path=str(tmp_path / "m.gguf"))
    assert cutoff_of(FROM_CARD, model).last == date(2023, 12, 31)
    (tmp_path / "README.md").write_text("# Model\n\n**Knowledge cutoff:** March 2023\n")
    found = cutoff_of(FROM_CARD, model)
    assert (found.last, found.source) == (date(2023, 3, 31), str(tmp_path / "README.md"))
    of_a_folder = ModelInfo("something", path=str(tmp_path))  # as the transformers library keeps them
    assert cutoff_of("card", of_a_folder) == found


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("Meta-Llama-3.1-8B-Instruct", date(2023, 12, 31)), ("Llama 3.2 1B Instruct", date(2023, 12, 31)),
        ("meta-llama/Llama-3.3-70B-Instruct", date(2023, 12, 31)), ("llama3.2:1b", date(2023, 12, 31)),
        ("gemma-3-4b-it-Q4_K_M.gguf", date(2024, 8, 31)), ("gemma3:4b", date(2024, 8, 31)),
        ("gemma-3-27b-it-qat-GGUF", date(2024, 8, 31)), ("phi-4", date(2024, 6, 30)),
        ("phi-4.Q8_0", date(2024, 6, 30)), ("Phi 4", date(2024, 6, 30)),
        ("gpt-oss-20b-MXFP4", date(2024, 6, 30)), ("openai/gpt-oss-120b", date(2024, 6, 30)),
    ],
)
def test_a_name_that_is_the_makers_own_is_known(name: str, last: date) -> None:
    assert cutoff_of(FROM_CARD, ModelInfo(name)).last == last


@pytest.mark.parametrize(
    "name",
    ["Hermes-3-Llama-3.1-8B", "Llama-3.1-Nemotron-70B-Instruct", "Phi-4-reasoning", "Phi-4-mini-instruct",
     "gemma-3n-E4B-it", "medgemma-3-4b", "gpt-oss-safeguard-20b", "Llama-3.1-8B-Instruct-abliterated", "Llama-3-8B"],
)
def test_another_models_data_may_go_further_than_its_relatives(name: str) -> None:
    with pytest.raises(UsageError, match="nothing states until when"):
        cutoff_of(FROM_CARD, ModelInfo(name))


def test_a_model_of_which_nothing_is_stated_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("A fine model, released in May 2024.")
    with pytest.raises(UsageError, match="nothing states until when demo-5M:F16 was trained"):
        cutoff_of(FROM_CARD, ModelInfo("demo-5M", "F16", path=str(tmp_path / "m.gguf")))


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("Knowledge cutoff: December 2023", date(2023, 12, 31)),
        ("knowledge cut-off date is Aug. 2024", date(2024, 8, 31)),
        ("Training data cutoff | 2024-06", date(2024, 6, 30)),
        ("training data has a cutoff of 2024-06-15.", date(2024, 6, 15)),
        ("The data cutoff was February 29, 2024", date(2024, 2, 29)), ("no cutoff is known", None),
        ("cutoff frequency: May 2024", None), ("Knowledge cutoff: Sprint 2024", None), ("", None),
        ("knowledge " * 50_000 + "cutoff", None),
    ],
)
def test_how_cards_state_it(text: str, last: date | None) -> None:
    assert said_in(text) == last
