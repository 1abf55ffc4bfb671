"""Whether a frame is kept, and for what: strategies in order, then diversity, then the budget."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from edgedet.config.sampling import SamplingSettings, StrategySettings
from edgedet.sample.budget import Budget
from edgedet.sample.strategy import Match, Scene, Strategy

OPERATOR = "operator"
"""The strategy of frames that somebody asked for."""
_ASKED = StrategySettings(name=OPERATOR, type="random")


@dataclass(frozen=True, slots=True)
class Choice:
    """Why a frame is kept, and the class whose budget pays for it."""

    strategy: StrategySettings
    why: str
    payer: str


@dataclass(frozen=True, slots=True)
class NoCredit:
    """There is a reason to keep the frame, and no budget."""

    strategy: StrategySettings


class Selection:
    """The strategies of the settings, for the classes of a model. One thread."""

    def __init__(
        self,
        settings: SamplingSettings,
        class_names: Sequence[str],
        budget: Budget,
        chance: random.Random,
    ) -> None:
        """Draw probabilities from `chance`.

        Raises:
            ConfigError: if the settings name classes that the model does not have.
        """
        self._settings = settings
        self.know(class_names)
        self._budget = budget
        self._chance = chance

    def know(self, class_names: Sequence[str]) -> None:
        """Choose among frames that a model with these classes answered; from any thread.

        Raises:
            ConfigError: if the settings name classes that the model does not have.
        """
        self._class_names = tuple(class_names)
        self._strategies = [Strategy(each, class_names) for each in self._settings.strategies]

    @property
    def looks_ahead(self) -> bool:
        """Whether a strategy needs the next frame of the source."""
        return any(each.looks_ahead for each in self._strategies)

    @property
    def compares(self) -> bool:
        """Whether a strategy needs what a second model saw."""
        return any(each.compares for each in self._strategies)

    def follow_clock(self) -> None:
        """Let the budget see whether the wall clock stepped; to be called often."""
        self._budget.follow_clock()

    def choose(self, scene: Scene, *, is_requested: bool = False) -> Choice | NoCredit | None:
        """The first strategy that matches and has credit left; a request comes before all."""
        missed: NoCredit | None = None
        if is_requested:
            choice = self._pay(_ASKED, Match("asked for"), scene.source_id)
            if isinstance(choice, Choice):
                return choice
            missed = choice
        for strategy in self._strategies:
            match = strategy.match(scene, self._chance.random())
            if match is None:
                continue
            choice = self._pay(strategy.settings, match, scene.source_id)
            if isinstance(choice, Choice):
                return choice
            missed = missed or choice
        return missed

    def _pay(self, strategy: StrategySettings, match: Match, source_id: str) -> Choice | NoCredit:
        names = [self._class_names[class_id] for class_id in match.class_ids]
        payer = self._budget.payer(strategy.name, strategy.limits, source_id, names)
        return NoCredit(strategy) if payer is None else Choice(strategy, match.why, payer)
