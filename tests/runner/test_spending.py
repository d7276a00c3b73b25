"""What a command may cost, before it is spent and while it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UsageError
from core.records import Endpoint, ModelInfo, Sample
from core.strategy import StrategySettings
from runner.choosing import work_for
from runner.observer import Bought, Hooks, Quiet
from runner.plan import Cell
from runner.request import Request, SamplingChoice, Spending, StrategyChoice, TaskChoice
from runner.spending import Wallet, _size, confirm
from runner.work import Work
from servers.spec import ServerSettings

MINI = ModelInfo("gpt-4o-mini", backend="openai")
END = Endpoint("https://api.openai.com", "gpt-4o-mini", "openai")
FREE, SINGLE = Spending(), StrategyChoice()
HOOKS = Hooks(Quiet(), lambda: False, lambda _question: True)
TABLE = """
[[price]]
model = "gpt-4o-mini"
prompt = 1
cached = 0.5
completion = 10
date = 2027-02-01
source = "my contract"
"""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(TABLE)
    return path


def asked(
    model: ModelInfo = MINI, spending: Spending = FREE, prices: Path | None = None, url: str | None = None,
    strategy: StrategyChoice = SINGLE,
) -> tuple[Request, Work]:
    request = Request((model,), ("math",), ServerSettings(base_url=url), tasks=TaskChoice(limit=4),
                      sampling=SamplingChoice(max_tokens=100), spending=spending, prices=prices)
    return request, work_for(request, Cell(model, "math", strategy), HOOKS)


def question(request: Request, *works: Work) -> str | None:
    heard: list[str] = []

    def agree(text: str) -> bool:
        heard.append(text)
        return True

    confirm(request, works, agree)
    return heard[0] if heard else None


def test_the_most_that_a_run_may_cost_is_asked_for(table: Path) -> None:
    strategy = StrategyChoice("adaptive_margin", StrategySettings(max_n=5))
    text = question(*asked(prices=table, strategy=strategy))
    assert text is not None
    assert "openai:gpt-4o-mini on math: up to 20 requests" in text
    assert "at most 2,000 of replies; at most $0.02" in text
    assert "by prices of 2027-02-01" in text


def test_a_refusal_asks_nobody_anything(table: Path) -> None:
    request, work = asked(prices=table)
    with pytest.raises(UsageError, match="nobody agreed"):
        confirm(request, [work], lambda _question: False)


def test_what_costs_nothing_is_not_asked_for(table: Path) -> None:
    assert question(*asked(ModelInfo("mine", backend="openai"), url="http://127.0.0.1:1")) is None
    assert question(*asked(ModelInfo("mine"), url="http://127.0.0.1:1")) is None
    assert question(*asked(ModelInfo("gpt-4o-mini"), url="http://127.0.0.1:1", prices=table)) is not None


def test_a_provider_without_a_price_is_asked_for_without_a_sum() -> None:
    text = question(*asked(ModelInfo("gpt-99", backend="openai")))
    assert text is not None
    assert "not in the table" in text
    with pytest.raises(UsageError, match="--max-cost: what openai:gpt-99"):
        question(*asked(ModelInfo("gpt-99", backend="openai"), Spending(most_usd=1)))


def test_a_key_that_is_not_there_is_told_before_money_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UsageError, match="OPENAI_API_KEY holds no API key"):
        question(*asked())


def test_a_wallet_counts_all_runs_of_a_command_at_their_real_usage(table: Path) -> None:
    request, _ = asked(spending=Spending(most_usd=1.0, requests_per_minute=30), prices=table)
    wallet = Wallet(request)
    assert wallet.rates(END) == {"requests_per_minute": 30, "usd_left": 1.0, "usd_prompt": pytest.approx(1e-6),
                                 "usd_cached": pytest.approx(0.5e-6), "usd_completion": pytest.approx(10e-6)}
    reply = Sample("a", 0, "", prompt_tokens=10_000, cached_tokens=4_000, completion_tokens=20_000)
    wallet.count("one", END, Bought([reply], 100))
    assert wallet.spent_usd == pytest.approx(0.008 + 0.2)
    wallet.count("one", END, Bought([reply, reply], 100))
    wallet.count("two", END, Bought([reply], 100))
    assert wallet.rates(END)["usd_left"] == pytest.approx(1 - 3 * 0.208)
    wallet.count("two", END, Bought([reply] * 9, 100))
    assert wallet.rates(END)["usd_left"] == 0


def test_a_reply_whose_usage_nobody_tells_counts_as_the_most_it_can_have_cost(table: Path) -> None:
    request, _ = asked(spending=Spending(most_usd=1.0), prices=table)
    wallet = Wallet(request)
    wallet.count("one", END, Bought([Sample("a", 0, "", prompt_chars=1000)], 100))
    assert wallet.spent_usd >= (1000 * 1 + 100 * 10) / 1e6


def test_a_request_that_broke_or_was_broken_off_counts_as_the_most_it_can_have_cost(table: Path) -> None:
    request, _ = asked(spending=Spending(most_usd=1.0), prices=table)
    wallet = Wallet(request)
    wallet.count("one", END, Bought([Sample("a", 0, "", prompt_tokens=30, completion_tokens=1)], 100, [(50, 100)], 2))
    assert wallet.spent_usd == pytest.approx((30 + 10 + 50 + 1000 + 2 * (30 + 1000)) / 1e6)


def test_without_a_most_nothing_is_counted(table: Path) -> None:
    request, _ = asked(prices=table)
    assert Wallet(request).rates(END) == {}


def test_who_was_asked_just_now_is_left_alone_for_as_long_as_the_pace_says(table: Path) -> None:
    now = [100.0]
    request, _ = asked(spending=Spending(requests_per_minute=10, tokens_per_minute=600), prices=table)
    wallet = Wallet(request, lambda: now[0])
    assert "hold_s" not in wallet.rates(END)
    short, long = Sample("a", 0, "", prompt_tokens=5, completion_tokens=5), Sample("b", 0, "", completion_tokens=90)
    wallet.count("one", END, Bought([short], 100))
    now[0] += 2
    assert wallet.rates(END)["hold_s"] == pytest.approx(4), "six seconds from one request to the next"
    wallet.count("one", END, Bought([short], 100))
    assert wallet.rates(END)["hold_s"] == pytest.approx(4), "nothing was asked meanwhile"
    wallet.count("one", END, Bought([short, long], 100))
    assert wallet.rates(END)["hold_s"] == pytest.approx(9), "ninety tokens are nine seconds"
    assert "hold_s" not in wallet.rates(Endpoint("https://elsewhere", "m", "openai"))


def test_a_letter_that_is_no_english_one_may_be_a_token() -> None:
    assert _size("four") == 4
    assert _size("四四") == 8
    assert _size(["四"]) == len('[""]') + 4
