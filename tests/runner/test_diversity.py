"""--diversity by sacrebleu: its own figures, its own signature, and refused where it would say nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import sacrebleu

from analysis.diversity import diversity
from core.errors import UsageError
from core.strategy import StrategySettings
from runner.choosing import work_for
from runner.diversity import Sacrebleu
from runner.plan import Cell
from runner.request import StrategyChoice
from tests.runner.test_prepare import HOOKS, MODEL, asked

TEXTS = ("The cat sat on the mat today.", "The cat sat on a mat yesterday.", "A dog ran over the lawn.")
FIVE = StrategyChoice("candidates", StrategySettings(n=5))


def test_self_bleu_is_the_mean_of_sacrebleus_own_sentence_scores() -> None:
    expected = [sacrebleu.sentence_bleu(text, [other for other in TEXTS if other != text], tokenize="zh").score / 100
                for text in TEXTS]
    found = diversity(TEXTS, Sacrebleu())
    assert found is not None
    assert found.self_bleu == pytest.approx(sum(expected) / 3, abs=1e-9)
    assert 0.1 < sum(expected) / 3 < 0.9


def test_equal_texts_are_one_and_the_signature_says_how_it_was_counted() -> None:
    bleu = Sacrebleu()
    found = diversity(["Have some tea first."] * 3, bleu)
    assert found is not None
    assert found.self_bleu == 1.0
    assert found.distinct_1 == pytest.approx(1 / 3)
    assert "tok:zh" in bleu.signature
    assert f"version:{sacrebleu.__version__}" in bleu.signature


def test_chinese_sentences_are_no_single_words() -> None:
    found = diversity(["你今天先喝茶吧", "你今天先看书吧"], Sacrebleu())
    assert found is not None
    assert found.distinct_1 is not None
    assert found.distinct_1 < 1


def test_a_single_text_a_task_is_refused_and_so_is_what_cannot_be_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = asked(tmp_path, diversity=True)
    with pytest.raises(UsageError, match="--diversity: a task's single text has nothing to differ from; give --n-cand"):
        work_for(request, Cell(MODEL, "tips"), HOOKS)
    assert work_for(request, Cell(MODEL, "tips", FIVE), HOOKS).strategy.budget() == 5
    there = importlib.util.find_spec
    monkeypatch.setattr("runner.diversity.find_spec", lambda name: None if name == "sacrebleu" else there(name))
    with pytest.raises(UsageError, match=r"counted with sacrebleu, which is not installed; ./setup --with prompts"):
        work_for(request, Cell(MODEL, "tips", FIVE), HOOKS)
